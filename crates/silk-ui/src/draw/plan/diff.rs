//! Two plans held against each other: which nodes are the same, which became others.

use silk_plan::{Plan, PlanNode};

/// Nodes of each plan that are matched; the comparison of longer ones is cut there.
pub(crate) const MAX_NODES: usize = 600;

/// Nodes that belong together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pair<'a> {
    /// In both plans.
    Same(&'a PlanNode, &'a PlanNode),
    /// One became the other: what it reads stayed, the way changed, or the other way round.
    Changed(&'a PlanNode, &'a PlanNode),
    /// Only before.
    Gone(&'a PlanNode),
    /// Only after.
    New(&'a PlanNode),
}

/// What makes a node the same: operator, relation and index.
fn key(node: &PlanNode) -> (String, Option<&str>, Option<&str>) {
    (
        node.title(),
        node.relation.as_deref(),
        node.index.as_deref(),
    )
}

/// Matches the nodes of two plans in the order in which they are printed.
pub(crate) fn pairs<'a>(before: &'a Plan, after: &'a Plan) -> Vec<Pair<'a>> {
    let left: Vec<&PlanNode> = before.nodes().take(MAX_NODES).collect();
    let right: Vec<&PlanNode> = after.nodes().take(MAX_NODES).collect();
    let left_keys: Vec<_> = left.iter().map(|node| key(node)).collect();
    let right_keys: Vec<_> = right.iter().map(|node| key(node)).collect();
    // The longest common sequence, from the end.
    let width = right.len() + 1;
    let mut longest = vec![0_u16; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            longest[i * width + j] = if left_keys[i] == right_keys[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    let (mut i, mut j) = (0, 0);
    let (mut gone, mut new): (Vec<&PlanNode>, Vec<&PlanNode>) = (Vec::new(), Vec::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left_keys[i] == right_keys[j] {
            settle(&mut pairs, &mut gone, &mut new);
            pairs.push(Pair::Same(left[i], right[j]));
            i += 1;
            j += 1;
        } else if j == right.len()
            || (i < left.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            gone.push(left[i]);
            i += 1;
        } else {
            new.push(right[j]);
            j += 1;
        }
    }
    settle(&mut pairs, &mut gone, &mut new);
    pairs
}

/// Pairs what went with what came in its place.
fn settle<'a>(
    pairs: &mut Vec<Pair<'a>>,
    gone: &mut Vec<&'a PlanNode>,
    new: &mut Vec<&'a PlanNode>,
) {
    let mut rest = std::mem::take(new);
    for before in gone.drain(..) {
        let at = rest
            .iter()
            .position(|after| reads_the_same(before, after))
            .or_else(|| rest.iter().position(|after| does_the_same(before, after)));
        match at {
            Some(at) => {
                // What came before it has no partner: the order stays that of the new plan.
                pairs.extend(rest.drain(..at).map(Pair::New));
                pairs.push(Pair::Changed(before, rest.remove(0)));
            }
            None => pairs.push(Pair::Gone(before)),
        }
    }
    pairs.extend(rest.into_iter().map(Pair::New));
}

fn reads_the_same(before: &PlanNode, after: &PlanNode) -> bool {
    before.relation.is_some() && before.relation == after.relation
}

/// Both join, both sort, both aggregate.
fn does_the_same(before: &PlanNode, after: &PlanNode) -> bool {
    let kind = |node: &PlanNode| {
        let title = node.node_type.to_ascii_lowercase();
        [
            "join",
            "nested loop",
            "sort",
            "aggregate",
            "group",
            "gather",
        ]
        .iter()
        .position(|word| title.contains(word))
        // A nested loop is a join.
        .map(|at| at.max(1))
    };
    before.relation.is_none()
        && after.relation.is_none()
        && kind(before).is_some()
        && kind(before) == kind(after)
}

/// The difference that says most: `Index Scan using a on t` and `Seq Scan on t`.
pub(crate) fn first_difference(before: &Plan, after: &Plan) -> Option<(String, String)> {
    let pairs = pairs(before, after);
    let name = super::cells::name;
    // How a table is read says more than how rows are put together.
    let changed = |wants_table: bool| {
        pairs.iter().find_map(|pair| match pair {
            Pair::Changed(a, b) if !wants_table || a.relation.is_some() => Some((name(a), name(b))),
            _ => None,
        })
    };
    changed(true).or_else(|| changed(false)).or_else(|| {
        let gone = pairs.iter().find_map(|pair| match pair {
            Pair::Gone(a) => Some(name(a)),
            _ => None,
        });
        let new = pairs.iter().find_map(|pair| match pair {
            Pair::New(b) => Some(name(b)),
            _ => None,
        });
        match (gone, new) {
            (None, None) => None,
            (gone, new) => Some((
                gone.unwrap_or_else(|| "no such node".to_owned()),
                new.unwrap_or_else(|| "none".to_owned()),
            )),
        }
    })
}
