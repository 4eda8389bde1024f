//! Numbers a person means, derived from the raw ones.

use serde::Serialize;

use super::{Buffers, Counters};

/// What was derived for a node.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Derived {
    /// Whether it ran.
    pub execution: Execution,
    /// Processes its loops are spread over: what a sum of their times is divided by.
    pub participants: f64,
    /// Of the participants, how many it can have run in; `None` outside of what workers do.
    ///
    /// Below [`participants`](Self::participants) where a part of a parallel plan was left to few.
    pub ran_in: Option<f64>,
    /// Time of its quickest and its slowest worker, in ms, where the print tells them.
    pub workers_ms: Option<(f64, f64)>,
    /// Wall-clock time with its children, in ms.
    pub inclusive_ms: Option<f64>,
    /// Wall-clock time in itself, in ms; these add up to the whole.
    pub exclusive_ms: Option<f64>,
    /// How far rounding may put the exclusive time off, in ms.
    pub uncertainty_ms: Option<f64>,
    /// Exclusive time as a fraction of the whole, 0 to 1.
    pub share: Option<f64>,
    /// Exclusive time is no more than rounding: shown as "≈ 0", without heat.
    pub negligible: bool,
    /// Rows given, over all loops.
    pub rows: Option<f64>,
    /// Rows given at most, where the print rounds an average to 0.
    pub rows_at_most: Option<f64>,
    /// Executions, over all processes.
    pub loops: Option<f64>,
    /// Rows read and thrown away, over all loops.
    pub removed: Option<f64>,
    /// Fraction of the rows read that was thrown away, 0 to 1.
    pub discarded: Option<f64>,
    /// How far the estimate of rows was off: 1 is right, 10 is ten times.
    pub estimate_factor: Option<f64>,
    /// To which side it was off.
    pub direction: Option<Direction>,
    /// It gave fewer rows than estimated because nobody asked for more.
    pub stopped_early: bool,
    /// What was counted, over all processes: some counters are printed for each of them apart.
    ///
    /// Of removed rows they are averages per loop, as printed; batches and memory are those of
    /// the process that had the most, all others are sums.
    pub counters: Counters,
    /// Pages that the node itself touched; these add up to the whole.
    pub buffers: Option<Buffers>,
    /// Cost of itself over all its expected repetitions, in planner units.
    pub exclusive_cost: Option<f64>,
    /// That cost as a fraction of the root's, 0 to 1.
    pub cost_share: Option<f64>,
    /// Parts printed elsewhere that ran within this node.
    pub paid: Vec<Payment>,
    /// The nodes within which this part ran; empty where it ran in its parent.
    pub paid_by: Vec<usize>,
}

/// Whether a node ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// Unknown: the plan is only an estimate.
    #[default]
    Unknown,
    /// It was never asked for a row.
    Never,
    /// It ran.
    Ran,
}

/// To which side an estimate was off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More rows were expected than came.
    Over,
    /// More rows came than expected.
    Under,
}

/// A part that is printed elsewhere and ran within this node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Payment {
    /// The part's top node.
    pub node: usize,
    /// Its name: `CTE recent`, `InitPlan 1`.
    pub name: String,
    /// Time taken out of this node's, in ms.
    pub ms: f64,
}
