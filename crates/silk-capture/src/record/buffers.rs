//! What is kept of a running request, in the cheapest form: plain structs without behaviour.

use std::{sync::Arc, time::Instant};

use http::{HeaderMap, Method, Uri, Version};
use silk_core::{
    Database, DatabaseKind, Histogram, LogRecord, Outcome, PoolUse, RequestId, TransactionEnd,
};

use super::{
    captured_query::CapturedError,
    chunks::Chunks,
    held_connection::HeldConnection,
    intervals::{Intervals, Polls},
    kept_query::KeptQuery,
    lent_connection::Lent,
    panic_note::PanicNote,
    route_name::RouteName,
    texts::Texts,
};

/// Waits and transactions kept per request, each.
pub(crate) const MAX_WAITS: usize = 10_000;
/// Plans kept per request, each of a statement and an outline of its own.
pub(crate) const MAX_PLANS: usize = 64;

/// Everything seen of a request, in the cheapest form; the writer makes the record of it.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) head: Head,
    pub(crate) ended: Option<Ending>,
    /// The last panic within it, whether it was caught or not.
    pub(crate) panic: Option<Box<PanicNote>>,
    pub(crate) texts: Texts,
    pub(crate) queries: Chunks<KeptQuery>,
    pub(crate) beyond: Vec<Beyond>,
    pub(crate) query_count: u64,
    pub(crate) query_errors: u64,
    pub(crate) queries_not_kept: u64,
    /// Plans that the database reported, one of each that looks alike.
    pub(crate) plans: Vec<KeptPlan>,
    /// Where SQL ran: union kept while queries come, by end.
    pub(crate) sql: Intervals,
    pub(crate) waits: Vec<Wait>,
    pub(crate) waits_not_kept: u64,
    /// When those beyond the cap were: their time counts.
    pub(crate) waits_beyond: Intervals,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) transactions_not_kept: u64,
    pub(crate) spans: Vec<Span>,
    pub(crate) spans_not_kept: u64,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) logs_not_kept: u64,
    pub(crate) polls: Polls,
    /// What the instrumented pool has lent to code that takes sqlx's own types.
    pub(crate) lent: Option<Lent>,
    /// Whether it ever lent anything.
    pub(crate) was_lent: bool,
    /// Bytes of the budget that it holds.
    pub(crate) charged: usize,
}

/// What the HTTP side saw.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) parent: Option<RequestId>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Option<Version>,
    pub(crate) request_headers: HeaderMap,
    pub(crate) route: RouteName,
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: HeaderMap,
    pub(crate) head_at: Option<Instant>,
    pub(crate) request_body: Option<Tee>,
    pub(crate) response_body: Option<Tee>,
}

/// What passed of a body.
#[derive(Default)]
pub(crate) struct Tee {
    pub(crate) captured: Vec<u8>,
    pub(crate) total_bytes: u64,
}

/// How and when it ended.
pub(crate) struct Ending {
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
}

/// A plan of a query, as the database reported it.
pub(crate) struct KeptPlan {
    pub(crate) text: u32,
    pub(crate) outline: u64,
    pub(crate) duration_us: u64,
    pub(crate) message: Box<str>,
}

/// Queries beyond the cap, summed per text.
#[derive(Default)]
pub(crate) struct Beyond {
    pub(crate) text: u32,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) total_us: u64,
    pub(crate) max_us: u64,
    pub(crate) rows: u64,
    /// Of all calls that the memory had room to tell apart.
    pub(crate) durations: Histogram,
}

pub(crate) struct Wait {
    pub(crate) started_us: u64,
    pub(crate) duration_us: u64,
    pub(crate) error: Option<String>,
    pub(crate) pool: Option<PoolUse>,
    /// Who held the connections, where there was none left; and of which database they are.
    pub(crate) holders: Option<Box<Held>>,
}

/// Connections that others held meanwhile.
pub(crate) struct Held {
    pub(crate) database: Arc<Database>,
    pub(crate) connections: Vec<HeldConnection>,
}

pub(crate) struct Transaction {
    pub(crate) started_us: u64,
    pub(crate) begin_us: u64,
    pub(crate) depth: u32,
    /// From the start of the request, where its end was seen.
    pub(crate) ended_us: Option<u64>,
    pub(crate) end_us: u64,
    pub(crate) end: TransactionEnd,
    /// Why it is not what the app asked for.
    pub(crate) error: Option<Box<TransactionError>>,
}

/// What went wrong with a `BEGIN`, `COMMIT` or `ROLLBACK`, and on which database.
#[derive(Debug)]
pub(crate) struct TransactionError {
    pub(crate) kind: DatabaseKind,
    pub(crate) error: CapturedError,
}

/// A span of the app.
pub(crate) struct Span {
    /// The subscriber's id; given again after the span has closed.
    pub(crate) id: u64,
    pub(crate) metadata: &'static tracing::Metadata<'static>,
    pub(crate) parent: Option<u32>,
    pub(crate) started_us: u64,
    pub(crate) ended_us: Option<u64>,
    pub(crate) busy_us: u64,
    pub(crate) fields: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_each_request_is_had_fast() {
        // Each thread keeps pieces of up to 1,032 bytes at hand; larger ones take eight times as long.
        assert!(size_of::<Buffers>() <= 960, "{}", size_of::<Buffers>());
    }
}
