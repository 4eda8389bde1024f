//! Plans of the statements of a request: what a slow one does, and what to do about it, where the
//! request is looked at.

use std::collections::{HashMap, HashSet};

use silk_core::{
    Database, Fingerprint, PlanRecord, PlanShape, PlanSource, QueryRecord, RequestRecord, SqlText,
};
use silk_plan::{Plan, PlanFinding};

use super::{
    fresh,
    judge::{Known, judge},
    kept::{self, best, is_of_shape},
    tables::Tables,
    time::{self, PlanTime},
    whose::Whose,
};
use crate::context::Here;

/// Statements whose plans are looked for, those with most time first.
const MAX_STATEMENTS: usize = 12;
/// Executions of a statement that take less together are not worth a finding, in µs: the gate of
/// the rules (5 ms), put to the sum.
const WORTH_US: u64 = 5_000;
/// A longer print is judged on its own page only: a request must not wait for it.
const MAX_JUDGED_BYTES: usize = 128 * 1024;

/// Whether the executions of a statement in a request are worth a finding together, though each of
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
    /// What it is to the executions of this request.
    pub(crate) whose: Whose,
    /// Of which time it is; not looked up where the rules are not asked.
    pub(crate) time: PlanTime,
    /// What the rules say of it.
    pub(crate) findings: PlanFindings,
    /// Whether the rules were asked at all: not about what takes no time.
    pub(crate) is_judged: bool,
}

/// What the rules say of a plan.
#[derive(Default)]
pub(crate) struct PlanFindings {
    /// What saves most first.
    pub(crate) found: Vec<PlanFinding>,
    /// How long the plan took as a whole, where it has times, in ms.
    pub(crate) total_ms: Option<f64>,
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
    let mut fresh = fresh::Asker::new(here, record);
    let mut plans = HashMap::new();
    for (at, (fingerprint, sum)) in order.into_iter().enumerate() {
        let mine = own.remove(fingerprint).unwrap_or_default();
        let mut found = match nearest_own(mine, record) {
            Some(plan) => Some((plan, Whose::Own)),
            None if at < MAX_STATEMENTS => of_other_runs(here, record, *fingerprint).await,
            None => None,
        };
        let is_judged = at < MAX_STATEMENTS && sum.total_us >= WORTH_US;
        let mut time = PlanTime::OfRequest;
        if is_judged && let Some((plan, whose)) = &found {
            time = time::of(here, record, plan, *whose).await;
            if time == PlanTime::Before
                && let Some(plan) = fresh.instead_of(plan, *fingerprint).await
            {
                time = time::of(here, record, &plan, Whose::Own).await;
                found = Some((plan, Whose::Own));
            }
        }
        let Some((plan, whose)) = found else {
            continue;
        };
        // The text says more than the statement: how many rows it asks for.
        let slowest = slowest(record, *fingerprint);
        let sql = slowest.map_or(sum.sql, |(_, text)| &text.text);
        let known = Known {
            calls: Some(sum.calls),
            rows: slowest.map(|(query, _)| query.rows_read),
            is_top: true,
            ..Known::default()
        };
        plans.insert(
            *fingerprint,
            StatementPlan {
                findings: if is_judged {
                    findings_of(&tables, &plan, sql, known).await
                } else {
                    PlanFindings::default()
                },
                record: plan,
                whose,
                time,
                is_judged,
            },
        );
    }
    plans
}

/// The slowest kept execution of a statement, with its text.
fn slowest(record: &RequestRecord, fingerprint: Fingerprint) -> Option<(&QueryRecord, &SqlText)> {
    let of = |query| {
        let text = text_of(record, query)?;
        (text.statement.fingerprint == fingerprint).then_some((query, text))
    };
    let queries = record.detail.queries.iter();
    queries
        .filter_map(of)
        .max_by_key(|(query, _)| query.duration_us)
}

fn text_of<'a>(record: &'a RequestRecord, query: &QueryRecord) -> Option<&'a SqlText> {
    record.detail.texts.get(usize::try_from(query.text).ok()?)
}

/// What the rules say of a stored plan; empty if it cannot be read.
pub(crate) async fn findings_of(
    tables: &Tables<'_>,
    plan: &PlanRecord,
    sql: &str,
    known: Known<'_>,
) -> PlanFindings {
    if plan.output.raw.len() > MAX_JUDGED_BYTES {
        return PlanFindings::default();
    }
    match Plan::parse(plan.output.format, &plan.output.raw) {
        Ok(read) => PlanFindings {
            found: judge(tables, &read, plan, Some(sql), known).await.found,
            total_ms: read
                .totals
                .total_ms
                .filter(|_| read.totals.root_ms.is_some()),
        },
        Err(_) => PlanFindings::default(),
    }
}

/// A plan of another request's run, and what it is to the runs of this one.
async fn of_other_runs(
    here: &Here,
    record: &RequestRecord,
    fingerprint: Fingerprint,
) -> Option<(PlanRecord, Whose)> {
    let mut databases: HashSet<&Database> = HashSet::new();
    let mut shapes: HashSet<(&Database, PlanShape)> = HashSet::new();
    for query in &record.detail.queries {
        if let Some(text) =
            text_of(record, query).filter(|text| text.statement.fingerprint == fingerprint)
        {
            databases.insert(&text.database);
            shapes.extend(query.plan_shape.map(|shape| (&*text.database, shape)));
        }
    }
    let mut plans = kept::of_statement(&here.app, fingerprint).await;
    // The same statement may be known of a database that this request never asked.
    plans.retain(|plan| databases.contains(&plan.database));
    let has_shape = |plan: &PlanRecord| {
        shapes
            .iter()
            .any(|(database, shape)| is_of_shape(plan, database, *shape))
    };
    if plans.iter().any(has_shape) {
        plans.retain(has_shape);
        let plan = best(plans)?;
        return Some((plan, Whose::SameShape));
    }
    Some((nearest(plans, record)?, Whose::OtherRun))
}

/// Of the plans that belong to a request that of its run, else the one asked for nearest to it: what
/// was asked for days later may be another. Of that shape, the one with most detail.
fn nearest_own(plans: Vec<PlanRecord>, record: &RequestRecord) -> Option<PlanRecord> {
    if plans
        .iter()
        .any(|plan| plan.source == PlanSource::AutoExplain)
    {
        return best(plans);
    }
    let shape = nearest(plans.clone(), record)?.shape;
    best(plans.into_iter().filter(|plan| plan.shape == shape))
}

/// The plan captured nearest in time to a request: tables and indexes change.
fn nearest(plans: Vec<PlanRecord>, record: &RequestRecord) -> Option<PlanRecord> {
    let started = record.summary.started_at;
    plans.into_iter().min_by_key(|plan| {
        (
            plan.source == PlanSource::Generic,
            (plan.captured_at - started).abs(),
        )
    })
}
