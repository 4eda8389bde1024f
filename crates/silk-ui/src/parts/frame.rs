//! What stands around every page, and the kinds of answers that pages give.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{StatusCode, header};

use crate::{assets, context::Here, error::Failure};

/// What stands around every page.
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Path of the mount; every link starts with it.
    pub(crate) base: String,
    /// Path of the assets.
    pub(crate) assets: String,
    /// Which page of the menu this belongs to.
    pub(crate) nav: &'static str,
    pub(crate) service: String,
    pub(crate) is_recording: bool,
}

impl Frame {
    pub(crate) fn new(here: &Here, nav: &'static str, title: impl Into<String>) -> Self {
        let vitals = here.app.vitals.snapshot();
        Self {
            title: title.into(),
            base: here.base.to_string(),
            assets: assets::folder(&here.base),
            nav,
            service: vitals.run.service,
            is_recording: vitals.is_recording,
        }
    }
}

/// Draws a page.
///
/// # Errors
/// 500 where the template fails, which only a fault of ours can make it.
pub(crate) fn render(page: &impl Template) -> Result<Response, Failure> {
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(Failure::internal(format!(
            "The page could not be drawn: {error}."
        ))),
    }
}

/// Plain text, for programs and for readers who need all of it.
pub(crate) fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// Sends the browser on after a form, so that a reload sends nothing again.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}
