//! The index that a condition asks for, in words: named by its columns, and restricted only by what
//! is known to be a constant of the statement.

use crate::advice::{self, Expr, Style, TableWants, expression};
use crate::findings::facts::Facts;
use crate::findings::facts::kind;
use crate::findings::text;
use crate::{PlanFormat, PlanNode};

/// What to do about a filter that no index serves.
pub(super) fn index_for(facts: &Facts<'_>, node: &PlanNode, filter: &str) -> String {
    if is_constant(facts, node, filter) && has_partial_indexes(facts) {
        return format!(
            "a partial index on the column it is ordered or looked up by, WHERE {}; it is small, as the condition is constant and keeps little",
            filter.trim_matches(['(', ')'])
        );
    }
    // Others print what the query calls the table, which no statement can be made of.
    let is_named = matches!(
        facts.plan.format,
        PlanFormat::PostgresJson | PlanFormat::PostgresText
    );
    let wants = wants(facts, node, filter);
    let index = wants
        .as_ref()
        .filter(|_| is_named)
        .and_then(|wants| advice::index_on(wants, kind(facts.plan)));
    if let Some(index) = index {
        return index.statement(Some(&index.plain_name()));
    }
    let columns = columns(facts, node, filter);
    match columns.as_slice() {
        [] => "an index that serves the condition".to_owned(),
        [only] if text::is_constant_flag(filter) => {
            format!(
                "an index that begins with {only} and goes on with what it is ordered or looked up by"
            )
        }
        [only] => format!("an index on {only}"),
        several => format!(
            "an index on {}: those compared with = first, then one range",
            several.join(", ")
        ),
    }
}

/// The columns of the table that a condition names.
pub(in crate::findings) fn columns(
    facts: &Facts<'_>,
    node: &PlanNode,
    filter: &str,
) -> Vec<String> {
    let expr = expression(filter, Style::of(kind(facts.plan)));
    if expr.is_opaque() {
        return text::columns(filter);
    }
    let own = [node.alias.as_deref(), node.relation.as_deref()];
    let mut found: Vec<String> = Vec::new();
    for column in expr.columns() {
        let is_own = column
            .table
            .as_deref()
            .is_none_or(|table| own.contains(&Some(table)));
        if is_own && !found.contains(&column.name) {
            found.push(column.name.clone());
        }
    }
    found
}

/// Whether the condition is no more than a constant on one column, and stands so in the statement.
///
/// A plan is made with the values that were bound, and shows them as constants: only the statement
/// tells which of them are its own. Where it is not known, or does not name the table, none is.
pub(super) fn is_constant(facts: &Facts<'_>, node: &PlanNode, filter: &str) -> bool {
    if !text::is_constant_flag(filter) {
        return false;
    }
    let columns = columns(facts, node, filter);
    let [column] = columns.as_slice() else {
        return false;
    };
    let called = node.alias.as_deref().or(node.relation.as_deref());
    let (tables, _) = facts.statement();
    let mut same = tables
        .iter()
        .filter(|wants| called.is_some_and(|called| called.eq_ignore_ascii_case(&wants.alias)))
        .peekable();
    same.peek().is_some()
        && same.all(|wants| {
            let constants = wants.constants_on(&[column.as_str()], kind(facts.plan));
            !constants.is_empty() && !wants.is_bound_on(column)
        })
}

/// Whether the database has indexes over some of a table's rows: MySQL and MariaDB have none.
pub(super) fn has_partial_indexes(facts: &Facts<'_>) -> bool {
    !matches!(
        facts.plan.format,
        PlanFormat::MySqlJson | PlanFormat::MySqlTree
    )
}

/// What the condition wants of the table; none if it cannot be read.
fn wants(facts: &Facts<'_>, node: &PlanNode, filter: &str) -> Option<TableWants> {
    let table = node.relation.as_deref()?;
    let called = node.alias.as_deref().unwrap_or(table);
    let expr = expression(filter, Style::of(kind(facts.plan)));
    if matches!(expr, Expr::Opaque) {
        return None;
    }
    let schema = node.schema.as_deref();
    Some(TableWants::of_condition(schema, table, called, expr))
}
