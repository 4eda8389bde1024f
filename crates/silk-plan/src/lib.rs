//! Query plans for tower-silk: parsed, measured and judged, without I/O.
//!
//! ```text
//! raw text ─► parse ─► Plan (raw numbers) ─► measure ─► Plan (derived numbers) ─► findings
//!                                                                    └─► shape hash
//! ```
//!
//! A database prints averages per loop, times that include the children, and parts that ran
//! somewhere else than where they hang. [`Plan::parse`] reads any of the formats of
//! [`silk_core::PlanFormat`] and puts beside every raw number the one a person means: how long a
//! node itself took, how many rows it really gave, how wrong the estimate was.
//!
//! ```
//! use silk_plan::{Plan, PlanFormat};
//!
//! let plan = Plan::parse(
//!     PlanFormat::PostgresText,
//!     "Seq Scan on message  (cost=0.00..155.00 rows=10 width=4) (actual time=0.010..2.000 rows=20 loops=3)",
//! )?;
//! assert_eq!(plan.root.relation.as_deref(), Some("message"));
//! assert_eq!(plan.root.derived.rows, Some(60.0));
//! # Ok::<(), silk_plan::PlanError>(())
//! ```

mod error;
mod measure;
mod parse;
mod plan;
mod read;
mod shape;

pub mod advice;
pub mod findings;

pub use error::PlanError;
pub use findings::{IndexColumn, IndexSuggestion, JudgeContext, PlanFinding};
pub use plan::{
    Actual, Buffers, Children, Condition, Counters, Derived, Direction, Estimate, Execution, Jit,
    OutsidePart, Payment, Plan, PlanNode, PlanTotals, Role, Trigger, Worker,
};
pub use silk_core::PlanFormat;

/// Deepest tree that is read: beyond it a plan is refused with [`PlanError::TooDeep`].
///
/// Walks over a plan recurse once per level, so the limit is what keeps a hostile plan from
/// overflowing a stack; a join of 200 tables needs about 400.
pub const MAX_DEPTH: usize = 500;
