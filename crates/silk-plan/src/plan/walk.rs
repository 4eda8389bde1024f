//! Walks over the tree.

use super::PlanNode;

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
    pub(crate) fn number(&mut self, next: &mut usize) {
        self.id = *next;
        *next += 1;
        for child in &mut self.children {
            child.number(next);
        }
    }
}
