//! Indexes that would help, tried before they are named.
//!
//! PostgreSQL plans with indexes that are not there (hypopg), SQLite in a shadow of its schema;
//! elsewhere a model says what is likely, and says that it is one. Nothing is created in the app's
//! database, and the query is not run.

#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

use std::time::Duration;

use silk_core::{
    ExplainError, ExplainMode, Fingerprint,
    explain::{AdviceRequest, IndexAdvice, WorkloadQuery},
    redact::Secrets,
};
use silk_plan::Plan;

use super::{Explainer, failed, quietly, refusal, target::Question};
use crate::plans::{PlanMode, PlanNotes};

/// Other statements that are looked at.
const MAX_WORKLOAD: usize = 12;

/// What is asked of a database: all that could be refused without it has been.
#[doc(hidden)]
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no database")
)]
pub struct AdviceQuestion {
    pub(super) question: Question,
    /// A plan of it that was caught.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(dead_code, reason = "SQLite's plans do not tell what they want")
    )]
    pub(super) caught: Option<Plan>,
    /// What else runs on its tables.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite")),
        expect(
            dead_code,
            reason = "no database that plans with indexes that are not there"
        )
    )]
    pub(super) workload: Vec<WorkloadQuestion>,
    /// How long all of it may take.
    pub(super) budget: Duration,
}

/// Another statement, by one of its queries.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(
        dead_code,
        reason = "no database that plans with indexes that are not there"
    )
)]
pub(super) struct WorkloadQuestion {
    pub(super) fingerprint: Fingerprint,
    pub(super) question: Question,
    pub(super) calls: u64,
    pub(super) total_us: u64,
}

impl Explainer {
    pub(super) async fn advise_on(
        &self,
        request: AdviceRequest,
    ) -> Result<IndexAdvice, ExplainError> {
        let kind = request.query.database.kind;
        let is_off = |notes: &std::sync::Arc<PlanNotes>| notes.plans.mode() == PlanMode::Off;
        if self.notes.get().is_some_and(is_off) {
            return Err(refusal::plans_off());
        }
        let question = self.estimated(&request.query)?;
        let Some(target) = self.target(&request.query.database) else {
            return Err(refusal::no_connection(&request.query.database));
        };
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
                    question: self.estimated(&other.query).ok()?,
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
            budget: self.config.advice,
        };
        let answer = self
            .runtime
            .spawn(quietly(async move { target.advise(asked).await }));
        let Ok(answer) = answer.await else {
            return Err(failed("looking for indexes was broken off"));
        };
        let mut advice = answer.map_err(|failure| self.told(kind, failure))?;
        for plan in advice
            .indexes
            .iter_mut()
            .filter_map(|index| index.plan_after.as_mut())
        {
            self.plan_redactor
                .redact(plan, &request.query.sql, &Secrets::default());
        }
        Ok(advice)
    }

    fn estimated(&self, query: &silk_core::ExplainQuery) -> Result<Question, ExplainError> {
        Ok(Question {
            sql: query.sql.clone(),
            values: refusal::check(query)?,
            mode: ExplainMode::Estimated,
            timeout: self.config.timeout,
        })
    }
}
