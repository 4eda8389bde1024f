//! A request, or one of its findings, as Markdown to be copied.

use axum::{extract::Path, response::Response};
use silk_core::RequestRecord;

use crate::{
    context::Here,
    error::Failure,
    findings::{self, RequestFinding, Verdict},
    parts::{frame::plain, request_markdown},
    plans::of_request,
};

/// `GET /requests/{id}/request.md`, with `?values=1` the values too.
pub(crate) async fn request(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let values = wants_values(&here, &["values"])?;
    let (record, findings, verdict) = found(&here, &id).await?;
    let text = request_markdown::request(&record, &verdict, &findings, values);
    Ok(plain(text))
}

/// `GET /requests/{id}/finding.md?n=0`: a finding by its place in `api/requests/{id}`.
pub(crate) async fn finding(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let values = wants_values(&here, &["n", "values"])?;
    let n = here
        .params(&["n", "values"])?
        .parse("n", "a whole number from 0", |v| v.parse::<usize>().ok())?
        .unwrap_or(0);
    let (record, findings, _) = found(&here, &id).await?;
    let finding = findings.get(n).ok_or_else(|| {
        Failure::not_found("This request has no such finding; it may have been judged anew.")
    })?;
    Ok(plain(request_markdown::finding(&record, finding, values)))
}

fn wants_values(here: &Here, known: &[&str]) -> Result<bool, Failure> {
    let values = here.params(known)?.parse("values", "0 or 1", |v| match v {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    })?;
    Ok(values.unwrap_or(false))
}

async fn found(
    here: &Here,
    id: &str,
) -> Result<(RequestRecord, Vec<RequestFinding>, Verdict), Failure> {
    let (_, record) = here.app.request(id).await?;
    let plans = of_request::of(here, &record).await;
    let findings = findings::of_request(here, &record, &plans).await;
    let verdict = findings::verdict(&record, &findings, &plans);
    Ok((record, findings, verdict))
}
