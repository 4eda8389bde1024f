//! Plans of the statements of a request: what a slow one does, and what to do about it, where the
//! request is looked at.

use std::collections::{HashMap, HashSet};

use silk_core::{Database, Fingerprint, PlanRecord, PlanShape, PlanSource, RequestRecord};
use silk_plan::{Plan, PlanFinding};

use super::judged::{Known, judge};
use crate::{context::Here, explain::Tables};

/// Statements whose plans are looked for, those with most time first.
const MOST_STATEMENTS: usize = 12;
/// Plans of one statement that are looked through.
const MOST_PLANS: u32 = 24;
/// Executions of a statement that take less together are not worth a remark, in µs: the gate of
/// the rules (5 ms), put to the sum.
const WORTH_US: u64 = 5_000;

/// Whether the executions of a statement in a request are worth a remark together, though each of
/// them may be quick.
pub(crate) fn is_worth_it(record: &RequestRecord, fingerprint: Fingerprint) -> bool {
    let total_us: u64 = record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .map(|part| part.total_us)
        .sum();
    total_us >= WORTH_US
}
/// A longer print is judged on its own page only: a request must not wait for it.
const MOST_JUDGED_BYTES: usize = 128 * 1024;

/// The plan of a statement of a request.
pub(crate) struct StatementPlan {
    pub(crate) record: PlanRecord,
    /// Whether it is known to be the plan of one of this request's executions, or of their form.
    pub(crate) is_of_request: bool,
    /// What the rules say of it, what saves most first.
    pub(crate) found: Vec<PlanFinding>,
    /// How often the statement ran in this request.
    pub(crate) calls: u64,
}

/// What is summed of a statement's executions.
#[derive(Default)]
struct Sum<'a> {
    sql: &'a str,
    calls: u64,
    total_us: u64,
}

/// The plans that are known of a request's statements.
pub(crate) async fn of(here: &Here, record: &RequestRecord) -> HashMap<Fingerprint, StatementPlan> {
    let mut own: HashMap<Fingerprint, Vec<PlanRecord>> = HashMap::new();
    for plan in here.app.plans_of_request(record.summary.id).await {
        if let Some(fingerprint) = plan.fingerprint {
            own.entry(fingerprint).or_default().push(plan);
        }
    }
    let mut sums: HashMap<Fingerprint, Sum<'_>> = HashMap::new();
    for part in &record.statements {
        let sum = sums.entry(part.statement.fingerprint).or_default();
        sum.sql = &part.statement.normalized;
        sum.calls += part.calls;
        sum.total_us += part.total_us;
    }
    let mut order: Vec<_> = sums.iter().collect();
    order.sort_by_key(|(fingerprint, sum)| (std::cmp::Reverse(sum.total_us), **fingerprint));
    let tables = Tables::new(&here.app);
    let mut plans = HashMap::new();
    for (at, (fingerprint, sum)) in order.into_iter().enumerate() {
        let mine = own.remove(fingerprint).unwrap_or_default();
        let found = match best(mine) {
            Some(plan) => Some((plan, true)),
            None if at < MOST_STATEMENTS => of_other_runs(here, record, *fingerprint).await,
            None => None,
        };
        let Some((plan, is_of_request)) = found else {
            continue;
        };
        let is_judged = at < MOST_STATEMENTS && sum.total_us >= WORTH_US;
        let known = Known {
            calls: Some(sum.calls),
            is_top: true,
            ..Known::default()
        };
        plans.insert(
            *fingerprint,
            StatementPlan {
                found: if is_judged {
                    remarks(&tables, &plan, sum.sql, known).await
                } else {
                    Vec::new()
                },
                record: plan,
                is_of_request,
                calls: sum.calls,
            },
        );
    }
    plans
}

/// What the rules say of a stored plan; nothing where it cannot be read.
pub(crate) async fn remarks(
    tables: &Tables<'_>,
    plan: &PlanRecord,
    sql: &str,
    known: Known<'_>,
) -> Vec<PlanFinding> {
    if plan.output.raw.len() > MOST_JUDGED_BYTES {
        return Vec::new();
    }
    match Plan::parse(plan.output.format, &plan.output.raw) {
        Ok(read) => judge(tables, &read, plan, Some(sql), known).await.found,
        Err(_) => Vec::new(),
    }
}

/// The plan that says most: of the very run, else the newest that is not a cached statement's.
pub(crate) fn best(plans: Vec<PlanRecord>) -> Option<PlanRecord> {
    plans.into_iter().min_by_key(|plan| {
        (
            plan.source != PlanSource::AutoExplain,
            plan.source == PlanSource::Generic,
            std::cmp::Reverse(plan.captured_at),
        )
    })
}

/// Of a form that was seen often, one plan is kept: that of the slowest run, which may be another
/// request's.
async fn of_other_runs(
    here: &Here,
    record: &RequestRecord,
    fingerprint: Fingerprint,
) -> Option<(PlanRecord, bool)> {
    let mut databases: HashSet<&Database> = HashSet::new();
    let mut shapes: HashSet<PlanShape> = HashSet::new();
    for query in &record.detail.queries {
        let text = usize::try_from(query.text)
            .ok()
            .and_then(|at| record.detail.texts.get(at));
        if let Some(text) = text.filter(|text| text.statement.fingerprint == fingerprint) {
            databases.insert(&text.database);
            shapes.extend(query.plan_shape);
        }
    }
    let mut plans = here
        .app
        .ask(|store| store.plans_of_statement(fingerprint, MOST_PLANS))
        .await
        .unwrap_or_default();
    // The same statement may be known of a database that this request never asked.
    plans.retain(|plan| databases.contains(&plan.database));
    let is_of_form = |plan: &PlanRecord| {
        plan.source == PlanSource::AutoExplain
            && plan.shape.is_some_and(|shape| shapes.contains(&shape))
    };
    if plans.iter().any(is_of_form) {
        plans.retain(is_of_form);
        return Some((best(plans)?, true));
    }
    Some((best(plans)?, false))
}
