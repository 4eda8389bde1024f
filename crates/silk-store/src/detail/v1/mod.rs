//! Version 1 of the body, which is also the beginning of [version 2](super::v2).
//!
//! Frozen: a change of any struct here is a new version beside this one. The structs
//! are its own, not those of `silk-core`, so that those may grow.

use serde::{Deserialize, Serialize};
use silk_core::{ConnectionWait, RequestDetail};

use super::stored::{DecodeError, MAX_PARTS, StoredDetail, TextRef};

mod parts;
mod queries;
mod words;

use parts::{
    Exchange, LogV1, SpanV1, TextV1, from_body, from_header, from_log, from_span, from_text,
    from_transaction, to_body, to_header, to_log, to_span, to_text, to_transaction,
};
use queries::Queries;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire {
    exchange: Option<Box<Exchange>>,
    texts: Vec<TextV1>,
    call_sites: Vec<u64>,
    queries: Option<Box<Queries>>,
    queries_not_kept: u64,
    /// Start, duration, error.
    waits: Vec<(u64, u64, Option<String>)>,
    /// Start, duration, begin, end, depth, how it ended.
    transactions: Vec<(u64, u64, u64, u64, u32, u8)>,
    spans: Vec<SpanV1>,
    spans_not_kept: u64,
    logs: Vec<LogV1>,
    logs_not_kept: u64,
}

/// Reads a body.
pub(super) fn decode(body: &[u8]) -> Result<StoredDetail, DecodeError> {
    let (wire, rest): (Wire, _) = postcard::take_from_bytes(body)?;
    if !rest.is_empty() {
        return Err(DecodeError::Malformed("it goes on after its end"));
    }
    wire.into_detail()
}

fn not_kept(list: usize, before: u64) -> u64 {
    u64::try_from(list.saturating_sub(MAX_PARTS))
        .unwrap_or(u64::MAX)
        .saturating_add(before)
}

impl Wire {
    pub(super) fn new(detail: &RequestDetail, texts: &[TextRef], call_sites: &[u64]) -> Self {
        let exchange = Exchange {
            query_string: detail.query_string.clone(),
            http_version: detail.http_version.clone(),
            request_headers: detail.request_headers.iter().map(from_header).collect(),
            response_headers: detail.response_headers.iter().map(from_header).collect(),
            request_body: detail.request_body.as_ref().map(from_body),
            response_body: detail.response_body.as_ref().map(from_body),
            error: detail.error.clone(),
        };
        let queries = &detail.queries[..detail.queries.len().min(MAX_PARTS)];
        Self {
            exchange: (exchange != Exchange::default()).then(|| Box::new(exchange)),
            texts: texts.iter().map(from_text).collect(),
            call_sites: call_sites.to_vec(),
            queries: (!queries.is_empty()).then(|| Box::new(Queries::new(queries))),
            queries_not_kept: not_kept(detail.queries.len(), detail.queries_not_kept),
            waits: detail
                .waits
                .iter()
                .map(|wait| (wait.started_us, wait.duration_us, wait.error.clone()))
                .collect(),
            transactions: detail.transactions.iter().map(from_transaction).collect(),
            spans: detail.spans.iter().take(MAX_PARTS).map(from_span).collect(),
            spans_not_kept: not_kept(detail.spans.len(), detail.spans_not_kept),
            logs: detail.logs.iter().take(MAX_PARTS).map(from_log).collect(),
            logs_not_kept: not_kept(detail.logs.len(), detail.logs_not_kept),
        }
    }

    pub(super) fn into_detail(self) -> Result<StoredDetail, DecodeError> {
        let exchange = self.exchange.map(|exchange| *exchange).unwrap_or_default();
        let detail = RequestDetail {
            query_string: exchange.query_string,
            http_version: exchange.http_version,
            request_headers: exchange
                .request_headers
                .into_iter()
                .map(to_header)
                .collect(),
            response_headers: exchange
                .response_headers
                .into_iter()
                .map(to_header)
                .collect(),
            request_body: exchange.request_body.map(to_body),
            response_body: exchange.response_body.map(to_body),
            error: exchange.error,
            error_site: None,
            longest_poll_started_us: None,
            texts: Vec::new(),
            call_sites: Vec::new(),
            queries: self
                .queries
                .map_or_else(|| Ok(Vec::new()), |queries| queries.into_records())?,
            queries_not_kept: self.queries_not_kept,
            waits: self
                .waits
                .into_iter()
                .map(|(started_us, duration_us, error)| ConnectionWait {
                    started_us,
                    duration_us,
                    error,
                    pool: None,
                    holders: Vec::new(),
                })
                .collect(),
            waits_not_kept: 0,
            transactions: self
                .transactions
                .into_iter()
                .map(to_transaction)
                .collect::<Result<_, _>>()?,
            transactions_not_kept: 0,
            spans: self.spans.into_iter().map(to_span).collect(),
            spans_not_kept: self.spans_not_kept,
            logs: self.logs.into_iter().map(to_log).collect(),
            logs_not_kept: self.logs_not_kept,
            // Of version 3.
            accepted: Vec::new(),
        };
        Ok(StoredDetail {
            detail,
            texts: self.texts.into_iter().map(to_text).collect(),
            call_sites: self.call_sites,
        })
    }
}
