//! A transaction held open while the app waits for another service.
//!
//! **Definition.** Within a transaction the app awaits a call of another service (a span of a client:
//! HTTP, gRPC, a queue, another kind of database), and no query runs meanwhile.
//! **Formula.** `union of (spans of clients ∩ times without a query) >= foreign_wait`, and worth a
//! finding by time and share.
//! **Time lost.** That union, of the transaction that waited longest. The request needs the answer
//! anyway; its connection and locks need not wait for it.
//! **Thresholds.** `foreign_wait` (20 ms).
//! **Evidence.** The service's name and address, as the span tells; the queries before and after.
//! **Source of the names.** OpenTelemetry's conventions (`otel.kind`, `http.request.method`,
//! `server.address`, `rpc.system`, `messaging.system`, `db.system.name`), by which `reqwest-tracing`,
//! `tonic` and others make spans; targets of HTTP clients.
//! **Silent on.** Calls beside running queries; spans of the databases that Silk sees; spans of the
//! app's own functions (see [`idle_in_transaction`](super::idle_in_transaction)).

use super::{FOREIGN_WAIT, idle_in_transaction};
use crate::{
    Finding, Severity, SpanRecord,
    finding::{
        facts::Facts,
        thresholds::micros,
        words::{counted, duration},
    },
    record::union_us,
};

/// So many times the threshold are a warning.
const WARNING_TIMES: u64 = 5;

/// Targets of spans that are calls of others, whatever their fields are.
const CLIENTS: &[&str] = &[
    "reqwest",
    "reqwest_tracing",
    "hyper_util",
    "hyper",
    "tonic",
    "awc",
];

/// Databases whose queries Silk sees itself.
const OWN_DATABASES: &[&str] = &["postgresql", "postgres", "mysql", "mariadb", "sqlite"];

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let detail = &facts.record.detail;
    let least_us = micros(facts.thresholds.foreign_wait).max(1);
    if detail.spans.is_empty() || detail.transactions.is_empty() {
        return None;
    }
    let calls: Vec<&SpanRecord> = detail
        .spans
        .iter()
        .filter(|span| is_foreign(span))
        .collect();
    if calls.is_empty() {
        return None;
    }
    let waited = idle_in_transaction::idle(facts, least_us).map(|idle| {
        let within = |call: &SpanRecord| -> Vec<(u64, u64)> {
            let (from, to) = interval(call);
            let cut = |(start, end): &(u64, u64)| (from.max(*start), to.min(*end));
            idle.pauses.iter().map(cut).filter(|(a, b)| a < b).collect()
        };
        let all: Vec<(u64, u64)> = calls.iter().flat_map(|call| within(call)).collect();
        let lost_us = union_us(all, facts.total_us);
        let longest = calls
            .iter()
            .max_by_key(|call| union_us(within(call), facts.total_us));
        let number = calls.iter().filter(|call| !within(call).is_empty()).count();
        (idle, lost_us, longest.copied(), number)
    });
    let (idle, lost_us, longest, number) = waited.max_by_key(|(_, lost_us, ..)| *lost_us)?;
    let call = longest?;
    if lost_us < least_us || !facts.is_worth(lost_us) {
        return None;
    }
    let [before, after] = idle.around(interval(call));
    let others = match number {
        1 => String::new(),
        n => format!(
            " It was one of {}.",
            counted(u64::try_from(n).unwrap_or(u64::MAX), "call")
        ),
    };
    let about = before.or(after);
    Some(Finding {
        rule: FOREIGN_WAIT.to_owned(),
        severity: if lost_us >= least_us.saturating_mul(WARNING_TIMES) {
            Severity::Warning
        } else {
            Severity::Info
        },
        title: format!(
            "A transaction was held open for {} while the app waited for {}{}.",
            duration(lost_us),
            called(call),
            about.map(|query| facts.from(query)).unwrap_or_default()
        ),
        detail: format!(
            "The transaction was open for {}, with its connection and locks. The call came {}.{others}",
            duration(idle.transaction.duration_us),
            idle_in_transaction::place(facts, idle.transaction.end, before, after),
        ),
        remedy: Some(
            "Call the service before begin() or after commit(). If both must happen or neither, \
             write down what is to be called within the transaction, and call it afterwards (an \
             outbox)."
                .to_owned(),
        ),
        call_site: about.and_then(|query| facts.site(query)).cloned(),
        fingerprint: None,
        query: about.map(|query| query.seq),
        lost_us: Some(lost_us.min(facts.total_us)),
    })
}

const fn interval(span: &SpanRecord) -> (u64, u64) {
    (
        span.started_us,
        span.started_us.saturating_add(span.duration_us),
    )
}

/// A field of a span, by any of its names, without the quotes that a debug output has.
pub(super) fn field<'s>(span: &'s SpanRecord, names: &[&str]) -> Option<&'s str> {
    names.iter().find_map(|name| {
        let (_, value) = span.fields.iter().find(|(known, _)| known == name)?;
        Some(value.trim_matches('"')).filter(|value| !value.is_empty())
    })
}

fn is_foreign(span: &SpanRecord) -> bool {
    let database = field(span, &["db.system.name", "db.system"]);
    if let Some(database) = database {
        return !OWN_DATABASES.contains(&&*database.to_ascii_lowercase());
    }
    if let Some(kind) = field(span, &["otel.kind"]) {
        return kind.eq_ignore_ascii_case("client") || kind.eq_ignore_ascii_case("producer");
    }
    let root = span.target.split("::").next().unwrap_or_default();
    CLIENTS.contains(&root) || span.name == "http.client"
}

/// `GET pay.example`, `payment.Pay/Charge`, else the name of the span.
fn called(span: &SpanRecord) -> String {
    let method = field(span, &["http.request.method", "http.method"]);
    let server = field(
        span,
        &[
            "server.address",
            "net.peer.name",
            "peer.service",
            "url.full",
            "http.url",
        ],
    );
    let remote = field(
        span,
        &[
            "rpc.method",
            "db.operation.name",
            "messaging.destination.name",
        ],
    );
    let system = field(
        span,
        &[
            "rpc.service",
            "rpc.system",
            "db.system.name",
            "db.system",
            "messaging.system",
        ],
    );
    match (method, server, remote, system) {
        (Some(method), Some(server), ..) => format!("{method} {server}"),
        (_, _, Some(remote), Some(system)) => format!("{system} {remote}"),
        (None, Some(server), ..) => format!("{} ({server})", span.name),
        (_, None, None, Some(system)) => format!("{} ({system})", span.name),
        _ => format!("“{}”", span.name),
    }
}
