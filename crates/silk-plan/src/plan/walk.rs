//! Walks over the tree.

use std::collections::HashSet;

use super::{PlanNode, Role};

impl PlanNode {
    /// This node and all below, parents before children.
    pub fn preorder(&self) -> impl Iterator<Item = &Self> {
        let mut stack = vec![self];
        std::iter::from_fn(move || {
            let node = stack.pop()?;
            stack.extend(node.children.iter().rev());
            Some(node)
        })
    }

    /// Numbers this node and all below, parents before children.
    pub(crate) fn number(&mut self) {
        let mut open = vec![self];
        let mut next = 0;
        while let Some(node) = open.pop() {
            node.id = next;
            next += 1;
            open.extend(node.children.iter_mut().rev());
        }
    }

    /// The subqueries hanging on this node that are read once, into a hash: `(hashed SubPlan 1)`
    /// stands in one of its texts. Each text is read once, however many there are.
    pub(crate) fn hashed_subplans(&self) -> Vec<usize> {
        let subplans = || {
            self.children
                .iter()
                .filter(|child| child.role == Role::SubPlan)
        };
        if subplans().next().is_none() {
            return Vec::new();
        }
        let texts = self.conditions.iter().map(|condition| &condition.text);
        let names: HashSet<&str> = texts
            .chain(&self.output)
            .flat_map(|text| text.split("hashed ").skip(1))
            .filter_map(|rest| rest.split([')', '.']).next())
            .collect();
        let name = |child: &Self| {
            let name = child.subplan.as_deref().unwrap_or_default();
            names.contains(name.split(" (").next().unwrap_or(name))
        };
        subplans()
            .filter(|child| name(child))
            .map(|child| child.id)
            .collect()
    }
}
