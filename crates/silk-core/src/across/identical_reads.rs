//! A read that request after request makes with the same values: a candidate for a cache.
//!
//! **Definition.** A SELECT whose text and bound values were seen in an earlier request of the
//! sample, most of the times it runs.
//! **Formula.** Of the requests that ran it, each counted once for each list of values, the share
//! that had a list which another request had before is at least `min_hit_rate`.
//! **Time lost.** The time of these repeated reads (all but the first of each list of values).
//! **Thresholds.** `min_requests` (20) requests that ran it, `min_hit_rate` (0.8: a cache would
//! answer four of five), `min_share` (0.05 of all time in SQL of the sample).
//! **Silent on.** Reads whose values are not known whole (not captured, redacted, cut off); locks
//! (`FOR UPDATE`), and what a transaction reads; tables that a request of the sample writes to; reads
//! that returned another number of rows for the same values; requests that set something for the
//! session (`search_path`, a role), after which the same text reads other rows; functions that answer
//! anew each time (`now()`, `random()`).

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, Hash as _, Hasher as _},
};

use super::{AcrossFinding, AcrossThresholds, IDENTICAL_READS, Sample, as_u64, route_of};
use crate::{
    CallSite, Fingerprint, QueryRecord, RequestId, RequestRecord, Severity, SqlText, ValueState,
    store::RouteName,
    words::{count, duration},
};

/// What answers anew each time, in lower case.
const NOT_STABLE: [&str; 7] = [
    "now(",
    "random(",
    "current_timestamp",
    "current_date",
    "nextval(",
    "uuid",
    "for update",
];

/// What was read of a statement.
struct Reads<'a> {
    text: &'a SqlText,
    /// By list of values: the rows it returned.
    lists: HashMap<u64, u64>,
    /// Requests by list: those that ran it, and those that had it after another.
    runs: u64,
    hits: u64,
    hit_us: u64,
    requests: u64,
    routes: HashSet<RouteName>,
    call_site: Option<&'a CallSite>,
    example: RequestId,
    is_stable: bool,
}

pub(super) fn find(sample: &Sample, thresholds: &AcrossThresholds) -> Vec<AcrossFinding> {
    let mut written: HashSet<&str> = HashSet::new();
    let mut sql_us = 0_u64;
    for record in &sample.requests {
        sql_us = sql_us.saturating_add(record.summary.times.sql_us);
        let used = record.statements.iter().map(|used| &used.statement);
        for statement in used.filter(|statement| statement.command != "SELECT") {
            written.extend(statement.tables.iter().map(String::as_str));
        }
    }
    let hasher = foldhash::fast::RandomState::default();
    let mut reads: HashMap<Fingerprint, Reads<'_>> = HashMap::new();
    let mut requests: Vec<&RequestRecord> = sample.requests.iter().collect();
    requests.sort_by_key(|record| (record.summary.started_at, record.summary.id));
    for record in requests {
        add(record, &written, &hasher, &mut reads);
    }
    let mut reads: Vec<_> = reads.into_iter().collect();
    reads.sort_by_key(|(fingerprint, _)| *fingerprint);
    let found = reads.into_iter();
    let found = found.filter_map(|(fingerprint, read)| {
        let of_requests = as_u64(sample.requests.len());
        let is_often = read.requests >= thresholds.min_requests.max(2)
            && share(read.hits, read.runs) >= thresholds.min_hit_rate
            && share(read.hit_us, sql_us) >= thresholds.min_share;
        (is_often && read.is_stable).then(|| told(fingerprint, &read, of_requests))
    });
    found.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and microseconds of a sample stay far below 2^52"
)]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Adds what a request read.
fn add<'a>(
    record: &'a RequestRecord,
    written: &HashSet<&str>,
    hasher: &foldhash::fast::RandomState,
    reads: &mut HashMap<Fingerprint, Reads<'a>>,
) {
    let detail = &record.detail;
    let sets = |text: &SqlText| {
        matches!(&*text.statement.command, "SET" | "USE" | "RESET" | "PRAGMA")
            || text.statement.normalized.contains("set_config(")
    };
    if detail.texts.iter().any(sets) {
        return;
    }
    let mut seen: HashSet<(Fingerprint, u64)> = HashSet::new();
    let mut ran: HashSet<Fingerprint> = HashSet::new();
    for query in &detail.queries {
        let Some(text) = usize::try_from(query.text)
            .ok()
            .and_then(|at| detail.texts.get(at))
        else {
            continue;
        };
        if !is_plain_read(text, query, written) {
            continue;
        }
        let Some(list) = identity(text, query, hasher) else {
            continue;
        };
        let fingerprint = text.statement.fingerprint;
        let site = query.call_site.and_then(|at| usize::try_from(at).ok());
        let read = reads.entry(fingerprint).or_insert_with(|| Reads {
            text,
            lists: HashMap::new(),
            runs: 0,
            hits: 0,
            hit_us: 0,
            requests: 0,
            routes: HashSet::new(),
            call_site: site.and_then(|at| detail.call_sites.get(at)),
            example: record.summary.id,
            is_stable: true,
        });
        read.requests += u64::from(ran.insert(fingerprint));
        read.routes.insert(route_of(record));
        if !seen.insert((fingerprint, list)) {
            // The same again within one request is another rule's.
            continue;
        }
        read.runs += 1;
        match read.lists.get(&list) {
            Some(rows) => {
                read.is_stable &= *rows == query.rows_returned;
                read.hits += 1;
                read.hit_us = read.hit_us.saturating_add(query.duration_us);
            }
            None => {
                read.lists.insert(list, query.rows_returned);
            }
        }
    }
}

