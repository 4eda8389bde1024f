//! Checks of a database: what is wrong with it, apart from single statements.

use chrono::{DateTime, Utc};

use crate::Database;

/// How a database of the app fares.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseReport {
    /// The database.
    pub database: Database,
    /// What it says it is: `PostgreSQL 15.18`.
    pub server: String,
    /// When it was looked at.
    pub checked_at: DateTime<Utc>,
    /// What was looked at, most important first.
    pub checks: Vec<DatabaseCheck>,
    /// Why nothing could be looked at, if so.
    pub error: Option<String>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseCheck {
    /// A word for programs: `unused_indexes`, `cache_hits`.
    pub code: &'static str,
    /// A title for people.
    pub title: &'static str,
    /// How it is.
    pub status: CheckStatus,
    /// What was seen, in a sentence.
    pub summary: String,
    /// The columns of [`rows`](Self::rows).
    pub columns: Vec<CheckColumn>,
    /// The details, worst first, at most 50.
    pub rows: Vec<Vec<String>>,
    /// What to do, if anything; SQL to copy stands on lines of its own.
    pub action: Option<String>,
    /// When to ignore it.
    pub caveat: Option<String>,
}

/// A column of a check's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckColumn {
    /// Its head, with the unit.
    pub name: &'static str,
    /// Whether it holds numbers, which stand to the right.
    pub is_number: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckStatus {
    /// To be mended.
    Problem,
    /// To be looked at.
    Warning,
    /// Nothing to do.
    Good,
    /// This database cannot tell, or may not.
    Unavailable,
}
