//! Proves an offered query: says what would be run, runs it on a click, and shows what came of it.

mod result;

use askama::Template;
use axum::{Form, extract::Path, response::Response};
use silk_core::explain::{MAX_PROOF_RUNS, ProofRequest};

use self::result::{ResultView, result};
use crate::{
    context::Here,
    draw::{
        code::{SqlView, sql_view},
        counted,
        format::{duration, one_line},
        n,
        names::request_name,
        svg::waterfall::short_name,
    },
    error::Failure,
    held::proofs::HeldProof,
    parts::frame::{Frame, render, see_other},
    plans::prove::{self, Offered, Recorded},
};

#[derive(Template)]
#[template(path = "pages/prove.html")]
struct ProvePage {
    frame: Frame,
    request_name: String,
    request_href: String,
    /// The statement's executions in the request.
    statement_href: String,
    name: String,
    database: String,
    before: SqlView,
    after: SqlView,
    /// `100 queries, 95 different values, 106 ms in total`
    recorded: String,
    /// What of the recorded executions is not run, and why.
    left_out: Option<String>,
    /// What a person has to say yes to.
    doubt: Option<String>,
    notice: Option<String>,
    why_not: Option<String>,
    result: Option<ResultView>,
    csrf: String,
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct ProveForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    confirmed: String,
}

/// `POST /requests/{id}/prove/{fingerprint}`
pub(crate) async fn run(
    here: Here,
    Path((id, fingerprint)): Path<(String, String)>,
    Form(form): Form<ProveForm>,
) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let offered = prove::find(&here.app, &id, &fingerprint).await?;
    let page = address(&here, &offered);
    match prove::prove(&here.app, &offered, form.confirmed == "1").await {
        Ok(proof) => {
            let held = (here.app.proofs).hold(offered.id, offered.fingerprint, proof);
            Ok(see_other(&format!("{page}?proof={held}")))
        }
        Err(failure) => {
            let name = if failure.kind == "needs_confirmation" {
                "confirm"
            } else {
                "notice"
            };
            let notice = here.app.leave_notice(failure.message);
            Ok(see_other(&format!("{page}?{name}={notice}")))
        }
    }
}

fn address(here: &Here, offered: &Offered) -> String {
    format!(
        "{}/requests/{}/prove/{}",
        here.base, offered.id, offered.fingerprint
    )
}

/// `GET /requests/{id}/prove/{fingerprint}`: asks before anything is run, and shows what was.
pub(crate) async fn show(
    here: Here,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let params = here.params(&["proof", "confirm", "notice"])?;
    let offered = prove::find(&here.app, &id, &fingerprint).await?;
    let text = offered
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let (kind, summary) = (text.database.kind, &offered.record.summary);
    let request_href = format!("{}/requests/{}", here.base, offered.id);
    let question = offered.question();
    let held = params.get("proof").map(|proof| here.app.proofs.get(proof));
    let result = match (held, &question) {
        (Some(Some(held)), Ok(question)) if is_of(&held, &offered) => {
            Some(result(&held, question, offered.recorded()))
        }
        _ => None,
    };
    let is_gone = params.get("proof").is_some() && result.is_none();
    render(&ProvePage {
        frame: Frame::new(&here, "requests", "Prove the fix"),
        request_name: request_name(summary.kind, &summary.method, &summary.route),
        statement_href: format!(
            "{request_href}?statement={fingerprint}#s{fingerprint}",
            fingerprint = offered.fingerprint
        ),
        request_href,
        name: short_name(&text.statement),
        database: format!("{kind} {}", one_line(&text.database.name, 80)),
        before: sql_view(&text.text, kind),
        after: sql_view(&offered.sql, kind),
        recorded: recorded(&offered, question.as_ref().ok()),
        left_out: question
            .as_ref()
            .ok()
            .and_then(|question| left_out(question, offered.recorded())),
        doubt: here.app.notice(params.get("confirm")),
        notice: here.app.notice(params.get("notice")).or_else(|| {
            is_gone.then(|| {
                "This proof is gone: only the latest are held in memory. Run it again.".to_owned()
            })
        }),
        why_not: question.err().map(|failure| failure.message),
        result,
        csrf: here.app.csrf.token().to_owned(),
    })
}

fn is_of(held: &HeldProof, offered: &Offered) -> bool {
    held.request_id == offered.id && held.fingerprint == offered.fingerprint
}

fn recorded(offered: &Offered, question: Option<&ProofRequest>) -> String {
    let recorded = offered.recorded();
    let values = question.map_or_else(String::new, |question| {
        format!(" with {}", counted(question.keys.len(), "different value"))
    });
    format!(
        "{}{values}, {} in total",
        counted(recorded.calls, "query"),
        duration(recorded.total_us)
    )
}

fn left_out(question: &ProofRequest, recorded: Recorded) -> Option<String> {
    let mut said = Vec::new();
    if recorded.kept < recorded.calls {
        said.push(format!(
            "Of the {} executions, {} are kept with their values; the others are not proved.",
            n(recorded.calls),
            n(recorded.kept)
        ));
    }
    if question.runs.len() > MAX_PROOF_RUNS {
        said.push(format!(
            "Of more than {} executions, each different value runs once.",
            n(MAX_PROOF_RUNS)
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}
