//! Plans of queries, as they are kept.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Database, Fingerprint, PlanId, PlanShape, RequestId, word_enum::word_enum};

/// Where a plan came from. Plans of different sources are never compared as if they were one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// The plan of the recorded run itself, reported by PostgreSQL's auto_explain.
    AutoExplain,
    /// Estimated later for the recorded values; nothing was run.
    Estimated,
    /// Estimated later without values, as a cached statement is run.
    Generic,
    /// The statement was run again for it, by a person (`ANALYZE`): later, with a warm cache.
    Analyzed,
    /// Pasted by a person.
    Pasted,
}

word_enum!(PlanSource {
    AutoExplain = "auto_explain",
    Estimated = "estimated",
    Generic = "generic",
    Analyzed = "analyzed",
    Pasted = "pasted",
});

/// A query within its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QueryRef {
    /// The request.
    pub request_id: RequestId,
    /// Number of the query within it.
    pub seq: u32,
}

/// A plan that was kept.
///
/// Of all plans with the same statement, database, source and shape a store keeps one, so an id may
/// be gone while the form is still there: of caught plans ([`PlanSource::AutoExplain`]) that of the
/// slowest run, of all that were asked for or pasted the newest. [`PlanObservation`]s count the
/// others.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    /// Its id.
    pub id: PlanId,
    /// The recorded query it is of; none for a pasted one.
    pub query: Option<QueryRef>,
    /// The statement; none for a pasted plan that does not tell its SQL.
    pub fingerprint: Option<Fingerprint>,
    /// The database that gave it.
    pub database: Database,
    /// When.
    pub captured_at: DateTime<Utc>,
    /// Its source.
    pub source: PlanSource,
    /// Its form; none if the print could not be read.
    pub shape: Option<PlanShape>,
    /// How long that run took, where it is the plan of a run.
    pub duration_us: Option<u64>,
    /// The planner's total cost, in its own units, where it says one.
    pub total_cost: Option<f64>,
    /// The plan.
    pub output: ExplainOutput,
}

/// One sight of a plan: what is summed into time buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanObservation {
    /// The statement.
    pub fingerprint: Fingerprint,
    /// Where.
    pub database: Database,
    /// Its source.
    pub source: PlanSource,
    /// The form seen.
    pub shape: PlanShape,
    /// When.
    pub observed_at: DateTime<Utc>,
    /// How long that run took, where it is the plan of a run.
    pub duration_us: Option<u64>,
}

/// The form in which a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanFormat {
    /// PostgreSQL, `FORMAT JSON`.
    PostgresJson,
    /// PostgreSQL, text.
    PostgresText,
    /// MySQL or MariaDB, `FORMAT=JSON`.
    #[serde(rename = "mysql_json")]
    MySqlJson,
    /// MySQL, `FORMAT=TREE`.
    #[serde(rename = "mysql_tree")]
    MySqlTree,
    /// SQLite, `EXPLAIN QUERY PLAN`: one line a row, `id|parent|detail`.
    SqliteRows,
}

word_enum!(PlanFormat {
    PostgresJson = "postgres_json",
    PostgresText = "postgres_text",
    MySqlJson = "mysql_json",
    MySqlTree = "mysql_tree",
    SqliteRows = "sqlite_rows",
});

/// A plan as the database printed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainOutput {
    /// Its form.
    pub format: PlanFormat,
    /// The print itself.
    pub raw: String,
    /// Whether the statement was run for it.
    pub analyzed: bool,
}
