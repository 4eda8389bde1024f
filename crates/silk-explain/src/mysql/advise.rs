//! MySQL and MariaDB: neither plans with an index that is not there, so what is said is likely and
//! not proved.

use silk_core::{
    DatabaseKind,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, IndexAdvice, Verification},
};
use silk_plan::{
    Plan, PlanFormat, PlanNode,
    advice::{
        self, Candidate, ColumnFacts, IndexFacts, IndexKey, KeyRole, TableFacts, TableWants,
        quote_table,
    },
};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_mysql::{MySql, MySqlConnection};

use crate::target::{AdviceQuestion, Failure};

/// Tables looked at.
const MAX_TABLES: usize = 4;
/// Rows below which a table is read as a whole.
const MIN_ROWS: f64 = 1_000.0;
/// Fraction of the rows that has to be thrown away, where a run tells.
const MIN_DISCARDED: f64 = 0.8;

const REMEDY: &str = "neither MySQL nor MariaDB plans with an index that is not there: make it in \
     a copy of the database and compare EXPLAIN, or ANALYZE FORMAT=JSON (MariaDB) or \
     EXPLAIN ANALYZE (MySQL)";

/// Finds indexes that are likely to help; `raw` is the plan as it is.
pub(super) async fn advise(
    connection: &mut MySqlConnection,
    asked: &AdviceQuestion,
    raw: &str,
) -> Result<IndexAdvice, Failure> {
    let mut advice = IndexAdvice::default();
    let Ok(plan) = Plan::parse(PlanFormat::MySqlJson, raw) else {
        advice
            .notes
            .push("the plan could not be read, so nothing can be told".to_owned());
        return Ok(advice);
    };
    advice.cost_before = plan.root.estimate.and_then(|estimate| estimate.total_cost);
    let sorts = raw.contains("filesort");
    let mut looked_at = 0;
    let all = advice::wants_of_sql(&asked.question.sql, DatabaseKind::MySql);
    let is_narrowed = all.iter().any(TableWants::is_narrowed);
    for mut wants in all {
        if looked_at == MAX_TABLES {
            break;
        }
        let Some(facts) = facts(connection, &wants).await? else {
            continue;
        };
        looked_at += 1;
        let node = node_of(&plan, &wants);
        let ran = asked.caught.as_ref().and_then(|plan| node_of(plan, &wants));
        wants.discarded = ran.and_then(|node| node.derived.discarded);
        let candidates = advice::candidates(&wants, &facts);
        let reads = Reads {
            node,
            sorts,
            is_narrowed,
        };
        if let Some(index) = likely(&wants, &facts, &candidates, &reads) {
            let choice = if advice.indexes.is_empty() {
                AdviceChoice::First
            } else {
                AdviceChoice::Together
            };
            advice.indexes.push(AdvisedIndex { choice, ..index });
        } else {
            advice
                .notes
                .extend(advice::notes_without_advice(&wants, &facts, 0));
        }
    }
    if advice.indexes.is_empty() && advice.notes.is_empty() {
        advice.notes.push(
            "no table of the query is searched or sorted in a way that an index could serve"
                .to_owned(),
        );
    }
    Ok(advice)
}

/// The node that reads the table.
fn node_of<'a>(plan: &'a Plan, wants: &TableWants) -> Option<&'a PlanNode> {
    plan.nodes().find(|node| {
        node.relation
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(&wants.alias))
    })
}

/// How the plan reads a table.
struct Reads<'a> {
    node: Option<&'a PlanNode>,
    /// Whether the query sorts.
    sorts: bool,
    /// Whether a condition of the query keeps some rows only: not all its tables are read as they
    /// are.
    is_narrowed: bool,
}

fn likely(
    wants: &TableWants,
    facts: &TableFacts,
    candidates: &[Candidate],
    reads: &Reads<'_>,
) -> Option<AdvisedIndex> {
    let access = reads.node.map(|node| node.node_type.as_str())?;
    let reads_all = matches!(access, "Table scan" | "Index scan");
    let rows = facts.rows.filter(|rows| *rows >= MIN_ROWS)?;
    if wants
        .discarded
        .is_some_and(|discarded| discarded < MIN_DISCARDED)
        && !wants.is_limited
    {
        return None;
    }
    // What a limit stops early, an order serves; else a search has to be made of a scan.
    let is_order_worth = reads.sorts && wants.is_limited;
    // Where every row is wanted and a few of them are asked for, the order decides.
    let in_order = candidates.iter().find(|candidate| {
        is_order_worth
            && !reads.is_narrowed
            && candidate.keys.iter().all(|key| key.role == KeyRole::Order)
    });
    let candidate = in_order.or_else(|| {
        candidates.iter().find(|candidate| {
            let searches = candidate
                .keys
                .first()
                .is_some_and(|key| !matches!(key.role, KeyRole::Order | KeyRole::Any));
            let sorted = candidate.keys.iter().any(|key| key.role == KeyRole::Order);
            (searches && reads_all) || (sorted && is_order_worth && (reads_all || searches))
        })
    })?;
    let is_known_to_help = wants.discarded.is_some_and(|discarded| discarded >= 0.95);
    let mut caveats = advice::caveats(candidate, wants, facts);
    caveats.insert(
        0,
        format!(
            "not tried: it reads {} rows now; how few it would read depends on how many match, \
             which MySQL's and MariaDB's plans do not tell",
            advice::count(rows)
        ),
    );
    Some(AdvisedIndex {
        statement: candidate.statement(Some(&candidate.name(facts, &[]))),
        relation: quote_table(
            candidate.schema.as_deref(),
            &candidate.table,
            DatabaseKind::MySql,
        ),
        reason: advice::reason(candidate, wants),
        choice: AdviceChoice::First,
        strength: if is_known_to_help {
            AdviceStrength::Strong
        } else {
            AdviceStrength::Moderate
        },
        verification: Verification::NotVerified {
            remedy: REMEDY.to_owned(),
        },
        cost_before: None,
        cost_after: None,
        plan_after: None,
        size_bytes: None,
        write_cost: advice::write_cost(candidate, facts, None),
        replaces: candidate.replaces.clone(),
        effects: Vec::new(),
        caveats,
    })
}

