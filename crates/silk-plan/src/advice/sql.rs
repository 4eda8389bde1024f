//! What a statement wants of each table, by its text: for databases whose plans do not tell.

use std::collections::BTreeSet;

use silk_core::DatabaseKind;
use sqlparser::{
    ast::{
        self, Distinct, FromTable, GroupByExpr, JoinConstraint, JoinOperator, OrderByKind,
        SelectItem, SetExpr, Statement, TableFactor, TableWithJoins,
    },
    dialect::{Dialect, MySqlDialect, SQLiteDialect},
    parser::Parser,
};

use super::{
    expression::{Column, Expr, SortKey, Style, expression, sort_keys},
    wants::TableWants,
};

/// Subqueries beyond this depth are not looked at.
const MAX_DEPTH: usize = 12;

/// What a statement of SQLite or MySQL wants of its tables.
///
/// A column without a table's name is wanted of every table of its query: only the catalogue knows
/// which one has it.
#[must_use]
pub fn wants_of_sql(sql: &str, kind: DatabaseKind) -> Vec<TableWants> {
    let dialect: &dyn Dialect = match kind {
        DatabaseKind::MySql => &MySqlDialect {},
        _ => &SQLiteDialect {},
    };
    let Ok(statements) = Parser::parse_sql(dialect, sql) else {
        return Vec::new();
    };
    let mut reader = Reader {
        style: Style::of(kind),
        found: Vec::new(),
    };
    match statements.as_slice() {
        [Statement::Query(query)] => reader.query(query, 0),
        [Statement::Update(update)] => {
            let tables = reader.tables(std::slice::from_ref(&update.table), 0);
            reader.scope(tables, update.selection.as_ref(), 0);
        }
        [Statement::Delete(delete)] => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            let tables = reader.tables(from, 0);
            reader.scope(tables, delete.selection.as_ref(), 0);
        }
        _ => {}
    }
    let mut found = reader.found;
    found.retain(|wants| !wants.is_empty());
    found
}

struct Reader {
    style: Style,
    found: Vec<TableWants>,
}

/// The tables of one query, and what its joins say.
#[derive(Default)]
struct Tables {
    wants: Vec<TableWants>,
    conditions: Vec<Expr>,
}

impl Reader {
    fn expr(&self, expr: &ast::Expr) -> Expr {
        expression(&expr.to_string(), self.style)
    }

    fn query(&mut self, query: &ast::Query, depth: usize) {
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
        let is_limited = query.limit_clause.is_some();
        self.body(&query.body, order, is_limited, depth);
    }

    fn body(&mut self, body: &SetExpr, order: Vec<SortKey>, is_limited: bool, depth: usize) {
        // A chain of unions leans to the left.
        let mut body = body;
        let mut order = Some(order);
        loop {
            match body {
                SetExpr::Select(select) => {
                    let order = order.take().unwrap_or_default();
                    return self.select(select, order, is_limited, depth);
                }
                SetExpr::Query(query) => return self.query(query, depth + 1),
                SetExpr::SetOperation { left, right, .. } => {
                    // What both give is ordered, and neither by itself.
                    order = None;
                    if depth < MAX_DEPTH {
                        self.body(right, Vec::new(), false, depth + 1);
                    }
                    body = left;
                }
                _ => return,
            }
        }
    }

    fn select(
        &mut self,
        select: &ast::Select,
        mut order: Vec<SortKey>,
        is_limited: bool,
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
        // `ORDER BY alias` means what stands behind it.
        for key in &mut order {
            if let Expr::Column(Column { table: None, name }) = &key.expr
                && let Some((_, expr)) = aliases.iter().find(|(alias, _)| alias == name)
            {
                key.expr = expr.clone();
            }
            need(&mut needed, &key.expr);
        }
        let groups: Vec<SortKey> = match &select.group_by {
            GroupByExpr::Expressions(keys, _) => {
                keys.iter().map(|key| plain(self.expr(key))).collect()
            }
            GroupByExpr::All(_) => Vec::new(),
        };
        let distinct: Vec<SortKey> = match &select.distinct {
            Some(Distinct::Distinct) if select.projection.len() <= 3 => select
                .projection
                .iter()
                .filter_map(|item| match item {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                        Some(plain(self.expr(expr)))
                    }
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
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
        let mut orders = vec![groups, distinct];
        if !is_grouped {
            orders.insert(0, order);
        }
        if let (Some(key), 1) = (extreme, select.projection.len()) {
            orders.push(vec![key]);
        }
        for wants in &mut tables.wants {
            wants.is_limited = is_limited;
            wants.needed = needed.as_ref().map(|needed| {
                needed
                    .iter()
                    .filter(|(table, _)| is_of(table.as_deref(), &wants.alias))
                    .map(|(_, name)| name.clone())
                    .collect()
            });
            for order in &orders {
                let keys: Vec<SortKey> = order
                    .iter()
                    .take_while(|key| {
                        !key.expr.is_opaque()
                            && key.expr.columns().next().is_some()
                            && key
                                .expr
                                .columns()
                                .all(|column| is_of(column.table.as_deref(), &wants.alias))
                    })
                    .cloned()
                    .collect();
                if !keys.is_empty() && !wants.orders.contains(&keys) {
                    wants.orders.push(keys);
                }
            }
        }
        self.scope(tables, select.selection.as_ref(), depth);
    }

    /// Gives the conditions of a query to its tables, and looks into its subqueries.
    fn scope(&mut self, tables: Tables, selection: Option<&ast::Expr>, depth: usize) {
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

    fn tables(&mut self, from: &[TableWithJoins], depth: usize) -> Tables {
        let mut tables = Tables::default();
        for from in from {
            self.table(&from.relation, &mut tables, depth);
            for join in &from.joins {
                self.table(&join.relation, &mut tables, depth);
                let (JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::CrossJoin(constraint)
                | JoinOperator::StraightJoin(constraint)) = &join.join_operator
                else {
                    continue;
                };
                if let JoinConstraint::On(on) = constraint {
                    tables.conditions.extend(self.expr(on).conjuncts());
                }
            }
        }
        tables
    }

    fn table(&mut self, factor: &TableFactor, tables: &mut Tables, depth: usize) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let parts: Vec<&str> = name
                    .0
                    .iter()
                    .filter_map(|part| part.as_ident())
                    .map(|ident| ident.value.as_str())
                    .collect();
                let Some((table, schema)) = parts.split_last() else {
                    return;
                };
                let alias = alias
                    .as_ref()
                    .map_or(*table, |alias| alias.name.value.as_str());
                let wants = TableWants::of(schema.last().copied(), table, alias);
                tables.wants.push(wants);
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery, depth + 1),
            TableFactor::NestedJoin {
                table_with_joins, ..
            } if depth < MAX_DEPTH => {
                let inner = self.tables(std::slice::from_ref(table_with_joins), depth + 1);
                tables.wants.extend(inner.wants);
                tables.conditions.extend(inner.conditions);
            }
            _ => {}
        }
    }
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

fn is_of(table: Option<&str>, alias: &str) -> bool {
    table.is_none_or(|table| table.eq_ignore_ascii_case(alias))
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
