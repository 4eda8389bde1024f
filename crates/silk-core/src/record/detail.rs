//! What a request gathered beside its summary: headers, bodies, spans, log lines.

use serde::{Deserialize, Serialize};

use super::{CallSite, ConnectionWait, Finding, QueryRecord, SqlText, TransactionRecord};

/// An HTTP header, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name in lower case.
    pub name: String,
    /// Value, or what stands for it.
    pub value: String,
    /// Whether the value was (in whole or in part) taken out.
    pub is_redacted: bool,
}

/// What is kept of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// `Content-Type`, if sent.
    pub content_type: Option<String>,
    /// Bytes that passed, all of them.
    pub total_bytes: u64,
    /// Redacted text; none for binary or where bodies are not captured.
    pub text: Option<String>,
    /// Whether the text is only the beginning.
    pub is_truncated: bool,
    /// Whether something in it was redacted.
    pub is_redacted: bool,
}

/// A named part of a request that is not a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// Name of the `tracing` span.
    pub name: String,
    /// Its target.
    pub target: String,
    /// Where it was made.
    pub file: Option<String>,
    /// Line within the file.
    pub line: Option<u32>,
    /// Start, from the start of the request.
    pub started_us: u64,
    /// From creation to close.
    pub duration_us: u64,
    /// Of it, entered.
    pub busy_us: u64,
    /// Index of the span around it.
    pub parent: Option<u32>,
    /// Fields as `name=value`, redacted.
    pub fields: Vec<(String, String)>,
}

/// A log event of the app at WARN or above, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// When, from the start of the request.
    pub at_us: u64,
    /// `WARN` or `ERROR`.
    pub level: String,
    /// Its target.
    pub target: String,
    /// The message.
    pub message: String,
    /// Other fields.
    pub fields: Vec<(String, String)>,
}

/// A finding that the app's list of what to ignore accepts: kept with its reason, and counted nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceptedFinding {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted, as the app says.
    pub reason: String,
}

/// What only the page of a request opens: one blob in the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestDetail {
    /// Query string, redacted, without `?`.
    pub query_string: Option<String>,
    /// `HTTP/1.1` …
    pub http_version: Option<String>,
    /// Request headers in their order.
    pub request_headers: Vec<Header>,
    /// Response headers in their order.
    pub response_headers: Vec<Header>,
    /// Request body, where one was read.
    pub request_body: Option<Body>,
    /// Response body.
    pub response_body: Option<Body>,
    /// Why the service or body failed; redacted. Of a panic, its message.
    pub error: Option<String>,
    /// Where it panicked, where that is known.
    pub error_site: Option<CallSite>,
    /// When the longest single poll began, from the start of the request; see
    /// [`RequestTimes::longest_poll_us`](super::RequestTimes::longest_poll_us).
    pub longest_poll_started_us: Option<u64>,
    /// Texts that [`QueryRecord::text`] points into.
    pub texts: Vec<SqlText>,
    /// Call sites that [`QueryRecord::call_site`] points into.
    pub call_sites: Vec<CallSite>,
    /// Queries by start.
    pub queries: Vec<QueryRecord>,
    /// Queries beyond the cap; they count in
    /// [`RequestRecord::statements`](super::RequestRecord::statements).
    pub queries_not_kept: u64,
    /// Waits for a connection.
    pub waits: Vec<ConnectionWait>,
    /// Waits beyond the cap.
    pub waits_not_kept: u64,
    /// Transactions and savepoints.
    pub transactions: Vec<TransactionRecord>,
    /// Transactions beyond the cap.
    pub transactions_not_kept: u64,
    /// Spans, parents before children.
    pub spans: Vec<SpanRecord>,
    /// Spans beyond the cap.
    pub spans_not_kept: u64,
    /// Log events.
    pub logs: Vec<LogRecord>,
    /// Log events beyond the cap.
    pub logs_not_kept: u64,
    /// Findings that the app accepts; they are not among
    /// [`RequestRecord::findings`](super::RequestRecord::findings).
    pub accepted: Vec<AcceptedFinding>,
}
