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
    /// stands in one of its texts.
    pub(crate) fn hashed_subplans(&self) -> Vec<usize> {
        let output = self.output.iter().map(String::as_str);
        self.subplans_named(|| {
            let texts = self.texts().chain(output);
            texts
                .flat_map(|text| names_after(text, "hashed "))
                .collect()
        })
    }

    /// The subqueries hanging on this node that are asked for every row what is not in them:
    /// `NOT (SubPlan 1)`, or, from 17 on, `NOT (ANY (… = (SubPlan 1).col1))`.
    pub(crate) fn not_in_subplans(&self) -> Vec<usize> {
        self.subplans_named(|| {
            let names = |text| {
                let any = Some(text).filter(|text: &&str| text.contains("NOT (ANY ("));
                let any = any.into_iter().flat_map(|text| names_after(text, "("));
                names_after(text, "NOT (").chain(any)
            };
            self.texts().flat_map(names).collect()
        })
    }

    /// The subqueries hanging on this node, when the run takes one of them: up to 13 EXISTS is
    /// planned as `(alternatives: SubPlan 1 or hashed SubPlan 2)`.
    pub(crate) fn alternative_subplans(&self) -> Vec<usize> {
        let output = self.output.iter().map(String::as_str);
        self.subplans_named(|| {
            let texts = self.texts().chain(output);
            texts
                .flat_map(|text| names_after(text, "(alternatives: "))
                .flat_map(|names| names.split(" or "))
                .map(|name| name.strip_prefix("hashed ").unwrap_or(name))
                .collect()
        })
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let conditions = self.conditions.iter();
        conditions.map(|condition| condition.text.as_str())
    }

    /// The subqueries hanging on this node that have one of these names. Each text of the node is
    /// read once for them, however many there are.
    fn subplans_named<'a>(&self, names: impl FnOnce() -> HashSet<&'a str>) -> Vec<usize> {
        let subplans: Vec<&Self> = self
            .children
            .iter()
            .filter(|child| child.role == Role::SubPlan)
            .collect();
        if subplans.is_empty() {
            return Vec::new();
        }
        let names = names();
        let is_named = |child: &&Self| {
            let name = child.subplan.as_deref().unwrap_or_default();
            names.contains(name.split(" (").next().unwrap_or(name))
        };
        subplans
            .into_iter()
            .filter(is_named)
            .map(|child| child.id)
            .collect()
    }
}

/// What follows each of these marks in a text, up to the bracket or dot that ends a name.
fn names_after<'a>(text: &'a str, mark: &'static str) -> impl Iterator<Item = &'a str> {
    text.split(mark)
        .skip(1)
        .filter_map(|rest| rest.split([')', '.']).next())
}
