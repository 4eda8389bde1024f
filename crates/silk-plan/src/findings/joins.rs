//! Rules about joins and the estimates they rest on: 6, 7, 25–27 of the catalogue.

use super::PlanFinding;
use super::facts::{Facts, Remark, count, loops, name, ran, rows};
use super::text;
use crate::{Direction, PlanNode, Role};

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    // What it costs is what was chosen because of it: this rule has its gate there.
    if let Some(remark) = row_misestimate(facts, node) {
        found.push(facts.remark(node, remark));
    }
    let rules = [
        nested_loop_repeats,
        cartesian_product,
        join_filter_discards,
        memoize_thrashes,
    ];
    if facts.is_heavy(node) {
        found.extend(
            rules
                .iter()
                .filter_map(|rule| rule(facts, node))
                .map(|remark| facts.remark(node, remark)),
        );
    }
}

fn side(node: &PlanNode, role: Role) -> Option<&PlanNode> {
    node.children.iter().find(|child| child.role == role)
}

/// 6: the inner side is dear and runs often.
fn nested_loop_repeats(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let (outer, inner) = (side(node, Role::Outer)?, side(node, Role::Inner)?);
    if !node.node_type.starts_with("Nested ")
        || !ran(inner)
        || loops(inner) < 1_000.0
        || facts.share(inner) < 0.25
    {
        return None;
    }
    let each =
        inner.derived.inclusive_ms.unwrap_or(0.0) * inner.derived.participants / loops(inner);
    let wrong = outer.derived.direction == Some(Direction::Under)
        && outer.derived.estimate_factor.unwrap_or(1.0) >= 10.0;
    let scans = inner
        .preorder()
        .any(|below| matches!(below.node_type.as_str(), "Seq Scan" | "Table scan"));
    let single = rows(inner) / loops(inner) <= 1.5 && (!facts.timed || each < 0.01);
    let cached = inner.node_type == "Memoize"
        && inner.derived.counters.cache_hits.unwrap_or(0.0)
            >= 9.0 * inner.derived.counters.cache_misses.unwrap_or(0.0);
    // Quick lookups of single rows, as many as were expected, are what a nested loop is for.
    if !wrong && !scans && (single || cached) {
        return None;
    }
    let target = inner.preorder().find(|below| below.relation.is_some());
    let table = target.map_or("the inner side", name);
    Some(Remark {
        rule: "nested_loop_repeats",
        title: format!("{table} is looked up {} times", facts.about(loops(inner))),
        evidence: if facts.plan.analyzed {
            format!(
                "{} loops of {each:.3} ms; {}",
                count(loops(inner)),
                expected_and_came(outer)
            )
        } else {
            format!(
                "{} rows expected on the outer side",
                facts.about(rows(outer))
            )
        },
        action: if wrong {
            "mend the estimate of the outer side first (ANALYZE, extended statistics): with it the planner may hash".to_owned()
        } else if scans {
            format!("an index on the column {table} is joined by")
        } else {
            "fewer rows on the outer side, or a form the planner can hash".to_owned()
        },
        unless: "the outer side is usually small",
        saves: 0.7,
    })
}

/// What was expected of a side and what came, both for each time it ran in each process.
fn expected_and_came(outer: &PlanNode) -> String {
    let expected = outer.estimate.and_then(|estimate| estimate.rows);
    let came = outer.actual.and_then(|actual| actual.rows);
    let each = if outer.derived.participants > 1.0 {
        ", per process"
    } else if loops(outer) > 1.0 {
        ", per loop"
    } else {
        ""
    };
    format!(
        "{} rows expected on the outer side, {} came{each}",
        count(expected.unwrap_or(0.0)),
        count(came.unwrap_or(0.0))
    )
}

/// 25: every row with every row.
fn cartesian_product(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let (outer, inner) = (side(node, Role::Outer)?, side(node, Role::Inner)?);
    if node.node_type != "Nested Loop" || node.condition("Join Filter").is_some() {
        return None;
    }
    // Through what only keeps rows, to what reads them.
    let mut read = inner;
    while matches!(
        read.node_type.as_str(),
        "Materialize" | "Memoize" | "Result"
    ) {
        read = side(read, Role::Outer)?;
    }
    let parameterised = read.preorder().any(|below| {
        below.conditions.iter().any(|condition| {
            let bound = matches!(
                condition.kind.as_str(),
                "Index Cond" | "Recheck Cond" | "TID Cond" | "Cache Key" | "Function Call"
            );
            bound
                || (condition.kind.ends_with("Filter") && mentions_another(below, &condition.text))
        })
    });
    let each = |side: &PlanNode| rows(side) / loops(side).max(1.0);
    let (left, right) = (each(outer), each(inner));
    let lateral = outer.alias.is_none() && read.relation.is_none();
    if parameterised || lateral || left <= 1.0 || right <= 1.0 || left * right < 10_000.0 {
        return None;
    }
    Some(Remark {
        rule: "cartesian_product",
        title: format!(
            "Every row with every row: {} × {}",
            facts.about(left),
            facts.about(right)
        ),
        evidence: "a nested loop without any condition between its sides".to_owned(),
        action: "add the join condition that is missing".to_owned(),
        unless: "CROSS JOIN is meant",
        saves: 0.9,
    })
}

