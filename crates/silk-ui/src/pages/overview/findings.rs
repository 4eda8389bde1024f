//! Findings across requests.

use std::cmp::Reverse;

use silk_core::{RequestSummary, Severity};

use crate::{
    context::Here,
    filters::{self, count, duration},
    pages::{findings::saves_us, request_name, rule_name, severity_class},
    plans::of_statements,
    query_string::{Params, Window},
    svg::waterfall::short_name,
};

/// Findings that are shown.
const MOST_FINDINGS: usize = 6;

pub(super) struct FindingRow {
    pub(super) title: String,
    pub(super) class: &'static str,
    pub(super) rule: String,
    /// The route, or the statement.
    pub(super) about: String,
    /// `3 requests`, `150 calls`; and the address of them.
    pub(super) seen: String,
    pub(super) list_href: String,
    /// `1.70 s each`
    pub(super) saves: Option<String>,
    pub(super) href: String,
}

/// The worst that the plan of a statement tells, weighed by what it would save over all its calls.
fn plan_row(here: &Here, remark: of_statements::Remark) -> (u64, FindingRow) {
    let summary = &remark.statement;
    let finding = &remark.finding;
    let saves_us = saves_us(finding, summary.calls);
    // Where the plan has no times, what it is about is the best that is known.
    let weight = saves_us.unwrap_or(match finding.severity {
        Severity::Critical => summary.total_us / 2,
        Severity::Warning | Severity::Info => summary.total_us / 10,
    });
    let row = FindingRow {
        title: filters::one_line(&finding.title, 160),
        class: severity_class(finding.severity),
        rule: rule_name(finding.rule),
        about: short_name(&summary.statement),
        seen: match summary.calls {
            1 => "1 call".to_owned(),
            calls => format!("{} calls", count(calls)),
        },
        saves: saves_us.map(|us| format!("{} in all", duration(us))),
        href: remark.plan_href,
        list_href: format!("{}/statements/{}", here.base, summary.statement.fingerprint),
    };
    (weight, row)
}

/// Requests with the same rule on the same route are one finding; the newest of them tells it.
pub(super) async fn findings(
    here: &Here,
    window: Window,
    remarked: &[RequestSummary],
) -> Vec<FindingRow> {
    let mut groups: Vec<(&str, &RequestSummary, usize)> = Vec::new();
    for request in remarked {
        for rule in &request.findings {
            let known = groups.iter_mut().find(|(other, first, _)| {
                other == rule && first.route == request.route && first.method == request.method
            });
            match known {
                Some((_, _, requests)) => *requests += 1,
                None => groups.push((rule, request, 1)),
            }
        }
    }
    let mut rows: Vec<(u64, FindingRow)> = Vec::new();
    for (rule, request, requests) in groups.into_iter().take(12) {
        let record = here
            .app
            .ask(|store| store.request(request.id))
            .await
            .ok()
            .flatten();
        let finding =
            record.and_then(|record| record.findings.into_iter().find(|f| f.rule == rule));
        let query = Params::default().with(&[
            ("finding", Some(rule)),
            ("route", Some(&*request.route)),
            ("since", Some(window.word())),
        ]);
        let saves_us = finding.as_ref().and_then(|finding| finding.lost_us);
        let times = u64::try_from(requests).unwrap_or(u64::MAX);
        let weight = saves_us.unwrap_or(0).saturating_mul(times);
        let row = FindingRow {
            title: finding.as_ref().map_or_else(
                || rule_name(rule),
                |finding| filters::one_line(&finding.title, 160),
            ),
            class: finding
                .as_ref()
                .map_or("", |finding| severity_class(finding.severity)),
            rule: rule_name(rule),
            about: request_name(request.kind, &request.method, &request.route),
            seen: match requests {
                1 => "1 request".to_owned(),
                n => format!("{n} requests"),
            },
            saves: saves_us.map(|us| format!("{} each", duration(us))),
            href: format!("{}/requests/{}", here.base, request.id),
            list_href: format!("{}/requests{query}", here.base),
        };
        rows.push((weight, row));
    }
    rows.extend(
        of_statements::worst(here, window.range(here.now).since)
            .await
            .into_iter()
            .map(|remark| plan_row(here, remark)),
    );
    // What saves most over all first.
    rows.sort_by_key(|(weight, _)| Reverse(*weight));
    rows.into_iter()
        .take(MOST_FINDINGS)
        .map(|(_, row)| row)
        .collect()
}
