//! Findings as pages show them: what was seen, the line it comes from, what feeds it, and what to
//! do.

use chrono::{SecondsFormat, TimeDelta};
use silk_core::{CallSite, DatabaseKind, Fingerprint, QueryRecord, RequestRecord, finding::rules};

use super::offer::{OfferView, offer_view};
use crate::{
    context::Here,
    draw::{
        format::{count, cut, duration},
        names::{rule_name, severity_class},
        source::{self, SourceLine},
        svg::waterfall::short_name,
    },
    findings::{INDEX_WOULD_DO, Offer, RequestFinding, Source, Verdict, VerdictKind, executions},
    params::Params,
    plans::whose::Whose,
};

/// Findings that are shown with their source; the others name the line.
const MAX_IN_FULL: usize = 3;

/// A finding with what the record knows about it.
pub(crate) struct FindingView {
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What to do, where the detail does not say it.
    pub(crate) action: Option<String>,
    pub(crate) lost: Option<String>,
    /// The executions, or the node of the plan, that it is about.
    pub(crate) href: Option<String>,
    /// Where to look next.
    pub(crate) link: Option<Link>,
    pub(crate) place: Option<String>,
    /// Opens the place in an editor.
    pub(crate) editor_href: Option<String>,
    pub(crate) source: Option<Vec<SourceLine>>,
    pub(crate) offer: Option<OfferView>,
    /// Where it can be had as Markdown.
    pub(crate) markdown_href: String,
}

/// A link within a sentence.
pub(crate) struct Link {
    pub(crate) before: &'static str,
    pub(crate) words: String,
    pub(crate) href: String,
}

/// What a request comes to, at the top of its page.
pub(crate) struct VerdictView {
    pub(crate) class: &'static str,
    pub(crate) sentence: String,
    pub(crate) href: Option<String>,
    pub(crate) remedy: Option<String>,
    /// The finding that it is.
    pub(crate) finding: Option<FindingView>,
}

/// The verdict, and the findings that it is not.
pub(crate) async fn views(
    here: &Here,
    record: &RequestRecord,
    verdict: Verdict,
    findings: &[RequestFinding],
) -> (VerdictView, Vec<FindingView>) {
    let address = format!("{}/requests/{}", here.base, record.summary.id);
    let mut others = Vec::with_capacity(findings.len());
    let mut first = None;
    for (at, finding) in findings.iter().enumerate() {
        let mut view = view(here, record, finding, &address, at < MAX_IN_FULL).await;
        view.markdown_href = format!("{address}/finding.md?n={at}");
        if verdict.kind.finding() == Some(at) {
            first = Some(view);
        } else {
            others.push(view);
        }
    }
    let class = match verdict.kind {
        VerdictKind::Failure(_) => "bad",
        VerdictKind::Finding(at) => findings
            .get(at)
            .map_or("", |finding| severity_class(finding.severity)),
        VerdictKind::Unexplained | VerdictKind::Wait => "warn",
        VerdictKind::Nothing => "good",
    };
    let verdict = VerdictView {
        class,
        href: match &first {
            Some(finding) => finding.href.clone(),
            None => verdict.query.map(|seq| format!("{address}/queries/{seq}")),
        },
        sentence: verdict.sentence,
        remedy: verdict.remedy,
        finding: first,
    };
    (verdict, others)
}

/// What is found about one statement of a request.
pub(crate) async fn of_statement(
    here: &Here,
    record: &RequestRecord,
    findings: &[RequestFinding],
    fingerprint: Fingerprint,
) -> Vec<FindingView> {
    let address = format!("{}/requests/{}", here.base, record.summary.id);
    let mut views = Vec::new();
    for finding in findings {
        if finding.fingerprint == Some(fingerprint) {
            // The page has the source itself.
            views.push(view(here, record, finding, &address, false).await);
        }
    }
    views
}

async fn view(
    here: &Here,
    record: &RequestRecord,
    finding: &RequestFinding,
    address: &str,
    is_in_full: bool,
) -> FindingView {
    let place = finding
        .call_site
        .as_ref()
        .map(|site| source::shown(here.app.source_root.as_ref(), site));
    let source = match &finding.call_site {
        Some(site) if is_in_full => source_of(here, record, site).await,
        _ => None,
    };
    let editor_href = match &finding.call_site {
        Some(site) if source.is_some() => {
            let links = here.app.editor_links().await;
            links.and_then(|links| links.to(site))
        }
        _ => None,
    };
    let is_request = finding.source == Source::Request;
    FindingView {
        markdown_href: String::new(),
        class: severity_class(finding.severity),
        rule: rule_in_words(record, finding),
        title: cut(&finding.title, 300),
        detail: cut(&finding.evidence, 1_000),
        action: finding
            .remedy
            .as_deref()
            .filter(|_| {
                !matches!(
                    finding.offer,
                    Some(Offer::Index { .. } | Offer::Query { .. })
                )
            })
            .map(|remedy| cut(remedy, 480)),
        lost: finding
            .lost_us
            .filter(|us| *us > 0)
            .map(|us| at_most(us, finding.is_at_most)),
        href: href_of(here, finding, address),
        link: link_of(here, record, finding, address),
        // Only where nothing names it yet.
        editor_href,
        place: place
            .filter(|place| !is_request || source.is_some() || !finding.title.contains(&**place))
            .map(|place| cut(&place, 200)),
        source,
        offer: finding.offer.as_ref().map(|offer| {
            let text = executions_of(record, finding)
                .first()
                .map(|query| query.text);
            let mut view = offer_view(offer, kind_of(record, text));
            view.prove_href = finding
                .fingerprint
                .filter(|_| matches!(offer, Offer::Query { .. }))
                .map(|fingerprint| format!("{address}/prove/{fingerprint}"));
            view
        }),
    }
}

