//! What is said of an index that is worth having.

use silk_core::{
    DatabaseKind,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, Verification},
};
use silk_plan::advice::{self, Candidate, TableFacts};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _, sql_str::AssertSqlSafe};
use sqlx_postgres::{PgConnection, Postgres};

use super::{bench::Planned, table::Table};
use crate::target::Failure;

/// An index that was tried and is worth having.
pub(super) struct Worth<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) table: &'a Table,
    pub(super) choice: AdviceChoice,
    pub(super) strength: AdviceStrength,
    pub(super) fraction: Option<f64>,
}

impl Worth<'_> {
    pub(super) fn advised(&self, verification: Verification) -> AdvisedIndex {
        let (candidate, facts) = (self.candidate, &self.table.facts);
        AdvisedIndex {
            statement: candidate.statement(Some(&candidate.name(facts, &[]))),
            relation: advice::quote_table(
                candidate.schema.as_deref(),
                &candidate.table,
                DatabaseKind::Postgres,
            ),
            reason: advice::reason(candidate, &self.table.wants),
            choice: self.choice,
            strength: self.strength,
            verification,
            cost_before: None,
            cost_after: None,
            plan_after: None,
            size_bytes: None,
            write_cost: advice::write_cost(candidate, facts, self.fraction),
            replaces: candidate.replaces.clone(),
            effects: Vec::new(),
            caveats: advice::caveats(candidate, &self.table.wants, facts),
        }
    }
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
