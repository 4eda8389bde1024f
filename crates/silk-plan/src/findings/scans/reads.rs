//! Pages read for what is given: 3, 10, 16, 28, 29, 33 of the catalogue.

use crate::PlanNode;
use crate::findings::facts::{
    Facts, Remark, count, discarded, loops, name, percent, removed_by_filter, rows,
};
use crate::findings::text;

/// 3: an index-only scan that is none.
pub(super) fn index_only_scan_visits_heap(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let fetches = node.counters.heap_fetches?;
    let read = rows(node) + removed_by_filter(node);
    if node.node_type != "Index Only Scan" || fetches < 1_000.0 || fetches < 0.1 * read {
        return None;
    }
    let visible = node
        .relation
        .as_ref()
        .and_then(|relation| facts.context.all_visible.get(relation));
    Some(Remark {
        rule: "index_only_scan_visits_heap",
        title: format!(
            "Index-only scan of {} visits the table {} times",
            name(node),
            count(fetches)
        ),
        evidence: match visible {
            Some(visible) => format!(
                "{} heap fetches for {} rows; {} of the pages are marked all-visible",
                count(fetches),
                count(read),
                percent(*visible)
            ),
            None => format!("{} heap fetches for {} rows", count(fetches), count(read)),
        },
        action: format!(
            "VACUUM {}; where it comes back, a lower autovacuum_vacuum_scale_factor (or insert_scale_factor) for it",
            name(node)
        ),
        unless: "the table changes all the time, or an old transaction keeps vacuum from marking pages",
        saves: (fetches / read.max(1.0)).min(1.0) * 0.5,
    })
}

/// 10: a bitmap too big for its memory.
pub(super) fn lossy_bitmap(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let lossy = node
        .derived
        .counters
        .lossy_blocks
        .filter(|lossy| *lossy > 0.0)?;
    let exact = node.derived.counters.exact_blocks.unwrap_or(0.0);
    let rechecked = node.counters.removed_by_recheck.unwrap_or(0.0) * loops(node);
    if lossy < 0.1 * (lossy + exact) && rechecked < rows(node).max(1.0) {
        return None;
    }
    Some(Remark {
        rule: "lossy_bitmap",
        title: format!("The bitmap over {} did not fit its memory", name(node)),
        evidence: format!(
            "{} pages lossy, {} exact; {} rows thrown away when checked again",
            count(lossy),
            count(exact),
            count(rechecked)
        ),
        action: "more work_mem for the role or transaction, or a more selective index".to_owned(),
        unless: "nearly all rows of those pages are wanted anyway",
        saves: rechecked / (rechecked + rows(node)).max(1.0),
    })
}

/// 16: the table is visited for a column or two.
pub(super) fn covering_index(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let visible = node
        .relation
        .as_ref()
        .and_then(|relation| facts.context.all_visible.get(relation))
        .copied();
    let narrow = node
        .estimate
        .and_then(|estimate| estimate.width)
        .is_some_and(|width| width <= 32.0);
    // What the index is searched by, it holds.
    let held: Vec<String> = node
        .conditions
        .iter()
        .filter(|condition| matches!(condition.kind.as_str(), "Index Cond" | "Order By"))
        .flat_map(|condition| text::columns(&condition.text))
        .collect();
    let wanted: Vec<&str> = node
        .output
        .iter()
        .map(|column| {
            column
                .rsplit('.')
                .next()
                .unwrap_or(column)
                .trim_matches('"')
        })
        .filter(|column| !held.iter().any(|held| held == column))
        .collect();
    // Only where pages are known to be all-visible is there anything to gain.
    if node.node_type != "Index Scan"
        || rows(node) < 1_000.0
        || node.condition("Filter").is_some()
        || wanted.is_empty()
        || wanted.len() > 3
        || !narrow
    {
        return None;
    }
    let visible = visible.filter(|visible| *visible >= 0.8)?;
    Some(Remark {
        rule: "covering_index",
        title: format!(
            "An index that covers {} would spare visiting {}",
            wanted.join(", "),
            name(node)
        ),
        evidence: format!(
            "{} rows fetched for {} narrow columns; {} of the pages are all-visible",
            count(rows(node)),
            wanted.len(),
            percent(visible)
        ),
        action: format!(
            "INCLUDE ({}) in {}",
            wanted.join(", "),
            node.index.as_deref().unwrap_or("the index")
        ),
        unless: "the table is written much, or the columns are already in the index",
        saves: 0.3,
    })
}

/// 28: most of its time went into reading.
pub(super) fn slow_io(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let buffers = node.derived.buffers?;
    let own = node.derived.exclusive_ms?;
    let io = buffers.read_ms / node.derived.participants.max(1.0);
    if buffers.shared_read < 1_000.0 || io < 0.5 * own || own < 0.1 * facts.total_ms {
        return None;
    }
    Some(Remark {
        rule: "slow_io",
        title: format!("{} was not in the cache", name(node)),
        evidence: format!("{} pages read in {io:.1} ms of {own:.1} ms", count(buffers.shared_read)),
        action: "read fewer pages (an index, fewer columns in a covering one), or give the cache more memory".to_owned(),
        unless: "it was the first run after a start: run it again",
        saves: (io / own.max(f64::MIN_POSITIVE)).min(1.0) * 0.5,
    })
}

/// 29: many pages for few rows.
pub(super) fn many_pages_per_row(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let buffers = node.derived.buffers?;
    let is_scan = node.node_type.ends_with("Scan") && node.relation.is_some();
    // A loop that finds nothing still descends its index: it counts as one row.
    let per_row = buffers.pages() / rows(node).max(loops(node)).max(1.0);
    if !is_scan || per_row < 50.0 || discarded(node) >= 0.5 {
        return None;
    }
    Some(Remark {
        rule: "many_pages_per_row",
        title: format!("{} pages of {} for every row", count(per_row), name(node)),
        evidence: format!(
            "{} pages for {} rows",
            count(buffers.pages()),
            count(rows(node))
        ),
        action: format!(
            "look at its bloat (pgstattuple, pgstatindex); VACUUM {0}, REINDEX its index",
            name(node)
        ),
        unless: "its rows are wide or their values are stored apart (TOAST)",
        saves: 0.5,
    })
}

/// 33: the index is searched again and again for one condition.
pub(super) fn many_searches(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let searches = node.counters.index_searches?;
    let condition = node.condition("Index Cond")?;
    // A list of values is searched value by value, rightly.
    if searches < 10.0 * loops(node).max(1.0) || condition.contains("ANY") {
        return None;
    }
    Some(Remark {
        rule: "many_index_searches",
        title: format!(
            "{} searches of {} for one condition",
            count(searches / loops(node).max(1.0)),
            node.index.as_deref().unwrap_or("the index")
        ),
        evidence: format!(
            "{} searches over {} loops for {condition}",
            count(searches),
            count(loops(node))
        ),
        action: "an index that starts with the column that is compared".to_owned(),
        unless: "the leading column has few values, which a skip scan serves well",
        saves: 0.3,
    })
}
