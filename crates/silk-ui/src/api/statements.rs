//! `api/statements` and `api/statements/{fingerprint}`.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use silk_core::{
    CallSite, Fingerprint, RequestId,
    store::{StatementSummary, TimeBucket},
};

use super::{
    findings::{self, StatementFindingJson},
    requests::ListJson,
};
use crate::{
    context::{Here, read_id},
    error::Failure,
    findings::across,
    params::{STATEMENT_PARAMS, WINDOW_PARAMS, Window, statement_filter},
};

#[derive(Debug, Serialize)]
struct SummaryJson<'a> {
    fingerprint: Fingerprint,
    database: &'static str,
    normalized: &'a str,
    command: &'a str,
    tables: &'a [String],
    calls: u64,
    requests: u64,
    total_us: u64,
    mean_us: u64,
    max_us: u64,
    rows: u64,
    errors: u64,
    last_seen_at: DateTime<Utc>,
}

fn summary(item: &StatementSummary) -> SummaryJson<'_> {
    SummaryJson {
        fingerprint: item.statement.fingerprint,
        database: item.statement.database.as_str(),
        normalized: &item.statement.normalized,
        command: &item.statement.command,
        tables: &item.statement.tables,
        calls: item.calls,
        requests: item.requests,
        total_us: item.total_us,
        mean_us: item.total_us / item.calls.max(1),
        max_us: item.max_us,
        rows: item.rows,
        errors: item.errors,
        last_seen_at: item.last_seen_at,
    }
}

/// `GET api/statements`
pub(crate) async fn list(here: Here) -> Result<Response, Failure> {
    let params = here.params(STATEMENT_PARAMS)?;
    let filter = statement_filter(&params)?;
    let page = here.app.ask(|store| store.statements(&filter)).await?;
    let list = ListJson {
        items: page.items.iter().map(summary).collect(),
        next: page.next.map(|next| next.key.to_string()),
        total: page.total,
        is_total_estimate: page.is_total_estimate,
        is_partial: page.is_partial,
        searched: None,
        requests_ahead: None,
    };
    Ok(Json(list).into_response())
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    statement: SummaryJson<'a>,
    /// Percentiles of single calls; null if no single call is known.
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
    /// Calls that the percentiles are of.
    percentile_calls: u64,
    routes: Vec<RouteJson<'a>>,
    call_sites: Vec<CallSiteJson<'a>>,
    slowest: Vec<SlowJson<'a>>,
    over_time: Vec<BucketJson>,
    /// What was found about it within the window, what costs most time first: the same as on its page.
    findings: Vec<StatementFindingJson<'a>>,
}

#[derive(Debug, Serialize)]
struct RouteJson<'a> {
    kind: &'static str,
    method: &'a str,
    route: &'a str,
    requests: u64,
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Serialize)]
struct CallSiteJson<'a> {
    call_site: Option<&'a CallSite>,
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Serialize)]
struct SlowJson<'a> {
    request_id: RequestId,
    started_at: DateTime<Utc>,
    method: &'a str,
    route: &'a str,
    calls: u64,
    max_us: u64,
    total_us: u64,
}

#[derive(Debug, Serialize)]
struct BucketJson {
    started_at: DateTime<Utc>,
    calls: u64,
    total_us: u64,
    p95_us: Option<u64>,
}

fn bucket(bucket: &TimeBucket) -> BucketJson {
    BucketJson {
        started_at: bucket.started_at,
        calls: bucket.count,
        total_us: bucket.total_us,
        p95_us: (bucket.p95_us > 0).then_some(bucket.p95_us),
    }
}

/// `GET api/statements/{fingerprint}`
pub(crate) async fn one(here: Here, Path(fingerprint): Path<String>) -> Result<Response, Failure> {
    let params = here.params(&WINDOW_PARAMS)?;
    let range = Window::read(&params, here.now)?.range(here.now);
    let fingerprint = read_id(&fingerprint, "statement")?;
    let detail = here
        .app
        .ask(|store| store.statement(fingerprint, range))
        .await?
        .ok_or_else(|| Failure::not_found("No statement of this fingerprint is kept."))?;
    let found = across::of_statement(&here, range, &detail).await;
    let known = detail.durations.count();
    let percentile = |percent| detail.durations.known_percentile(percent);
    let json = StatementJson {
        statement: summary(&detail.summary),
        p50_us: percentile(50.0),
        p95_us: percentile(95.0),
        p99_us: percentile(99.0),
        percentile_calls: known,
        routes: detail
            .routes
            .iter()
            .map(|route| RouteJson {
                kind: route.kind.as_str(),
                method: &route.method,
                route: &route.route,
                requests: route.requests,
                calls: route.calls,
                total_us: route.total_us,
            })
            .collect(),
        call_sites: detail
            .call_sites
            .iter()
            .map(|site| CallSiteJson {
                call_site: site.call_site.as_ref(),
                calls: site.calls,
                total_us: site.total_us,
            })
            .collect(),
        slowest: detail
            .slowest
            .iter()
            .map(|slow| SlowJson {
                request_id: slow.request_id,
                started_at: slow.started_at,
                method: &slow.method,
                route: &slow.route,
                calls: slow.calls,
                max_us: slow.max_us,
                total_us: slow.total_us,
            })
            .collect(),
        over_time: detail.over_time.iter().map(bucket).collect(),
        findings: found.iter().map(findings::of_statement).collect(),
    };
    Ok(Json(json).into_response())
}
