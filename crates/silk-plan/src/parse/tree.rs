//! Puts a tree together from nodes read one after another.

use crate::{MAX_DEPTH, PlanError, PlanNode, Role};

/// Nodes with their parents, in the order read.
#[derive(Debug, Default)]
pub(crate) struct TreeBuilder {
    nodes: Vec<PlanNode>,
    parents: Vec<Option<usize>>,
    depths: Vec<usize>,
    inputs: Vec<usize>,
}

impl TreeBuilder {
    /// Adds a node below an earlier one; gives its place.
    pub(crate) fn add(
        &mut self,
        parent: Option<usize>,
        node: PlanNode,
    ) -> Result<usize, PlanError> {
        let depth = parent.map_or(0, |parent| self.depths[parent] + 1);
        if depth >= MAX_DEPTH {
            return Err(PlanError::TooDeep);
        }
        if let Some(parent) = parent
            && !matches!(node.role, Role::InitPlan | Role::SubPlan | Role::Cte)
        {
            self.inputs[parent] += 1;
        }
        self.nodes.push(node);
        self.inputs.push(0);
        self.parents.push(parent);
        self.depths.push(depth);
        Ok(self.nodes.len() - 1)
    }

    /// The node at a place given by [`Self::add`].
    pub(crate) fn node(&mut self, place: usize) -> &mut PlanNode {
        &mut self.nodes[place]
    }

    /// How many inputs this node has so far; parts that only hang on it do not count.
    pub(crate) fn inputs(&self, place: usize) -> usize {
        self.inputs[place]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The trees, those with no parent.
    pub(crate) fn finish(mut self) -> Vec<PlanNode> {
        let mut roots = Vec::new();
        // Children come after their parents: from the end, every node is whole when it is moved.
        while let (Some(mut node), Some(parent)) = (self.nodes.pop(), self.parents.pop()) {
            node.children.reverse();
            match parent {
                Some(parent) => self.nodes[parent].children.push(node),
                None => roots.push(node),
            }
        }
        roots.reverse();
        roots
    }
}
