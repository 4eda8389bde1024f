//! PostgreSQL: planned again with indexes that only the planner sees (hypopg).

mod catalogue;
mod compare;
mod hypopg;
mod unproved;

use std::time::{Duration, Instant};

use silk_core::{
    DatabaseKind, ExplainOutput, PlanFormat,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, IndexAdvice, Verification},
};
use silk_plan::{
    Plan,
    advice::{self, Candidate, NewIndex, TableFacts, TableWants, Trial},
};
use sqlx_core::{
    executor::Executor as _, query::query, raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, Postgres};

use super::AdviceQuestion;
use crate::explain::{
    generic,
    postgres::{begin, explain},
    target::{Failure, Question},
};
use hypopg::Hypopg;

/// Plans asked for at most.
const MAX_EXPLAINS: usize = 60;
/// Tables looked at.
const MAX_TABLES: usize = 4;
/// Indexes that help together at most.
const MAX_TOGETHER: usize = 3;

/// Finds indexes for a query, and tries them.
pub(in crate::explain) async fn advise(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
) -> Result<IndexAdvice, Failure> {
    let question = &asked.question;
    let generic = generic_plan(connection, question).await?;
    begin(connection, question.timeout).await?;
    let baseline = Planned::of(explain(connection, question, "").await?);
    let Some(baseline) = baseline else {
        connection.execute(raw_sql("ROLLBACK")).await?;
        return Ok(noted("the plan could not be read, so nothing can be told"));
    };
    let tables = tables(connection, asked, &baseline.plan, generic.as_ref()).await?;
    let hypopg = Hypopg::find(connection).await?;
    let mut advice = IndexAdvice {
        cost_before: Some(baseline.cost),
        ..IndexAdvice::default()
    };
    if baseline.cost < advice::MIN_COST {
        advice.notes.push(format!(
            "it costs {} units as it is: below {} no index is worth its keep",
            advice::count(baseline.cost),
            advice::count(advice::MIN_COST)
        ));
        explain_silence(&mut advice, &tables);
    } else {
        match hypopg {
            Ok(hypopg) => {
                let mut bench = Bench {
                    connection,
                    hypopg,
                    question,
                    until: Instant::now() + asked.budget,
                    left: MAX_EXPLAINS,
                    is_cut_short: false,
                };
                let found = compare::compare(&mut bench, asked, &baseline, &tables).await?;
                if bench.is_cut_short {
                    advice.notes.push(format!(
                        "not all was tried: {} ms and {MAX_EXPLAINS} plans are the limit",
                        asked.budget.as_millis()
                    ));
                }
                bench.clear().await?;
                advice.indexes = found.indexes;
                advice.notes.extend(found.notes);
            }
            Err(remedy) => {
                advice.indexes = unproved::advise(&tables, &remedy);
                if advice.indexes.is_empty() {
                    advice
                        .notes
                        .push(format!("nothing could be tried: {remedy}"));
                }
            }
        }
        if advice.indexes.is_empty() {
            explain_silence(&mut advice, &tables);
        }
    }
    name_all(connection, &mut advice.indexes, &tables).await?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(advice)
}

fn noted(note: &str) -> IndexAdvice {
    IndexAdvice {
        notes: vec![note.to_owned()],
        ..IndexAdvice::default()
    }
}

/// Why nothing is advised.
fn explain_silence(advice: &mut IndexAdvice, tables: &[Table]) {
    for table in tables {
        let notes =
            advice::notes_without_advice(&table.wants, &table.facts, table.candidates.len());
        for note in notes {
            if !advice.notes.contains(&note) {
                advice.notes.push(note);
            }
        }
    }
    if advice.notes.is_empty() {
        advice.notes.push(
            "no table of the plan takes a tenth of it and is searched or sorted in a way that an \
             index could serve"
                .to_owned(),
        );
    }
}

/// A plan and what it costs.
struct Planned {
    raw: String,
    plan: Plan,
    cost: f64,
}

impl Planned {
    fn of(raw: String) -> Option<Self> {
        let plan = Plan::parse(PlanFormat::PostgresJson, &raw).ok()?;
        let cost = plan.root.estimate?.total_cost?;
        Some(Self { raw, plan, cost })
    }

    fn output(self) -> ExplainOutput {
        ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: self.raw,
            analyzed: false,
        }
    }
}

/// A table that a query spends much on.
struct Table {
    wants: TableWants,
    facts: TableFacts,
    candidates: Vec<Candidate>,
}