async fn facts(
    connection: &mut MySqlConnection,
    wants: &TableWants,
) -> Result<Option<TableFacts>, Failure> {
    let row = connection
        .fetch_optional(
            query::<MySql>(
                "SELECT CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), \
                   CAST(TABLE_ROWS AS SIGNED), CAST(DATA_LENGTH DIV 16384 AS SIGNED) \
                 FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? \
                   AND TABLE_TYPE = 'BASE TABLE'",
            )
            .bind(wants.schema.clone())
            .bind(wants.table.clone())
            .persistent(false),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let schema: String = row.try_get(0)?;
    let name: String = row.try_get(1)?;
    let rows: Option<i64> = row.try_get(2)?;
    let pages: Option<i64> = row.try_get(3)?;
    let mut facts = TableFacts {
        kind: DatabaseKind::MySql,
        schema: wants.schema.is_some().then(|| schema.clone()),
        rows: rows.map(float),
        pages: pages.map(float),
        all_visible: None,
        changed_since_analyze: None,
        is_analyzed: true,
        is_partitioned: false,
        is_partition: false,
        activity: None,
        columns: columns(connection, &schema, &name).await?,
        indexes: Vec::new(),
        row_key: Vec::new(),
        name,
    };
    indexes(connection, &schema, &mut facts).await?;
    Ok(Some(facts))
}

async fn columns(
    connection: &mut MySqlConnection,
    schema: &str,
    table: &str,
) -> Result<Vec<ColumnFacts>, Failure> {
    let rows = connection
        .fetch_all(
            query::<MySql>(
                "SELECT CAST(COLUMN_NAME AS CHAR), LOWER(CAST(DATA_TYPE AS CHAR)), \
                   LOWER(CAST(COLUMN_TYPE AS CHAR)), CAST(CHARACTER_MAXIMUM_LENGTH AS SIGNED) \
                 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                 ORDER BY ORDINAL_POSITION",
            )
            .bind(schema.to_owned())
            .bind(table.to_owned())
            .persistent(false),
        )
        .await?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows {
        let kind: String = row.try_get(1)?;
        let whole: String = row.try_get(2)?;
        let length: Option<i64> = row.try_get(3)?;
        columns.push(ColumnFacts {
            name: row.try_get(0)?,
            // Texts and blobs can only be indexed in part, and long texts not at all.
            is_indexable: !kind.ends_with("text")
                && !kind.ends_with("blob")
                && !matches!(kind.as_str(), "json" | "geometry" | "point" | "polygon")
                && length.is_none_or(|length| length <= 255),
            is_boolean: whole == "tinyint(1)",
            type_name: kind,
            ..ColumnFacts::default()
        });
    }
    Ok(columns)
}

async fn indexes(
    connection: &mut MySqlConnection,
    schema: &str,
    facts: &mut TableFacts,
) -> Result<(), Failure> {
    let rows = connection
        .fetch_all(
            query::<MySql>(
                "SELECT CAST(INDEX_NAME AS CHAR), CAST(NON_UNIQUE AS SIGNED), \
                   CAST(COLUMN_NAME AS CHAR), CAST(COLLATION AS CHAR), \
                   CAST(CARDINALITY AS SIGNED), CAST(INDEX_TYPE AS CHAR), CAST(SUB_PART AS SIGNED) \
                 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            )
            .bind(schema.to_owned())
            .bind(facts.name.clone())
            .persistent(false),
        )
        .await?;
    for row in rows {
        let name: String = row.try_get(0)?;
        if facts.indexes.last().is_none_or(|index| index.name != name) {
            let kind: String = row.try_get(5)?;
            facts.indexes.push(IndexFacts {
                is_unique: row.try_get::<i64, _>(1)? == 0,
                is_constraint: name == "PRIMARY",
                is_plain: kind == "BTREE",
                name,
                ..IndexFacts::default()
            });
        }
        let Some(index) = facts.indexes.last_mut() else {
            continue;
        };
        let column: Option<String> = row.try_get(2)?;
        let direction: Option<String> = row.try_get(3)?;
        let part: Option<i64> = row.try_get(6)?;
        let descending = direction.as_deref() == Some("D");
        let cardinality: Option<i64> = row.try_get(4)?;
        // The first column's own; of later ones it is that of all before, too.
        if index.keys.is_empty()
            && let (Some(column), Some(cardinality)) = (&column, cardinality)
            && let Some(known) = facts.columns.iter_mut().find(|known| known.name == *column)
        {
            known.distinct = Some(float(cardinality).max(1.0));
        }
        index.keys.push(IndexKey {
            is_expression: column.is_none(),
            text: column.unwrap_or_default(),
            descending,
            nulls_first: descending,
            class: part.map(|part| format!("first {part}")),
        });
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows: beyond 2^53 there are none"
)]
const fn float(number: i64) -> f64 {
    number as f64
}
