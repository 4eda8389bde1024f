//! A plan from anywhere, pasted: read, drawn and judged here, and kept only when asked for.

use askama::Template;
use axum::{Form, extract::Path, response::Response};
use http::StatusCode;
use silk_core::PlanId;
use silk_plan::Plan;

use super::{
    Frame, draw,
    plan::{self, PARAMS},
    see_other,
};
use crate::{
    context::{Here, read_id},
    error::{Failure, Told},
    filters::one_line,
    plans::{
        pasted::{MOST_BYTES, redacted, understand, unix_lines},
        subject::Subject,
    },
};

/// Bytes of the form that carries it: text may grow threefold on its way.
pub(crate) const MOST_FORM_BYTES: usize = 3 * MOST_BYTES + 4_096;

/// Bytes of a text that is no plan, up to which it stands in the box again.
const MOST_SHOWN_AGAIN: usize = 64_000;

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
    draw(&empty(&here))
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
            page.text = if form.plan.len() > MOST_SHOWN_AGAIN {
                String::new()
            } else {
                unix_lines(&form.plan)
            };
            let mut response = draw(&page)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            response.extensions_mut().insert(Told);
            Ok(response)
        }
    }
}

fn held(here: &Here, id: &str) -> Result<Subject, Failure> {
    let id: PlanId = read_id(id, "plan")?;
    let record = here.app.pasted.get(id).ok_or_else(|| {
        Failure::not_found(
            "This plan was pasted and not kept, and is gone: only the latest are held in memory. \
             Paste it again.",
        )
    })?;
    let read = Plan::parse(record.output.format, &record.output.raw);
    let sql = read.as_ref().ok().and_then(|plan| plan.query_text.clone());
    Ok(Subject {
        name: sql.as_deref().map(|sql| one_line(sql, 60)),
        sql,
        calls: None,
        query_us: None,
        is_top: false,
        query_href: None,
        crumbs: vec![("Paste".to_owned(), format!("{}/paste", here.base))],
        address: format!("{}/paste/{}", here.base, record.id),
        is_kept: false,
        read,
        record,
    })
}

/// `GET /paste/{id}`
pub(crate) async fn one(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(PARAMS)?;
    let subject = held(&here, &id)?;
    plan::page(&here, subject, &params).await
}

/// `GET /paste/{id}/raw`
pub(crate) async fn raw(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(&["as"])?;
    plan::whole(&held(&here, &id)?, &params)
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct KeepForm {
    #[serde(default)]
    csrf: String,
}

/// `POST /paste/{id}/keep`
pub(crate) async fn keep(
    here: Here,
    Path(id): Path<String>,
    Form(form): Form<KeepForm>,
) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let record = redacted(held(&here, &id)?.record)?;
    here.app.ask(|store| store.add_plan(&record)).await?;
    // Of one form a store keeps one plan: it may be that of an earlier paste.
    let id = record.id;
    let is_there = here
        .app
        .ask(|store| store.plan(id))
        .await
        .is_ok_and(|plan| plan.is_some());
    Ok(see_other(&if is_there {
        format!("{}/plans/{id}", here.base)
    } else {
        let notice = here.app.leave_notice(
            "A slower plan of the same statement and form is kept already; this one was counted \
             with it."
                .to_owned(),
        );
        format!("{}/paste/{id}?notice={notice}", here.base)
    }))
}
