//! Recording on and off, and clearing everything.

use askama::Template;
use axum::{Form, response::Response};

use crate::{
    context::Here,
    draw::counted,
    error::Failure,
    parts::frame::{Frame, render, see_other},
};

#[derive(Debug, serde::Deserialize)]
pub(crate) struct SwitchForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    recording: String,
}

/// `POST /health/recording`
pub(crate) async fn switch_recording(
    here: Here,
    Form(form): Form<SwitchForm>,
) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let is_on = match &*form.recording {
        "on" => true,
        "off" => false,
        _ => {
            return Err(Failure::bad_request("recording must be on or off."));
        }
    };
    here.app.vitals.set_recording(is_on);
    Ok(see_other(&format!("{}/health", here.base)))
}

#[derive(Template)]
#[template(path = "pages/clear.html")]
struct ClearPage {
    frame: Frame,
    csrf: String,
    store_kind: String,
    requests: Option<String>,
}

/// `GET /health/clear`: asks before everything is removed.
pub(crate) async fn confirm_clear(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let size = here.app.ask(silk_core::Store::size).await.ok();
    render(&ClearPage {
        frame: Frame::new(&here, "health", "Clear everything?"),
        csrf: here.app.csrf.token().to_owned(),
        store_kind: here.app.store_kind(),
        requests: size.map(|size| match size.requests {
            1 => "the 1 request".to_owned(),
            n => format!("all {}", counted(n, "request")),
        }),
    })
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct ClearForm {
    #[serde(default)]
    csrf: String,
}

/// `POST /health/clear`
pub(crate) async fn clear(here: Here, Form(form): Form<ClearForm>) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    here.app.change(silk_core::Store::clear).await?;
    let notice = here
        .app
        .leave_notice("Everything recorded so far was removed.".to_owned());
    Ok(see_other(&format!("{}/health?notice={notice}", here.base)))
}
