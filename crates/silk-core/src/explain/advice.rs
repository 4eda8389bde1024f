//! Indexes that would help, as the dashboard asks for them and shows them.

use super::{ExplainOutput, ExplainQuery};
use crate::Fingerprint;

/// A query to find indexes for, and what else runs on its tables.
#[derive(Debug, Clone, PartialEq)]
pub struct AdviceRequest {
    /// The query; its [`mode`](ExplainQuery::mode) is not looked at.
    pub query: ExplainQuery,
    /// A plan of it that was caught, with the numbers of a real run where there are any.
    pub plan: Option<ExplainOutput>,
    /// Other recorded statements on the same tables, each by one of its queries: an index is
    /// ranked by what it does for all of them.
    pub workload: Vec<WorkloadQuery>,
}

/// A recorded statement, by one of its queries.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadQuery {
    /// The statement.
    pub fingerprint: Fingerprint,
    /// One of its queries.
    pub query: ExplainQuery,
    /// How often it ran.
    pub calls: u64,
    /// How long all of that took.
    pub total_us: u64,
}

/// What was found out about indexes for a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndexAdvice {
    /// The planner's cost as things are, in its own units.
    pub cost_before: Option<f64>,
    /// Indexes worth having, best first; empty where none helps.
    pub indexes: Vec<AdvisedIndex>,
    /// What a reader should know: why nothing helps, what could not be looked at.
    pub notes: Vec<String>,
}

/// An index worth having.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvisedIndex {
    /// The statement to run.
    pub statement: String,
    /// The table.
    pub relation: String,
    /// Why these columns, in this order, in a sentence.
    pub reason: String,
    /// What it is to the others of the list.
    pub choice: AdviceChoice,
    /// How much it helps.
    pub strength: AdviceStrength,
    /// How that is known.
    pub verification: Verification,
    /// The planner's cost without it, where that is not the cost of the query as it is: with the
    /// indexes before it in place, or of one search that a foreign key makes.
    pub cost_before: Option<f64>,
    /// The planner's cost with it.
    pub cost_after: Option<f64>,
    /// The plan with it.
    pub plan_after: Option<ExplainOutput>,
    /// Its expected size.
    pub size_bytes: Option<u64>,
    /// What it costs to keep up, in a sentence.
    pub write_cost: String,
    /// An existing index that it would take the place of.
    pub replaces: Option<String>,
    /// What it does for other statements.
    pub effects: Vec<WorkloadEffect>,
    /// What would make the advice wrong.
    pub caveats: Vec<String>,
}

/// What an advised index is to the others of the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdviceChoice {
    /// The one to have.
    First,
    /// It helps on top of those before it: its costs are with them in place.
    Together,
    /// It could be had instead of the first: cheaper to read or smaller, and worse at the other.
    Instead,
}

/// How much an index helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdviceStrength {
    /// At least a fifth of the cost goes.
    Moderate,
    /// At least half of the cost goes.
    Strong,
}

/// How an advice was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The database planned the query again with the index as if it were there (hypopg).
    Hypothetical,
    /// Planned again in an in-memory copy of schema and statistics (SQLite).
    Shadow,
    /// Not checked.
    NotVerified {
        /// How to have it checked.
        remedy: String,
    },
}

/// What an index does for another statement.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadEffect {
    /// The statement.
    pub fingerprint: Fingerprint,
    /// The planner's cost without the index.
    pub cost_before: f64,
    /// With it.
    pub cost_after: f64,
    /// How often the statement ran.
    pub calls: u64,
    /// How long all of that took.
    pub total_us: u64,
}
