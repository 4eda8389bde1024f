//! Plans of the statements of a request: what a slow one does, and what to do about it, where the
//! request is looked at.

use std::collections::{HashMap, HashSet};

use silk_core::{Database, Fingerprint, PlanRecord, PlanShape, RequestRecord};
use silk_plan::{Plan, PlanFinding};

use super::{
    judge::{Known, judge},
    kept::{self, best, is_of_form},
    tables::Tables,
};
use crate::context::Here;

/// Statements whose plans are looked for, those with most time first.
const MOST_STATEMENTS: usize = 12;
/// Executions of a statement that take less together are not worth a remark, in µs: the gate of
/// the rules (5 ms), put to the sum.
const WORTH_US: u64 = 5_000;
/// A longer print is judged on its own page only: a request must not wait for it.
const MOST_JUDGED_BYTES: usize = 128 * 1024;

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

/// A plan of another request's run; whether it is of a form that the runs of this one had.
async fn of_other_runs(
    here: &Here,
    record: &RequestRecord,
    fingerprint: Fingerprint,
) -> Option<(PlanRecord, bool)> {
    let mut databases: HashSet<&Database> = HashSet::new();
    let mut forms: HashSet<(&Database, PlanShape)> = HashSet::new();
    for query in &record.detail.queries {
        let text = usize::try_from(query.text)
            .ok()
            .and_then(|at| record.detail.texts.get(at));
        if let Some(text) = text.filter(|text| text.statement.fingerprint == fingerprint) {
            databases.insert(&text.database);
            forms.extend(query.plan_shape.map(|shape| (&*text.database, shape)));
        }
    }
    let mut plans = kept::of_statement(&here.app, fingerprint).await;
    // The same statement may be known of a database that this request never asked.
    plans.retain(|plan| databases.contains(&plan.database));
    let is_of_request = |plan: &PlanRecord| {
        forms
            .iter()
            .any(|(database, shape)| is_of_form(plan, database, *shape))
    };
    if plans.iter().any(is_of_request) {
        plans.retain(is_of_request);
        return Some((best(plans)?, true));
    }
    Some((best(plans)?, false))
}
