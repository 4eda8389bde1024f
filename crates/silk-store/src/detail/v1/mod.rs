//! Version 1 of the body: what is written today.
//!
//! Frozen once released: a change of any struct here is a new version beside this one. The structs
//! are its own, not those of `silk-core`, so that those may grow.

use serde::{Deserialize, Serialize};
use silk_core::{
    Body, CapturedBy, ConnectionWait, Header, LogRecord, Outcome, RequestDetail, SpanRecord,
    TransactionEnd, TransactionRecord,
};

use super::{DecodeError, MAX_PARTS, StoredDetail, TextRef};

mod queries;

use queries::Queries;

type Pair = (String, String);

#[derive(Debug, Serialize, Deserialize)]
struct Wire {
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

/// What only HTTP has; left out where all of it is empty.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Exchange {
    query_string: Option<String>,
    http_version: Option<String>,
    /// Name, value, whether redacted.
    request_headers: Vec<(String, String, bool)>,
    response_headers: Vec<(String, String, bool)>,
    request_body: Option<BodyV1>,
    response_body: Option<BodyV1>,
    error: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct BodyV1 {
    content_type: Option<String>,
    total_bytes: u64,
    text: Option<String>,
    is_truncated: bool,
    is_redacted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum TextV1 {
    Stored(u64),
    Inline {
        text: String,
        statement: u64,
        database: u64,
        has_literals: bool,
        is_redacted: bool,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct SpanV1 {
    name: String,
    target: String,
    file: Option<String>,
    line: Option<u32>,
    started_us: u64,
    duration_us: u64,
    busy_us: u64,
    parent: Option<u32>,
    fields: Vec<Pair>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LogV1 {
    at_us: u64,
    level: String,
    target: String,
    message: String,
    fields: Vec<Pair>,
}

/// Writes the body into `buffer`.
pub(super) fn encode(
    detail: &RequestDetail,
    texts: &[TextRef],
    call_sites: &[u64],
    buffer: Vec<u8>,
) -> Vec<u8> {
    let wire = Wire::new(detail, texts, call_sites);
    // Writing into a growing vector cannot fail; no struct here has a length that is not known.
    postcard::to_extend(&wire, buffer).unwrap_or_default()
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
    fn new(detail: &RequestDetail, texts: &[TextRef], call_sites: &[u64]) -> Self {
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

    fn into_detail(self) -> Result<StoredDetail, DecodeError> {
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
                })
                .collect(),
            transactions: self
                .transactions
                .into_iter()
                .map(to_transaction)
                .collect::<Result<_, _>>()?,
            spans: self.spans.into_iter().map(to_span).collect(),
            spans_not_kept: self.spans_not_kept,
            logs: self.logs.into_iter().map(to_log).collect(),
            logs_not_kept: self.logs_not_kept,
        };
        Ok(StoredDetail {
            detail,
            texts: self.texts.into_iter().map(to_text).collect(),
            call_sites: self.call_sites,
        })
    }
}

fn from_header(header: &Header) -> (String, String, bool) {
    (
        header.name.clone(),
        header.value.clone(),
        header.is_redacted,
    )
}

fn to_header((name, value, is_redacted): (String, String, bool)) -> Header {
    Header {
        name,
        value,
        is_redacted,
    }
}

fn from_body(body: &Body) -> BodyV1 {
    BodyV1 {
        content_type: body.content_type.clone(),
        total_bytes: body.total_bytes,
        text: body.text.clone(),
        is_truncated: body.is_truncated,
        is_redacted: body.is_redacted,
    }
}

fn to_body(body: BodyV1) -> Body {
    let BodyV1 {
        content_type,
        total_bytes,
        text,
        is_truncated,
        is_redacted,
    } = body;
    Body {
        content_type,
        total_bytes,
        text,
        is_truncated,
        is_redacted,
    }
}

fn from_text(text: &TextRef) -> TextV1 {
    match text {
        TextRef::Stored(id) => TextV1::Stored(*id),
        TextRef::Inline {
            text,
            statement,
            database,
            has_literals,
            is_redacted,
        } => TextV1::Inline {
            text: text.clone(),
            statement: *statement,
            database: *database,
            has_literals: *has_literals,
            is_redacted: *is_redacted,
        },
    }
}

fn to_text(text: TextV1) -> TextRef {
    match text {
        TextV1::Stored(id) => TextRef::Stored(id),
        TextV1::Inline {
            text,
            statement,
            database,
            has_literals,
            is_redacted,
        } => TextRef::Inline {
            text,
            statement,
            database,
            has_literals,
            is_redacted,
        },
    }
}

fn from_transaction(transaction: &TransactionRecord) -> (u64, u64, u64, u64, u32, u8) {
    let end = match transaction.end {
        TransactionEnd::Committed => 0,
        TransactionEnd::RolledBack => 1,
        TransactionEnd::Dropped => 2,
        TransactionEnd::Unknown => 3,
    };
    let TransactionRecord {
        started_us,
        duration_us,
        begin_us,
        end_us,
        depth,
        ..
    } = *transaction;
    (started_us, duration_us, begin_us, end_us, depth, end)
}

fn to_transaction(
    (started_us, duration_us, begin_us, end_us, depth, end): (u64, u64, u64, u64, u32, u8),
) -> Result<TransactionRecord, DecodeError> {
    let end = match end {
        0 => TransactionEnd::Committed,
        1 => TransactionEnd::RolledBack,
        2 => TransactionEnd::Dropped,
        3 => TransactionEnd::Unknown,
        _ => {
            return Err(DecodeError::Malformed(
                "a transaction ended in no known way",
            ));
        }
    };
    Ok(TransactionRecord {
        started_us,
        duration_us,
        begin_us,
        end_us,
        depth,
        end,
    })
}

fn from_span(span: &SpanRecord) -> SpanV1 {
    SpanV1 {
        name: span.name.clone(),
        target: span.target.clone(),
        file: span.file.clone(),
        line: span.line,
        started_us: span.started_us,
        duration_us: span.duration_us,
        busy_us: span.busy_us,
        parent: span.parent,
        fields: span.fields.clone(),
    }
}

fn to_span(span: SpanV1) -> SpanRecord {
    let SpanV1 {
        name,
        target,
        file,
        line,
        started_us,
        duration_us,
        busy_us,
        parent,
        fields,
    } = span;
    SpanRecord {
        name,
        target,
        file,
        line,
        started_us,
        duration_us,
        busy_us,
        parent,
        fields,
    }
}

fn from_log(log: &LogRecord) -> LogV1 {
    LogV1 {
        at_us: log.at_us,
        level: log.level.clone(),
        target: log.target.clone(),
        message: log.message.clone(),
        fields: log.fields.clone(),
    }
}

fn to_log(log: LogV1) -> LogRecord {
    let LogV1 {
        at_us,
        level,
        target,
        message,
        fields,
    } = log;
    LogRecord {
        at_us,
        level,
        target,
        message,
        fields,
    }
}

const fn from_captured_by(captured_by: CapturedBy) -> u64 {
    match captured_by {
        CapturedBy::Layer => 0,
        CapturedBy::Pool => 1,
    }
}

const fn to_captured_by(number: u64) -> Result<CapturedBy, DecodeError> {
    match number {
        0 => Ok(CapturedBy::Layer),
        1 => Ok(CapturedBy::Pool),
        _ => Err(DecodeError::Malformed("a query was seen by nobody known")),
    }
}

const fn from_outcome(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Completed => 0,
        Outcome::Error => 1,
        Outcome::Dropped => 2,
        Outcome::Panicked => 3,
    }
}

const fn to_outcome(number: u64) -> Result<Outcome, DecodeError> {
    match number {
        0 => Ok(Outcome::Completed),
        1 => Ok(Outcome::Error),
        2 => Ok(Outcome::Dropped),
        3 => Ok(Outcome::Panicked),
        _ => Err(DecodeError::Malformed("a query ended in no known way")),
    }
}
