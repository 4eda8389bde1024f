//! What one `SELECT` sorts by and needs.

use std::collections::BTreeSet;

use sqlparser::ast::{self, Distinct, GroupByExpr, SelectItem};

use super::reader::{Reader, is_of};
use super::{FirstRows, Listed};
use crate::advice::expression::{Column, Expr, SortKey};

impl Reader {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        mut order: Vec<SortKey>,
        first: Option<FirstRows>,
        depth: usize,
    ) {
        let mut tables = self.tables(&select.from, depth);
        let mut needed = Some(BTreeSet::new());
        let mut aliases: Vec<(String, Expr)> = Vec::new();
        let mut extreme = None;
        for item in &select.projection {
            let expr = match item {
                SelectItem::UnnamedExpr(expr) => self.expr(expr),
                SelectItem::ExprWithAlias { expr, alias } => {
                    let expr = self.expr(expr);
                    aliases.push((alias.value.clone(), expr.clone()));
                    expr
                }
                _ => Expr::Opaque,
            };
            extreme = extreme.or_else(|| extreme_of(&expr));
            need(&mut needed, &expr);
        }
        for key in &mut order {
            self.resolve(&mut key.expr, select, &aliases);
            need(&mut needed, &key.expr);
        }
        let groups = self.groups(select);
        let distinct = self.distinct(select);
        let conditions = tables.conditions.iter();
        for expr in conditions.chain(groups.iter().map(|key| &key.expr)) {
            need(&mut needed, expr);
        }
        if let Some(having) = &select.having {
            need(&mut needed, &self.expr(having));
        }
        if let Some(selection) = &select.selection {
            for part in self.expr(selection).conjuncts() {
                need(&mut needed, &part);
            }
        }
        let is_grouped = !groups.is_empty();
        if let Some(first) = first {
            let aliases = tables.wants.iter().map(|wants| wants.alias.clone());
            self.listed.push(Listed {
                first,
                order: order.clone(),
                aliases: aliases.collect(),
            });
        }
        let mut orders = vec![groups, distinct];
        if !is_grouped {
            orders.insert(0, order);
        }
        if let (Some(key), 1) = (extreme, select.projection.len()) {
            orders.push(vec![key]);
        }
        for wants in &mut tables.wants {
            wants.is_limited = first.is_some();
            wants.needed = needed.as_ref().map(|needed| {
                needed
                    .iter()
                    .filter(|(table, _)| is_of(table.as_deref(), &wants.alias))
                    .map(|(_, name)| name.clone())
                    .collect()
            });
            for order in &orders {
                let keys = keys_of(order, &wants.alias);
                if !keys.is_empty() && !wants.orders.contains(&keys) {
                    wants.orders.push(keys);
                }
            }
        }
        self.scope(tables, select.selection.as_ref(), depth);
    }

    /// `ORDER BY alias` means what stands behind it, and `ORDER BY 2` the second of them.
    fn resolve(&mut self, key: &mut Expr, select: &ast::Select, aliases: &[(String, Expr)]) {
        if let Expr::Literal(place) = key
            && let Some(item) = place
                .parse()
                .ok()
                .and_then(|place: usize| select.projection.get(place.checked_sub(1)?))
            && let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
        {
            *key = self.expr(expr);
        }
        if let Expr::Column(Column { table: None, name }) = key
            && let Some((_, expr)) = aliases.iter().find(|(alias, _)| alias == name)
        {
            *key = expr.clone();
        }
    }

    fn groups(&mut self, select: &ast::Select) -> Vec<SortKey> {
        match &select.group_by {
            GroupByExpr::Expressions(keys, _) => {
                keys.iter().map(|key| plain(self.expr(key))).collect()
            }
            GroupByExpr::All(_) => Vec::new(),
        }
    }

    /// What DISTINCT compares, where it is short enough for an index.
    fn distinct(&mut self, select: &ast::Select) -> Vec<SortKey> {
        if !matches!(select.distinct, Some(Distinct::Distinct)) || select.projection.len() > 3 {
            return Vec::new();
        }
        let items = select.projection.iter();
        items
            .filter_map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(plain(self.expr(expr)))
                }
                _ => None,
            })
            .collect()
    }
}

/// The first keys of an order that are of one table.
fn keys_of(order: &[SortKey], alias: &str) -> Vec<SortKey> {
    let keys = order.iter().take_while(|key| {
        let mut columns = key.expr.columns().peekable();
        !key.expr.is_opaque()
            && columns.peek().is_some()
            && columns.all(|column| is_of(column.table.as_deref(), alias))
    });
    keys.cloned().collect()
}

type Needed = Option<BTreeSet<(Option<String>, String)>>;

fn need(needed: &mut Needed, expr: &Expr) {
    let is_count = matches!(expr, Expr::Call(name, _) if name.eq_ignore_ascii_case("count"));
    if expr.is_opaque() {
        *needed = None;
    }
    let Some(set) = needed else { return };
    for column in expr.columns() {
        if column.name == "*" {
            if is_count {
                continue;
            }
            *needed = None;
            return;
        }
        set.insert((column.table.clone(), column.name.clone()));
    }
}

fn plain(expr: Expr) -> SortKey {
    SortKey {
        expr,
        descending: false,
        nulls_first: None,
    }
}

fn extreme_of(expr: &Expr) -> Option<SortKey> {
    match expr {
        Expr::Call(name, args)
            if args.len() == 1
                && (name.eq_ignore_ascii_case("min") || name.eq_ignore_ascii_case("max")) =>
        {
            Some(plain(args[0].clone()))
        }
        _ => None,
    }
}
