//! `{"error":{"kind","message"}}` with the fitting status.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::error::Failure;

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    error: ErrorJson<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorJson<'a> {
    kind: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
}

/// Writes a failure.
pub(crate) fn show(failure: &Failure) -> Response {
    let error = ErrorJson {
        kind: failure.kind,
        message: &failure.message,
        remedy: failure.remedy.as_deref(),
    };
    Json(Envelope { error }).into_response()
}
