//! Rules about reading a table: 1–3, 10, 16, 20–23, 28, 29, 33 of the catalogue.

use super::PlanFinding;
use super::facts::{
    Facts, Remark, count, discarded, loops, name, percent, ran, removed_by_filter, rows,
};
use super::text;
use crate::{Direction, PlanNode};

/// What the rules say about one node.
pub(super) fn judge(facts: &Facts<'_>, node: &PlanNode, found: &mut Vec<PlanFinding>) {
    if !ran(node) || !facts.is_heavy(node) {
        return;
    }
    let rules = [
        seq_scan_filters_most,
        index_scan_filters_many,
        index_only_scan_visits_heap,
        lossy_bitmap,
        covering_index,
        leading_wildcard,
        function_on_column,
        cast_on_column,
        or_blocks_index,
        slow_io,
        many_pages_per_row,
        many_searches,
    ];
    found.extend(
        rules
            .iter()
            .filter_map(|rule| rule(facts, node))
            .map(|remark| facts.remark(node, remark)),
    );
}

/// The table is big enough for an index to matter, as far as anything tells.
fn is_big(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let per_loop = (rows(node) + removed_by_filter(node)) / loops(node).max(1.0);
    let pages = node.derived.buffers.map(|buffers| buffers.pages());
    let known = node
        .relation
        .as_ref()
        .and_then(|relation| facts.context.table_rows.get(relation));
    known.copied().unwrap_or(per_loop) >= 500.0
        && (per_loop >= 10_000.0 || pages.is_none_or(|pages| pages / loops(node).max(1.0) >= 100.0))
}

/// The gate that rules about filters share.
fn filters_most(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let removed = removed_by_filter(node);
    let is_scan = matches!(
        node.node_type.as_str(),
        "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" | "Table scan"
    );
    let big = removed >= 10_000.0
        || (removed >= 1_000.0 && is_big(facts, node) && node.derived.buffers.is_some());
    is_scan && node.condition("Filter").is_some() && big && discarded(node) >= 0.9
}

/// 1: nearly all rows read are thrown away.
fn seq_scan_filters_most(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    if !matches!(node.node_type.as_str(), "Seq Scan" | "Table scan")
        || !filters_or_flag(facts, node)
    {
        return None;
    }
    // A Limit above stopped it: rule 15 speaks.
    if node.derived.stopped_early || !is_big(facts, node) {
        return None;
    }
    let filter = node.condition("Filter").unwrap_or_default();
    let partial = text::is_constant_flag(filter);
    let (rows, removed) = (rows(node), removed_by_filter(node));
    Some(Remark {
        rule: "seq_scan_filters_most",
        title: format!(
            "Reads all of {} to keep {} of it",
            name(node),
            percent(1.0 - discarded(node))
        ),
        evidence: format!(
            "{} rows thrown away by {filter}, {} kept",
            count(removed),
            count(if node.node_type == "Table scan" {
                rows - removed
            } else {
                rows
            })
        ),
        action: if partial {
            format!(
                "a partial index on the column it is ordered or looked up by, WHERE {}; it is small, as the condition is constant and keeps little",
                filter.trim_matches(['(', ')'])
            )
        } else {
            format!(
                "an index on the columns of {filter}: those compared with = first, then one range"
            )
        },
        unless: "the table is small or temporary, the condition usually keeps more, or an index exists and was not chosen",
        saves: discarded(node),
    })
}

/// Rule 1 asks for 0.9; a constant flag, which a partial index serves, is worth it from 0.8 on.
fn filters_or_flag(facts: &Facts<'_>, node: &PlanNode) -> bool {
    filters_most(facts, node)
        || (node.condition("Filter").is_some_and(text::is_constant_flag)
            && removed_by_filter(node) >= 10_000.0
            && discarded(node) >= 0.8)
}

/// 2: an index finds far more than is wanted.
fn index_scan_filters_many(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let by_index = matches!(
        node.node_type.as_str(),
        "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" | "Index lookup" | "Index range scan"
    );
    let removed = removed_by_filter(node);
    let filter = node.condition("Filter")?;
    // A lookup of a single row has nothing left to narrow.
    let per_loop = (rows(node) + removed) / loops(node).max(1.0);
    if !by_index || removed < 1_000.0 || discarded(node) < 0.8 || per_loop <= 2.0 {
        return None;
    }
    let index = node.index.as_deref().unwrap_or("the index");
    Some(Remark {
        rule: "index_scan_filters_many",
        title: format!(
            "{index} finds {} rows of which {} are thrown away",
            count(rows(node) + removed),
            percent(discarded(node))
        ),
        evidence: format!(
            "{} rows thrown away by {filter} over {} loops",
            count(removed),
            count(loops(node))
        ),
        action: format!(
            "extend {index} by the columns of {filter} (= before ranges), or make it partial where that is a constant"
        ),
        unless: "the condition cannot be indexed (a volatile function, a function of two tables)",
        saves: discarded(node),
    })
}

