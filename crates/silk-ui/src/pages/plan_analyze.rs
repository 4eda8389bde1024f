//! Asking for a plan, and the question before a query is run again.

use askama::Template;
use axum::{Form, extract::Path, response::Response};
use silk_core::ExplainMode;

use crate::{
    context::Here,
    draw::{
        code::{SqlView, sql_view},
        format::{duration, one_line},
        svg::waterfall::short_name,
    },
    error::Failure,
    parts::frame::{Frame, render, see_other},
    plans::explain,
};

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
    sql: SqlView,
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
    let why_not = explain::why_not(&found, kind).or_else(|| {
        (!explain::may_analyze(&found, kind)).then_some(
            "It is not known to only read, or its database does not measure runs on request.",
        )
    });
    render(&AnalyzePage {
        frame: Frame::new(&here, "requests", format!("Run {name} again?")),
        name,
        explain_href: format!("{query_href}/explain"),
        query_href,
        sql: sql_view(&text.text, kind),
        took: duration(found.query().duration_us),
        database: format!("{kind} {}", one_line(&text.database.name, 80)),
        doubt: here.app.notice(params.get("confirm")),
        why_not,
        csrf: here.app.csrf.token().to_owned(),
    })
}
