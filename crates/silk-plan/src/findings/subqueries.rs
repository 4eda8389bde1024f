//! Rules about subqueries and CTEs: 11, 19, 24 of the catalogue.

use super::PlanFinding;
use super::facts::{Facts, Remark, discarded, loops, ran, removed_by_filter};
use super::text;
use crate::{PlanNode, Role};

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    let rules = [correlated_subquery, not_in_subquery, cte_fence];
    if ran(node) && facts.is_heavy(node) {
        found.extend(
            rules
                .iter()
                .filter_map(|rule| rule(facts, node))
                .map(|remark| facts.remark(node, remark)),
        );
    }
}

/// Whether it is a subquery that runs again for every row, and takes its share.
fn is_repeated(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let heavy = !facts.timed || facts.share(node) >= 0.2;
    node.role == Role::SubPlan && node.subplan.is_some() && times(node) >= 100.0 && heavy
}

/// How often it ran. MySQL prints a subquery without figures above what it runs.
fn times(node: &PlanNode) -> f64 {
    let below = node.children.iter().map(loops);
    below.fold(loops(node), f64::max)
}

/// What its repetitions come to.
fn spent(facts: &Facts<'_>, node: &PlanNode) -> String {
    let loops = facts.about(times(node));
    match node.derived.inclusive_ms.filter(|_| facts.timed) {
        Some(ms) => format!("{loops} loops, {ms:.1} ms in all"),
        None => format!("{loops} loops"),
    }
}

/// 11: a subquery runs for every row.
fn correlated_subquery(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    if !is_repeated(facts, node) || facts.is_not_in(node) {
        return None;
    }
    if node.preorder().any(|below| below.node_type == "Memoize") {
        return None;
    }
    let target = node
        .preorder()
        .find_map(|below| below.relation.as_deref())
        .unwrap_or("its table");
    let scans = node
        .preorder()
        .any(|below| matches!(below.node_type.as_str(), "Seq Scan" | "Table scan"));
    Some(Remark {
        rule: "correlated_subquery",
        title: format!(
            "The subquery on {target} {} {} times",
            if facts.plan.analyzed {
                "ran"
            } else {
                "will run"
            },
            facts.about(times(node))
        ),
        evidence: spent(facts, node),
        action: format!(
            "join {target} grouped by the column it is correlated by, or LATERAL{}",
            if scans {
                "; and an index on that column"
            } else {
                ""
            }
        ),
        unless: "only a few rows are usually asked for",
        saves: 0.7,
    })
}

/// 24: NOT IN that cannot be hashed.
fn not_in_subquery(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    (is_repeated(facts, node) && facts.is_not_in(node)).then(|| Remark {
        rule: "not_in_subquery",
        title: format!("NOT IN reads its subquery {} times", facts.about(times(node))),
        evidence: format!("{}; it is not hashed", spent(facts, node)),
        action: "NOT EXISTS (SELECT 1 … WHERE inner = outer), which can be an anti join".to_owned(),
        unless: "NULLs matter: NOT IN gives no rows at all where the subquery gives a NULL, NOT EXISTS does",
        saves: 0.9,
    })
}

/// 19: a CTE computed whole for the few rows of it that are wanted.
fn cte_fence(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let removed = removed_by_filter(node);
    if node.node_type != "CTE Scan" || removed < 10_000.0 || discarded(node) < 0.9 {
        return None;
    }
    let name = node.cte.as_deref().or(node.relation.as_deref())?;
    let part = facts.cte(name).filter(|_| facts.readers(name) == 1)?;
    let fixed = part.preorder().any(|below| {
        let conditions = below.conditions.iter().map(|condition| &condition.text);
        matches!(
            below.node_type.as_str(),
            "ModifyTable" | "Recursive Union" | "LockRows"
        ) || below
            .output
            .iter()
            .chain(conditions)
            .any(|text| text::is_volatile(text))
    });
    if fixed {
        return None;
    }
    Some(Remark {
        rule: "cte_fence",
        title: format!(
            "CTE {name} is computed whole, and {} rows of it thrown away",
            facts.about(removed)
        ),
        evidence: format!(
            "filtered only after it was materialised: {}",
            text::shown(node.condition("Filter").unwrap_or_default())
        ),
        action: format!(
            "WITH {name} AS NOT MATERIALIZED (…), or the subquery in place (before 12 a CTE is always a fence)"
        ),
        unless: "it calls volatile functions",
        saves: discarded(node) * 0.8,
    })
}
