//! What a plan compares the columns of each table with.

use super::reader::{Reader, reads_table};
use crate::{PlanNode, advice::expression::expression};

impl Reader<'_> {
    pub(super) fn conditions(&mut self, node: &PlanNode) {
        let own = if reads_table(node) {
            let alias = node.alias.as_deref().or(node.relation.as_deref());
            alias.and_then(|alias| self.by_alias.get(alias).copied())
        } else {
            None
        };
        for condition in &node.conditions {
            let is_one = matches!(
                condition.kind.as_str(),
                "Filter"
                    | "Index Cond"
                    | "Recheck Cond"
                    | "Hash Cond"
                    | "Merge Cond"
                    | "Join Filter"
            );
            if !is_one || (own.is_none() && node.relation.is_some()) {
                continue;
            }
            let expr = expression(&condition.text, self.style);
            if expr.is_opaque()
                && let Some(own) = own
            {
                self.unreadable(own, &condition.text);
            }
            for part in expr.conjuncts() {
                let mut places: Vec<usize> = part
                    .columns()
                    .filter_map(|column| self.place(column, own))
                    .collect();
                places.sort_unstable();
                places.dedup();
                for place in places {
                    self.wants[place].add(part.clone());
                }
            }
        }
    }

    fn unreadable(&mut self, place: usize, text: &str) {
        let found = &mut self.wants[place].unreadable;
        if found.len() < 4 {
            found.push(text.chars().take(200).collect());
        }
    }
}
