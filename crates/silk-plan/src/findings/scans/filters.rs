//! Rows read and thrown away: 1 and 2 of the catalogue.

use super::remedy;
use crate::PlanNode;
use crate::findings::facts::{Facts, Remark, discarded, loops, name, removed_by_filter};
use crate::findings::text;

/// The table is big enough for an index to matter, or nothing says that it is not.
fn is_big(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let per_loop = facts.read(node) / loops(node).max(1.0);
    let pages = node.derived.buffers.map(|buffers| buffers.pages());
    let known = node
        .relation
        .as_ref()
        .and_then(|relation| facts.context.table_rows.get(relation));
    known.copied().unwrap_or(per_loop) >= 500.0
        && (per_loop >= 10_000.0 || pages.is_none_or(|pages| pages / loops(node).max(1.0) >= 100.0))
}

/// The gate that rules about filters share.
pub(super) fn filters_most(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let is_scan = matches!(
        node.node_type.as_str(),
        "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" | "Table scan"
    );
    is_scan
        && node.condition("Filter").is_some()
        && removes_much(facts, node)
        && discarded(node) >= 0.9
}

/// Enough rows thrown away, or a table of enough pages read for it.
fn removes_much(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let pages = node.derived.buffers.map_or(0.0, |buffers| buffers.pages());
    is_big(facts, node)
        && (removed_by_filter(node) >= 10_000.0 || pages / loops(node).max(1.0) >= 100.0)
}

/// 1: nearly all rows read are thrown away.
pub(super) fn seq_scan_filters_most(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    if !matches!(node.node_type.as_str(), "Seq Scan" | "Table scan")
        || !filters_or_flag(facts, node)
    {
        return None;
    }
    let is_temporary = node
        .schema
        .as_deref()
        .is_some_and(|schema| schema.starts_with("pg_temp"));
    let filter = node.condition("Filter").unwrap_or_default();
    // A Limit above stopped it: rule 15 speaks.
    if node.derived.stopped_early || is_temporary || !text::is_indexable(filter) {
        return None;
    }
    if let Some(remark) = scan_preferred(facts, node, filter) {
        return Some(remark);
    }
    let removed = removed_by_filter(node);
    Some(Remark {
        rule: "seq_scan_filters_most",
        title: format!(
            "Reads all of {} to keep {} of it",
            name(node),
            kept(facts, node)
        ),
        evidence: format!(
            "{} rows thrown away by {}, {} kept",
            facts.about(removed),
            text::shown(filter),
            facts.about(facts.kept(node))
        ),
        action: remedy::index_for(facts, node, filter),
        unless: "the table is small or temporary, the condition usually keeps more, or an index exists and was not chosen",
        saves: discarded(node),
    })
}

/// The share of the rows that were kept, in words.
fn kept(facts: &Facts<'_>, node: &PlanNode) -> String {
    match 1.0 - discarded(node) {
        share if share <= 0.0 => "nothing".to_owned(),
        share => facts.about_percent(share),
    }
}

/// 1, where an index is there: the planner thought the scan cheaper, which another will not change.
fn scan_preferred(facts: &Facts<'_>, node: &PlanNode, filter: &str) -> Option<Remark> {
    let column = text::columns(filter)
        .into_iter()
        .find(|column| facts.leads_index(node, column) == Some(true))?;
    if let Some(made_at) = &facts.context.made_before_facts {
        return Some(index_of_now(facts, node, filter, &column, made_at));
    }
    Some(Remark {
        rule: "seq_scan_filters_most",
        title: format!(
            "An index on {column} exists, and all of {} was read to keep {} of it",
            name(node),
            kept(facts, node)
        ),
        evidence: format!(
            "{} rows thrown away by {}, {} kept: the planner preferred the scan",
            facts.about(removed_by_filter(node)),
            text::shown(filter),
            facts.about(facts.kept(node))
        ),
        action: format!(
            "see why: compare the cost with enable_seqscan = off, ANALYZE {}, and check that the condition is written as the index is (type, collation, expression)",
            name(node)
        ),
        unless: "the rows lie scattered over the table, where an index reads as many pages",
        saves: discarded(node) * 0.5,
    })
}

/// 1, where an index is there now: whether it was when the plan was made is not known.
fn index_of_now(
    facts: &Facts<'_>,
    node: &PlanNode,
    filter: &str,
    column: &str,
    made_at: &str,
) -> Remark {
    Remark {
        rule: "seq_scan_filters_most",
        title: format!(
            "Reads all of {} to keep {} of it",
            name(node),
            kept(facts, node)
        ),
        evidence: format!(
            "{} rows thrown away by {}, {} kept",
            facts.about(removed_by_filter(node)),
            text::shown(filter),
            facts.about(facts.kept(node))
        ),
        action: format!(
            "now {} has an index on {column}; this plan of {made_at} did not use it. If the index is newer, call again",
            name(node)
        ),
        unless: "the index was there when the plan was made, and the planner preferred the scan",
        saves: discarded(node),
    }
}

/// Rule 1 asks for 0.9. Its action, a partial index for what a constant keeps no more than 20 % of,
/// starts at 0.8: a soft-deleted tenth of a table (10,036 rows kept of 100,000) is 0.8996, and is
/// what such indexes are made for.
fn filters_or_flag(facts: &Facts<'_>, node: &PlanNode) -> bool {
    filters_most(facts, node)
        || (node.condition("Filter").is_some_and(text::is_constant_flag)
            && removes_much(facts, node)
            && removed_by_filter(node) >= 10_000.0
            && discarded(node) >= 0.8)
}

/// 2: an index finds far more than is wanted.
pub(super) fn index_scan_filters_many(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let by_index = matches!(
        node.node_type.as_str(),
        "Index Scan"
            | "Index Only Scan"
            | "Bitmap Heap Scan"
            | "Index lookup"
            | "Index range scan"
            | "Covering index lookup"
            | "Covering index range scan"
    );
    let removed = removed_by_filter(node);
    let filter = node.condition("Filter")?;
    // A lookup of a single row has nothing left to narrow.
    let per_loop = facts.read(node) / loops(node).max(1.0);
    if !by_index || removed < 1_000.0 || discarded(node) < 0.8 || per_loop <= 2.0 {
        return None;
    }
    if !text::is_indexable(filter) {
        return None;
    }
    // A bitmap's index is the one below it.
    let index = node
        .preorder()
        .find_map(|below| below.index.as_deref())
        .unwrap_or("the index");
    Some(Remark {
        rule: "index_scan_filters_many",
        title: format!(
            "{index} finds {} rows of which {} are thrown away",
            facts.about(facts.read(node)),
            facts.about_percent(discarded(node))
        ),
        evidence: format!(
            "{} rows thrown away by {} over {} loops",
            facts.about(removed),
            text::shown(filter),
            facts.about(loops(node))
        ),
        action: format!(
            "extend {index} by {} (= before ranges){}",
            remedy::columns(facts, node, filter).join(", "),
            if remedy::has_partial_indexes(facts) && remedy::is_constant(facts, node, filter) {
                ", or make it partial, as that is a constant"
            } else {
                ""
            }
        ),
        unless: "the condition cannot be indexed (a volatile function, a function of two tables)",
        saves: discarded(node),
    })
}
