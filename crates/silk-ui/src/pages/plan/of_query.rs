//! The plan of a recorded query: the one that was caught, or the ways to one.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::Path, response::Response};
use silk_core::{
    DatabaseKind, ExplainMode, Fingerprint, PlanRecord, PlanSource, Value, ValueState,
};

use super::{
    super::{Frame, draw, see_other},
    changes::{PlanRow, rows},
    words,
};
use crate::{
    context::Here,
    error::Failure,
    filters::{duration, one_line},
    plans::{
        explain::{self, Found},
        kept,
        of_request::{StatementPlan, Whose},
    },
    svg::waterfall::short_name,
};

/// The section “Plan” of a query.
pub(crate) struct QueryPlans {
    /// The plan that this very run had, or the nearest to it.
    pub(crate) caught: Option<CaughtView>,
    /// How long this very run took in the server, in µs, where its plan tells.
    pub(crate) server_us: Option<u64>,
    /// Plans asked for later, and those of other runs of the form.
    pub(crate) others: Vec<PlanRow>,
    pub(crate) explain_href: String,
    pub(crate) analyze_href: Option<String>,
    pub(crate) indexes_href: Option<String>,
    pub(crate) has_generic: bool,
    pub(crate) why_not: Option<&'static str>,
    pub(crate) csrf: String,
    pub(crate) notice: Option<String>,
}

/// A plan beside its query.
pub(crate) struct CaughtView {
    pub(crate) plan: PlanRow,
    /// Whether it is of this very run.
    pub(crate) is_own: bool,
    pub(crate) word: &'static str,
    /// Whose it is, where not this run's.
    pub(crate) note: String,
}

/// What is known about the plan of a query; `of_statements` are the plans of its request.
pub(crate) async fn of(
    here: &Here,
    found: &Found,
    of_statements: &HashMap<Fingerprint, StatementPlan>,
    notice: Option<String>,
) -> QueryPlans {
    let query = found.query();
    let address = format!("{}/requests/{}/queries/{}", here.base, found.id, query.seq);
    let mut plans: Vec<PlanRecord> = here.app.plans_of_request(found.id).await;
    plans.retain(|plan| plan.query.is_some_and(|place| place.seq == query.seq));
    let text = found.text();
    let kind = text.map_or(DatabaseKind::Unknown, |text| text.database.kind);
    let own = plans
        .iter()
        .position(|plan| plan.source == PlanSource::AutoExplain)
        .map(|at| plans.remove(at));
    let server_us = own.as_ref().and_then(|plan| plan.duration_us);
    let mut caught = own.map(|plan| (plan, "actual", String::new()));
    // Of a form that was seen often, one plan is kept: it may be that of another run.
    if caught.is_none()
        && let (Some(shape), Some(text)) = (query.plan_shape, text)
    {
        caught = kept::of_form(&here.app, text, shape).await.map(|plan| {
            let took = plan.duration_us.map_or_else(String::new, |us| {
                format!(
                    ", which took {} (this one took {})",
                    duration(us),
                    duration(query.duration_us)
                )
            });
            (
                plan,
                "same shape",
                format!("Same plan shape, from another run{took}."),
            )
        });
    }
    if caught.is_none()
        && plans.is_empty()
        && let Some(plan) = text.and_then(|text| of_statements.get(&text.statement.fingerprint))
    {
        let whose = match (plan.whose, plan.record.query) {
            (Whose::Own, Some(place)) => format!("Plan of query {} of this request.", place.seq),
            _ => "Plan from another run; that of this run is not known.".to_owned(),
        };
        let word = words::source(plan.record.source);
        caught = Some((plan.record.clone(), word, whose));
    }
    let why_not = why_not(found, kind);
    let is_open = why_not.is_none();
    QueryPlans {
        server_us,
        caught: caught.and_then(|(plan, word, note)| {
            Some(CaughtView {
                is_own: word == "actual",
                plan: rows(&[plan], &here.base).pop()?,
                word,
                note,
            })
        }),
        others: rows(&plans, &here.base),
        explain_href: format!("{address}/explain"),
        analyze_href: (is_open && may_analyze(found, kind)).then(|| format!("{address}/analyze")),
        indexes_href: (is_open && may_advise(found, kind)).then(|| format!("{address}/indexes")),
        has_generic: kind == DatabaseKind::Postgres
            && query
                .values
                .as_ref()
                .is_none_or(|values| !values.is_empty()),
        why_not,
        csrf: here.app.csrf.token().to_owned(),
        notice,
    }
}

