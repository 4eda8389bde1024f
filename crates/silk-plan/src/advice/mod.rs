//! Indexes that might help a query: found in its plan or text, compared by what they cost.
//!
//! ```text
//! plan or SQL ─► TableWants ─┐
//!                            ├─► candidates ─► (a database plans with each) ─► Trial ─► choose
//! catalogue ───► TableFacts ─┘
//! ```
//!
//! Nothing here asks a database: the caller has a connection, and passes facts and results of
//! trials.

mod candidate;
mod candidates;
mod estimate;
mod existing;
mod expression;
mod facts;
mod from_plan;
mod from_sql;
mod key;
mod names;
mod ordered;
mod rank;
mod term;
mod wants;
mod words;

pub use candidate::{Candidate, CandidateKey, KeyRole};
pub use candidates::{MAX_CANDIDATES, candidates, unions};
pub use estimate::{NewIndex, estimated_pages, kept_by_bound, pages_read};
pub(crate) use expression::{Expr, SortKey, Style, all_sort_keys, expression};
pub use facts::{Activity, ColumnFacts, IndexFacts, IndexKey, TableFacts};
pub use from_plan::{wants_of_any, wants_of_plan};
pub use from_sql::{Changed, changed_by, searches_tables, wants_of_sql};
pub(crate) use from_sql::{FirstRows, Listed, tables_and_lists};
pub use names::{quote_name, quote_table};
pub(crate) use ordered::{Order, index_for, index_on, is_all_equal, written};
pub use rank::{Choice, MIN_COST, Trial, choose, favoured, strength};
pub use wants::{Reference, TableWants, forget_constants, keep_constants, merge};
pub use words::{caveats, count, notes_without_advice, reason, write_cost};
