//! What ran within a stretch of time as a side of a comparison: a route, a statement, everything.

use std::sync::Arc;

use silk_core::{
    Fingerprint,
    compare::{Side, SideStatement},
    store::{RequestFilter, RequestSort, StatementDetail},
};

use super::{Compared, Span, Subject};
use crate::{
    context::Here,
    draw::{counted, format::count, names::request_name, svg::waterfall::short_name},
    error::Failure,
};

/// Requests whose figures are summed: the newest of the stretch.
const MAX_REQUESTS: u32 = 500;
/// Of them, those that are read whole, for statements and findings.
const MAX_READ: usize = 50;

/// A route, or a job.
pub(super) async fn route(here: &Here, subject: Subject) -> Result<Compared, Failure> {
    let Subject::Route {
        kind,
        method,
        route,
        span,
    } = &subject
    else {
        return Err(Failure::internal("A route was taken for something else."));
    };
    let filter = RequestFilter {
        kind: Some(*kind),
        method: Some(method.clone()).filter(|method| !method.is_empty()),
        route: Some(route.clone()),
        ..filter(*span)
    };
    let name = request_name(*kind, method, route);
    let (side, notes) = read(here, &filter).await?;
    Ok(compared(subject, name, side, notes))
}

/// Everything.
pub(super) async fn all(here: &Here, subject: Subject) -> Result<Compared, Failure> {
    let span = subject
        .span()
        .ok_or_else(|| Failure::internal("A stretch of time was taken for something else."))?;
    let (side, notes) = read(here, &filter(span)).await?;
    Ok(compared(subject, "all requests".to_owned(), side, notes))
}

/// A statement, by all of its calls, and the requests that ran it.
pub(super) async fn statement(here: &Here, subject: Subject) -> Result<Compared, Failure> {
    let Subject::Statement { fingerprint, span } = &subject else {
        return Err(Failure::internal(
            "A statement was taken for something else.",
        ));
    };
    let (fingerprint, span) = (*fingerprint, *span);
    let detail = (here.app)
        .ask(|store| store.statement(fingerprint, span.window()))
        .await?
        .ok_or_else(|| Failure::not_found("This statement is not kept."))?;
    let filter = RequestFilter {
        fingerprint: Some(fingerprint),
        ..filter(span)
    };
    let (mut side, notes) = read(here, &filter).await?;
    let name = short_name(&detail.summary.statement);
    only(&mut side, fingerprint, &detail);
    Ok(compared(subject, name, side, notes))
}

/// Leaves the one statement of a side, with the figures of all its calls.
fn only(side: &mut Side, fingerprint: Fingerprint, detail: &StatementDetail) {
    side.findings
        .retain(|finding| finding.fingerprint == Some(fingerprint));
    let plans = side.statement(fingerprint).map(|part| part.plans.clone());
    side.statements.clear();
    let sums = &detail.summary;
    side.read = sums.requests;
    if sums.calls == 0 {
        return;
    }
    let mut part = SideStatement::new(Arc::clone(&sums.statement));
    part.requests = sums.requests;
    part.calls = sums.calls;
    part.errors = sums.errors;
    part.total_us = sums.total_us;
    part.max_us = sums.max_us;
    part.rows = sums.rows;
    part.durations = detail.durations.clone();
    part.plans = plans.unwrap_or_default();
    for place in &detail.call_sites {
        if let Some(site) = &place.call_site {
            part.add_line(site, place.calls);
        }
    }
    side.statements.push(part);
}

fn filter(span: Span) -> RequestFilter {
    RequestFilter {
        since: Some(span.since),
        until: Some(span.until),
        sort: RequestSort::StartedAt,
        limit: MAX_REQUESTS,
        ..RequestFilter::default()
    }
}

fn compared(subject: Subject, name: String, side: Side, notes: Vec<String>) -> Compared {
    Compared {
        subject,
        name,
        notes,
        request: None,
        side,
    }
}

/// Sums the newest requests that fit; what is left out is noted.
async fn read(here: &Here, filter: &RequestFilter) -> Result<(Side, Vec<String>), Failure> {
    let page = here.app.ask(|store| store.requests(filter)).await?;
    let mut side = Side::default();
    let mut rest = Side::default();
    for (at, summary) in page.items.iter().enumerate() {
        let record = if at < MAX_READ {
            here.app.ask(|store| store.request(summary.id)).await?
        } else {
            None
        };
        match record {
            Some(record) => side.add(&record),
            None => rest.add_summary(summary),
        }
    }
    let read = side.read;
    side.add_figures(&rest);
    let mut notes = Vec::new();
    if page.next.is_some() || page.is_partial {
        notes.push(format!(
            "figures of the newest {}; more ran in that time.",
            counted(page.items.len(), "request")
        ));
    }
    if read < side.requests {
        notes.push(format!(
            "statements and findings of the newest {} of them.",
            count(read)
        ));
    }
    Ok((side, notes))
}
