//! The tree as a list, in the order printed: walks without recursion, subtrees as ranges.

use std::collections::HashMap;
use std::ops::Range;

use crate::{Plan, PlanNode, Role};

/// The nodes of a plan with their places.
pub(super) struct Flat<'a> {
    pub(super) plan: &'a Plan,
    pub(super) nodes: Vec<&'a PlanNode>,
    pub(super) parents: Vec<Option<usize>>,
    /// Where the subtree ends: node `n` and all below it are `n..ends[n]`.
    ends: Vec<usize>,
}

impl<'a> Flat<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let nodes: Vec<&PlanNode> = plan.nodes().collect();
        let mut parents = vec![None; nodes.len()];
        for node in &nodes {
            for child in &node.children {
                parents[child.id] = Some(node.id);
            }
        }
        let mut ends: Vec<usize> = (1..=nodes.len()).collect();
        for at in (0..nodes.len()).rev() {
            if let Some(parent) = parents[at] {
                ends[parent] = ends[parent].max(ends[at]);
            }
        }
        Self {
            plan,
            nodes,
            parents,
            ends,
        }
    }

    /// The node and all below it.
    pub(super) fn subtree(&self, at: usize) -> Range<usize> {
        at..self.ends[at]
    }

    /// Loops of the node, 0 where it did not run or nobody knows.
    pub(super) fn loops(&self, at: usize) -> f64 {
        self.nodes[at].actual.map_or(0.0, |actual| actual.loops)
    }

    /// The node's ancestors, nearest first.
    pub(super) fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[at], |at| self.parents[*at])
    }

    /// Whether the node starts workers.
    pub(super) fn is_gather(&self, at: usize) -> bool {
        matches!(self.nodes[at].node_type.as_str(), "Gather" | "Gather Merge")
    }

    /// For every node, whether it is a subquery that is read once, into a hash.
    pub(super) fn hashed(&self) -> Vec<bool> {
        let mut hashed = vec![false; self.nodes.len()];
        for node in &self.nodes {
            for child in node.hashed_subplans() {
                hashed[child] = true;
            }
        }
        hashed
    }

    /// Every CTE with the scans that read it. A name may be given again further down.
    pub(super) fn readers(&self) -> Vec<(usize, Vec<usize>)> {
        let mut names: HashMap<&str, usize> = HashMap::new();
        let mut homes: HashMap<(usize, usize), usize> = HashMap::new();
        let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
        for node in &self.nodes {
            if node.role == Role::Cte
                && let Some(parent) = self.parents[node.id]
            {
                let next = names.len();
                let name = *names.entry(cte_name(node)).or_insert(next);
                homes.insert((parent, name), found.len());
                found.push((node.id, Vec::new()));
            }
        }
        for node in self
            .nodes
            .iter()
            .filter(|node| node.node_type == "CTE Scan")
        {
            let wanted = node
                .cte
                .as_deref()
                .or(node.relation.as_deref())
                .unwrap_or_default();
            let Some(name) = names.get(wanted) else {
                continue;
            };
            let home = std::iter::once(node.id)
                .chain(self.ancestors(node.id))
                .find_map(|at| {
                    let home = *homes.get(&(at, *name))?;
                    // A recursive CTE does not read itself this way.
                    (!self.subtree(found[home].0).contains(&node.id)).then_some(home)
                });
            if let Some(home) = home {
                found[home].1.push(node.id);
            }
        }
        found
    }
}

/// `CTE recent` → `recent`.
fn cte_name(node: &PlanNode) -> &str {
    let name = node.subplan.as_deref().unwrap_or_default();
    name.strip_prefix("CTE ").unwrap_or(name)
}