/// 3: an index-only scan that is none.
fn index_only_scan_visits_heap(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
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
fn lossy_bitmap(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let lossy = node.counters.lossy_blocks.filter(|lossy| *lossy > 0.0)?;
    let exact = node.counters.exact_blocks.unwrap_or(0.0);
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
fn covering_index(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let visible = node
        .relation
        .as_ref()
        .and_then(|relation| facts.context.all_visible.get(relation))
        .copied();
    let narrow = node
        .estimate
        .and_then(|estimate| estimate.width)
        .is_some_and(|width| width <= 32.0);
    // Only where pages are known to be all-visible is there anything to gain.
    if node.node_type != "Index Scan"
        || rows(node) < 1_000.0
        || node.output.is_empty()
        || node.output.len() > 3
        || !narrow
    {
        return None;
    }
    let visible = visible.filter(|visible| *visible >= 0.8)?;
    Some(Remark {
        rule: "covering_index",
        title: format!(
            "An index that covers {} would spare visiting {}",
            node.output.join(", "),
            name(node)
        ),
        evidence: format!(
            "{} rows fetched for {} narrow columns; {} of the pages are all-visible",
            count(rows(node)),
            node.output.len(),
            percent(visible)
        ),
        action: format!(
            "INCLUDE ({}) in {}",
            node.output.join(", "),
            node.index.as_deref().unwrap_or("the index")
        ),
        unless: "the table is written much, or the columns are already in the index",
        saves: 0.3,
    })
}

/// 20: a pattern that no b-tree can serve.
fn leading_wildcard(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let filter = node
        .condition("Filter")
        .filter(|filter| text::has_leading_wildcard(filter))?;
    filters_most(facts, node).then(|| Remark {
        rule: "leading_wildcard",
        title: format!("A pattern that starts with a wildcard reads all of {}", name(node)),
        evidence: format!("{} rows thrown away by {filter}", count(removed_by_filter(node))),
        action: "a trigram index: CREATE EXTENSION pg_trgm, then USING gin (column gin_trgm_ops); or full-text search".to_owned(),
        unless: "the pattern has fewer than three letters in a row, or usually matches much",
        saves: discarded(node),
    })
}

/// 21: the column is hidden in a function.
fn function_on_column(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let filter = node.condition("Filter")?;
    let function = text::hidden_column(filter)?;
    filters_most(facts, node).then(|| Remark {
        rule: "function_on_column",
        title: format!("{function} around a column keeps {} from using an index on it", name(node)),
        evidence: format!("{} rows thrown away by {filter}", count(removed_by_filter(node))),
        action: format!("an index on the expression as it is written, or the condition as a range of the bare column (not verified; {function} must be immutable)"),
        unless: "the function is volatile or stable (its result may change), which cannot be indexed",
        saves: discarded(node),
    })
}

/// 22: the column is cast to the type of the value.
fn cast_on_column(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let filter = node.condition("Filter")?;
    if !filters_most(facts, node) {
        return None;
    }
    let (column, kind) = text::cast_columns(filter)
        .into_iter()
        .find(|(column, kind)| is_harmful(facts, node, column, kind))?;
    Some(Remark {
        rule: "cast_on_column",
        title: format!("{column} is cast to {kind} in every row, so no index on it serves"),
        evidence: format!(
            "{} rows thrown away by {filter}",
            count(removed_by_filter(node))
        ),
        action: format!(
            "bind a value of {column}'s own type (from Rust: i64 for bigint, not Decimal or String)"
        ),
        unless: "there is an index on the cast expression",
        saves: discarded(node),
    })
}

/// A varchar compared as text is the same bytes: harmless, and printed all the time.
fn is_harmful(facts: &Facts<'_>, node: &PlanNode, column: &str, kind: &str) -> bool {
    let bare = column
        .rsplit('.')
        .next()
        .unwrap_or(column)
        .trim_matches('"');
    let known = node.relation.as_ref().and_then(|relation| {
        facts
            .context
            .column_types
            .get(&format!("{relation}.{bare}"))
    });
    match (kind, known.map(String::as_str)) {
        ("text", None) => false,
        ("text", Some(own)) => {
            !(own.starts_with("character")
                || own.starts_with("varchar")
                || own.starts_with("name")
                || own == "text")
        }
        ("numeric" | "double precision" | "real", own) => own != Some(kind),
        _ => false,
    }
}

/// 23: OR over columns of different indexes, or over two relations.
fn or_blocks_index(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let join = node.condition("Join Filter").filter(|filter| {
        filter.contains(" OR ")
            && text::prefixes(filter).len() >= 2
            && node.derived.removed.unwrap_or(0.0) >= 100_000.0
    });
    let filter = node.condition("Filter").filter(|filter| {
        text::without_literals(filter).contains(" OR ")
            && filters_most(facts, node)
            && node.node_type == "Seq Scan"
    });
    let condition = join.or(filter)?;
    Some(Remark {
        rule: "or_blocks_index",
        title: "OR keeps the database from using an index for either side".to_owned(),
        evidence: format!("{} rows or pairs thrown away by {condition}", count(node.derived.removed.unwrap_or(0.0))),
        action: "an index for each side (a BitmapOr joins them), or UNION of two queries, taken apart by key".to_owned(),
        unless: "rows that match both sides must come twice: UNION takes duplicates out",
        saves: discarded(node),
    })
}

/// 28: most of its time went into reading.
fn slow_io(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
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
fn many_pages_per_row(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let buffers = node.derived.buffers?;
    let is_scan = node.node_type.ends_with("Scan") && node.relation.is_some();
    let per_row = buffers.pages() / rows(node).max(1.0);
    // Single lookups touch a few pages each, and no fault is theirs.
    if !is_scan
        || per_row < 50.0
        || discarded(node) >= 0.5
        || buffers.pages() < 1_000.0
        || buffers.pages() / loops(node).max(1.0) < 50.0
    {
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
fn many_searches(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let searches = node.counters.index_searches?;
    let condition = node.condition("Index Cond")?;
    // A list of values is searched value by value, rightly.
    if searches < 10.0 * loops(node).max(1.0)
        || condition.contains("ANY")
        || node.derived.direction == Some(Direction::Over)
    {
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
