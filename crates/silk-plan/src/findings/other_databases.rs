//! Rules about what only SQLite, MySQL and MariaDB print.

use super::PlanFinding;
use super::facts::{Facts, Remark, count, name};
use crate::{PlanFormat, PlanNode};

/// What the rules say about one node.
pub(super) fn judge(facts: &Facts<'_>, node: &PlanNode, found: &mut Vec<PlanFinding>) {
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
    (node.node_type == "SCAN" && node.index.is_none() && rows >= 1_000.0).then(|| Remark {
        rule: "full_scan",
        title: format!("Reads all of {}", name(node)),
        evidence: format!("SCAN of {} rows", count(rows)),
        action: "an index on the columns compared; a bare boolean (WHERE deleted) is served only by a partial index written the same, deleted = 1 by an ordinary one".to_owned(),
        unless: "all rows are wanted",
        saves: 0.5,
    })
}
