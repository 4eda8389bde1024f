//! What a plan sorts and groups the rows of each table by.

use super::reader::Reader;
use crate::{
    PlanNode,
    advice::expression::{Expr, SortKey, expression, sort_keys},
};

impl Reader<'_> {
    pub(super) fn orders(&mut self, nodes: &[&PlanNode]) {
        for node in nodes {
            let kind = match node.node_type.as_str() {
                "Sort" | "Incremental Sort" => "Sort Key",
                "Aggregate" | "Group" => "Group Key",
                _ => continue,
            };
            let keys = match node.condition(kind) {
                Some(text) => sort_keys(text, self.style),
                None => self.extreme(node),
            };
            let Some(first) = keys.first() else {
                continue;
            };
            let Some(place) = self.place_of_key(first) else {
                continue;
            };
            let all = keys.len();
            let keys: Vec<SortKey> = keys
                .into_iter()
                .take_while(|key| self.place_of_key(key) == Some(place))
                .collect();
            let asked = match self.wants[place].node {
                // An index of the table gives the order of its own columns only.
                Some(scan) if kind == "Sort Key" && keys.len() == all => {
                    self.asked(nodes, node.id, scan)
                }
                _ => None,
            };
            let wants = &mut self.wants[place];
            if wants.orders.is_empty() {
                wants.asked = asked;
            }
            // A sort that an index makes needless is the table's expense too.
            wants.share += self.shares[node.id];
            if !wants.orders.contains(&keys) && wants.orders.len() < 3 {
                wants.orders.push(keys);
            }
        }
    }

    /// The only table of a key's columns.
    fn place_of_key(&self, key: &SortKey) -> Option<usize> {
        let mut places = key.expr.columns().map(|column| self.place(column, None));
        let first = places.next()??;
        places.all(|place| place == Some(first)).then_some(first)
    }

    /// `max(created)` is the first row of an order.
    fn extreme(&self, node: &PlanNode) -> Vec<SortKey> {
        if node
            .strategy
            .as_deref()
            .is_some_and(|strategy| strategy != "Plain")
        {
            return Vec::new();
        }
        let mut outputs = node.output.iter();
        let (Some(only), None) = (outputs.next(), outputs.next()) else {
            return Vec::new();
        };
        match expression(only, self.style) {
            Expr::Call(name, mut args)
                if matches!(name.as_str(), "min" | "max") && args.len() == 1 =>
            {
                let descending = name == "max";
                args.pop()
                    .map(|expr| SortKey {
                        expr,
                        descending,
                        nulls_first: None,
                    })
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The fraction of a sort's rows that a limit above it asks for, where all that is between it
    /// and the table goes row by row.
    fn asked(&self, nodes: &[&PlanNode], sort: usize, scan: usize) -> Option<f64> {
        let passes = |at: &usize| {
            matches!(
                nodes[*at].node_type.as_str(),
                "Gather"
                    | "Gather Merge"
                    | "Hash"
                    | "Hash Join"
                    | "Nested Loop"
                    | "Merge Join"
                    | "Materialize"
                    | "Memoize"
                    | "Result"
                    | "Sort"
                    | "Incremental Sort"
            )
        };
        if !self
            .above(scan)
            .take_while(|at| *at != sort)
            .all(|at| passes(&at))
            || !self.above(scan).any(|at| at == sort)
        {
            return None;
        }
        let mut last = sort;
        for at in self.above(sort) {
            match nodes[at].node_type.as_str() {
                "Limit" => {
                    let rows = |at: usize| nodes[at].estimate.and_then(|estimate| estimate.rows);
                    let (own, all) = (rows(at)?, rows(last)?);
                    return (all > 0.0).then(|| (own / all).clamp(0.0, 1.0));
                }
                "Gather Merge" | "Result" => last = at,
                _ => return None,
            }
        }
        None
    }
}
