//! The plan: what every format becomes. It knows nothing of how it is read and measured.

mod children;
mod derived;
mod node;
mod numbers;
mod walk;

pub use children::Children;
pub use derived::{Derived, Direction, Execution, Payment};
pub use node::{Condition, PlanNode, Role, Worker};
pub(crate) use numbers::larger;
pub use numbers::{Actual, Buffers, Counters, Estimate};

use serde::Serialize;
use silk_core::PlanFormat;

/// A query plan, read and measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What it was read from.
    pub format: PlanFormat,
    /// Whether it carries numbers of a real run.
    pub analyzed: bool,
    /// The top of the tree.
    pub root: PlanNode,
    /// Time the planner took, in ms.
    pub planning_ms: Option<f64>,
    /// Time the run took as the database says it, in ms (from auto_explain: the duration).
    pub execution_ms: Option<f64>,
    /// Time spent turning rows into what the client gets, in ms (PostgreSQL 17 with SERIALIZE).
    pub serialization_ms: Option<f64>,
    /// Triggers that ran.
    pub triggers: Vec<Trigger>,
    /// Compilation of expressions.
    pub jit: Option<Jit>,
    /// Pages touched while planning.
    pub planning_buffers: Option<Buffers>,
    /// Planner settings that were not the default, in the order printed.
    pub settings: Vec<(String, String)>,
    /// The SQL, where the print carries it.
    pub query_text: Option<String>,
    /// The bound values, where the print carries them.
    pub query_parameters: Option<String>,
    /// Sums over the whole plan.
    pub totals: PlanTotals,
    /// Hash of operators, relations and indexes, without numbers: 16 hex digits.
    pub shape: String,
    /// What a reader should know: caveats, parts that were not understood.
    pub notes: Vec<String>,
}

/// Sums over a whole plan, derived.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PlanTotals {
    /// What shares are fractions of, in ms: execution time, else the tree and what ran outside it.
    pub total_ms: Option<f64>,
    /// Inclusive time of the root, in ms.
    pub root_ms: Option<f64>,
    /// Time of plan parts that ran outside the root, in ms (a data-modifying CTE nobody reads).
    pub outside_ms: Option<f64>,
    /// Rest of the execution time: after-triggers, compilation, start and end of the executor.
    pub remainder_ms: Option<f64>,
    /// Whether exclusive times add up to the root and the outside, within rounding.
    ///
    /// `None` where there are no times.
    pub invariant_holds: Option<bool>,
    /// By how much they do not add up, in ms.
    pub invariant_gap_ms: Option<f64>,
    /// What did not run inside the tree, named.
    pub outside: Vec<OutsidePart>,
    /// Nodes in the tree.
    pub nodes: usize,
}

/// A part of the execution that no node of the tree stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutsidePart {
    /// What ran.
    pub label: String,
    /// How long, in ms.
    pub ms: f64,
    /// The node that describes it, where there is one.
    pub node: Option<usize>,
}

/// A trigger that ran with the statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// Its name, as the database prints it.
    pub name: String,
    /// The constraint it enforces.
    pub constraint: Option<String>,
    /// The relation it is on.
    pub relation: Option<String>,
    /// Time in it, over all calls, in ms.
    pub ms: Option<f64>,
    /// How often it was called.
    pub calls: f64,
}

/// What compiling expressions cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Jit {
    /// Functions compiled.
    pub functions: f64,
    /// All of it, in ms: of a parallel plan, the sum over its processes.
    pub total_ms: Option<f64>,
    /// What the process that compiled longest spent, in ms: no more of the time on the wall can have
    /// gone into it. None if a parallel plan does not tell its processes apart.
    pub wall_ms: Option<f64>,
    /// Making the code, in ms.
    pub generation_ms: Option<f64>,
    /// Inlining, in ms.
    pub inlining_ms: Option<f64>,
    /// Optimising, in ms.
    pub optimization_ms: Option<f64>,
    /// Emitting, in ms.
    pub emission_ms: Option<f64>,
}

impl Plan {
    /// The nodes in the order they are printed, parents before children.
    pub fn nodes(&self) -> impl Iterator<Item = &PlanNode> {
        self.root.preorder()
    }

    /// The node with this id.
    #[must_use]
    pub fn node(&self, id: usize) -> Option<&PlanNode> {
        self.nodes().find(|node| node.id == id)
    }

    /// The same plan with another tree.
    pub(crate) fn with_root(&self, root: PlanNode) -> Self {
        Self {
            format: self.format,
            analyzed: self.analyzed,
            root,
            planning_ms: self.planning_ms,
            execution_ms: self.execution_ms,
            serialization_ms: self.serialization_ms,
            triggers: self.triggers.clone(),
            jit: self.jit.clone(),
            planning_buffers: self.planning_buffers,
            settings: self.settings.clone(),
            query_text: self.query_text.clone(),
            query_parameters: self.query_parameters.clone(),
            totals: self.totals.clone(),
            shape: self.shape.clone(),
            notes: self.notes.clone(),
        }
    }

    /// A plan around a tree, everything else unknown.
    pub(crate) fn around(format: PlanFormat, root: PlanNode) -> Self {
        Self {
            format,
            analyzed: false,
            root,
            planning_ms: None,
            execution_ms: None,
            serialization_ms: None,
            triggers: Vec::new(),
            jit: None,
            planning_buffers: None,
            settings: Vec::new(),
            query_text: None,
            query_parameters: None,
            totals: PlanTotals::default(),
            shape: String::new(),
            notes: Vec::new(),
        }
    }
}
