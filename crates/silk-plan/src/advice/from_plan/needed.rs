//! Which columns of each table a plan needs.

use std::collections::BTreeSet;

use super::reader::{Reader, reads_table};
use crate::{
    PlanNode,
    advice::expression::{Column, Expr, expression, sort_keys},
};

impl Reader<'_> {
    /// The columns that are asked of each table: by what is above it, and by its conditions.
    pub(super) fn needed(&mut self, nodes: &[&PlanNode]) {
        if nodes.iter().all(|node| node.output.is_empty()) {
            return;
        }
        let mut needed: Vec<Option<BTreeSet<String>>> =
            vec![Some(BTreeSet::new()); self.wants.len()];
        let mut note = |place: Option<usize>, column: &Column| {
            if let Some(place) = place
                && let Some(set) = &mut needed[place]
            {
                if column.name == "*" {
                    needed[place] = None;
                } else {
                    set.insert(column.name.clone());
                }
            }
        };
        for node in nodes {
            let is_scan = reads_table(node);
            let own = node
                .alias
                .as_deref()
                .filter(|_| is_scan)
                .and_then(|alias| self.by_alias.get(alias).copied());
            for condition in &node.conditions {
                for column in expression(&condition.text, self.style).columns() {
                    note(self.place(column, own), column);
                }
                for key in sort_keys(&condition.text, self.style) {
                    for column in key.expr.columns() {
                        note(self.place(column, own), column);
                    }
                }
            }
            // A scan below something else gives whole rows where that costs nothing.
            let counts = !is_scan || self.parents[node.id].is_none();
            for text in node.output.iter().filter(|_| counts) {
                let expr = expression(text, self.style);
                if expr.is_opaque() {
                    // Whatever it needs, it is not known.
                    for place in 0..self.wants.len() {
                        let star = Column {
                            table: None,
                            name: "*".to_owned(),
                        };
                        note(Some(place), &star);
                    }
                    continue;
                }
                let is_count = matches!(&expr, Expr::Call(name, _) if name == "count");
                for column in expr
                    .columns()
                    .filter(|column| !(is_count && column.name == "*"))
                {
                    note(self.place(column, own), column);
                }
            }
        }
        for (wants, needed) in self.wants.iter_mut().zip(needed) {
            wants.needed = needed;
        }
    }
}
