//! Findings of one request: what was seen, the line it comes from, what feeds it, and what to do.

use std::collections::HashMap;

use chrono::{SecondsFormat, TimeDelta};
use silk_core::{
    CallSite, Finding, Fingerprint, QueryRecord, RequestRecord, Severity, finding::rules,
};
use silk_plan::PlanFinding;

use super::{rule_name, severity_class};
use crate::{
    code::{SqlView, sql_view},
    context::Here,
    filters::{count, cut, duration, sentence, whole},
    fix::fix,
    plans::of_request::StatementPlan,
    query_string::Params,
    source::{self, SourceLine},
    svg::waterfall::short_name,
};

/// Findings on the page.
const MOST_FINDINGS: usize = 20;
/// Findings that are shown with source and rewritten query; the others name them.
const MOST_IN_FULL: usize = 3;

/// Remarks on the plan of one statement: what follows from it is on the plan's page.
const MOST_OF_A_PLAN: usize = 2;

/// Rules about plans that an index may be the answer to.
const INDEX_WOULD_DO: [&str; 6] = [
    "seq_scan_filters_most",
    "index_scan_filters_many",
    "nested_loop_repeats",
    "limit_walks_wrong_index",
    "or_blocks_index",
    "sort_on_disk",
];

/// A finding with what the record knows about it.
pub(crate) struct FindingView {
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What to do, where the detail does not say it.
    pub(crate) action: Option<String>,
    pub(crate) saves: Option<String>,
    /// The executions, or the node of the plan, that it is about.
    pub(crate) href: Option<String>,
    /// Where to look next.
    pub(crate) link: Option<Link>,
    pub(crate) place: Option<String>,
    pub(crate) source: Option<Vec<SourceLine>>,
    pub(crate) fix: Option<FixView>,
}

/// A link within a sentence.
pub(crate) struct Link {
    pub(crate) before: &'static str,
    pub(crate) words: String,
    pub(crate) href: String,
}

/// The query that would do instead.
pub(crate) struct FixView {
    pub(crate) sql: SqlView,
    pub(crate) rust: String,
}

/// What the rules remarked on a request and on the plans of its statements, what matters most
/// first, with source and remedy where they are known.
pub(crate) async fn views(
    here: &Here,
    record: &RequestRecord,
    plans: &HashMap<Fingerprint, StatementPlan>,
    address: &str,
) -> Vec<FindingView> {
    let mut views = Vec::new();
    for (at, finding) in record.findings.iter().take(MOST_FINDINGS).enumerate() {
        let mut view = view(finding, address);
        if finding.rule == rules::CONNECTION_WAIT {
            view.link = Some(meanwhile(here, record));
        }
        if let Some(fingerprint) = finding.fingerprint {
            let queries = executions(record, fingerprint);
            view.link = fed_by(record, fingerprint, &queries, address);
            if at < MOST_IN_FULL {
                if let Some(site) = main_site(record, fingerprint) {
                    view.tell_place(here, site);
                    view.source = source_of(here, record, site).await;
                }
                view.fix = fix_view(finding, record, &queries);
            }
        }
        views.push((weight(finding.severity, finding.lost_us), view));
    }
    for (fingerprint, plan) in plans {
        for finding in plan.found.iter().take(MOST_OF_A_PLAN) {
            let saves_us = saves_us(finding, plan.calls);
            let view = plan_view(here, record, *fingerprint, plan, finding, saves_us);
            views.push((weight(finding.severity, saves_us), view));
        }
    }
    // Ties in the order of words, so that a page looks the same each time.
    views.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.title.cmp(&second.title)));
    views.truncate(MOST_FINDINGS);
    views.into_iter().map(|(_, view)| view).collect()
}

fn weight(severity: Severity, saves_us: Option<u64>) -> (Severity, u64) {
    (severity, saves_us.unwrap_or(0))
}

/// What a remark on a plan would save over all executions in a request.
pub(crate) fn saves_us(finding: &PlanFinding, calls: u64) -> Option<u64> {
    let ms = finding.saves_ms.filter(|ms| *ms > 0.0)?;
    Some(whole(ms * 1e3).saturating_mul(calls))
}

