//! What the rules say about a plan, put into words and onto its nodes.

use std::collections::BTreeMap;

use silk_core::{PlanRecord, PlanSource, Severity};
use silk_plan::{JudgeContext, Plan, PlanFinding, findings};

use super::{cells::ms, subject::Subject};
use crate::{
    context::Here,
    explain::Tables,
    filters::{cut, sentence},
    pages::{rule_name, severity_class},
};

/// Remarks on a page.
const MOST: usize = 20;

/// A remark.
#[derive(Clone)]
pub(crate) struct FindingView {
    pub(crate) node: Option<usize>,
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) evidence: String,
    pub(crate) action: String,
    pub(crate) unless: String,
    pub(crate) saves: Option<String>,
    /// `verified`, `estimated`, or nothing.
    pub(crate) basis: &'static str,
}

/// What is known beside a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// How often its statement ran.
    pub(crate) calls: Option<u64>,
    /// How long the recorded query took, in µs.
    pub(crate) query_us: Option<u64>,
    /// Whether its executions together are worth a remark though one of them is quick.
    pub(crate) is_top: bool,
    /// Other plans of the statement.
    pub(crate) others: &'a [PlanRecord],
}

/// What the rules say of a plan.
#[derive(Default)]
pub(crate) struct Judged {
    /// What saves most first.
    pub(crate) found: Vec<PlanFinding>,
    /// Why rules that need to know the tables are silent, where they are.
    pub(crate) silent: Option<String>,
}

/// Judges a plan with what is known beside it, and what its database knows of its tables; `sql` is
/// the statement.
pub(crate) async fn judge(
    tables: &Tables<'_>,
    plan: &Plan,
    record: &PlanRecord,
    sql: Option<&str>,
    known: Known<'_>,
) -> Judged {
    let (facts, silent) = tables.of(plan, record, sql).await;
    let mut context = JudgeContext::default();
    for (called, facts) in &facts {
        context.know(called, facts);
    }
    context.calls = known.calls;
    context.is_top_statement = known.is_top;
    // Only the plan of the run itself can be held against the time that the app saw.
    if record.source == PlanSource::AutoExplain {
        #[expect(clippy::cast_precision_loss, reason = "a duration in ms")]
        let wall = known.query_us.map(|us| us as f64 / 1e3);
        context.wall_ms = wall;
    }
    if record.source == PlanSource::Generic {
        context.custom = known
            .others
            .iter()
            .find(|other| {
                other.source == PlanSource::Estimated && other.database == record.database
            })
            .and_then(|other| Plan::parse(other.output.format, &other.output.raw).ok())
            .map(Box::new);
    }
    Judged {
        found: findings::judge(plan, &context),
        silent,
    }
}

/// Judges a plan of the store as its page does.
pub(crate) async fn of_subject(
    here: &Here,
    subject: &Subject,
    plan: &Plan,
    others: &[PlanRecord],
) -> Judged {
    let known = Known {
        calls: subject.calls,
        query_us: subject.query_us,
        is_top: subject.is_top,
        others,
    };
    let tables = Tables::new(&here.app);
    judge(
        &tables,
        plan,
        &subject.record,
        subject.sql.as_deref(),
        known,
    )
    .await
}

/// Other plans of the same statement; none where they cannot be read.
pub(crate) async fn others(here: &Here, record: &PlanRecord) -> Vec<PlanRecord> {
    let Some(fingerprint) = record.fingerprint else {
        return Vec::new();
    };
    let mut plans = here
        .app
        .ask(|store| store.plans_of_statement(fingerprint, 24))
        .await
        .unwrap_or_default();
    plans.retain(|other| other.id != record.id);
    plans
}

/// Remarks as pages show them.
pub(crate) fn views(found: &[PlanFinding]) -> Vec<FindingView> {
    found
        .iter()
        .take(MOST)
        .map(|finding| FindingView {
            node: finding.node,
            class: severity_class(finding.severity),
            rule: rule_name(finding.rule),
            title: cut(&finding.title, 240),
            evidence: cut(&finding.evidence, 480),
            action: sentence(&cut(&finding.action, 480)),
            unless: cut(&finding.unless, 320),
            saves: finding.saves_ms.filter(|saved| *saved > 0.0).map(ms),
            basis: match (finding.verified, finding.estimated) {
                (true, _) => "verified",
                (false, true) => "estimated, nothing was run",
                (false, false) => "",
            },
        })
        .collect()
}

/// The class that each node is marked with: that of the worst remark about it.
pub(crate) fn heat(found: &[PlanFinding]) -> BTreeMap<usize, &'static str> {
    let mut worst: BTreeMap<usize, Severity> = BTreeMap::new();
    for finding in found {
        if let Some(node) = finding.node {
            let known = worst.entry(node).or_insert(finding.severity);
            *known = (*known).max(finding.severity);
        }
    }
    worst
        .into_iter()
        .map(|(node, severity)| (node, severity_class(severity)))
        .collect()
}