/// A time, which may be only the most that it can be.
pub(crate) fn at_most(us: u64, is_at_most: bool) -> String {
    let up_to = if is_at_most { "up to " } else { "" };
    format!("{up_to}{}", duration(us))
}

/// What a finding is called, and how far it can be trusted.
fn rule_in_words(record: &RequestRecord, finding: &RequestFinding) -> String {
    let rule = rule_name(&finding.rule);
    let Source::Plan {
        whose,
        time,
        is_estimated,
        ..
    } = finding.source
    else {
        return rule;
    };
    let statement = record
        .statements
        .iter()
        .find(|part| Some(part.statement.fingerprint) == finding.fingerprint)
        .map_or_else(String::new, |part| short_name(&part.statement));
    let times = match finding.calls {
        0 | 1 => String::new(),
        calls => format!(" ×{}", count(calls)),
    };
    let basis = match (is_estimated, whose) {
        _ if let Some(when) = time.in_words() => &format!(" · plan of a time {when}"),
        (true, Whose::OtherRun) => " · estimated plan from another run",
        (true, Whose::Own | Whose::SameShape) => " · estimated plan",
        (false, Whose::OtherRun) => " · plan from another run",
        (false, Whose::SameShape) => " · plan from another run, same shape",
        (false, Whose::Own) => " · plan of this run",
    };
    format!("{rule} · {statement}{times}{basis}")
}

/// Where a finding leads: its executions, or its node.
fn href_of(here: &Here, finding: &RequestFinding, address: &str) -> Option<String> {
    match (finding.source, finding.fingerprint) {
        (Source::Plan { id, node, .. }, Some(fingerprint)) => {
            let page = format!("{}/plans/{id}?of={fingerprint}", here.base);
            Some(match node {
                Some(node) => format!("{page}#n{node}"),
                None => page,
            })
        }
        (_, Some(_)) if finding.calls == 1 => {
            finding.query.map(|seq| format!("{address}/queries/{seq}"))
        }
        (_, fingerprint) => fingerprint.map(|fp| format!("{address}?statement={fp}#s{fp}")),
    }
}

fn link_of(
    here: &Here,
    record: &RequestRecord,
    finding: &RequestFinding,
    address: &str,
) -> Option<Link> {
    if finding.rule == rules::CONNECTION_WAIT {
        return Some(meanwhile(here, record));
    }
    if finding.rule == rules::REPEATED_STATEMENT {
        let fingerprint = finding.fingerprint?;
        let queries = executions(record, fingerprint);
        return fed_by(record, fingerprint, &queries, address);
    }
    let is_plan = finding.source != Source::Request;
    (is_plan && INDEX_WOULD_DO.contains(&&*finding.rule)).then_some(())?;
    let href = format!("{address}/queries/{}/indexes", finding.query?);
    Some(if matches!(finding.offer, Some(Offer::Index { .. })) {
        Link {
            before: "See",
            words: "gain, size and price of the index".to_owned(),
            href,
        }
    } else {
        Link {
            before: "Try",
            words: "which index would help".to_owned(),
            href,
        }
    })
}

fn executions_of<'a>(record: &'a RequestRecord, finding: &RequestFinding) -> Vec<&'a QueryRecord> {
    finding
        .fingerprint
        .map_or_else(Vec::new, |fingerprint| executions(record, fingerprint))
}

fn kind_of(record: &RequestRecord, text: Option<u32>) -> DatabaseKind {
    text.and_then(|text| usize::try_from(text).ok())
        .and_then(|at| record.detail.texts.get(at))
        .map_or(DatabaseKind::Unknown, |text| text.database.kind)
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
            before: "Each value comes from a row of",
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
            format!("query {seq} ({} rows)", count(calls)),
            format!("{address}/queries/{seq}"),
        );
    }
    link(
        format!(
            "{} ×{} ({} rows)",
            short_name(&feeder.statement),
            count(feeder.calls),
            count(calls)
        ),
        format!("{address}?statement={other}#s{other}"),
    )
}
