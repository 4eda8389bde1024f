//! Where indexes are tried that are not there.

use std::time::{Duration, Instant};

use silk_core::{DatabaseKind, ExplainOutput, PlanFormat};
use silk_plan::{
    Plan,
    advice::{self, Candidate, NewIndex, TableFacts, Trial},
};
use sqlx_core::{
    executor::Executor as _, query::query, raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, Postgres};

use super::{
    super::{ask::explain, connection::begin},
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

    pub(super) fn output(self) -> ExplainOutput {
        ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: self.raw,
            analyzed: false,
        }
    }
}

/// Where indexes are tried.
pub(super) struct Bench<'a> {
    pub(super) connection: &'a mut PgConnection,
    hypopg: Hypopg,
    question: &'a Question,
    until: Instant,
    left: usize,
    pub(super) is_cut_short: bool,
}

/// A plan with an index that is not there.
pub(super) struct Tried {
    pub(super) planned: Planned,
    /// Whether the plan uses the index tried last.
    pub(super) is_used: bool,
    /// What plans call that index.
    pub(super) index: String,
    pub(super) size_bytes: u64,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        connection: &'a mut PgConnection,
        hypopg: Hypopg,
        question: &'a Question,
        budget: Duration,
    ) -> Self {
        Self {
            connection,
            hypopg,
            question,
            until: Instant::now() + budget,
            left: MAX_EXPLAINS,
            is_cut_short: false,
        }
    }

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

    /// Plans the query as if all of `candidates` were there; none where the database would not
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
                begin(self.connection, question.timeout).await?;
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
        let mut index = String::new();
        let mut size_bytes = 0;
        for candidate in candidates {
            let statement = candidate.statement(None);
            (index, size_bytes) = self.hypopg.create(self.connection, &statement).await?;
        }
        let raw = explain(self.connection, question, "").await?;
        let Some(planned) = Planned::of(raw) else {
            return Ok(None);
        };
        let is_used = planned
            .plan
            .nodes()
            .any(|node| node.index.as_deref() == Some(&index));
        Ok(Some(Tried {
            planned,
            is_used,
            index,
            size_bytes,
        }))
    }

    /// Leaves nothing behind in the connection.
    pub(super) async fn clear(&mut self) -> Result<(), Failure> {
        self.hypopg.reset(self.connection).await
    }
}

/// Rows an index of a size holds, roughly: entries of its columns with what surrounds them.
fn rows_held(candidate: &Candidate, facts: &TableFacts, bytes: u64) -> f64 {
    let entry: f64 = candidate
        .keys
        .iter()
        .filter_map(|key| facts.column(key.column.as_deref()?)?.bytes)
        .sum::<f64>()
        + 20.0;
    let bytes = f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) * 1_024.0;
    (bytes * 0.9 / entry).min(facts.rows.unwrap_or(f64::MAX))
}

/// What an index that was tried does for the pages that are read.
fn pages(
    before: &Plan,
    tried: &Tried,
    candidate: &Candidate,
    facts: &TableFacts,
) -> Option<(f64, f64)> {
    let new = NewIndex {
        name: &tried.index,
        bytes: f64::from(u32::try_from(tried.size_bytes / 1_024).unwrap_or(u32::MAX)) * 1_024.0,
        rows: rows_held(candidate, facts, tried.size_bytes),
    };
    Some((
        advice::pages_read(before, facts, None)?,
        advice::pages_read(&tried.planned.plan, facts, Some(new))?,
    ))
}

/// The fraction of its table that a partial index holds, as the planner expects.
pub(super) async fn fraction_held(
    connection: &mut PgConnection,
    candidate: &Candidate,
    facts: &TableFacts,
) -> Result<Option<f64>, Failure> {
    let Some(rows) = facts
        .rows
        .filter(|rows| *rows > 0.0 && candidate.is_partial())
    else {
        return Ok(None);
    };
    let table = advice::quote_table(
        candidate.schema.as_deref(),
        &candidate.table,
        DatabaseKind::Postgres,
    );
    let explain = format!(
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM {table} WHERE {}",
        candidate.predicates.join(" AND ")
    );
    let row = connection
        .fetch_one(query::<Postgres>(AssertSqlSafe(explain)).persistent(false))
        .await?;
    let raw: String = row.try_get_unchecked(0)?;
    let held = Planned::of(raw)
        .and_then(|planned| planned.plan.root.estimate?.rows)
        .map(|held| (held / rows).min(1.0));
    Ok(held)
}

/// A trial as it is ranked.
pub(super) fn trial(
    before: &Planned,
    tried: &Tried,
    candidate: &Candidate,
    facts: &TableFacts,
) -> Trial {
    Trial {
        candidate: candidate.clone(),
        cost_after: tried.planned.cost,
        size_bytes: Some(tried.size_bytes),
        pages: pages(&before.plan, tried, candidate, facts),
    }
}