fn is_plain_read(text: &SqlText, query: &QueryRecord, written: &HashSet<&str>) -> bool {
    let statement = &text.statement;
    let normalized = statement.normalized.to_ascii_lowercase();
    statement.command == "SELECT"
        && !text.is_redacted
        && query.transaction.is_none()
        && query.error.is_none()
        && !statement.tables.is_empty()
        && !NOT_STABLE.iter().any(|word| normalized.contains(word))
        && !(statement.tables.iter()).any(|table| written.contains(table.as_str()))
}

/// Equal for the same text with the same values; none where these are not known whole.
fn identity(
    text: &SqlText,
    query: &QueryRecord,
    hasher: &foldhash::fast::RandomState,
) -> Option<u64> {
    let mut hasher = hasher.build_hasher();
    (&*text.text, &text.database.name).hash(&mut hasher);
    for value in query.values.as_ref()? {
        match &value.state {
            ValueState::Null => (&*value.type_name, None::<&[u8]>).hash(&mut hasher),
            ValueState::Bytes(bytes) => {
                (&*value.type_name, Some(bytes.as_slice())).hash(&mut hasher);
            }
            ValueState::Truncated { .. } | ValueState::Redacted | ValueState::Unavailable => {
                return None;
            }
        }
    }
    Some(hasher.finish())
}

fn told(fingerprint: Fingerprint, read: &Reads<'_>, of_requests: u64) -> AcrossFinding {
    let lists = as_u64(read.lists.len());
    let values = if lists == 1 {
        "always the same values".to_owned()
    } else {
        format!("{} different lists of values", count(lists))
    };
    let mut routes = read.routes.iter();
    let route = routes.next().filter(|_| read.routes.len() == 1);
    AcrossFinding {
        rule: IDENTICAL_READS,
        severity: Severity::Info,
        title: format!(
            "{} requests read the same rows of {}, with {values}.",
            count(read.requests),
            read.text.statement.tables.join(", ")
        ),
        detail: format!(
            "Of the newest {} requests, {} of {} reads had been made before by another request; they \
             took {} in total. None of these requests wrote to the table.",
            count(of_requests),
            count(read.hits),
            count(read.runs),
            duration(read.hit_us)
        ),
        remedy: "Keep the answer in memory for as long as it may be old (a moka cache with a time \
                 to live), if these rows change seldom."
            .to_owned(),
        route: route.cloned(),
        fingerprint: Some(fingerprint),
        call_site: read.call_site.cloned(),
        example: Some(read.example),
        requests: read.requests,
        of_requests,
        lost_us: Some(read.hit_us),
    }
}
