//! Findings about the plans of the statements that take most time, across all requests.

use silk_core::{
    PlanId, PlanRecord,
    store::{StatementDetail, StatementFilter, StatementSort, StatementSummary, StatsWindow},
};
use silk_plan::PlanFinding;

use super::{INDEX_WOULD_DO, part_us, share};
use crate::{
    context::Here,
    plans::{
        judge::Known,
        kept,
        of_request::{PlanFindings, findings_of},
        tables::Tables,
    },
};

/// Statements that are looked at, those with most time in sum first.
const MAX_STATEMENTS: u32 = 10;
/// Statements that take less in sum are not worth a finding on the overview, in µs.
const WORTH_US: u64 = 20_000;
/// Nor on their own page.
pub(crate) const WORTH_OWN_US: u64 = 5_000;

/// A finding about the plan of a statement.
pub(crate) struct StatementFinding {
    pub(crate) statement: StatementSummary,
    /// Executions within the window.
    pub(crate) calls: u64,
    /// Of the time that they took, what the finding is about, in µs.
    pub(crate) lost_us: Option<u64>,
    /// Whether that is all that they took, because the share is not known.
    pub(crate) is_at_most: bool,
    pub(crate) plan: PlanId,
    pub(crate) finding: PlanFinding,
}

/// The worst finding of each statement with most time, for those seen in the window. Empty if the
/// store is late, because the page is useful without.
pub(crate) async fn worst(here: &Here, window: StatsWindow) -> Vec<StatementFinding> {
    let filter = StatementFilter {
        sort: StatementSort::Total,
        limit: MAX_STATEMENTS,
        ..StatementFilter::default()
    };
    let statements = here.app.ask(|store| store.statements(&filter)).await;
    let tables = Tables::new(&here.app);
    let mut findings = Vec::new();
    for statement in statements.map(|page| page.items).unwrap_or_default() {
        if statement.total_us < WORTH_US || statement.last_seen_at < window.since {
            continue;
        }
        let fingerprint = statement.statement.fingerprint;
        let detail = here
            .app
            .ask(|store| store.statement(fingerprint, window))
            .await;
        if let Ok(Some(detail)) = detail {
            findings.extend(
                of_statement(here, &tables, &detail, WORTH_US)
                    .await
                    .into_iter()
                    .next(),
            );
        }
    }
    findings
}

/// Findings about the plan of a statement, largest cost first; empty if the statement took less
/// than `worth_us` in the window that `detail` was asked for with.
pub(crate) async fn of_statement(
    here: &Here,
    tables: &Tables<'_>,
    detail: &StatementDetail,
    worth_us: u64,
) -> Vec<StatementFinding> {
    let (calls, total_us) = within(detail);
    if total_us < worth_us {
        return Vec::new();
    }
    let statement = &detail.summary;
    let Some((plan, judged)) = of_summary(here, tables, statement).await else {
        return Vec::new();
    };
    let total_ms = judged.total_ms;
    judged
        .found
        .into_iter()
        .map(|finding| {
            let share = share(&finding, total_ms);
            let is_at_most = share.is_none() && INDEX_WOULD_DO.contains(&finding.rule);
            (
                finding,
                share.or_else(|| is_at_most.then_some(1.0)),
                is_at_most,
            )
        })
        .map(|(finding, share, is_at_most)| StatementFinding {
            lost_us: share.map(|share| part_us(total_us, share)),
            is_at_most,
            plan: plan.id,
            calls,
            statement: statement.clone(),
            finding,
        })
        .collect()
}

/// Calls within the window that a statement was asked for with, and the time that they took, in µs.
fn within(detail: &StatementDetail) -> (u64, u64) {
    let buckets = &detail.over_time;
    (
        buckets.iter().map(|bucket| bucket.count).sum(),
        buckets.iter().map(|bucket| bucket.total_us).sum(),
    )
}

/// The plan of a statement that gives the most detail, and what the rules find in it.
async fn of_summary(
    here: &Here,
    tables: &Tables<'_>,
    statement: &StatementSummary,
) -> Option<(PlanRecord, PlanFindings)> {
    let plans = kept::of_statement(&here.app, statement.statement.fingerprint).await;
    let plan = kept::best(plans)?;
    let known = Known {
        calls: Some(statement.calls),
        rows: statement.rows.checked_div(statement.calls),
        is_top: true,
        ..Known::default()
    };
    let judged = findings_of(tables, &plan, &statement.statement.normalized, known).await;
    Some((plan, judged))
}
