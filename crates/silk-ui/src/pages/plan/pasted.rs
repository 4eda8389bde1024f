//! The page of a plan that was pasted: drawn and judged as a kept one, and kept only when asked for.

use axum::{Form, extract::Path, response::Response};
use silk_core::PlanId;
use silk_plan::Plan;

use super::{PARAMS, page, whole};
use crate::{
    context::{Here, read_id},
    draw::format::one_line,
    error::Failure,
    parts::frame::see_other,
    plans::{pasted::redacted, subject::Subject},
};

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
        query_rows: None,
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
pub(crate) async fn show(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(PARAMS)?;
    let subject = held(&here, &id)?;
    page(&here, subject, &params).await
}

/// `GET /paste/{id}/raw`
pub(crate) async fn raw(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(&["as"])?;
    whole(&held(&here, &id)?, &params)
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
    here.app.change(|store| store.add_plan(&record)).await?;
    // A store keeps one plan for each shape: it may be that of an earlier paste.
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
            "A slower plan of the same statement and shape is kept already; this one was counted \
             with it."
                .to_owned(),
        );
        format!("{}/paste/{id}?notice={notice}", here.base)
    }))
}