/// The text names a relation that is not the node's own: a lateral value.
fn mentions_another(node: &PlanNode, condition: &str) -> bool {
    text::prefixes(condition).iter().any(|prefix| {
        let own = [&node.alias, &node.relation];
        !own.iter()
            .any(|own| own.as_deref() == Some(prefix.trim_matches('"')))
    })
}

/// 7: the lowest node at which the estimate goes wrong.
fn row_misestimate(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let factor = node.derived.estimate_factor?;
    let direction = node.derived.direction?;
    let expected = node.estimate?.rows?;
    let came = node.actual?.rows?;
    // Neither knows what it will give: defaults are no estimates.
    let defaults = matches!(
        node.node_type.as_str(),
        "Function Scan"
            | "CTE Scan"
            | "WorkTable Scan"
            | "Recursive Union"
            | "Values Scan"
            | "ProjectSet"
    );
    if defaults
        || factor < 10.0
        || expected.max(came) < 100.0
        || facts.plan.format == crate::PlanFormat::SqliteRows
    {
        return None;
    }
    // Anything below that is already off has brought it here.
    let below = node.children.iter().any(|child| {
        let off = child.derived.estimate_factor.unwrap_or(1.0) >= 3.0
            && child.derived.direction.is_some();
        let guess = matches!(
            child.node_type.as_str(),
            "Function Scan" | "CTE Scan" | "WorkTable Scan"
        );
        off || guess
    });
    if below || !(facts.is_heavy(fed_by(facts, node)?) || facts.is_heavy(node)) {
        return None;
    }
    // A bitmap's index is of the table that is read above it.
    let relation = node.relation.as_deref().or_else(|| {
        facts
            .parent(node)
            .filter(|_| node.node_type == "Bitmap Index Scan")?
            .relation
            .as_deref()
    });
    Some(Remark {
        rule: "row_misestimate",
        title: format!(
            "{} rows expected {}, {} came",
            count(expected),
            relation.map_or_else(
                || format!("of {}", node.title()),
                |relation| format!("of {relation}")
            ),
            count(came)
        ),
        evidence: format!(
            "{factor:.0} times {}{}",
            if direction == Direction::Over {
                "too many"
            } else {
                "too few"
            },
            blind(facts, node)
        ),
        action: format!(
            "ANALYZE {}; where that does not help: a higher statistics target, CREATE STATISTICS for columns that depend on each other, an expression's own statistics",
            relation.unwrap_or("the tables")
        ),
        unless: "these values are rare: the estimate is right for the usual ones",
        saves: 0.0,
    })
}

/// What the planner could not know of the values that a node compares with.
fn blind(facts: &Facts<'_>, node: &PlanNode) -> &'static str {
    let texts = || {
        let conditions = node.conditions.iter();
        conditions.map(|condition| condition.text.as_str())
    };
    let of_init_plan = |value: &str| facts.is_of_init_plan(value);
    if texts().any(|text| text.contains("(InitPlan "))
        || texts().flat_map(text::placeholders).any(of_init_plan)
    {
        "; it is compared with a value that a subquery works out while running"
    } else if texts().flat_map(text::placeholders).next().is_some() {
        "; the plan is generic, made without the values"
    } else {
        ""
    }
}

/// The nearest operator above whose method or memory was chosen by this node's rows.
fn fed_by<'a>(facts: &Facts<'a>, node: &PlanNode) -> Option<&'a PlanNode> {
    facts
        .ancestors(node.id)
        .map(|above| facts.nodes[above])
        .find(|above| {
            let kind = above.node_type.as_str();
            let grouped = kind == "Aggregate" && above.strategy.as_deref() != Some("Plain");
            grouped
                || kind.contains("Join")
                || kind.starts_with("Nested ")
                || matches!(kind, "Hash" | "Sort" | "Incremental Sort" | "Memoize")
        })
}

/// 26: pairs are made only to be thrown away.
fn join_filter_discards(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let removed = node.counters.removed_by_join_filter.unwrap_or(0.0) * loops(node);
    let filter = node.condition("Join Filter")?;
    (removed >= 100_000.0).then(|| Remark {
        rule: "join_filter_discards",
        title: format!("{} pairs of rows thrown away", count(removed)),
        evidence: format!("{} kept {} of them", text::shown(filter), count(rows(node))),
        action: "join by equality (it can be hashed or looked up), and an index on that column"
            .to_owned(),
        unless: "the condition cannot be an equality: ranges want a range type and GiST",
        saves: 0.8,
    })
}

/// 27: a cache that forgets what it is asked for.
fn memoize_thrashes(_: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let lost = node.derived.counters.cache_evictions.unwrap_or(0.0)
        + node.derived.counters.cache_overflows.unwrap_or(0.0);
    let hits = node.derived.counters.cache_hits?;
    (lost > hits).then(|| Remark {
        rule: "memoize_thrashes",
        title: "The cache of lookups forgets faster than it helps".to_owned(),
        evidence: format!(
            "{} evictions and overflows, {} hits",
            count(lost),
            count(hits)
        ),
        action: "more work_mem (hash_mem_multiplier), or a hash join".to_owned(),
        unless: "the values never repeat, where no cache helps",
        saves: 0.2,
    })
}
