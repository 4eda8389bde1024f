//! Conditions no ordinary index serves: 20–23 of the catalogue.

use crate::PlanNode;
use crate::findings::facts::{Facts, Remark, discarded, loops, name, removed_by_filter};
use crate::findings::text;

use super::filters::filters_most;

/// 20: a pattern that no b-tree can serve.
pub(super) fn leading_wildcard(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let filter = node
        .condition("Filter")
        .filter(|filter| text::has_leading_wildcard(filter))?;
    filters_most(facts, node).then(|| Remark {
        rule: "leading_wildcard",
        title: format!("A pattern that starts with a wildcard reads all of {}", name(node)),
        evidence: format!("{} rows thrown away by {}", facts.about(removed_by_filter(node)), text::shown(filter)),
        action: "a trigram index: CREATE EXTENSION pg_trgm, then USING gin (column gin_trgm_ops); or full-text search".to_owned(),
        unless: "the pattern has fewer than three letters in a row, or usually matches much",
        saves: discarded(node),
    })
}

/// 21: the column is hidden in a function.
pub(super) fn function_on_column(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let filter = node.condition("Filter")?;
    let function = text::hidden_column(filter)?;
    // Where no index is on the bare column the function keeps nobody from anything.
    let hides = text::columns(filter)
        .iter()
        .filter_map(|column| facts.leads_index(node, column))
        .reduce(|any, leads| any || leads)
        .unwrap_or(true);
    (hides && filters_most(facts, node)).then(|| Remark {
        rule: "function_on_column",
        title: format!("{function} around a column keeps {} from using an index on it", name(node)),
        evidence: format!("{} rows thrown away by {}", facts.about(removed_by_filter(node)), text::shown(filter)),
        action: format!("an index on the expression as it is written, or the condition as a range of the bare column (not verified; {function} must be immutable)"),
        unless: "the function is volatile or stable (its result may change), which cannot be indexed",
        saves: discarded(node),
    })
}

/// 22: the column is cast to the type of the value.
pub(super) fn cast_on_column(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
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
            "{} rows thrown away by {}",
            facts.about(removed_by_filter(node)),
            text::shown(filter)
        ),
        action: if kind == "date" {
            format!("a range of the bare column: {column} >= the day AND {column} < the next day")
        } else {
            format!(
                "bind a value of {column}'s own type (from Rust: i64 for bigint, not Decimal or String)"
            )
        },
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
        // A column of the type itself is printed without a cast.
        ("numeric" | "double precision" | "real" | "date", own) => own != Some(kind),
        _ => false,
    }
}

/// 23: OR over columns of different indexes, or over two relations.
pub(super) fn or_blocks_index(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let join = node.condition("Join Filter").filter(|filter| {
        filter.contains(" OR ")
            && text::prefixes(filter).len() >= 2
            && node.counters.removed_by_join_filter.unwrap_or(0.0) * loops(node) >= 10_000.0
    });
    let filter = node.condition("Filter").filter(|filter| {
        let columns = text::columns(filter);
        // Known indexes on fewer than two of the columns leave nothing to be combined.
        let indexed = columns
            .iter()
            .filter(|column| facts.leads_index(node, column) != Some(false))
            .count();
        text::without_literals(filter).contains(" OR ")
            && indexed >= 2
            && filters_most(facts, node)
            && node.node_type == "Seq Scan"
    });
    let condition = join.or(filter)?;
    Some(Remark {
        rule: "or_blocks_index",
        title: "OR keeps the database from using an index for either side".to_owned(),
        evidence: format!("{} rows or pairs thrown away by {}", facts.about(node.derived.removed.unwrap_or(0.0)), text::shown(condition)),
        action: "an index for each side (a BitmapOr joins them), or UNION of two queries, taken apart by key".to_owned(),
        unless: "rows that match both sides must come twice: UNION takes duplicates out",
        // Of a join nearly all the work is in pairs that come to nothing.
        saves: if join.is_some() { 0.8 } else { discarded(node) },
    })
}
