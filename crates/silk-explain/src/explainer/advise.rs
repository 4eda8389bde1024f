//! Indexes that would help, tried before they are named.
//!
//! PostgreSQL plans with indexes that are not there (hypopg), SQLite in a shadow of its schema;
//! elsewhere a model says what is likely, and says that it is one. Nothing is created in the app's
//! database, and the query is not run.

use silk_core::{
    ExplainError, ExplainMode, ExplainQuery,
    explain::{AdviceRequest, IndexAdvice, WorkloadQuery},
};
use silk_plan::{Plan, advice::searches_tables};

use super::databases::{Databases, failed};
use crate::target::{AdviceQuestion, WorkloadQuestion};

/// Other statements that are looked at.
const MAX_WORKLOAD: usize = 12;

/// Looks for indexes.
pub(super) async fn advise(
    databases: &Databases,
    request: AdviceRequest,
) -> Result<IndexAdvice, ExplainError> {
    let kind = request.query.database.kind;
    databases.wanted()?;
    let estimated = |query: &ExplainQuery| {
        databases.question(query, ExplainMode::Estimated, databases.config.timeout)
    };
    let question = estimated(&request.query)?;
    if !searches_tables(&request.query.sql, kind) {
        return Ok(IndexAdvice {
            notes: vec![
                "it searches no table: what it is given is put in or given back, and an index \
                 would only be one more to keep up"
                    .to_owned(),
            ],
            ..IndexAdvice::default()
        });
    }
    let target = databases.reach(&request.query.database)?;
    let caught = request
        .plan
        .and_then(|plan| Plan::parse(plan.format, &plan.raw).ok());
    let database = &request.query.database;
    let sql = request.query.sql.as_str();
    let mut workload: Vec<&WorkloadQuery> = request
        .workload
        .iter()
        .filter(|other| other.query.database == *database && other.query.sql != sql)
        .collect();
    workload.sort_by_key(|other| std::cmp::Reverse(other.total_us));
    // What cannot be explained as it ran is left out: others are, and a guess would count.
    let workload = workload
        .into_iter()
        .filter_map(|other| {
            Some(WorkloadQuestion {
                fingerprint: other.fingerprint,
                question: estimated(&other.query).ok()?,
                calls: other.calls,
                total_us: other.total_us,
            })
        })
        .take(MAX_WORKLOAD)
        .collect();
    let asked = AdviceQuestion {
        question,
        caught,
        workload,
        budget: databases.config.advice,
    };
    let answer = databases.ask(async move { target.advise(asked).await });
    let Some(answer) = answer.await else {
        return Err(failed("looking for indexes was broken off"));
    };
    let mut advice = answer.map_err(|failure| databases.told(kind, failure))?;
    for plan in advice
        .indexes
        .iter_mut()
        .filter_map(|index| index.plan_after.as_mut())
    {
        databases.redact(plan, &request.query.sql);
    }
    Ok(advice)
}
