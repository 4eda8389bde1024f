//! Calls of remote procedures (gRPC, gRPC-Web): the path names the procedure, and what became of the
//! call stands in `grpc-status`, at the end of the body or in the head. The status of HTTP is 200
//! either way.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::percent_decode_str;
use silk_core::Outcome;

use crate::record::ActiveRequest;

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

/// Names of the codes, and whether the code is the server's fault (as OpenTelemetry has it).
const CODES: [(&str, bool); 17] = [
    ("OK", false),
    ("CANCELLED", false),
    ("UNKNOWN", true),
    ("INVALID_ARGUMENT", false),
    ("DEADLINE_EXCEEDED", true),
    ("NOT_FOUND", false),
    ("ALREADY_EXISTS", false),
    ("PERMISSION_DENIED", false),
    ("RESOURCE_EXHAUSTED", false),
    ("FAILED_PRECONDITION", false),
    ("ABORTED", false),
    ("OUT_OF_RANGE", false),
    ("UNIMPLEMENTED", true),
    ("INTERNAL", true),
    ("UNAVAILABLE", true),
    ("DATA_LOSS", true),
    ("UNAUTHENTICATED", false),
];

/// Whether headers are of a call.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    is_call_of(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes))
}

/// Whether this content type is of a call.
pub(super) fn is_call_of(kind: Option<&[u8]>) -> bool {
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

/// How a call ended whose head or trailers these are; `Completed` and no error where it went well,
/// or where they do not say.
pub(super) fn ending(headers: &HeaderMap) -> (Outcome, Option<String>) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(code) = text(STATUS).and_then(|code| code.parse::<usize>().ok()) else {
        return (Outcome::Completed, None);
    };
    let (name, is_fault) = CODES.get(code).copied().unwrap_or(("unknown", true));
    if code == 0 {
        return (Outcome::Completed, None);
    }
    let mut error = format!("grpc-status {code} ({name})");
    if let Some(message) = text(MESSAGE).filter(|message| !message.is_empty()) {
        error.push_str(": ");
        error.push_str(&percent_decode_str(message).decode_utf8_lossy());
    }
    let outcome = if is_fault {
        Outcome::Error
    } else {
        Outcome::Completed
    };
    (outcome, Some(error))
}

/// Keeps the status that came in trailers among the headers of the response.
pub(super) fn keep_status(trailers: &HeaderMap, active: &ActiveRequest) {
    if !active.is_kept() || !active.recorder().config().capture_headers {
        return;
    }
    if let Some(status) = trailers.get(STATUS)
        && active.try_charge(STATUS.len() + status.len() + 64)
    {
        let status = status.clone();
        active.head(|head| {
            head.response_headers
                .insert(HeaderName::from_static(STATUS), status);
        });
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(status: &'static str, message: &'static str) -> (Outcome, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(STATUS, HeaderValue::from_static(status));
        headers.insert(MESSAGE, HeaderValue::from_static(message));
        ending(&headers)
    }

    #[test]
    fn a_call_ends_as_its_status_says() {
        assert_eq!(of("0", "all is well"), (Outcome::Completed, None));
        assert_eq!(
            of("5", "no%20such thing"),
            (
                Outcome::Completed,
                Some("grpc-status 5 (NOT_FOUND): no such thing".to_owned())
            )
        );
        assert_eq!(
            of("13", ""),
            (Outcome::Error, Some("grpc-status 13 (INTERNAL)".to_owned()))
        );
        assert_eq!(of("99", "").0, Outcome::Error);
        assert_eq!(of("abc", ""), (Outcome::Completed, None));
        assert_eq!(ending(&HeaderMap::new()), (Outcome::Completed, None));
    }
}
