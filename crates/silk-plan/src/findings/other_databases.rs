//! Rules about what only SQLite, MySQL and MariaDB print.

use super::facts::{Facts, Remark, count, name};
use super::{PlanFinding, first_rows};
use crate::{PlanFormat, PlanNode};

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    if facts.plan.format == PlanFormat::SqliteRows {
        let rules = [automatic_index, correlated, full_scan];
        found.extend(
            rules
                .iter()
                .filter_map(|rule| rule(facts, node))
                .map(|remark| facts.remark(node, remark)),
        );
    }
}

/// SQLite builds an index for every execution.
fn automatic_index(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    node.detail("Automatic index")?;
    let condition = node.condition("Index Cond").unwrap_or("the join column");
    Some(Remark {
        rule: "automatic_index",
        title: format!(
            "SQLite builds an index on {} for every execution",
            name(node)
        ),
        evidence: format!("AUTOMATIC INDEX for {condition}"),
        action: format!("create that index: the columns of {condition}"),
        unless: "the statement runs rarely",
        saves: 0.5,
    })
}

/// SQLite runs a subquery for every row.
fn correlated(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let scans = node.preorder().any(|below| below.node_type == "SCAN");
    (node.node_type.starts_with("CORRELATED") && scans).then(|| Remark {
        rule: "correlated_subquery",
        title: "A subquery reads its table again for every row".to_owned(),
        evidence: "CORRELATED SUBQUERY with a SCAN below it".to_owned(),
        action: "an index on the column it is correlated by, or a join".to_owned(),
        unless: "few rows are asked for",
        saves: 0.5,
    })
}

/// SQLite reads all of a table known to be big.
fn full_scan(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let rows = facts
        .context
        .table_rows
        .get(node.relation.as_deref()?)
        .copied()?;
    if node.node_type != "SCAN" || node.index.is_some() || rows < 1_000.0 {
        return None;
    }
    let condition = match narrowed(facts, node) {
        Narrowed::No => return None,
        Narrowed::Unknown => None,
        Narrowed::By(condition) => Some(condition),
    };
    if first_rows::explains(facts, node) {
        return None;
    }
    Some(Remark {
        rule: "full_scan",
        title: format!("Reads all {} rows of {}", count(rows), name(node)),
        evidence: match &condition {
            Some(columns) => format!("no index is used, and the query asks by {columns}"),
            None => "no index is used".to_owned(),
        },
        action: match &condition {
            Some(columns) => format!("an index on {columns}: columns compared with = first"),
            None => {
                "an index on the columns that the query compares, where it compares any".to_owned()
            }
        },
        unless: "you need all rows, or the condition keeps most of them",
        saves: 0.5,
    })
}

/// Whether a query wants less than all of what it reads.
enum Narrowed {
    /// All rows are wanted, or reading stops early.
    No,
    /// The statement is not known, or cannot be read.
    Unknown,
    /// By a condition on these columns.
    By(String),
}

fn narrowed(facts: &Facts<'_>, node: &PlanNode) -> Narrowed {
    // EXISTS stops at the first row, and a plan does not tell it from other subqueries.
    let is_subquery = facts
        .ancestors(node.id)
        .any(|above| facts.nodes[above].node_type.contains("SCALAR SUBQUERY"));
    if is_subquery {
        return Narrowed::No;
    }
    let (tables, lists) = facts.statement();
    let called = node.alias.as_deref().or(node.relation.as_deref());
    let is_it = |alias: &str| called.is_some_and(|called| called.eq_ignore_ascii_case(alias));
    let mut wants = tables.iter().filter(|wants| is_it(&wants.alias));
    let (Some(wants), None) = (wants.next(), wants.next()) else {
        return Narrowed::Unknown;
    };
    let sorts = facts.parent(node).is_some_and(|parent| {
        let mut beside = parent.children.iter();
        beside.any(|node| node.node_type == "USE TEMP B-TREE")
    });
    // Without a sort, the first rows that fit are all that is read.
    let stops = !sorts
        && lists
            .iter()
            .any(|list| list.aliases.iter().any(|alias| is_it(alias)));
    if node.detail("Printed as").is_some() {
        // By the rowid, whatever it is called, the first row is the answer.
        let may_be_rowid = ["id", "rowid", "_rowid_", "oid"];
        return match wants.first_ordered() {
            Some(column)
                if !may_be_rowid.contains(&column)
                    && facts.leads_index(node, column) != Some(true) =>
            {
                Narrowed::By(column.to_owned())
            }
            _ => Narrowed::No,
        };
    }
    if stops || !wants.is_narrowed() {
        return Narrowed::No;
    }
    let columns: Vec<String> = wants.compared().into_iter().collect();
    Narrowed::By(columns.join(", "))
}
