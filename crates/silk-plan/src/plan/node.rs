//! One operator of a plan.

use serde::Serialize;

use super::{Actual, Buffers, Children, Counters, Derived, Estimate};

/// One operator of a plan, with its children.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PlanNode {
    /// Its place in the tree, parents before children, from 0.
    pub id: usize,
    /// The operator, in the words of the database: `Seq Scan`, `Hash Join`, `SCAN`.
    pub node_type: String,
    /// What it is to its parent.
    pub role: Role,
    /// Name of the part it is the top of: `CTE recent`, `InitPlan 1 (returns $0)`, `SubPlan 2`.
    pub subplan: Option<String>,
    /// Whether its rows are shared out among processes (`Parallel Seq Scan`).
    pub parallel_aware: bool,
    /// `Left`, `Semi`, … where it joins.
    pub join_type: Option<String>,
    /// `Insert`, `Update`, `Delete`, `Merge` where it writes.
    pub operation: Option<String>,
    /// How it aggregates or sets: `Sorted`, `Hashed`, `Plain`, `Mixed`.
    pub strategy: Option<String>,
    /// `Partial` or `Finalize`, where work is split.
    pub partial_mode: Option<String>,
    /// Schema of the relation.
    pub schema: Option<String>,
    /// The table, view, function or CTE it reads or writes.
    pub relation: Option<String>,
    /// The index it uses.
    pub index: Option<String>,
    /// What the query calls the relation.
    pub alias: Option<String>,
    /// The CTE it reads.
    pub cte: Option<String>,
    /// Conditions and keys, in the order printed.
    pub conditions: Vec<Condition>,
    /// Columns it gives upward, where the print says so.
    pub output: Vec<String>,
    /// Everything else the print says, in its order.
    pub details: Vec<(String, String)>,
    /// What the planner expected.
    pub estimate: Option<Estimate>,
    /// What the run did, raw: averages per loop.
    pub actual: Option<Actual>,
    /// Counters of the run, raw.
    pub counters: Counters,
    /// Pages touched, raw: children included.
    pub buffers: Option<Buffers>,
    /// What each worker did, where the print says so.
    pub workers: Vec<Worker>,
    /// The numbers a person means.
    pub derived: Derived,
    /// Its inputs, in the order printed.
    pub children: Children,
}

/// What a node is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The first or only input; of a join, the side read first.
    #[default]
    Outer,
    /// The side of a join that is looked up.
    Inner,
    /// One of many inputs.
    Member,
    /// A subquery in FROM.
    Subquery,
    /// Runs once, where its value is first needed.
    InitPlan,
    /// Runs for the rows of the node it hangs on.
    SubPlan,
    /// Runs inside the scans that read it.
    Cte,
}

impl Role {
    /// Whether the node's time is in its parent's, as printed.
    #[must_use]
    pub const fn runs_in_parent(self) -> bool {
        !matches!(self, Self::InitPlan | Self::Cte)
    }
}

/// A condition or key of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// What it is, in the words of the database: `Filter`, `Index Cond`, `Sort Key`.
    pub kind: String,
    /// The expression.
    pub text: String,
}

/// What one worker did.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Worker {
    /// Its number.
    pub number: u32,
    /// Its share, raw.
    pub actual: Option<Actual>,
    /// How it sorted, and the memory or disk that took, in kB.
    pub sort: Option<(String, f64)>,
    /// Whether its sort went to disk.
    pub sort_on_disk: bool,
    /// What it counted for itself alone, raw: a cache's hits, a hash's batches, a sort's space.
    pub counters: Counters,
    /// Time it compiled expressions, in ms, where the print says so.
    pub jit_ms: Option<f64>,
}

impl PlanNode {
    /// A copy without what is below it. `clone` recurses with all of a node on the stack.
    pub(crate) fn alone(&self) -> Self {
        Self {
            id: self.id,
            node_type: self.node_type.clone(),
            role: self.role,
            subplan: self.subplan.clone(),
            parallel_aware: self.parallel_aware,
            join_type: self.join_type.clone(),
            operation: self.operation.clone(),
            strategy: self.strategy.clone(),
            partial_mode: self.partial_mode.clone(),
            schema: self.schema.clone(),
            relation: self.relation.clone(),
            index: self.index.clone(),
            alias: self.alias.clone(),
            cte: self.cte.clone(),
            conditions: self.conditions.clone(),
            output: self.output.clone(),
            details: self.details.clone(),
            estimate: self.estimate,
            actual: self.actual,
            counters: self.counters,
            buffers: self.buffers,
            workers: self.workers.clone(),
            derived: self.derived.clone(),
            children: Children::default(),
        }
    }

    /// Whether it is the same but for what is below it.
    pub(crate) fn is_alone_like(&self, other: &Self) -> bool {
        let Self {
            id,
            node_type,
            role,
            subplan,
            parallel_aware,
            join_type,
            operation,
            strategy,
            partial_mode,
            schema,
            relation,
            index,
            alias,
            cte,
            conditions,
            output,
            details,
            estimate,
            actual,
            counters,
            buffers,
            workers,
            derived,
            children: _,
        } = self;
        *id == other.id
            && *node_type == other.node_type
            && *role == other.role
            && *subplan == other.subplan
            && *parallel_aware == other.parallel_aware
            && *join_type == other.join_type
            && *operation == other.operation
            && *strategy == other.strategy
            && *partial_mode == other.partial_mode
            && *schema == other.schema
            && *relation == other.relation
            && *index == other.index
            && *alias == other.alias
            && *cte == other.cte
            && *conditions == other.conditions
            && *output == other.output
            && *details == other.details
            && *estimate == other.estimate
            && *actual == other.actual
            && *counters == other.counters
            && *buffers == other.buffers
            && *workers == other.workers
            && *derived == other.derived
    }

    /// The text of the condition of this kind.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&str> {
        self.conditions
            .iter()
            .find(|condition| condition.kind == kind)
            .map(|condition| condition.text.as_str())
    }

    /// The detail with this name.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The operator as people read it: `Parallel Seq Scan`, `Hash Left Join`, `Finalize Aggregate`.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = String::new();
        if let Some(mode) = self
            .partial_mode
            .as_deref()
            .filter(|mode| *mode != "Simple")
        {
            title.push_str(mode);
            title.push(' ');
        }
        if self.parallel_aware {
            title.push_str("Parallel ");
        }
        title.push_str(match (self.node_type.as_str(), self.strategy.as_deref()) {
            ("Aggregate", Some("Hashed")) => "HashAggregate",
            ("Aggregate", Some("Sorted")) => "GroupAggregate",
            ("Aggregate", Some("Mixed")) => "MixedAggregate",
            ("ModifyTable", _) => self.operation.as_deref().unwrap_or("ModifyTable"),
            (other, _) => other,
        });
        match self.join_type.as_deref() {
            None | Some("Inner") => {}
            Some(kind) => {
                let bare = title.strip_suffix(" Join").map(str::len);
                if let Some(length) = bare {
                    title.truncate(length);
                }
                title.push(' ');
                title.push_str(kind);
                title.push_str(" Join");
            }
        }
        title
    }
}