/// The tables worth a look, with what might help.
async fn tables(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
    plan: &Plan,
    generic: Option<&Plan>,
) -> Result<Vec<Table>, Failure> {
    let mut wants = advice::wants_of_plan(plan);
    if let Some(caught) = &asked.caught {
        advice::merge(&mut wants, advice::wants_of_plan(caught));
    }
    if !asked.question.values.is_empty() {
        match generic {
            Some(generic) => {
                let generic = advice::wants_of_any(generic);
                advice::keep_constants(&mut wants, &generic, DatabaseKind::Postgres);
            }
            None => advice::forget_constants(&mut wants),
        }
    }
    let mut tables: Vec<Table> = Vec::new();
    for wants in wants {
        if tables.len() >= MAX_TABLES {
            break;
        }
        let Some(facts) = catalogue::facts(connection, &wants).await? else {
            continue;
        };
        let candidates = advice::candidates(&wants, &facts);
        tables.push(Table {
            wants,
            facts,
            candidates,
        });
    }
    Ok(tables)
}

/// The plan that does not know the values, which tells them from what stands in the SQL.
async fn generic_plan(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<Option<Plan>, Failure> {
    if question.values.is_empty() {
        return Ok(None);
    }
    let Ok(raw) = generic::ask(connection, question).await else {
        connection.execute(raw_sql("ROLLBACK")).await?;
        // It may have got as far as being prepared, which a rollback leaves.
        let _ = connection.execute(raw_sql("DEALLOCATE silk_generic")).await;
        return Ok(None);
    };
    Ok(Plan::parse(PlanFormat::PostgresJson, &raw).ok())
}

/// Where indexes are tried.
struct Bench<'a> {
    connection: &'a mut PgConnection,
    hypopg: Hypopg,
    question: &'a Question,
    until: Instant,
    left: usize,
    is_cut_short: bool,
}

/// A plan with an index that is not there.
struct Tried {
    planned: Planned,
    /// Whether the plan uses the index tried last.
    is_used: bool,
    /// What plans call that index.
    index: String,
    size_bytes: u64,
}

impl Bench<'_> {
    /// Whether another plan may be asked for.
    fn may(&mut self) -> bool {
        if self.left == 0 || Instant::now() >= self.until {
            self.is_cut_short = true;
            return false;
        }
        self.left -= 1;
        true
    }

    /// As much again, for what else runs on the tables.
    fn refill(&mut self, budget: Duration) {
        self.until = Instant::now() + budget;
        self.left = MAX_EXPLAINS;
    }

    /// Plans the query as if all of `candidates` were there; none where the database would not
    /// have one of them.
    async fn try_with(&mut self, candidates: &[&Candidate]) -> Result<Option<Tried>, Failure> {
        let question = self.question;
        self.plan_with(candidates, question).await
    }

    async fn plan_with(
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
    async fn clear(&mut self) -> Result<(), Failure> {
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

/// An index that was tried and is worth having.
struct Worth<'a> {
    candidate: &'a Candidate,
    table: &'a Table,
    choice: AdviceChoice,
    strength: AdviceStrength,
    fraction: Option<f64>,
}

impl Worth<'_> {
    fn advised(&self, verification: Verification) -> AdvisedIndex {
        let (candidate, facts) = (self.candidate, &self.table.facts);
        AdvisedIndex {
            statement: candidate.statement(Some(&candidate.name(facts, &[]))),
            relation: advice::quote_table(
                candidate.schema.as_deref(),
                &candidate.table,
                DatabaseKind::Postgres,
            ),
            reason: advice::reason(candidate),
            choice: self.choice,
            strength: self.strength,
            verification,
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
async fn fraction_held(
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

/// Sees to it that no statement names an index that is already there.
async fn name_all(
    connection: &mut PgConnection,
    indexes: &mut [AdvisedIndex],
    tables: &[Table],
) -> Result<(), Failure> {
    for index in indexes {
        for table in tables {
            for candidate in &table.candidates {
                let name = candidate.name(&table.facts, &[]);
                if candidate.statement(Some(&name)) != index.statement {
                    continue;
                }
                let mut taken = vec![name];
                while taken.len() < 5
                    && catalogue::exists(connection, candidate, &taken[taken.len() - 1]).await?
                {
                    taken.push(candidate.name(&table.facts, &taken));
                }
                if let Some(free) = taken.last() {
                    index.statement = candidate.statement(Some(free));
                }
            }
        }
    }
    Ok(())
}

/// A trial as it is ranked.
fn trial(before: &Planned, tried: &Tried, candidate: &Candidate, facts: &TableFacts) -> Trial {
    Trial {
        candidate: candidate.clone(),
        cost_after: tried.planned.cost,
        size_bytes: Some(tried.size_bytes),
        pages: pages(&before.plan, tried, candidate, facts),
    }
}
