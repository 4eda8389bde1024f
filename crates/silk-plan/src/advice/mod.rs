//! Indexes that might help a query: found in its plan or text, compared by what they cost.
//!
//! ```text
//! plan or SQL ─► TableWants ─┐
//!                            ├─► candidates ─► (a database plans with each) ─► Trial ─► choose
//! catalogue ───► TableFacts ─┘
//! ```
//!
//! Nothing here asks a database: whoever has a connection hands the facts in and the trials back.

mod candidates;
mod ddl;
mod estimate;
mod existing;
mod expression;
mod facts;
mod key;
mod plan;
mod rank;
mod reserved;
mod sql;
mod wants;
mod words;

pub use candidates::{MAX_CANDIDATES, candidates};
pub use ddl::{quote_name, quote_table};
pub use estimate::{NewIndex, estimated_pages, pages_read};
pub use facts::{Activity, ColumnFacts, IndexFacts, IndexKey, TableFacts};
pub use plan::{wants_of_any, wants_of_plan};
pub use rank::{Choice, MIN_COST, Trial, choose, favoured, strength};
pub use sql::wants_of_sql;
pub use wants::{TableWants, forget_constants, keep_constants, merge};
pub use words::{caveats, count, notes_without_advice, reason, write_cost};

use silk_core::DatabaseKind;

/// An index that might help.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Whose index it would be.
    pub kind: DatabaseKind,
    /// The table's schema, where the statement should name it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Whether the table is cut into partitions.
    pub is_partitioned: bool,
    /// Its keys, in order.
    pub keys: Vec<CandidateKey>,
    /// Columns it would carry beside.
    pub include: Vec<String>,
    /// What it would be restricted to: all of these.
    pub predicates: Vec<String>,
    /// Words for the predicates in a name.
    pub predicate_labels: Vec<String>,
    /// An existing index that it would take the place of.
    pub replaces: Option<String>,
}

/// A key of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateKey {
    /// The column or expression, as it can stand in a statement.
    pub text: String,
    /// The column or expression, for people and names.
    pub label: String,
    /// The column's own name, where it is one.
    pub column: Option<String>,
    /// Whether it is sorted downwards.
    pub descending: bool,
    /// Whether NULL comes first, where it is not what the direction implies.
    pub nulls_first: Option<bool>,
    /// The operator class, where it is not the default.
    pub class: Option<&'static str>,
    /// Why it is there.
    pub role: KeyRole,
}

/// Why a key stands in a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// It is compared for equality.
    Equal,
    /// It joins.
    Join,
    /// It is compared for a range.
    Range,
    /// It is searched by its beginning.
    Prefix,
    /// It is what is sorted by.
    Order,
    /// An index needs a key, and the query names this one.
    Any,
}

impl CandidateKey {
    fn written(&self) -> String {
        let mut text = self.text.clone();
        if let Some(class) = self.class {
            text.push(' ');
            text.push_str(class);
        }
        if self.descending {
            text.push_str(" DESC");
        }
        match self.nulls_first {
            Some(true) => text.push_str(" NULLS FIRST"),
            Some(false) => text.push_str(" NULLS LAST"),
            None => {}
        }
        text
    }
}

impl Candidate {
    /// A name for it: the same each time, at most 63 bytes, not one of the table's indexes nor of
    /// `taken`.
    #[must_use]
    pub fn name(&self, facts: &TableFacts, taken: &[String]) -> String {
        let mut known: Vec<String> = facts
            .indexes
            .iter()
            .map(|index| index.name.clone())
            .collect();
        known.extend_from_slice(taken);
        ddl::name(self, &known)
    }

    /// Whether it holds only some of the rows.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.predicates.is_empty()
    }

    /// Keys and carried columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.keys.len() + self.include.len()
    }
}
