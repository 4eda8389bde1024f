//! Records of requests, from their parts.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
pub use silk_core::testing::call_site as site;
use silk_core::{
    DatabaseKind, Outcome, QueryRecord, RequestId, RequestKind, RequestRecord, RequestTimes,
    SqlText, Value, testing,
};
use uuid::Uuid;

use super::RUN;

pub fn sql(text: &str, command: &str, tables: &[&str], fp: u64) -> SqlText {
    let normalized = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut statement = testing::statement(fp, DatabaseKind::Postgres, &normalized, tables);
    command.clone_into(&mut Arc::make_mut(&mut statement).command);
    testing::text(text, statement, "weave")
}

pub fn value(n: i64) -> Value {
    testing::value("INT8", n.to_be_bytes())
}

pub fn query(seq: u32, text: u32, started_us: u64, duration_us: u64) -> QueryRecord {
    QueryRecord {
        text,
        first_row_us: Some(duration_us * 2 / 3),
        values: Some(vec![value(i64::from(seq))]),
        ..testing::query(seq, started_us, duration_us)
    }
}

/// An empty request; ids order by `n`.
pub fn request(n: u128, method: &str, route: &str, path: &str) -> RequestRecord {
    let mut record = testing::request();
    let summary = &mut record.summary;
    summary.id = RequestId(Uuid::from_u128((0x0193_4f5e_1111_7000_8000_u128 << 48) + n));
    summary.run_id = RUN;
    summary.started_at = Utc::now() - TimeDelta::seconds(5_000 - i64::try_from(n).unwrap_or(0) * 7);
    method.clone_into(&mut summary.method);
    route.clone_into(&mut summary.route);
    path.clone_into(&mut summary.path);
    if method.is_empty() {
        (summary.kind, summary.status) = (RequestKind::Job, None);
    }
    summary.times = RequestTimes {
        head_us: 900,
        body_us: 100,
        total_us: 1_000,
        polling_us: 400,
        longest_poll_us: 210,
        polls: 6,
        poll_total_us: 400,
        ..RequestTimes::default()
    };
    record
}

/// Sums a request's queries into its statements and figures.
pub fn finish(record: &mut RequestRecord, total_us: u64) {
    let detail = &record.detail;
    let mut reached = 0;
    let mut sql_us = 0;
    for q in &detail.queries {
        let end = q.started_us + q.duration_us;
        sql_us += end.saturating_sub(q.started_us.max(reached));
        reached = reached.max(end);
        let text = &detail.texts[usize::try_from(q.text).expect("is so in fixed data")];
        let site = q
            .call_site
            .map(|at| detail.call_sites[usize::try_from(at).expect("is so in fixed data")].clone());
        let at = record
            .statements
            .iter()
            .position(|p| p.statement == text.statement && p.call_site == site)
            .unwrap_or_else(|| {
                let statement = Arc::clone(&text.statement);
                record
                    .statements
                    .push(testing::calls(statement, site, 0, 0));
                record.statements.len() - 1
            });
        let part = &mut record.statements[at];
        part.calls += 1;
        part.errors += u64::from(q.outcome == Outcome::Error);
        part.total_us += q.duration_us;
        part.max_us = part.max_us.max(q.duration_us);
        part.rows += q.rows_returned;
    }
    let wait_us: u64 = detail.waits.iter().map(|w| w.duration_us).sum();
    let s = &mut record.summary;
    s.query_count = u64::try_from(detail.queries.len()).expect("is so in fixed data");
    s.query_errors = record.statements.iter().map(|p| p.errors).sum();
    let rest = total_us.saturating_sub(sql_us).saturating_sub(wait_us);
    s.times = RequestTimes {
        head_us: total_us * 9 / 10,
        body_us: total_us / 10,
        total_us,
        sql_us,
        wait_us,
        polling_us: rest * 3 / 4,
        poll_total_us: rest,
        longest_poll_us: rest / 9,
        polls: 210,
    };
}

pub const MESSAGES: &str = "SELECT id, thread_id, person_id, body, updated FROM message WHERE deleted_at IS NULL ORDER BY updated DESC LIMIT 100";
pub const PERSON: &str = "SELECT id, name, avatar FROM person WHERE id = $1";
