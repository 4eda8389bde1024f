//! A plan from anywhere, pasted: read, drawn and judged here, and kept only when asked for.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use askama::Template;
use axum::{Form, extract::Path, response::Response};
use chrono::Utc;
use http::StatusCode;
use silk_core::{
    Database, DatabaseKind, ExplainOutput, PlanFormat, PlanId, PlanRecord, PlanSource, Redactor,
    sql::SqlReader,
};
use silk_plan::Plan;
use uuid::Uuid;

use super::{
    Frame, draw,
    plan::{self, PARAMS, Subject},
    see_other,
};
use crate::{
    context::{Here, read_id},
    error::{Failure, Told},
    filters::{cut, one_line, sentence},
};

/// Bytes of a pasted plan.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// Bytes of the form that carries it: text may grow threefold on its way.
pub(crate) const MOST_FORM_BYTES: usize = 3 * MOST_BYTES + 4_096;

/// Bytes of a text that is no plan, up to which it stands in the box again.
const MOST_SHOWN_AGAIN: usize = 64_000;

/// Pasted plans held at once, and bytes of them together.
const MOST_HELD: usize = 32;
const MOST_HELD_BYTES: usize = 8 << 20;

/// Pasted plans that nobody asked to keep: in memory, and only the latest.
#[derive(Debug, Default)]
pub(crate) struct Pasted(Mutex<VecDeque<PlanRecord>>);

impl Pasted {
    pub(crate) fn hold(&self, record: PlanRecord) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_back(record);
        let size = |held: &VecDeque<PlanRecord>| -> usize {
            held.iter().map(|record| record.output.raw.len()).sum()
        };
        while held.len() > MOST_HELD || (held.len() > 1 && size(&held) > MOST_HELD_BYTES) {
            held.pop_front();
        }
    }

    pub(crate) fn get(&self, id: PlanId) -> Option<PlanRecord> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|record| record.id == id).cloned()
    }
}

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

/// Makes a record of a pasted text, or says in words why it is no plan.
pub(crate) fn understand(text: &str) -> Result<PlanRecord, String> {
    if text.len() > MOST_BYTES {
        return Err(format!(
            "That is {} of text; a plan is at most 1 MB.",
            crate::filters::bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))
        ));
    }
    let raw = unix_lines(text);
    let plan =
        Plan::detect_and_parse(&raw).map_err(|error| sentence(&cut(&error.to_string(), 400)))?;
    let kind = match plan.format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
    };
    let database = Database {
        kind,
        name: String::new(),
    };
    let fingerprint = plan.query_text.as_deref().map(|sql| {
        SqlReader::new(Arc::new(Redactor::default()))
            .read(sql, &Arc::new(database.clone()))
            .statement
            .fingerprint
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of floats saturates, and a duration is not negative"
    )]
    let duration_us = plan
        .execution_ms
        .filter(|ms| ms.is_finite() && *ms >= 0.0)
        .map(|ms| (ms * 1e3).round() as u64);
    Ok(PlanRecord {
        id: PlanId(Uuid::now_v7()),
        query: None,
        fingerprint,
        database,
        captured_at: Utc::now(),
        source: PlanSource::Pasted,
        shape: plan.shape.parse().ok(),
        duration_us,
        total_cost: plan.root.estimate.and_then(|estimate| estimate.total_cost),
        output: ExplainOutput {
            format: plan.format,
            analyzed: plan.analyzed,
            raw,
        },
    })
}

/// Forms send line breaks as two characters.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Takes secrets out of a pasted plan before it is kept.
///
/// # Errors
/// In words, where nothing of a plan would be left.
pub(crate) fn redacted(mut record: PlanRecord) -> Result<PlanRecord, Failure> {
    let raw = Redactor::default().text(&record.output.raw);
    if raw != record.output.raw {
        if Plan::parse(record.output.format, &raw).is_err() {
            return Err(Failure::unprocessable(
                "redaction",
                "It holds what looks like a secret, and without that it is no plan any more: it \
                 was not kept.",
            ));
        }
        record.output.raw = raw;
    }
    Ok(record)
}

fn held(here: &Here, id: &str) -> Result<Subject, Failure> {
    let id: PlanId = read_id(id, "plan")?;
    let record = here.app.pasted.get(id).ok_or_else(|| {
        Failure::not_found(
            "This plan was pasted and not kept, and is gone: only the latest are held in memory. \
             Paste it again.",
        )
    })?;
    let plan = Plan::parse(record.output.format, &record.output.raw).ok();
    let sql = plan.and_then(|plan| plan.query_text);
    Ok(Subject {
        name: sql
            .as_deref()
            .map_or_else(|| "a pasted statement".to_owned(), |sql| one_line(sql, 60)),
        sql,
        calls: None,
        query_us: None,
        is_top: false,
        query_href: None,
        crumbs: vec![("Paste".to_owned(), format!("{}/paste", here.base))],
        address: format!("{}/paste/{}", here.base, record.id),
        is_kept: false,
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
