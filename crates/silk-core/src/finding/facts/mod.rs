//! What the rules know of a request: its queries by shape, which of them are equal, and what time
//! went into them.

mod group;
mod outline;
mod vary;

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use self::outline::Outline;
pub(super) use self::{group::Group, vary::Varying};
use super::{
    Thresholds,
    thresholds::micros,
    words::{count, duration},
};
use crate::{
    QueryRecord, RequestRecord, Severity, SqlText, Statement,
    record::union_us,
    sql,
    sql::{Shape, Slot},
    value::render,
};

/// A request, read for the rules.
pub(super) struct Facts<'a> {
    pub(super) record: &'a RequestRecord,
    pub(super) thresholds: &'a Thresholds,
    /// Of all queries.
    pub(super) outline: Outline,
    /// None where no rule about queries can have anything to say.
    pub(super) groups: Vec<Group<'a>>,
    /// By text: what it does with its values, once a rule asks.
    shapes: OnceCell<Vec<OnceCell<Shape<'a>>>>,
    no_shape: Shape<'a>,
    /// By query: equal where text and values are.
    identities: &'a [Option<u64>],
    /// How long the request took; where its end was not seen, until its last query ended.
    pub(super) total_us: u64,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        record: &'a RequestRecord,
        identities: &'a [Option<u64>],
        thresholds: &'a Thresholds,
    ) -> Self {
        let total_us = match record.summary.times.total_us {
            0 => record.detail.queries.iter().map(ended_us).max(),
            known => Some(known),
        };
        let mut facts = Self {
            record,
            thresholds,
            outline: Outline::of(&record.detail.queries),
            groups: Vec::new(),
            shapes: OnceCell::new(),
            no_shape: Shape::default(),
            identities,
            total_us: total_us.unwrap_or(0),
        };
        if facts.may_have_findings() {
            facts.groups = group::groups(&facts);
        }
        facts
    }

    /// Whether a rule about queries of a shape may have anything to say: numbers alone tell of most
    /// requests that none has.
    fn may_have_findings(&self) -> bool {
        let (thresholds, detail) = (self.thresholds, &self.record.detail);
        let calls = u64::try_from(detail.queries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(detail.queries_not_kept);
        // Queries of a shape are no more than all, and lose no more time than all run, with what
        // their transactions take to begin and end.
        let most_lost_us = detail
            .transactions
            .iter()
            .map(|transaction| transaction.begin_us.saturating_add(transaction.end_us))
            .fold(self.outline.busy_us, u64::saturating_add)
            .min(self.total_us);
        let may_loop = calls >= thresholds.min_calls.min(thresholds.min_repeats).max(2)
            && (detail.queries_not_kept > 0 || self.is_worth(most_lost_us));
        let texts = u64::try_from(detail.texts.len()).unwrap_or(u64::MAX);
        let may_be_built =
            texts >= thresholds.min_built_texts.max(2) && calls >= thresholds.min_built_texts;
        may_loop
            || may_be_built
            || self.outline.has_error()
            || self.outline.has_dropped()
            || self.outline.has_slow(thresholds)
            || self.outline.has_unread(thresholds)
            || self.outline.has_costly(thresholds)
            || self.outline.has_many_rows(thresholds)
            || calls >= thresholds.many_queries
    }

    /// The number that stands in a slot of a query, bound or written.
    pub(super) fn number(&self, query: &QueryRecord, slot: &Slot<'_>) -> Option<u64> {
        match slot.place {
            None => slot.text.parse().ok(),
            Some(place) => {
                let value = query.values.as_ref()?.get(place)?;
                render(value, self.text(query)?.statement.database)
                    .parse()
                    .ok()
            }
        }
    }

    /// `It took 12.3 ms.`, `The 3 took 36.9 ms in total.`
    pub(super) fn took(&self, queries: &[&QueryRecord], union_us: u64) -> String {
        match queries.len() {
            0 | 1 => format!("It took {}.", duration(union_us)),
            n => format!(
                "{} such queries took {} in total.",
                count(u64::try_from(n).unwrap_or(u64::MAX)),
                duration(union_us)
            ),
        }
    }

    pub(super) fn text(&self, query: &QueryRecord) -> Option<&'a SqlText> {
        let at = usize::try_from(query.text).ok()?;
        self.record.detail.texts.get(at)
    }

    /// Equal for two queries whose text, values and settings of the session are; none if values
    /// were not captured.
    pub(super) fn identity(&self, at: usize) -> Option<u64> {
        self.identities.get(at).copied().flatten()
    }

    pub(super) fn query(&self, at: usize) -> Option<&'a QueryRecord> {
        self.record.detail.queries.get(at)
    }

    /// The time with one of these queries running, within the request. What the app itself did
    /// between the rows of a stream is not the query's.
    pub(super) fn union_us<'q>(&self, queries: impl Iterator<Item = &'q QueryRecord>) -> u64 {
        let intervals = queries
            .map(|query| (query.started_us, busy_until_us(query)))
            .collect();
        union_us(intervals, self.total_us)
    }

    /// Whether so much time is worth a finding.
    pub(super) fn is_worth(&self, lost_us: u64) -> bool {
        lost_us >= micros(self.thresholds.min_lost)
            && share(lost_us, self.total_us) >= self.thresholds.min_share
    }

    /// How much a loss matters: by time and by share of the request, so that of two findings of a
    /// request the one that cost more never ranks lower.
    pub(super) fn severity(&self, lost_us: u64) -> Severity {
        let share = share(lost_us, self.total_us);
        if (lost_us >= 20_000 && share >= 0.5)
            || (lost_us >= 100_000 && share >= 0.2)
            || lost_us >= 1_000_000
        {
            Severity::Critical
        } else if (lost_us >= 2_000 && share >= 0.05) || lost_us >= 100_000 {
            Severity::Warning
        } else {
            Severity::Info
        }
    }

    /// A statement by its text, just long enough to tell it from the others.
    pub(super) fn name(&self, query: &QueryRecord) -> String {
        self.text(query)
            .map_or_else(|| "query".to_owned(), |text| name(&text.statement))
    }

    /// `, from src/a.rs:10`; nothing where the call site was not captured.
    pub(super) fn from(&self, query: &QueryRecord) -> String {
        self.site(query)
            .map(|site| format!(", from {site}"))
            .unwrap_or_default()
    }

    pub(super) fn site(&self, query: &QueryRecord) -> Option<&'a crate::CallSite> {
        self.site_at(query.call_site?)
    }

    fn site_at(&self, number: u32) -> Option<&'a crate::CallSite> {
        let at = usize::try_from(number).ok()?;
        self.record.detail.call_sites.get(at)
    }

    /// What the text of a query does with its values: read once per text.
    pub(super) fn shape(&self, query: &QueryRecord) -> &Shape<'a> {
        let texts = &self.record.detail.texts;
        let shapes = self
            .shapes
            .get_or_init(|| texts.iter().map(|_| OnceCell::new()).collect());
        let known = usize::try_from(query.text)
            .ok()
            .and_then(|at| Some((texts.get(at)?, shapes.get(at)?)));
        known.map_or(&self.no_shape, |(text, shape)| {
            shape.get_or_init(|| sql::shape(&text.text, text.statement.database))
        })
    }
}

