//! Findings about the plans of the statements that take most time, across all requests.

use std::sync::Arc;

use silk_core::{
    CallSite, PlanId, PlanRecord, PlanSource, RequestId,
    explain::PlanBucket,
    store::{
        RouteName, RouteUse, StatementDetail, StatementFilter, StatementSort, StatementSummary,
        StatsWindow, TimeBucket,
    },
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
/// Requests whose texts of a statement are compared.
const MAX_TEXTS: usize = 3;

/// A finding about the plan of a statement.
#[derive(Clone)]
pub(crate) struct StatementFinding {
    pub(crate) statement: StatementSummary,
    /// Routes that run it, those with most time first.
    pub(crate) routes: Vec<RouteName>,
    /// The line that runs it, where all its calls come from one.
    pub(crate) call_site: Option<CallSite>,
    /// Executions within the window that ran by the plan.
    pub(crate) calls: u64,
    /// Whether some of these may have run by another plan.
    pub(crate) are_calls_at_most: bool,
    /// Of the time that they took, what the finding is about, in µs.
    pub(crate) lost_us: Option<u64>,
    /// Whether that is the most that it can be: the share is not known, or some of the calls may have
    /// run by another plan.
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
                of_statement(here, &tables, &detail, window, WORTH_US)
                    .await
                    .into_iter()
                    .next(),
            );
        }
    }
    findings
}

/// Findings about the plan of a statement, largest cost first; empty if the statement took less
/// than `worth_us` by that plan in the window that `detail` was asked for with.
pub(crate) async fn of_statement(
    here: &Here,
    tables: &Tables<'_>,
    detail: &StatementDetail,
    window: StatsWindow,
    worth_us: u64,
) -> Vec<StatementFinding> {
    let all = Ran::by_any(detail);
    if all.total_us < worth_us {
        return Vec::new();
    }
    let statement = &detail.summary;
    let Some((plan, judged)) = of_detail(here, tables, detail).await else {
        return Vec::new();
    };
    let fingerprint = statement.statement.fingerprint;
    let history = here
        .app
        .ask(|store| store.plan_history(fingerprint, window))
        .await
        .unwrap_or_default();
    let ran = all.by(&plan, &history, detail);
    if ran.total_us < worth_us {
        return Vec::new();
    }
    let total_ms = judged.total_ms;
    let routes: Vec<RouteName> = detail.routes.iter().map(named).collect();
    let call_site = match &*detail.call_sites {
        [only] => only.call_site.clone(),
        _ => None,
    };
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
            lost_us: share.map(|share| part_us(ran.total_us, share)),
            is_at_most: is_at_most || ran.is_at_most,
            plan: plan.id,
            calls: ran.calls,
            are_calls_at_most: ran.is_at_most,
            statement: statement.clone(),
            routes: routes.clone(),
            call_site: call_site.clone(),
            finding,
        })
        .collect()
}

fn named(used: &RouteUse) -> RouteName {
    RouteName {
        kind: used.kind,
        method: used.method.clone(),
        route: used.route.clone(),
    }
}

/// Calls of a statement within a window.
struct Ran {
    calls: u64,
    /// Time that they took, in µs.
    total_us: u64,
    /// Whether some of them may have run by another plan.
    is_at_most: bool,
}

impl Ran {
    fn of<'a>(buckets: impl Iterator<Item = &'a TimeBucket>, is_at_most: bool) -> Self {
        buckets.fold(
            Self {
                calls: 0,
                total_us: 0,
                is_at_most,
            },
            |sum, bucket| Self {
                calls: sum.calls.saturating_add(bucket.count),
                total_us: sum.total_us.saturating_add(bucket.total_us),
                ..sum
            },
        )
    }

    /// All of the window that the statement was asked for with.
    fn by_any(detail: &StatementDetail) -> Self {
        Self::of(detail.over_time.iter(), false)
    }

    /// Those that may have run by one plan.
    ///
    /// Plans are seen now and then, and calls are summed by time: once another form was seen, no
    /// more is known than that those after it, where this one was seen no more, are not its own.
    fn by(self, plan: &PlanRecord, history: &[PlanBucket], detail: &StatementDetail) -> Self {
        // The form without values is what the database would do, not what it did.
        let (own, others): (Vec<&PlanBucket>, Vec<_>) = history
            .iter()
            .filter(|seen| seen.database == plan.database && seen.source != PlanSource::Generic)
            .partition(|seen| plan.shape.is_none_or(|shape| shape == seen.shape));
        if others.is_empty() {
            return self;
        }
        let last_at = own
            .iter()
            .map(|seen| seen.last_at)
            .fold(plan.captured_at, Ord::max);
        let next_at = others
            .iter()
            .map(|seen| seen.first_at)
            .filter(|at| *at > last_at)
            .min();
        let buckets = detail.over_time.iter();
        let before = buckets.filter(|bucket| next_at.is_none_or(|next| bucket.started_at < next));
        Self::of(before, true)
    }
}

/// The plan of a statement that gives the most detail, and what the rules find in it.
async fn of_detail(
    here: &Here,
    tables: &Tables<'_>,
    detail: &StatementDetail,
) -> Option<(PlanRecord, PlanFindings)> {
    let statement = &detail.summary;
    let plans = kept::of_statement(&here.app, statement.statement.fingerprint).await;
    let plan = kept::current(&here.app, plans).await?;
    let known = Known {
        calls: Some(statement.calls),
        rows: statement.rows.checked_div(statement.calls),
        is_top: true,
        ..Known::default()
    };
    let written = as_written(here, &plan, detail).await;
    let sql = written
        .as_deref()
        .unwrap_or(&statement.statement.normalized);
    let judged = findings_of(tables, &plan, sql, known).await;
    Some((plan, judged))
}

/// The text of a statement as the app writes it: it tells literals from bound values, which the
/// statement shows alike. None where it is not kept, where something was taken out of it, or where
/// the texts differ, so that a literal in one of them is as good as a bound value.
async fn as_written(here: &Here, plan: &PlanRecord, detail: &StatementDetail) -> Option<Arc<str>> {
    let statement = &detail.summary.statement;
    if !statement.normalized.contains('?') {
        return None;
    }
    let mut requests: Vec<RequestId> = plan.query.iter().map(|query| query.request_id).collect();
    requests.extend(detail.slowest.iter().map(|slow| slow.request_id));
    requests.dedup();
    let mut written: Option<Arc<str>> = None;
    for id in requests.into_iter().take(MAX_TEXTS) {
        let request = here.app.ask(|store| store.request(id)).await;
        let Ok(Some(request)) = request else { continue };
        for text in &request.detail.texts {
            if text.statement.fingerprint != statement.fingerprint {
                continue;
            }
            let is_other = written.as_ref().is_some_and(|known| *known != text.text);
            if is_other || text.is_redacted {
                return None;
            }
            written.get_or_insert_with(|| Arc::clone(&text.text));
        }
    }
    written
}
