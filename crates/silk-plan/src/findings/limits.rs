//! Rules about LIMIT, OFFSET and counting: 8, 9, 15 of the catalogue.

use super::PlanFinding;
use super::facts::{Facts, Remark, count, ran, removed_by_filter, rows};
use super::text;
use crate::PlanNode;

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    if !ran(node) || !facts.is_heavy(node) {
        return;
    }
    let rules = [deep_offset, counts_everything, limit_walks_wrong_index];
    found.extend(
        rules
            .iter()
            .filter_map(|rule| rule(facts, node))
            .map(|remark| facts.remark(node, remark)),
    );
}

/// 8: rows are made to be skipped.
fn deep_offset(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    // An estimate does not say how much of its input a Limit takes.
    if node.node_type != "Limit" || !facts.plan.analyzed {
        return None;
    }
    let child = node
        .children
        .iter()
        .find(|child| child.role.runs_in_parent())?;
    let skipped = rows(child) - rows(node);
    // Without OFFSET a Limit takes exactly its rows, also out of a Gather: what workers send too
    // much is counted below that.
    if skipped < 1_000.0 || skipped < 10.0 * rows(node) {
        return None;
    }
    let key = node
        .preorder()
        .find_map(|below| below.condition("Sort Key").or(below.index.as_deref()))
        .unwrap_or("its order");
    Some(Remark {
        rule: "deep_offset",
        title: format!("OFFSET made {} rows to skip them", count(skipped)),
        evidence: format!(
            "{} rows read for {} given",
            count(rows(child)),
            count(rows(node))
        ),
        action: format!(
            "keyset pagination: WHERE ({key}) is beyond the last row seen, with an index in that order"
        ),
        unless: "readers jump to any page by number",
        saves: skipped / rows(child).max(1.0),
    })
}

/// 9: everything is counted.
fn counts_everything(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    // A parallel count is finished above the Gather and made below it.
    let plain = node.node_type == "Aggregate"
        && node
            .strategy
            .as_deref()
            .is_none_or(|strategy| strategy == "Plain");
    if !plain
        || node.partial_mode.as_deref() == Some("Partial")
        || node.condition("Group Key").is_some()
    {
        return None;
    }
    // What is summed or compared as well has to be read anyway.
    if !node.output.iter().all(|column| column.contains("count(")) {
        return None;
    }
    let mut below = node;
    let scan = loop {
        below = below
            .children
            .iter()
            .find(|child| child.role.runs_in_parent())?;
        match below.node_type.as_str() {
            "Aggregate" | "Gather" => {}
            "Seq Scan" | "Index Only Scan" | "Index Scan" | "Bitmap Heap Scan" => break below,
            _ => return None,
        }
    };
    // What an expected filter keeps of its table is not always known.
    let weak = match scan.derived.discarded {
        Some(discarded) => discarded <= 0.5,
        None => facts.plan.analyzed || scan.condition("Filter").is_none(),
    };
    // Without VERBOSE, only a scan that gives no columns tells that rows are counted and not summed.
    let counts =
        !node.output.is_empty() || scan.estimate.and_then(|estimate| estimate.width) == Some(0.0);
    if rows(scan) < 50_000.0 || !weak || !counts {
        return None;
    }
    let covered = scan.node_type == "Index Only Scan";
    let table = scan.relation.as_deref().unwrap_or("the table");
    Some(Remark {
        rule: "counts_everything",
        title: format!(
            "Counts {} rows of {table} one by one",
            facts.about(rows(scan))
        ),
        evidence: format!("{} rows through {}", facts.about(rows(scan)), scan.title()),
        action: format!(
            "an estimate (pg_class.reltuples, or the rows of a plan), a counter table, or a cap (LIMIT n + 1){}",
            if covered {
                ""
            } else {
                "; exact and cheaper: a small index that covers the condition"
            }
        ),
        unless: "the exact number is needed, as in billing",
        saves: if covered { 0.3 } else { 0.5 },
    })
}

/// 15: an index is walked in order, hoping for rows that are rare.
fn limit_walks_wrong_index(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    if node.node_type != "Limit" {
        return None;
    }
    // Through what hands rows on in their order.
    let mut scan = node;
    while matches!(
        scan.node_type.as_str(),
        "Limit" | "Gather Merge" | "LockRows" | "Result" | "Subquery Scan"
    ) {
        scan = scan
            .children
            .iter()
            .find(|child| child.role.runs_in_parent())?;
    }
    let removed = removed_by_filter(scan);
    if scan.node_type != "Index Scan" || removed < 10_000.0 || removed < 100.0 * rows(node).max(1.0)
    {
        return None;
    }
    let filter = scan.condition("Filter")?;
    let index = scan.index.as_deref().unwrap_or("the index");
    let equality = text::without_literals(filter).contains(" = ") || text::is_constant_flag(filter);
    Some(Remark {
        rule: "limit_walks_wrong_index",
        title: format!("LIMIT walks {index} past {} rows", facts.about(removed)),
        evidence: format!(
            "{} rows thrown away by {} for {} given",
            facts.about(removed),
            text::shown(filter),
            facts.about(rows(node))
        ),
        action: format!(
            "an index on {}{} followed by the ones it is ordered by",
            super::scans::columns(facts, scan, filter).join(", "),
            if equality { " (compared with =)" } else { "" }
        ),
        unless: "the condition usually keeps most rows",
        saves: 0.9,
    })
}
