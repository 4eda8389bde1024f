//! The seam to whoever can ask a database for a plan.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{BoxFuture, Database, Fingerprint, PlanId, RequestId, Value};

/// Asks the database for the plan of a recorded query.
///
/// Implementations use a connection of their own, read-only, rolled back and time-limited; the
/// statement itself is never run unless `analyze` is set and it can be shown to be read-only.
pub trait Explain: Send + Sync + fmt::Debug {
    /// Asks for the plan of one query.
    ///
    /// # Errors
    /// [`ExplainError::Refused`] where it cannot be told honestly, [`ExplainError::Failed`] where
    /// the database said no.
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>>;
}

/// A recorded query to be explained.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainQuery {
    /// Where it ran.
    pub database: Database,
    /// Its text.
    pub sql: String,
    /// Whether a literal of the text was redacted.
    pub is_redacted: bool,
    /// Its values; none where they were not captured.
    pub values: Option<Vec<Value>>,
    /// Whether to run it for real (`ANALYZE`).
    pub analyze: bool,
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

/// A plan that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    /// Its id.
    pub id: PlanId,
    /// The request whose query was explained.
    pub request_id: RequestId,
    /// The query within it.
    pub seq: u32,
    /// The statement.
    pub fingerprint: Fingerprint,
    /// Where it was explained.
    pub database: Database,
    /// When.
    pub captured_at: DateTime<Utc>,
    /// How it was got: `on_demand`, later `automatic`, `auto_explain`, `pasted`.
    pub source: String,
    /// The plan.
    pub output: ExplainOutput,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// It cannot be told honestly; the reason says why and what would help.
    #[error("{reason}")]
    Refused {
        /// A word for programs: `redacted_value`, `private_database`, `no_connection`,
        /// `not_explainable`, `values_not_captured`, `value_truncated`, `analyze_refused`.
        code: &'static str,
        /// A sentence for people.
        reason: String,
    },
    /// The database refused or did not answer in time; redacted.
    #[error("{message}")]
    Failed {
        /// What it said.
        message: String,
    },
}

use crate::record::UnknownWord;
use crate::record::word_enum;
use std::{fmt, str::FromStr};

word_enum!(PlanFormat {
    PostgresJson = "postgres_json",
    PostgresText = "postgres_text",
    MySqlJson = "mysql_json",
    MySqlTree = "mysql_tree",
    SqliteRows = "sqlite_rows",
});