/// Whether running it again can be offered: it only reads, and its database measures runs.
fn may_analyze(found: &Found, kind: DatabaseKind) -> bool {
    matches!(kind, DatabaseKind::Postgres | DatabaseKind::MySql)
        && found
            .text()
            .is_some_and(|text| silk_core::sql::is_read_only(&text.text, kind))
}

/// Whether looking for indexes can be offered: it searches tables, and its database can be asked.
fn may_advise(found: &Found, kind: DatabaseKind) -> bool {
    kind != DatabaseKind::Unknown
        && found
            .text()
            .is_some_and(|text| silk_plan::advice::searches_tables(&text.text, kind))
}

fn why_not(found: &Found, kind: DatabaseKind) -> Option<&'static str> {
    let text = found.text()?;
    if text.is_redacted {
        return Some("A literal in its text was redacted, so it cannot be run as it was.");
    }
    let is_redacted = |value: &Value| value.state == ValueState::Redacted;
    let values = found.query().values.as_deref().unwrap_or_default();
    if values.iter().any(is_redacted) {
        return Some("One of its values was redacted, so it cannot be bound as it was.");
    }
    (!silk_core::sql::is_explainable(&text.text, kind))
        .then_some("The database explains no statement of this kind.")
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct ExplainForm {
    #[serde(default)]
    csrf: String,
    /// `generic`, `analyze`, or nothing for an estimate.
    #[serde(default)]
    mode: String,
    #[serde(default)]
    confirmed: String,
}

/// `POST /requests/{id}/queries/{seq}/explain`
pub(crate) async fn ask(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
    Form(form): Form<ExplainForm>,
) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let found = explain::find(&here.app, &id, &seq).await?;
    let mode = match &*form.mode {
        "" => ExplainMode::Estimated,
        "generic" => ExplainMode::Generic,
        "analyze" => ExplainMode::Analyze {
            confirmed: form.confirmed == "1",
        },
        _ => {
            return Err(Failure::bad_request(
                "mode must be empty, generic or analyze.",
            ));
        }
    };
    let base = &here.base;
    let seq = found.query().seq;
    match explain::explain(&here.app, &found, mode).await {
        Ok(plan) => Ok(see_other(&format!("{base}/plans/{}", plan.id))),
        Err(failure) => {
            let is_question = failure.kind == "needs_confirmation";
            let notice = here.app.leave_notice(failure.message);
            let to = if is_question {
                format!(
                    "{base}/requests/{}/queries/{seq}/analyze?confirm={notice}",
                    found.id
                )
            } else {
                format!(
                    "{base}/requests/{}/queries/{seq}?notice={notice}#plans",
                    found.id
                )
            };
            Ok(see_other(&to))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/plan_analyze.html")]
struct AnalyzePage {
    frame: Frame,
    name: String,
    query_href: String,
    explain_href: String,
    sql: crate::code::SqlView,
    took: String,
    database: String,
    /// What is not known to be harmless, where that was found.
    doubt: Option<String>,
    why_not: Option<&'static str>,
    csrf: String,
}

/// `GET /requests/{id}/queries/{seq}/analyze`: asks before a statement is run again.
pub(crate) async fn confirm(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let params = here.params(&["confirm"])?;
    let found = explain::find(&here.app, &id, &seq).await?;
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let kind = text.database.kind;
    let query_href = format!(
        "{}/requests/{}/queries/{}",
        here.base,
        found.id,
        found.query().seq
    );
    let name = short_name(&text.statement);
    let why_not = why_not(&found, kind).or_else(|| {
        (!may_analyze(&found, kind)).then_some(
            "It is not known to only read, or its database does not measure runs on request.",
        )
    });
    draw(&AnalyzePage {
        frame: Frame::new(&here, "requests", format!("Run {name} again?")),
        name,
        explain_href: format!("{query_href}/explain"),
        query_href,
        sql: crate::code::sql_view(&text.text, kind),
        took: duration(found.query().duration_us),
        database: format!("{kind} {}", one_line(&text.database.name, 80)),
        doubt: here.app.notice(params.get("confirm")),
        why_not,
        csrf: here.app.csrf.token().to_owned(),
    })
}
