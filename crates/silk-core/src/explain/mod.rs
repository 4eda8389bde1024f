//! What the dashboard asks of databases: plans, advice, and checks of their health.

mod advice;
mod changes;
mod facts;
mod inspect;
mod plan;
mod prove;

use std::fmt;

use crate::{BoxFuture, Database, ExplainOutput, Value};

pub use advice::{
    AdviceChoice, AdviceRequest, AdviceStrength, AdvisedIndex, IndexAdvice, Verification,
    WorkloadEffect, WorkloadQuery,
};
pub use changes::plan_changes;
pub use facts::{Relation, RelationFacts};
pub use inspect::{CheckColumn, CheckStatus, DatabaseCheck, DatabaseReport};
pub use plan::{LadderStep, PlanBucket, PlanChange, PlanLadder, ShapeSpan};
pub use prove::{
    Cell, DifferenceKind, Fetched, KeyColumn, KeyDifference, MAX_PROOF_KEYS, MAX_PROOF_RUNS,
    OneStatement, OneValue, Proof, ProofRequest, ProofSide, ProofVerdict, RowsCompared,
    compare_rows,
};

/// Asks the database for the plan of a recorded query.
///
/// Implementations use a connection of their own, read-only, rolled back and time-limited; the
/// statement itself is never run unless `analyze` is set and it can be shown to be read-only.
pub trait Explain: Send + Sync + fmt::Debug {
    /// Asks for the plan of one query.
    ///
    /// # Errors
    /// [`ExplainError::Refused`] if no honest answer is possible, [`ExplainError::Failed`] where
    /// the database said no.
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>>;

    /// As [`explain`](Self::explain), for a plan that nobody waits for: with a shorter limit, and
    /// the statement is never run.
    ///
    /// # Errors
    /// As [`explain`](Self::explain).
    fn explain_quickly(
        &self,
        query: ExplainQuery,
    ) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        self.explain(ExplainQuery {
            mode: match query.mode {
                ExplainMode::Analyze { .. } => ExplainMode::Estimated,
                mode => mode,
            },
            ..query
        })
    }

    /// Whether there is a way to the database.
    fn knows(&self, _database: &Database) -> bool {
        false
    }

    /// The databases that can be asked, without asking them.
    fn databases(&self) -> Vec<Database> {
        Vec::new()
    }

    /// Whether it may be asked without a person's wish: when a page is opened, in the background.
    fn asks_unasked(&self) -> bool {
        true
    }

    /// What the database knows of some of its tables, for judging plans that read them; those it
    /// does not know are left out. Cheap to ask again: answers are kept for a while.
    ///
    /// # Errors
    /// As [`explain`](Self::explain).
    fn facts(
        &self,
        _database: &Database,
        _relations: Vec<Relation>,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_facts",
            reason: "nobody asks this database about its tables".to_owned(),
        })))
    }

    /// Which plans each known database gives, best first, and what would unlock the others.
    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Indexes that would help a query, proved where the database allows it. Nothing is run and
    /// nothing is created.
    ///
    /// # Errors
    /// As [`explain`](Self::explain).
    fn advise(&self, request: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        let _ = request;
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "there is no connection to ask a database for advice".to_owned(),
        })))
    }

    /// Runs a rewritten query and the runs that it stands for, read-only, in one snapshot, rolled
    /// back and limited in time, and compares their rows. Only ever asked for by a person.
    ///
    /// # Errors
    /// [`ExplainError::Refused`] where nothing may be run, [`ExplainError::Failed`] where the
    /// database said no.
    fn prove(&self, request: ProofRequest) -> BoxFuture<'_, Result<Proof, ExplainError>> {
        let _ = request;
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "there is no connection to run the queries on".to_owned(),
        })))
    }

    /// Checks the indexes, tables and settings of each known database: read-only, time-limited.
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(std::future::ready(Vec::new()))
    }
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
    /// Its values; none if they were not captured.
    pub values: Option<Vec<Value>>,
    /// What plan is wanted.
    pub mode: ExplainMode,
}

/// Which plan of a query is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExplainMode {
    /// What the planner chooses for the recorded values; nothing is run.
    #[default]
    Estimated,
    /// What the planner chooses without knowing the values, as a cached statement runs from its
    /// sixth execution on (PostgreSQL); nothing is run.
    Generic,
    /// The statement is run again for it (`ANALYZE`), because a person asked for that.
    Analyze {
        /// Whether the person said yes to functions that are not known to be harmless.
        confirmed: bool,
    },
}

impl ExplainMode {
    /// Whether the statement is run.
    #[must_use]
    pub const fn runs(self) -> bool {
        matches!(self, Self::Analyze { .. })
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// No honest answer is possible; the reason says why and what would help.
    #[error("{reason}")]
    Refused {
        /// A word for programs: `redacted_value`, `private_database`, `no_connection`,
        /// `not_explainable`, `values_not_captured`, `value_truncated`, `analyze_refused`,
        /// `needs_confirmation`, `generic_unsupported`, `plans_off`, `no_room`, `proof_refused`,
        /// `too_many_values`.
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
