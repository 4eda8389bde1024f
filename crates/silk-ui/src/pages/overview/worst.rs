//! The worst requests.

use silk_core::{RequestSummary, store::RequestSort};

use crate::draw::{
    format::{self, Markup, count, duration_cell},
    names::{request_name, status_of},
    svg,
};

/// The worst requests that are shown, and of one route at most.
const MAX_WORST: usize = 10;

const MAX_OF_ONE_ROUTE: usize = 3;

pub(super) struct WorstRow {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) total: Markup,
    pub(super) sql: Markup,
    pub(super) queries: String,
    pub(super) status: String,
    pub(super) status_class: &'static str,
    pub(super) bar: Markup,
    pub(super) at: Markup,
}

/// The worst, but no route more often than it takes to see that it is always it.
pub(super) fn varied(worst: Vec<RequestSummary>) -> Vec<RequestSummary> {
    let mut shown: Vec<RequestSummary> = Vec::new();
    for request in worst {
        let alike = shown
            .iter()
            .filter(|other| other.route == request.route && other.method == request.method)
            .count();
        if alike < MAX_OF_ONE_ROUTE && shown.len() < MAX_WORST {
            shown.push(request);
        }
    }
    shown
}

pub(super) fn worst_rows(worst: &[RequestSummary], base: &str, sort: RequestSort) -> Vec<WorstRow> {
    let key = |request: &RequestSummary| match sort {
        RequestSort::QueryTime => request.times.sql_us,
        RequestSort::QueryCount => request.query_count,
        _ => request.times.total_us,
    };
    let most = worst.iter().map(key).max().unwrap_or(0);
    worst
        .iter()
        .map(|request| {
            let (status, status_class) = status_of(request);
            WorstRow {
                href: format!("{base}/requests/{}", request.id),
                name: request_name(request.kind, &request.method, &request.path),
                total: duration_cell(request.times.total_us),
                sql: format::duration_or_dash(request.times.sql_us),
                queries: count(request.query_count),
                status,
                status_class,
                bar: svg::bar(key(request), most, "k-total"),
                at: format::ago(request.started_at),
            }
        })
        .collect()
}
