//! Whether one query gives the rows of the many that it stands for: what is asked, and what was
//! found. Pure; [`Explain::prove`](super::Explain::prove) runs the queries.

mod cell;
mod rows;

use crate::{Database, ExplainOutput, Value};

pub use cell::Cell;
pub use rows::{DifferenceKind, Fetched, KeyDifference, RowsCompared, compare_rows};

/// Different keys that are looked at; a list of more is refused.
pub const MAX_PROOF_KEYS: usize = 20_000;
/// Recorded runs up to which each one is run again. Of more, each key is run once.
pub const MAX_PROOF_RUNS: usize = 1_000;

/// A rewritten query, to be proved against the runs of the statement that it stands for.
///
/// Nothing of it is SQL that a client sent: the text is a recorded one, and the rewrite is made
/// from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofRequest {
    /// Where the statement ran.
    pub database: Database,
    /// Its text.
    pub sql: String,
    /// Whether a literal of the text was redacted.
    pub is_redacted: bool,
    /// The values of one run. All runs have these, but for that at [`varied`](Self::varied).
    pub values: Vec<Value>,
    /// Index of the value that each run has of its own: its key.
    pub varied: usize,
    /// The different keys, in the order in which they came.
    pub keys: Vec<Value>,
    /// For each recorded run its key, as an index into [`keys`](Self::keys).
    pub runs: Vec<usize>,
    /// The query in place of all of them.
    pub one: OneStatement,
    /// How a row of it says which key it belongs to.
    pub key_column: KeyColumn,
    /// Whether each run sums its rows up (a count, a sum): a key without rows then has none in the
    /// one query, and 0 or NULL in a run of its own.
    pub is_summed: bool,
    /// Whether the statement orders its rows.
    pub is_ordered: bool,
    /// Whether a person said yes to running it as a superuser.
    pub is_confirmed: bool,
}

impl ProofRequest {
    /// The values of a run with the key at `key`; none if there is no such key.
    #[must_use]
    pub fn values_of(&self, key: usize) -> Option<Vec<Value>> {
        let mut values = self.values.clone();
        let own = values.get_mut(self.varied)?;
        self.keys.get(key)?.clone_into(own);
        Some(values)
    }

    /// The keys to run, in order: each recorded run, or each key once where there are more runs
    /// than [`MAX_PROOF_RUNS`].
    #[must_use]
    pub fn runs_to_make(&self) -> Vec<usize> {
        if self.runs.len() <= MAX_PROOF_RUNS {
            self.runs.clone()
        } else {
            (0..self.keys.len()).collect()
        }
    }
}

/// The query in place of many, with where its values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneStatement {
    /// Its text, with as many placeholders as `values` come to.
    pub sql: String,
    /// Its values, in their order.
    pub values: Vec<OneValue>,
}

/// Where values of the one query come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneValue {
    /// The value at this index, which all runs share.
    Shared(usize),
    /// Every key, one value each, in their order.
    EachKey,
    /// All keys as one array (PostgreSQL).
    Array,
}

/// How a row of the one query says which key it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyColumn {
    /// By a column in front, which the runs do not have.
    InFront,
    /// By the column at this index, which the runs have too.
    At(usize),
    /// By the column of this name, which the runs have too.
    Named(String),
}

/// What running both came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Whether the rows are the same.
    pub verdict: ProofVerdict,
    /// The rows, key by key; none if they could not be compared.
    pub rows: Option<RowsCompared>,
    /// The statement as it is, run once for each key or each recorded run.
    pub before: ProofSide,
    /// The one query.
    pub after: ProofSide,
}

/// Whether the rows of the one query are those of the many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofVerdict {
    /// The same for every key.
    Equal,
    /// The same for every key, but those of some in another order: ORDER BY ranks them equal.
    Reordered,
    /// Not the same for some keys.
    Different,
    /// Not known.
    Unknown {
        /// A word for programs: `too_many_rows`, `time_limit`, `key_not_found`,
        /// `key_not_comparable`.
        code: &'static str,
        /// A sentence for people.
        reason: String,
    },
}

impl ProofVerdict {
    /// The word for programs: `equal`, `reordered`, `different` or `unknown`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Reordered => "reordered",
            Self::Different => "different",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What was measured of the queries before or after the rewrite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProofSide {
    /// Queries that were run.
    pub queries: u64,
    /// Rows that came.
    pub rows: u64,
    /// Bytes of their cells, as the database sent them.
    pub bytes: u64,
    /// Time until all rows had come, over all of these queries, in µs. Seen from Silk's own
    /// connection.
    pub took_us: u64,
    /// A plan: of the one query, or of the run that took longest; none if the database gave none.
    pub plan: Option<ExplainOutput>,
}
