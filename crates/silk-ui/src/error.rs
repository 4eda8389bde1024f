//! What can go wrong on the way to a page or an answer, in words for the one who asked.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use silk_core::StoreError;

/// Why there is no page: drawn as a page, or as JSON below `api/`, in one place
/// ([`Dashboard`](crate::Dashboard)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// A word for programs.
    pub(crate) kind: &'static str,
    /// What happened, for people.
    pub(crate) message: String,
    /// What to do about it: code or a sentence.
    pub(crate) remedy: Option<String>,
    /// Where to go instead: words and address.
    pub(crate) instead: Option<(String, String)>,
}

impl Failure {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            remedy: None,
            instead: None,
        }
    }

    /// 400: a parameter makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 403: not for you.
    pub(crate) fn forbidden(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, message)
    }

    /// 404: not (or no longer) there.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 410: it was there, and something else took its place.
    pub(crate) fn replaced(message: impl Into<String>, by: (String, String)) -> Self {
        Self {
            instead: Some(by),
            ..Self::new(StatusCode::GONE, "replaced", message)
        }
    }

    /// 415: a body of another type than we read.
    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 409: no honest answer is possible.
    pub(crate) fn conflict(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, message)
    }

    /// 422: the database refused.
    pub(crate) fn unprocessable(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, message)
    }

    /// 503: the store does not answer.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            message,
        )
    }

    /// 503: too many ask for the same at once.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }

    /// 500: our own fault.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// For a status that axum's router or an extractor answered with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("There is no page at this address."),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "This address does not take that method.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "payload_too_large",
                "That is more than this address takes.",
            ),
            status => Self::new(
                status,
                "bad_request",
                status
                    .canonical_reason()
                    .unwrap_or("This cannot be answered."),
            ),
        }
    }

    /// With a remedy.
    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Marks a response with the status of a failure whose page says already what happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlreadyShown;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::debug!(target: "silk", %error, "the dashboard could not read the store");
        let mut message = error.to_string();
        if let Some(first) = message.get(..1) {
            message.replace_range(..1, &first.to_uppercase());
        }
        Self::unavailable(format!("{message}."))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
