//! Pages, estimated: of a plan, and of an index that nothing could be planned with.

use super::{
    candidate::{Candidate, CandidateKey, KeyRole},
    expression::{Expr, SortKey, Style},
    facts::TableFacts,
    key::Keys,
    wants::TableWants,
};
use crate::{Plan, PlanNode, Role};

/// Pages from the root of an index to its leaves, and one of the table.
const DESCENT: f64 = 3.0;
/// Bytes of a page.
const PAGE: f64 = 8_192.0;
/// Rows taken for what a query with a limit asks for, where the plan does not tell.
const LIMIT_ROWS: f64 = 100.0;

/// An index that a plan may use and the catalogue does not know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewIndex<'a> {
    /// What plans call it.
    pub name: &'a str,
    /// Its size.
    pub bytes: f64,
    /// Rows it holds.
    pub rows: f64,
}

/// Pages of a table and its indexes that a plan reads, by the planner's estimates; none if the
/// plan does not read the table, or the catalogue does not know its size.
#[must_use]
pub fn pages_read(plan: &Plan, facts: &TableFacts, new: &[NewIndex<'_>]) -> Option<f64> {
    let mut pages = None;
    // Each node with how often it runs, and which fraction of its rows is asked for.
    let mut open = vec![(&plan.root, 1.0, 1.0)];
    while let Some((node, repeats, fraction)) = open.pop() {
        if node.relation.as_deref() == Some(&facts.name)
            && let Some(once) = scan_pages(node, facts, new)
        {
            let read = (once * fraction).max(1.0) * repeats;
            pages = Some(pages.unwrap_or(0.0) + read);
        }
        let rows = |node: &PlanNode| node.estimate.and_then(|estimate| estimate.rows);
        let fraction = match node.node_type.as_str() {
            "Limit" => match (rows(node), node.children.first().and_then(rows)) {
                (Some(own), Some(child)) if child > 0.0 => fraction * (own / child).min(1.0),
                _ => fraction,
            },
            "Sort" | "Aggregate" | "Hash" | "WindowAgg" | "SetOp" | "Materialize" => 1.0,
            _ => fraction,
        };
        let outer = node
            .children
            .iter()
            .find(|child| child.role == Role::Outer)
            .and_then(rows);
        for child in &node.children {
            let repeats = match outer {
                Some(outer) if node.node_type == "Nested Loop" && child.role == Role::Inner => {
                    repeats * outer.max(1.0)
                }
                _ => repeats,
            };
            open.push((child, repeats, fraction));
        }
    }
    pages
}

fn scan_pages(node: &PlanNode, facts: &TableFacts, new: &[NewIndex<'_>]) -> Option<f64> {
    let heap = facts.pages?;
    let table_rows = facts.rows?.max(1.0);
    let given = node.estimate.and_then(|estimate| estimate.rows)?;
    let index = node.index.as_deref();
    let new = index.and_then(|name| new.iter().find(|new| new.name == name));
    let (index_pages, index_rows) = match (index, new) {
        (_, Some(new)) => (new.bytes / PAGE, new.rows.max(1.0)),
        (Some(name), _) => {
            let known = facts.indexes.iter().find(|index| index.name == name);
            let pages = known.and_then(|index| index.pages);
            (pages.unwrap_or(heap / 10.0), table_rows)
        }
        _ => (0.0, table_rows),
    };
    // What is thrown away was read as well.
    let read = if node.condition("Filter").is_some() && node.condition("Index Cond").is_none() {
        index_rows
    } else {
        given
    };
    let of_index = index_pages * (read / index_rows).min(1.0) + DESCENT;
    // So many different pages do so many rows strewn about come from.
    let strewn = heap * (1.0 - (-read / heap.max(1.0)).exp());
    Some(match node.node_type.as_str() {
        "Seq Scan" => heap,
        "Index Only Scan" => of_index + strewn * (1.0 - facts.all_visible.unwrap_or(0.0)),
        "Index Scan" => of_index + strewn.max(read.min(heap)),
        "Bitmap Heap Scan" => strewn + DESCENT,
        _ => return None,
    })
}

/// Pages read of a table now and with the candidate, by a simple model: for databases that cannot
/// plan with an index that is not there. None if it cannot be known.
#[must_use]
pub fn estimated_pages(
    candidate: &Candidate,
    wants: &TableWants,
    facts: &TableFacts,
) -> Option<(f64, f64)> {
    let (heap, rows) = (facts.pages?, facts.rows?);
    if !wants.access.is_empty() && !wants.access.ends_with("Seq Scan") {
        return None;
    }
    let searched = candidate
        .keys
        .iter()
        .filter(|key| !matches!(key.role, KeyRole::Order | KeyRole::Any))
        .count();
    let served = searched + candidate.predicates.len();
    let all = wants.conditions.len();
    let matched = if served >= all && all > 0 {
        wants
            .discarded
            .map(|discarded| rows * (1.0 - discarded))
            .or(wants.estimated_rows)?
    } else if let Some(key) = candidate.keys.first().filter(|_| searched > 0) {
        let column = facts.column(key.column.as_deref()?)?;
        rows / column.distinct?.max(1.0)
    } else if !wants.is_narrowed() && (wants.asked.is_some() || (all == 0 && wants.is_limited)) {
        rows
    } else {
        return None;
    };
    let sorted: Vec<&CandidateKey> = candidate
        .keys
        .iter()
        .filter(|key| key.role == KeyRole::Order)
        .collect();
    let joins = candidate.keys.iter().any(|key| key.role == KeyRole::Join);
    // Behind a column that joins, the order is that of each of its values.
    let is_ordered = !joins
        && wants
            .orders
            .first()
            .is_some_and(|order| is_all_of(order, &sorted));
    let asked = match wants.asked {
        // It stops at the limit.
        Some(fraction) if is_ordered => (matched * fraction).max(1.0),
        _ if !sorted.is_empty() && !joins => matched.min(LIMIT_ROWS.max(matched / 10.0)),
        _ => matched,
    };
    let correlation = candidate
        .keys
        .first()
        .and_then(|key| facts.column(key.column.as_deref()?)?.correlation)
        .unwrap_or(0.0);
    let after = asked * (1.0 - correlation * correlation) + asked * heap / rows.max(1.0) + DESCENT;
    Some((heap, after))
}

/// The fraction of a table's rows, 0 to 1, that conditions on values keep which were bound: what
/// stands in the SQL can be looked for in a sample, these cannot.
#[must_use]
pub fn kept_by_bound(wants: &TableWants, facts: &TableFacts) -> f64 {
    /// Of a range whose ends are not known.
    const RANGE: f64 = 0.25;
    let keys = Keys {
        wants,
        facts,
        style: Style::of(facts.kind),
    };
    wants
        .conditions
        .iter()
        .filter(|wanted| !wanted.is_constant)
        .filter_map(|wanted| keys.tested(&wanted.expr))
        .map(|(key, role)| match role {
            KeyRole::Equal => 1.0 / key.distinct.max(1.0),
            KeyRole::Range | KeyRole::Prefix => RANGE,
            _ => 1.0,
        })
        .product()
}

/// Whether the keys are the whole of an order.
fn is_all_of(order: &[SortKey], keys: &[&CandidateKey]) -> bool {
    order.len() == keys.len()
        && order
            .iter()
            .zip(keys)
            .all(|(sort, key)| match (&sort.expr, &key.column) {
                (Expr::Column(column), Some(name)) => column.name == *name,
                (Expr::Column(_), None) | (_, Some(_)) => false,
                (_, None) => true,
            })
}
