//! Queries within queries.

use sqlparser::ast::{self, OrderByKind, SetExpr};

use super::FirstRows;
use super::reader::{MAX_DEPTH, Reader, Tables, is_of};
use crate::advice::expression::{SortKey, sort_keys};

impl Reader {
    pub(super) fn query(&mut self, query: &ast::Query, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.query(&cte.query, depth + 1);
        }
        let mut order = Vec::new();
        if let Some(by) = &query.order_by
            && let OrderByKind::Expressions(keys) = &by.kind
        {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            order = sort_keys(&keys.join(", "), self.style);
        }
        self.body(&query.body, order, FirstRows::of(query), depth);
    }

    fn body(
        &mut self,
        body: &SetExpr,
        order: Vec<SortKey>,
        mut first: Option<FirstRows>,
        depth: usize,
    ) {
        // A chain of unions leans to the left.
        let mut body = body;
        let mut order = Some(order);
        loop {
            match body {
                SetExpr::Select(select) => {
                    let order = order.take().unwrap_or_default();
                    return self.select(select, order, first, depth);
                }
                SetExpr::Query(query) => return self.query(query, depth + 1),
                SetExpr::SetOperation { left, right, .. } => {
                    // What both give is ordered and cut, and neither on its own.
                    order = None;
                    first = None;
                    if depth < MAX_DEPTH {
                        self.body(right, Vec::new(), None, depth + 1);
                    }
                    body = left;
                }
                _ => return,
            }
        }
    }

    /// Gives the conditions of a query to its tables, and looks into its subqueries.
    pub(super) fn scope(&mut self, tables: Tables, selection: Option<&ast::Expr>, depth: usize) {
        let Tables {
            mut wants,
            mut conditions,
        } = tables;
        if let Some(selection) = selection {
            conditions.extend(self.expr(selection).conjuncts());
            self.subqueries(selection, depth);
        }
        for condition in conditions {
            for wants in &mut wants {
                let is_of_it = condition
                    .columns()
                    .any(|column| is_of(column.table.as_deref(), &wants.alias));
                if is_of_it {
                    wants.add(condition.clone());
                }
            }
        }
        self.found.extend(wants);
    }

    /// Subqueries of a condition, where they stand by themselves.
    fn subqueries(&mut self, expr: &ast::Expr, depth: usize) {
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            match expr {
                ast::Expr::InSubquery { subquery, .. }
                | ast::Expr::Exists { subquery, .. }
                | ast::Expr::Subquery(subquery) => self.query(subquery, depth + 1),
                ast::Expr::BinaryOp { left, right, .. } => open.extend([&**left, &**right]),
                ast::Expr::Nested(inner) => open.push(inner),
                ast::Expr::UnaryOp { expr, .. } => open.push(expr),
                _ => {}
            }
        }
    }
}
