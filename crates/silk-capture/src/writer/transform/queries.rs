//! The queries of a request: their texts read, call sites named, values made safe.

use silk_core::{
    DatabaseKind, QueryRecord, RequestDetail, RequestStatement, Value, finding::Identities,
    redact::Secrets, sql::SensitiveValues,
};

use super::Transform;
use crate::{
    record::{buffers::Buffers, kept_query::KeptQuery, plans::caught_plan::PlanMark},
    writer::{
        numbered::index,
        statement_sums::{CallSites, Sums},
    },
};

impl Transform {
    pub(super) fn queries(
        &self,
        buffers: &mut Buffers,
        detail: &mut RequestDetail,
        marks: &mut Vec<Option<PlanMark>>,
        identities: &mut Vec<Option<u64>>,
        secrets: &mut Secrets,
    ) -> Vec<RequestStatement> {
        // Once per text, not per query.
        let readings: Vec<SensitiveValues> = buffers
            .texts
            .items
            .iter()
            .map(|(sql, database)| self.reader.sensitive(sql.as_str(), database.kind))
            .collect();
        detail.texts = readings
            .iter()
            .zip(&buffers.texts.items)
            .map(|(reading, (_, database))| reading.text(database))
            .collect();
        for reading in &readings {
            reading.add_secrets(secrets);
        }
        detail.queries_not_kept = buffers.queries_not_kept;
        let has_plans = !buffers.plans.is_empty();
        let mut sites = CallSites::default();
        let mut sums = Sums::new(readings.len());
        let mut same = Identities::default();
        identities.reserve_exact(buffers.queries.len());
        let queries = std::mem::take(&mut buffers.queries);
        detail.queries.reserve_exact(queries.len());
        let queries = queries.into_sorted_by_key(|query| query.started_us);
        for (seq, query) in (1_u32..).zip(queries) {
            let (Some(text), Some(reading)) = (
                index(&detail.texts, query.text),
                index(&readings, query.text),
            ) else {
                continue;
            };
            let kind = text.database.kind;
            let call_site = query
                .call_site
                .as_ref()
                .and_then(|stack| sites.number(self.resolver.resolve(stack)));
            let is_error = query.is_error();
            if has_plans {
                marks.push(query.plan());
            }
            let mut record = self.query(seq, query, call_site, kind);
            let identity = same.of(reading, record.values.as_deref());
            if let Some(values) = &mut record.values {
                self.make_safe(values, reading, kind, secrets);
            }
            sums.add(text, call_site, &record, is_error, identity);
            identities.push(same.within_session(reading, identity));
            detail.queries.push(record);
        }
        for beyond in &buffers.beyond {
            if let Some(text) = index(&detail.texts, beyond.text) {
                let sum = sums.of(beyond.text, text, None);
                sum.calls += beyond.calls;
                sum.errors += beyond.errors;
                sum.total_us += beyond.total_us;
                sum.max_us = sum.max_us.max(beyond.max_us);
                sum.rows += beyond.rows;
                sum.values = None;
                sum.durations.merge(&beyond.durations);
            }
        }
        let statements = sums.finish(&sites.items);
        detail.call_sites = sites.items;
        statements
    }

    /// Takes out the values that are bound to sensitive columns or carry secrets of their own.
    fn make_safe(
        &self,
        values: &mut [Value],
        reading: &SensitiveValues,
        kind: DatabaseKind,
        secrets: &mut Secrets,
    ) {
        if reading.has_links() {
            let are_secret = reading.of(values, &self.redactor);
            for (value, is_secret) in values.iter_mut().zip(are_secret) {
                self.redactor.value(value, kind, is_secret, secrets);
            }
            return;
        }
        for (place, value) in values.iter_mut().enumerate() {
            self.redactor
                .value(value, kind, reading.contains(place), secrets);
        }
    }

    fn query(
        &self,
        seq: u32,
        mut query: KeptQuery,
        call_site: Option<u32>,
        kind: DatabaseKind,
    ) -> QueryRecord {
        let numbers = query.numbers();
        QueryRecord {
            seq,
            text: query.text,
            captured_by: query.captured_by,
            started_us: query.started_us,
            duration_us: numbers.duration_us,
            first_row_us: numbers.first_row_us,
            consumer_us: numbers.consumer_us,
            rows_returned: numbers.rows_returned,
            rows_read: numbers.rows_read,
            rows_affected: numbers.rows_affected,
            outcome: query.outcome,
            error: query
                .take_error()
                .map(|error| self.redactor.query_error(kind, error.code, &error.message)),
            call_site,
            span: query.span(),
            transaction: query.transaction(),
            values: query.values.map(|values| values.encode(self.value_bytes)),
            plan_shape: None,
            server_us: None,
            is_past_pool: query.is_past_pool,
        }
    }
}
