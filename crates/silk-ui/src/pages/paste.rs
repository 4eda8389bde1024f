//! A plan from anywhere, pasted: read, drawn and judged here, and kept only when asked for.

use askama::Template;
use axum::{Form, response::Response};
use http::StatusCode;

use crate::{
    context::Here,
    error::{AlreadyShown, Failure},
    parts::frame::{Frame, render, see_other},
    plans::pasted::{MAX_BYTES, understand, unix_lines},
};

/// Bytes of the form that carries it: text may grow threefold on its way.
pub(crate) const MAX_FORM_BYTES: usize = 3 * MAX_BYTES + 4_096;

/// Bytes of a text that is no plan, up to which it stands in the box again.
const MAX_SHOWN_AGAIN: usize = 64_000;

#[derive(Template)]
#[template(path = "pages/paste.html")]
struct PastePage {
    frame: Frame,
    csrf: String,
    /// What was pasted and could not be read, and why.
    text: String,
    error: Option<String>,
    most: &'static str,
}

/// `GET /paste`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    render(&empty(&here))
}

fn empty(here: &Here) -> PastePage {
    PastePage {
        frame: Frame::new(here, "paste", "Paste a plan"),
        csrf: here.app.csrf.token().to_owned(),
        text: String::new(),
        error: None,
        most: "1 MB",
    }
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct PasteForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    plan: String,
}

/// `POST /paste`
pub(crate) async fn read(here: Here, Form(form): Form<PasteForm>) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    match understand(&form.plan) {
        Ok(record) => {
            let to = format!("{}/paste/{}", here.base, record.id);
            here.app.pasted.hold(record);
            Ok(see_other(&to))
        }
        Err(error) => {
            let mut page = empty(&here);
            page.error = Some(error);
            page.text = if form.plan.len() > MAX_SHOWN_AGAIN {
                String::new()
            } else {
                unix_lines(&form.plan)
            };
            let mut response = render(&page)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            response.extensions_mut().insert(AlreadyShown);
            Ok(response)
        }
    }
}
