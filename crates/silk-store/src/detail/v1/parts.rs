//! The parts of a body but its queries.

use serde::{Deserialize, Serialize};
use silk_core::{Body, Header, LogRecord, SpanRecord, TransactionEnd, TransactionRecord};

use super::super::stored::{DecodeError, TextRef};

type Pair = (String, String);

/// What only HTTP has; left out where all of it is empty.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) query_string: Option<String>,
    pub(super) http_version: Option<String>,
    /// Name, value, whether redacted.
    pub(super) request_headers: Vec<(String, String, bool)>,
    pub(super) response_headers: Vec<(String, String, bool)>,
    pub(super) request_body: Option<BodyV1>,
    pub(super) response_body: Option<BodyV1>,
    pub(super) error: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct BodyV1 {
    content_type: Option<String>,
    total_bytes: u64,
    text: Option<String>,
    is_truncated: bool,
    is_redacted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum TextV1 {
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
pub(super) struct SpanV1 {
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
pub(super) struct LogV1 {
    at_us: u64,
    level: String,
    target: String,
    message: String,
    fields: Vec<Pair>,
}

pub(super) fn from_header(header: &Header) -> (String, String, bool) {
    (
        header.name.clone(),
        header.value.clone(),
        header.is_redacted,
    )
}

pub(super) fn to_header((name, value, is_redacted): (String, String, bool)) -> Header {
    Header {
        name,
        value,
        is_redacted,
    }
}

pub(super) fn from_body(body: &Body) -> BodyV1 {
    BodyV1 {
        content_type: body.content_type.clone(),
        total_bytes: body.total_bytes,
        text: body.text.clone(),
        is_truncated: body.is_truncated,
        is_redacted: body.is_redacted,
    }
}

pub(super) fn to_body(body: BodyV1) -> Body {
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

pub(super) fn from_text(text: &TextRef) -> TextV1 {
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

pub(super) fn to_text(text: TextV1) -> TextRef {
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

pub(super) fn from_transaction(transaction: &TransactionRecord) -> (u64, u64, u64, u64, u32, u8) {
    let end = match transaction.end {
        TransactionEnd::Committed => 0,
        TransactionEnd::RolledBack => 1,
        TransactionEnd::Dropped => 2,
        // Told by version 3.
        TransactionEnd::Unknown | TransactionEnd::Failed => 3,
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

pub(super) fn to_transaction(
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
        error: None,
    })
}

pub(super) fn from_span(span: &SpanRecord) -> SpanV1 {
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

pub(super) fn to_span(span: SpanV1) -> SpanRecord {
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

pub(super) fn from_log(log: &LogRecord) -> LogV1 {
    LogV1 {
        at_us: log.at_us,
        level: log.level.clone(),
        target: log.target.clone(),
        message: log.message.clone(),
        fields: log.fields.clone(),
    }
}

pub(super) fn to_log(log: LogV1) -> LogRecord {
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
