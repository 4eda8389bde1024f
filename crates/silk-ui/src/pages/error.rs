//! What happened, and where to go from here.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use super::Frame;
use crate::{
    context::Here,
    error::Failure,
    security::access::{Gate, Refusal},
};

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    title: &'static str,
    message: String,
    remedy: Option<String>,
    instead: Option<(String, String)>,
    /// Whether the visitor may go anywhere: not from a closed dashboard.
    is_inside: bool,
}

/// Draws a failure.
pub(crate) fn show(here: &Here, failure: &Failure) -> Response {
    let is_inside = !REFUSED.contains(&failure.kind);
    let mut frame = Frame::new(here, "", title(failure));
    if !is_inside {
        // Whoever is not let in need not know what runs here.
        frame.service = String::new();
        frame.is_recording = false;
    }
    let page = ErrorPage {
        frame,
        status: failure.status.as_u16(),
        title: title(failure),
        message: failure.message.clone(),
        remedy: failure.remedy.clone(),
        instead: failure.instead.clone(),
        is_inside,
    };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => failure.message.clone().into_response(),
    }
}

/// Kinds of failure that keep a visitor outside.
const REFUSED: [&str; 2] = ["closed", "not_allowed"];

fn title(failure: &Failure) -> &'static str {
    match (failure.kind, failure.status) {
        ("closed", _) => "The dashboard is closed",
        ("not_allowed", _) => "The dashboard is not open to you",
        (_, StatusCode::BAD_REQUEST) => "This address cannot be understood",
        (_, StatusCode::FORBIDDEN) => "This was refused",
        (_, StatusCode::NOT_FOUND) => "Nothing is here",
        (_, StatusCode::GONE) => "Another took its place",
        (_, StatusCode::METHOD_NOT_ALLOWED) => "Not in this way",
        (_, StatusCode::SERVICE_UNAVAILABLE) => "The store does not answer",
        (_, StatusCode::INTERNAL_SERVER_ERROR) => "The dashboard made a mistake",
        _ => "This cannot be done",
    }
}

/// Says to whoever is not let in why, and how to open it.
pub(crate) fn refusal(refusal: Refusal, gate: &Gate) -> Failure {
    const OPEN: &str = "Silk::builder()\n    .access(Access::Loopback) // peers on this machine\n    .token(\"…\")                // and whoever holds the token";
    const CONNECT_INFO: &str = "axum::serve(\n    listener,\n    app.into_make_service_with_connect_info::<SocketAddr>(),\n)";
    let by_token = if gate.has_token() {
        " Whoever has the token opens it with ?token=… at the end of the address; the program \
         prints it when it starts."
    } else {
        ""
    };
    let (kind, message, remedy) = match refusal {
        Refusal::Closed => (
            "closed",
            "It was closed to everybody on the builder.".to_owned(),
            Some(OPEN),
        ),
        Refusal::NoChoice => (
            "closed",
            format!(
                "Recording works; but this is a release build, and nobody chose yet who may look.{by_token}"
            ),
            Some(OPEN),
        ),
        Refusal::TokenNeeded => (
            "not_allowed",
            format!("The right token is needed.{by_token}"),
            None,
        ),
        Refusal::PeerUnknown => (
            "not_allowed",
            format!(
                "It is open to this machine only, and the server does not tell where a request comes from.{by_token}"
            ),
            Some(CONNECT_INFO),
        ),
        Refusal::PeerRemote => (
            "not_allowed",
            format!("It is open to the machine that it runs on only.{by_token}"),
            None,
        ),
        Refusal::Forwarded => (
            "not_allowed",
            format!("It is open to this machine only, and a proxy stands between.{by_token}"),
            None,
        ),
        Refusal::ForeignHost => (
            "not_allowed",
            format!(
                "It is open to this machine only, under the name localhost or 127.0.0.1.{by_token}"
            ),
            None,
        ),
        Refusal::CustomRule => (
            "not_allowed",
            format!("The app's own rule said no.{by_token}"),
            None,
        ),
    };
    let failure = Failure::forbidden(kind, message);
    match remedy {
        Some(remedy) => failure.with_remedy(remedy),
        None => failure,
    }
}
