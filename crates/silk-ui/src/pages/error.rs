//! What happened, and where to go from here.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{Method, StatusCode, request::Parts};

use crate::{context::Here, error::Failure, parts::frame::Frame, security::access::Refusal};

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
        // Those who are refused need not know what runs here.
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
        ("not_allowed", _) => "Open the dashboard by its link",
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

/// How an app prints the link, and how a token of one's own is set.
const TOKEN_CODE: &str = "\
// the link, with the address that the app listens on:
println!(\"http://127.0.0.1:3000/silk?token={}\", silk.token());

// a token of your own: here, or as SILK_TOKEN in the environment
Silk::builder().token(\"at least 16 characters\")";

const OPEN_CODE: &str = "\
Silk::builder()
    .access(Access::Token) // everybody who has the token
    .token(\"at least 16 characters\")";

/// Why access was refused, and how to get in.
pub(crate) fn refusal(here: &Here, refusal: Refusal, parts: &Parts) -> Failure {
    let how = if here.app.gate.has_token() {
        " Open the link that the app printed when it started: it ends in ?token=… and lets this \
         browser in. Programs send the token as Authorization: Bearer …."
    } else {
        " No token is set."
    };
    let (kind, message, remedy) = match refusal {
        Refusal::Closed => (
            "closed",
            "The app closed its dashboard to everybody.".to_owned(),
            OPEN_CODE,
        ),
        Refusal::TokenNeeded => (
            "not_allowed",
            format!("Only its token opens the dashboard, on this machine too.{how}"),
            TOKEN_CODE,
        ),
        Refusal::WrongToken => (
            "not_allowed",
            format!("This is not the token of the app that runs now.{how}"),
            TOKEN_CODE,
        ),
        Refusal::CustomRule => (
            "not_allowed",
            format!("The app's own rule refused this request.{how}"),
            TOKEN_CODE,
        ),
    };
    let mut failure = Failure::forbidden(kind, message).with_remedy(remedy);
    // The cookie is not sent along by a link on another site; from our own page it is.
    let from_elsewhere = parts
        .headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site");
    if from_elsewhere && kind == "not_allowed" && parts.method == Method::GET {
        failure.instead = Some((
            "Came by a link on another site? Open this page again".to_owned(),
            here.address_without_token(),
        ));
    }
    failure
}
