//! Where indexes are tried: the planner sees them, and nobody else does.

use std::time::{Duration, Instant};

use silk_core::{ExplainOutput, PlanFormat};
use silk_plan::{Plan, advice::Candidate};
use sqlx_core::{executor::Executor as _, raw_sql::raw_sql};
use sqlx_postgres::PgConnection;

use super::{
    super::{connection::begin, estimate::explain},
    hypopg::Hypopg,
};
use crate::target::{Failure, Question};

/// Plans asked for at most.
pub(super) const MAX_EXPLAINS: usize = 60;

/// A plan and what it costs.
pub(super) struct Planned {
    pub(super) raw: String,
    pub(super) plan: Plan,
    pub(super) cost: f64,
}

impl Planned {
    pub(super) fn of(raw: String) -> Option<Self> {
        let plan = Plan::parse(PlanFormat::PostgresJson, &raw).ok()?;
        let cost = plan.root.estimate?.total_cost?;
        Some(Self { raw, plan, cost })
    }

    pub(super) fn output(&self) -> ExplainOutput {
        ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: self.raw.clone(),
            analyzed: false,
        }
    }
}

/// Where indexes are tried.
pub(super) struct Bench<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) hypopg: Hypopg,
    pub(super) question: &'a Question,
    pub(super) until: Instant,
    pub(super) left: usize,
    pub(super) is_cut_short: bool,
}

/// An index that only the planner sees.
pub(super) struct Made {
    /// What plans call it.
    pub(super) name: String,
    /// Its size.
    pub(super) bytes: u64,
}

/// A plan with indexes that are not there.
pub(super) struct Tried {
    pub(super) planned: Planned,
    /// The indexes, in the order in which they were asked for.
    pub(super) made: Vec<Made>,
}

impl Tried {
    /// Whether the plan uses the index asked for last.
    pub(super) fn uses_last(&self) -> bool {
        self.made.last().is_some_and(|made| self.uses(made))
    }

    /// Whether the plan uses all of them.
    pub(super) fn uses_all(&self) -> bool {
        !self.made.is_empty() && self.made.iter().all(|made| self.uses(made))
    }

    fn uses(&self, made: &Made) -> bool {
        let mut nodes = self.planned.plan.nodes();
        nodes.any(|node| node.index.as_deref() == Some(&made.name))
    }

    /// What all of them would take.
    pub(super) fn size_bytes(&self) -> u64 {
        self.made.iter().map(|made| made.bytes).sum()
    }
}

impl Bench<'_> {
    /// Whether another plan may be asked for.
    pub(super) fn may(&mut self) -> bool {
        if self.left == 0 || Instant::now() >= self.until {
            self.is_cut_short = true;
            return false;
        }
        self.left -= 1;
        true
    }

    /// As much again, for what else runs on the tables.
    pub(super) fn refill(&mut self, budget: Duration) {
        self.until = Instant::now() + budget;
        self.left = MAX_EXPLAINS;
    }

    /// Plans the query as if all of `candidates` were there; none if the database would not
    /// have one of them.
    pub(super) async fn try_with(
        &mut self,
        candidates: &[&Candidate],
    ) -> Result<Option<Tried>, Failure> {
        let question = self.question;
        self.plan_with(candidates, question).await
    }

    pub(super) async fn plan_with(
        &mut self,
        candidates: &[&Candidate],
        question: &Question,
    ) -> Result<Option<Tried>, Failure> {
        match self.plan_or_fail(candidates, question).await {
            Ok(tried) => Ok(tried),
            // Not immutable, no such operator class: it says no, and the transaction is over.
            Err(Failure::Database(sqlx_core::error::Error::Database(_))) => {
                self.connection.execute(raw_sql("ROLLBACK")).await?;
                begin(self.connection, question).await?;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn plan_or_fail(
        &mut self,
        candidates: &[&Candidate],
        question: &Question,
    ) -> Result<Option<Tried>, Failure> {
        self.hypopg.reset(self.connection).await?;
        let mut made = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let statement = candidate.statement(None);
            let (name, bytes) = self.hypopg.create(self.connection, &statement).await?;
            made.push(Made { name, bytes });
        }
        let raw = explain(self.connection, question, "").await?;
        let Some(planned) = Planned::of(raw) else {
            return Ok(None);
        };
        Ok(Some(Tried { planned, made }))
    }

    /// Leaves nothing behind in the connection.
    pub(super) async fn clear(&mut self) -> Result<(), Failure> {
        self.hypopg.reset(self.connection).await
    }
}
