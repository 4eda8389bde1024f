//! Findings of one request: what was seen, the line it comes from, what feeds it, and what to do.

use silk_core::{CallSite, Finding, Fingerprint, QueryRecord, RequestRecord};

use super::{rule_name, severity_class};
use crate::{
    code::{SqlView, sql_view},
    context::Here,
    filters::{count, cut, duration},
    fix::fix,
    source::{self, SourceLine},
    svg::waterfall::short_name,
};

/// Findings on the page.
const MOST_FINDINGS: usize = 20;
/// Findings that are shown with source and rewritten query; the others name them.
const MOST_IN_FULL: usize = 3;

/// A finding with what the record knows about it.
pub(crate) struct FindingView {
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) saves: Option<String>,
    /// The executions that it is about.
    pub(crate) href: Option<String>,
    /// What its values came from: `the 100 rows of query 1`.
    pub(crate) fed_by: Option<(String, String)>,
    pub(crate) place: Option<String>,
    pub(crate) source: Option<Vec<SourceLine>>,
    pub(crate) fix: Option<FixView>,
}

/// The query that would do instead.
pub(crate) struct FixView {
    pub(crate) sql: SqlView,
    pub(crate) rust: String,
}

/// What the rules remarked on a request, with source and remedy where they are known.
pub(crate) async fn views(here: &Here, record: &RequestRecord, address: &str) -> Vec<FindingView> {
    let mut views = Vec::new();
    for (at, finding) in record.findings.iter().take(MOST_FINDINGS).enumerate() {
        let mut view = view(finding, address);
        if let Some(fingerprint) = finding.fingerprint {
            let queries = executions(record, fingerprint);
            view.fed_by = fed_by(record, fingerprint, &queries, address);
            if at < MOST_IN_FULL {
                if let Some(site) = main_site(record, fingerprint) {
                    view.place = Some(cut(&site.to_string(), 200));
                    view.source = source_of(here, record, site).await;
                }
                view.fix = fix_view(finding, record, &queries);
            }
        }
        views.push(view);
    }
    views
}

fn view(finding: &Finding, address: &str) -> FindingView {
    FindingView {
        class: severity_class(finding.severity),
        rule: rule_name(&finding.rule),
        title: cut(&finding.title, 300),
        detail: cut(&finding.detail, 1_000),
        saves: finding.saves_us.map(duration),
        href: finding
            .fingerprint
            .map(|fp| format!("{address}?statement={fp}#s{fp}")),
        fed_by: None,
        place: None,
        source: None,
        fix: None,
    }
}

fn fix_view(
    finding: &Finding,
    record: &RequestRecord,
    queries: &[&QueryRecord],
) -> Option<FixView> {
    if finding.rule != silk_core::finding::rules::REPEATED_STATEMENT {
        return None;
    }
    let fix = fix(record, queries)?;
    let text = queries.first()?.text;
    let kind = record
        .detail
        .texts
        .get(usize::try_from(text).ok()?)?
        .database
        .kind;
    Some(FixView {
        sql: sql_view(&fix.sql, kind),
        rust: fix.rust,
    })
}

/// Executions of a statement that were kept, by start.
fn executions(record: &RequestRecord, fingerprint: Fingerprint) -> Vec<&QueryRecord> {
    let is_it = |text: u32| {
        usize::try_from(text)
            .ok()
            .and_then(|at| record.detail.texts.get(at))
            .is_some_and(|text| text.statement.fingerprint == fingerprint)
    };
    record
        .detail
        .queries
        .iter()
        .filter(|query| is_it(query.text))
        .collect()
}

/// The call site with most calls of a statement.
fn main_site(record: &RequestRecord, fingerprint: Fingerprint) -> Option<&CallSite> {
    record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .max_by_key(|part| part.calls)?
        .call_site
        .as_ref()
}

async fn source_of(
    here: &Here,
    record: &RequestRecord,
    site: &CallSite,
) -> Option<Vec<SourceLine>> {
    let root = here.app.source_root.as_ref()?;
    // The file may have been changed since, or belong to another build altogether.
    if record.summary.run_id != here.app.vitals.snapshot().run.id {
        return None;
    }
    source::lines_from_loop(root, site).await
}

/// What a loop over rows looks like: an earlier statement returned as many rows as this one was
/// run. Words, and the address of it.
fn fed_by(
    record: &RequestRecord,
    fingerprint: Fingerprint,
    queries: &[&QueryRecord],
    address: &str,
) -> Option<(String, String)> {
    let first = queries.first()?;
    let calls: u64 = record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .map(|part| part.calls)
        .sum();
    let feeder = record.statements.iter().find(|part| {
        part.statement.fingerprint != fingerprint
            && part.rows == calls
            && executions(record, part.statement.fingerprint)
                .first()
                .is_some_and(|query| query.started_us < first.started_us)
    })?;
    let other = feeder.statement.fingerprint;
    if feeder.calls == 1 {
        let seq = executions(record, other).first()?.seq;
        return Some((
            format!("the {} rows of query {seq}", count(calls)),
            format!("{address}/queries/{seq}"),
        ));
    }
    Some((
        format!(
            "the {} rows of {} ×{}",
            count(calls),
            short_name(&feeder.statement),
            count(feeder.calls)
        ),
        format!("{address}?statement={other}#s{other}"),
    ))
}
