//! Foreign keys that point at the table whose rows a statement deletes or changes: for each such
//! row the database searches the tables that refer to it, which no plan shows.

use silk_core::{
    DatabaseKind, ExplainMode,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, Verification},
};
use silk_plan::{
    Plan, Trigger,
    advice::{self, Candidate, Reference, TableWants, changed_by, count, quote_name, quote_table},
};
use sqlx_core::{executor::Executor as _, query::query, raw_sql::raw_sql, row::Row as _};
use sqlx_postgres::{PgConnection, Postgres};

use super::{
    bench::{Bench, Planned, Tried},
    table::{MAX_TABLES, Table},
    worth::{Worth, fraction_held},
};
use crate::target::{AdviceQuestion, Failure, Question};

/// Foreign keys that point at a table, and at those whose rows go along with its own.
const REFERENCES: &str = "WITH RECURSIVE refs AS ( \
       SELECT c.oid, c.conname, c.conrelid, c.confrelid, c.conkey, c.confkey, c.confdeltype, \
         1 AS depth \
       FROM pg_catalog.pg_constraint c \
       WHERE c.contype = 'f' AND c.conparentid = 0 \
         AND c.confrelid = pg_catalog.to_regclass($1) \
     UNION \
       SELECT c.oid, c.conname, c.conrelid, c.confrelid, c.conkey, c.confkey, c.confdeltype, \
         r.depth + 1 \
       FROM refs r JOIN pg_catalog.pg_constraint c \
         ON c.contype = 'f' AND c.conparentid = 0 AND c.confrelid = r.conrelid \
       WHERE $2 AND r.confdeltype = 'c' AND r.depth < 4) \
     SELECT DISTINCT r.conname::text AS name, n.nspname::text AS schema, \
       t.relname::text AS referring, p.relname::text AS parent, \
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.n) \
        FROM pg_catalog.unnest(r.conkey) WITH ORDINALITY AS k(attnum, n) \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.attnum) \
         AS columns, \
       (SELECT pg_catalog.array_agg(a.attname::text) \
        FROM pg_catalog.unnest(r.confkey) AS k(attnum) \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.confrelid AND a.attnum = k.attnum) \
         AS referred, \
       t.relpages \
     FROM refs r JOIN pg_catalog.pg_class t ON t.oid = r.conrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
     JOIN pg_catalog.pg_class p ON p.oid = r.confrelid \
     ORDER BY t.relpages DESC, 1 LIMIT 24";

/// The tables that refer to what the statement deletes or changes and lack an index for it, the
/// largest first.
pub(super) async fn tables(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
) -> Result<Vec<Table>, Failure> {
    let is_known = connection
        .server_version_num()
        .is_some_and(|version| version >= 110_000);
    let changed = changed_by(&asked.question.sql, DatabaseKind::Postgres);
    let Some(changed) = changed.filter(|_| is_known) else {
        return Ok(Vec::new());
    };
    let name = quote_table(
        changed.schema.as_deref(),
        &changed.table,
        DatabaseKind::Postgres,
    );
    let rows = connection
        .fetch_all(
            query::<Postgres>(REFERENCES)
                .bind(name)
                .bind(changed.columns.is_none())
                .persistent(false),
        )
        .await?;
    let mut tables = Vec::new();
    for row in rows {
        let referred: Vec<String> = row.try_get("referred")?;
        let is_touched = changed
            .columns
            .as_ref()
            .is_none_or(|set| referred.iter().any(|name| set.contains(name)));
        if !is_touched || tables.len() >= MAX_TABLES {
            continue;
        }
        let reference = Reference {
            constraint: Some(row.try_get("name")?),
            parent: row.try_get("parent")?,
            columns: row.try_get("columns")?,
        };
        let (schema, table): (String, String) = (row.try_get("schema")?, row.try_get("referring")?);
        let wants = TableWants::of_reference(Some(&schema), &table, reference);
        let table = Table::of(connection, wants).await?;
        tables.extend(table.filter(|table| !table.candidates.is_empty()));
    }
    Ok(tables)
}

