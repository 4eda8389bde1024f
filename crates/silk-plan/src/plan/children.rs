//! The list of a node's inputs, safe at any depth.

use std::ops::{Deref, DerefMut};

use serde::{Serialize, Serializer};

use super::PlanNode;

/// A node's inputs, in the order printed.
///
/// A [`Vec`] in all but one thing: it is cloned, compared and dropped without recursion, so that
/// no tree is too deep for the stack of a worker thread. Serialising recurses, as serde does;
/// what [`Plan::parse`](crate::Plan::parse) reads is never deeper than
/// [`MAX_DEPTH`](crate::MAX_DEPTH).
#[derive(Debug, Default)]
pub struct Children(Vec<PlanNode>);

impl Clone for Children {
    fn clone(&self) -> Self {
        let mut nodes: Vec<&PlanNode> = Vec::new();
        let mut open: Vec<&PlanNode> = self.iter().rev().collect();
        while let Some(node) = open.pop() {
            nodes.push(node);
            open.extend(node.children.iter().rev());
        }
        let mut waiting: Vec<PlanNode> = Vec::new();
        // From the end, the children of a node are the last ones made.
        for node in nodes.into_iter().rev() {
            let mut copy = node.alone();
            copy.children = Self::of_last(&mut waiting, node.children.len());
            waiting.push(copy);
        }
        waiting.reverse();
        Self(waiting)
    }
}

impl Children {
    /// Takes the last nodes of a list that was made from its end.
    pub(crate) fn of_last(nodes: &mut Vec<PlanNode>, count: usize) -> Self {
        let mut last = nodes.split_off(nodes.len().saturating_sub(count));
        last.reverse();
        Self(last)
    }
}

impl PartialEq for Children {
    fn eq(&self, other: &Self) -> bool {
        let mut open = vec![(self, other)];
        while let Some((left, right)) = open.pop() {
            if left.len() != right.len() {
                return false;
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !left.is_alone_like(right) {
                    return false;
                }
                open.push((&left.children, &right.children));
            }
        }
        true
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.0);
        while let Some(mut node) = open.pop() {
            open.append(&mut node.children.0);
        }
    }
}

impl Deref for Children {
    type Target = Vec<PlanNode>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Children {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Vec<PlanNode>> for Children {
    fn from(nodes: Vec<PlanNode>) -> Self {
        Self(nodes)
    }
}

impl FromIterator<PlanNode> for Children {
    fn from_iter<I: IntoIterator<Item = PlanNode>>(nodes: I) -> Self {
        Self(nodes.into_iter().collect())
    }
}

impl IntoIterator for Children {
    type Item = PlanNode;
    type IntoIter = std::vec::IntoIter<PlanNode>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(&mut self.0).into_iter()
    }
}

impl<'a> IntoIterator for &'a Children {
    type Item = &'a PlanNode;
    type IntoIter = std::slice::Iter<'a, PlanNode>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut Children {
    type Item = &'a mut PlanNode;
    type IntoIter = std::slice::IterMut<'a, PlanNode>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl Serialize for Children {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
