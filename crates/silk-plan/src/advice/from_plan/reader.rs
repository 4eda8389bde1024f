//! The tables of a plan, and what is spent on each.

use std::collections::HashMap;

use crate::{
    PlanNode,
    advice::{
        expression::{Column, Style},
        wants::TableWants,
    },
};

/// What has been read so far.
pub(super) struct Reader<'a> {
    pub(super) style: Style,
    pub(super) wants: Vec<TableWants>,
    /// The place in `wants` by what the query calls the table.
    pub(super) by_alias: HashMap<&'a str, usize>,
    pub(super) parents: Vec<Option<usize>>,
    pub(super) shares: Vec<f64>,
}

/// Whether the node reads a table.
pub(super) fn reads_table(node: &PlanNode) -> bool {
    node.relation.is_some()
        && matches!(
            node.node_type.as_str(),
            "Seq Scan"
                | "Index Scan"
                | "Index Only Scan"
                | "Bitmap Heap Scan"
                | "Sample Scan"
                | "Tid Scan"
                | "Tid Range Scan"
        )
}

impl<'a> Reader<'a> {
    pub(super) fn new(nodes: &[&'a PlanNode], style: Style) -> Self {
        let mut parents = vec![None; nodes.len()];
        for node in nodes {
            for child in &node.children {
                parents[child.id] = Some(node.id);
            }
        }
        let is_timed = nodes.iter().any(|node| node.derived.share.is_some());
        let shares = nodes
            .iter()
            .map(|node| {
                let derived = &node.derived;
                // Without times and costs, everything may matter.
                let known = if is_timed {
                    derived.share
                } else {
                    derived.cost_share
                };
                known.unwrap_or(if is_timed { 0.0 } else { 1.0 })
            })
            .collect();
        let mut reader = Self {
            style,
            wants: Vec::new(),
            by_alias: HashMap::new(),
            parents,
            shares,
        };
        for node in nodes.iter().filter(|node| reads_table(node)) {
            reader.scan(nodes, node);
        }
        reader
    }

    fn scan(&mut self, nodes: &[&'a PlanNode], node: &'a PlanNode) {
        let Some(table) = node.relation.as_deref() else {
            return;
        };
        let alias = node.alias.as_deref().unwrap_or(table);
        // What was expected of the scan's own index below it belongs to it.
        let below: f64 = node
            .children
            .iter()
            .filter(|child| child.node_type.starts_with("Bitmap"))
            .map(|child| self.shares[child.id])
            .sum();
        let share = self.shares[node.id] + below;
        if let Some(at) = self.by_alias.get(alias) {
            // A partition, or the same table in another branch: the larger part stands for it.
            if self.wants[*at].share >= share {
                return;
            }
        }
        let mut wants = TableWants::of(node.schema.as_deref(), table, alias);
        wants.share = share;
        wants.node = Some(node.id);
        node.title().clone_into(&mut wants.access);
        wants.estimated_rows = node
            .estimate
            .and_then(|estimate| estimate.rows)
            .map(|rows| rows * self.processes(nodes, node));
        wants.discarded = node
            .derived
            .discarded
            .filter(|_| node.derived.loops > Some(0.0));
        wants.is_limited = std::iter::successors(self.parents[node.id], |at| self.parents[*at])
            .take_while(|at| {
                // These read everything before they give anything.
                !matches!(
                    nodes[*at].node_type.as_str(),
                    "Sort" | "Aggregate" | "Hash" | "WindowAgg" | "SetOp" | "Materialize"
                )
            })
            .any(|at| nodes[at].node_type == "Limit");
        match self.by_alias.get(alias) {
            Some(at) => self.wants[*at] = wants,
            None => {
                self.by_alias.insert(alias, self.wants.len());
                self.wants.push(wants);
            }
        }
    }

    /// Processes that the planner shares a scan's rows out to: the one that leads does less the
    /// more there are to look after.
    fn processes(&self, nodes: &[&PlanNode], node: &PlanNode) -> f64 {
        if !node.parallel_aware {
            return 1.0;
        }
        let workers = self
            .above(node.id)
            .find(|at| nodes[*at].node_type.starts_with("Gather"))
            .and_then(|at| nodes[at].counters.workers_planned)
            .unwrap_or(0.0);
        workers.max(0.0) + (1.0 - 0.3 * workers).clamp(0.0, 1.0)
    }

    /// What stands above a node, the nearest first.
    pub(super) fn above(&self, id: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[id], |at| self.parents[*at])
    }

    /// The place of the table a column is of. A name without a table can only be of `own`, or of
    /// the only one there is.
    pub(super) fn place(&self, column: &Column, own: Option<usize>) -> Option<usize> {
        match &column.table {
            Some(table) => self.by_alias.get(table.as_str()).copied(),
            None if own.is_some() => own,
            None if self.wants.len() == 1 => Some(0),
            None => None,
        }
    }
}