/// Plans what the database runs for each row, with and without an index.
pub(super) async fn prove(
    bench: &mut Bench<'_>,
    asked: &AdviceQuestion,
    tables: &[Table],
) -> Result<Vec<AdvisedIndex>, Failure> {
    let mut found = Vec::new();
    for table in tables {
        let Some(check) = check(table, &asked.question) else {
            continue;
        };
        // A check runs within one process.
        const ALONE: &str = "SET LOCAL max_parallel_workers_per_gather = 0";
        bench.connection.execute(raw_sql(ALONE)).await?;
        if !bench.may() {
            break;
        }
        let Some(before) = bench.plan_with(&[], &check).await? else {
            continue;
        };
        let before = before.planned;
        let mut best: Option<(&Candidate, Tried)> = None;
        for candidate in table.candidates.iter().take(3) {
            if !bench.may() {
                break;
            }
            let Some(tried) = bench.plan_with(&[candidate], &check).await? else {
                continue;
            };
            // Candidates come most promising first: a later one has to be clearly better.
            let is_better = best
                .as_ref()
                .is_none_or(|(_, best)| tried.planned.cost < 0.8 * best.planned.cost);
            if tried.uses_all() && is_better {
                best = Some((candidate, tried));
            }
        }
        let Some((candidate, tried)) = best else {
            continue;
        };
        let strength = advice::strength(before.cost, tried.planned.cost, None);
        let Some(strength) = strength else { continue };
        let fraction = fraction_held(bench.connection, candidate, &table.facts).await?;
        found.push(told(
            table,
            candidate,
            strength,
            fraction,
            (&before, &tried),
        ));
        if let Some(index) = found.last_mut() {
            index.caveats.splice(0..0, caveats(asked, table));
        }
    }
    Ok(found)
}

fn told(
    table: &Table,
    candidate: &Candidate,
    strength: AdviceStrength,
    fraction: Option<f64>,
    (before, tried): (&Planned, &Tried),
) -> AdvisedIndex {
    let worth = Worth {
        candidate,
        table,
        choice: AdviceChoice::First,
        strength,
        fraction,
    };
    let mut index = worth.advised(Verification::Hypothetical);
    index.cost_before = Some(before.cost);
    index.cost_after = Some(tried.planned.cost);
    index.size_bytes = Some(tried.size_bytes());
    index.plan_after = Some(tried.planned.output());
    index.caveats.insert(
        0,
        "the costs are of one search, as it is made for each row".to_owned(),
    );
    index
}

/// What the database runs for each row that goes, with a value that nobody knows yet.
fn check(table: &Table, question: &Question) -> Option<Question> {
    let reference = table.wants.reference.as_ref()?;
    let facts = &table.facts;
    let name = quote_table(facts.schema.as_deref(), &facts.name, facts.kind);
    let mut terms = Vec::new();
    for column in &reference.columns {
        let kind = &facts.column(column)?.type_name;
        let column = quote_name(column, facts.kind);
        // A subquery that is run once: the planner does not look into it, as it does not know `$1`.
        terms.push(format!("x.{column} = (SELECT NULL::{kind})"));
    }
    let only = if facts.is_partitioned { "" } else { "ONLY " };
    Some(Question {
        sql: format!("SELECT 1 FROM {only}{name} x WHERE {}", terms.join(" AND ")),
        values: Vec::new(),
        mode: ExplainMode::Estimated,
        timeout: question.timeout,
        session: question.session.clone(),
        // The catalogue names the schema.
        unqualified: Vec::new(),
    })
}

/// What a run that was caught tells of the check, and what would make the advice wrong.
pub(super) fn caveats(asked: &AdviceQuestion, table: &Table) -> Vec<String> {
    let Some(reference) = &table.wants.reference else {
        return Vec::new();
    };
    let ran = asked
        .caught
        .as_ref()
        .and_then(|plan| measured(plan, reference));
    let mut found: Vec<String> = ran.into_iter().collect();
    found.push(format!(
        "where rows of {} hardly ever go, writing {} is slower for little",
        reference.parent, table.facts.name
    ));
    found
}

fn measured(plan: &Plan, reference: &Reference) -> Option<String> {
    let name = reference.constraint.as_deref()?;
    let mut triggers = plan.triggers.iter();
    let trigger: &Trigger = triggers.find(|trigger| trigger.constraint.as_deref() == Some(name))?;
    let (ms, all) = (trigger.ms?, plan.execution_ms?);
    Some(format!(
        "in the run that was caught, {} checks of {name} took {ms:.1} of {all:.1} ms",
        count(trigger.calls)
    ))
}