fn plan_view(
    here: &Here,
    record: &RequestRecord,
    fingerprint: Fingerprint,
    plan: &StatementPlan,
    finding: &PlanFinding,
    saves_us: Option<u64>,
) -> FindingView {
    let page = format!("{}/plans/{}?of={fingerprint}", here.base, plan.record.id);
    let link = INDEX_WOULD_DO
        .contains(&finding.rule)
        .then(|| {
            executions(record, fingerprint)
                .first()
                .map(|query| query.seq)
        })
        .flatten()
        .map(|seq| Link {
            before: "Try",
            words: "which index would help".to_owned(),
            href: format!(
                "{}/requests/{}/queries/{seq}/indexes",
                here.base, record.summary.id
            ),
        });
    let statement = record
        .statements
        .iter()
        .find(|part| part.statement.fingerprint == fingerprint)
        .map_or_else(String::new, |part| short_name(&part.statement));
    let times = match plan.calls {
        1 => String::new(),
        calls => format!(" ×{}", count(calls)),
    };
    FindingView {
        class: severity_class(finding.severity),
        rule: format!("{} · {statement}{times}", rule_name(finding.rule)),
        title: cut(&finding.title, 300),
        detail: cut(&finding.evidence, 480),
        action: Some(sentence(&cut(&finding.action, 480))),
        saves: saves_us.map(duration),
        href: Some(match finding.node {
            Some(node) => format!("{page}#n{node}"),
            None => page,
        }),
        link,
        place: main_site(record, fingerprint).map(|site| cut(&source::shown(here, site), 200)),
        source: None,
        fix: None,
    }
}

/// What else ran while a request did: it may hold the connections.
fn meanwhile(here: &Here, record: &RequestRecord) -> Link {
    let started = record.summary.started_at;
    let took = i64::try_from(record.summary.times.total_us).unwrap_or(i64::MAX / 4);
    let ended = started + TimeDelta::microseconds(took) + TimeDelta::milliseconds(1);
    // What began before and is still running holds one too: look back as long again.
    let since = started - TimeDelta::microseconds(took);
    let word = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let query = Params::default().with(&[
        ("since", Some(&*word(since))),
        ("until", Some(&*word(ended))),
        ("sort", Some("-query_time_us")),
    ]);
    Link {
        before: "See",
        words: "what ran at that time".to_owned(),
        href: format!("{}/requests{query}", here.base),
    }
}

impl FindingView {
    /// Names the call site as short as it is told apart, and only where nothing names it yet.
    fn tell_place(&mut self, here: &Here, site: &CallSite) {
        let (whole, short) = (site.to_string(), source::shown(here, site));
        self.title = self.title.replace(&whole, &short);
        let is_told = self.title.contains(&short);
        self.place = (!is_told).then(|| cut(&short, 200));
    }
}

fn view(finding: &Finding, address: &str) -> FindingView {
    FindingView {
        class: severity_class(finding.severity),
        rule: rule_name(&finding.rule),
        title: cut(&finding.title, 300),
        detail: cut(&finding.detail, 1_000),
        action: None,
        saves: finding
            .lost_us
            .map(duration)
            .filter(|saved| !finding.detail.contains(&**saved)),
        href: finding
            .fingerprint
            .map(|fp| format!("{address}?statement={fp}#s{fp}")),
        link: None,
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
    if finding.rule != rules::REPEATED_STATEMENT {
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
) -> Option<Link> {
    let link = |words, href| {
        Some(Link {
            before: "Its values come one by one from",
            words,
            href,
        })
    };
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
        return link(
            format!("the {} rows of query {seq}", count(calls)),
            format!("{address}/queries/{seq}"),
        );
    }
    link(
        format!(
            "the {} rows of {} ×{}",
            count(calls),
            short_name(&feeder.statement),
            count(feeder.calls)
        ),
        format!("{address}?statement={other}#s{other}"),
    )
}