/// `SELECT on person`.
pub(super) fn name(statement: &Statement) -> String {
    sql::called(statement)
}

pub(super) const fn ended_us(query: &QueryRecord) -> u64 {
    query.started_us.saturating_add(query.duration_us)
}

const fn busy_until_us(query: &QueryRecord) -> u64 {
    query
        .started_us
        .saturating_add(query.duration_us.saturating_sub(query.consumer_us))
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
pub(super) fn share(part_us: u64, total_us: u64) -> f64 {
    part_us as f64 / total_us.max(1) as f64
}

/// Statements by what tells them apart for a loop: TRUE, FALSE and NULL are values, and tables that
/// differ by schema or number alone (one for each tenant) are one.
pub(super) fn loose_keys<'a>(
    statements: impl Iterator<Item = &'a Arc<Statement>>,
) -> HashMap<crate::Fingerprint, String, foldhash::fast::RandomState> {
    let mut keys = HashMap::default();
    for statement in statements {
        keys.entry(statement.fingerprint)
            .or_insert_with(|| loose(statement));
    }
    keys
}

fn loose(statement: &Statement) -> String {
    let text = &statement.normalized;
    let mut key = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    while let Some(start) = rest.find(is_part) {
        key.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        match word {
            "TRUE" | "FALSE" | "NULL" => key.push('?'),
            word if statement.tables.iter().any(|table| table == word) => {
                let name = word.rsplit('.').next().unwrap_or(word);
                key.extend(name.chars().filter(|c| !c.is_ascii_digit()));
            }
            word => key.push_str(word),
        }
    }
    key.push_str(rest);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, DatabaseKind, Redactor, sql::SqlReader};

    #[test]
    fn loose_keys_join_what_differs_by_tenant_or_constant() {
        let database = Arc::new(Database {
            kind: DatabaseKind::Postgres,
            name: String::new(),
        });
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let key = |sql| loose(&reader.read(sql, &database).statement);
        let person = key("SELECT name FROM tenant_1.person WHERE active = TRUE");
        assert_eq!(
            person,
            key("SELECT name FROM tenant_22.person WHERE active = FALSE")
        );
        assert_eq!(
            key("SELECT a FROM log_2024 WHERE b = $1"),
            key("SELECT a FROM log_2025 WHERE b = $1")
        );
        assert_ne!(
            key("SELECT a FROM photo WHERE id = $1"),
            key("SELECT a FROM post WHERE id = $1")
        );
    }
}
