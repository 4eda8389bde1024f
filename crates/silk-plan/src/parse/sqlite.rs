//! SQLite's `EXPLAIN QUERY PLAN`: rows `id|parent|detail`, and the drawing of its shell.

use std::collections::HashMap;

use silk_core::PlanFormat;

use super::left_out::LeftOut;
use super::tree::TreeBuilder;
use crate::{Condition, Plan, PlanError, PlanNode, Role};

/// Words a line of the plan starts with.
const WORDS: [&str; 21] = [
    "SCAN ",
    "SEARCH ",
    "USE TEMP B-TREE",
    "COMPOUND QUERY",
    "LEFT-MOST SUBQUERY",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MERGE (",
    "MATERIALIZE ",
    "CO-ROUTINE ",
    "CORRELATED ",
    "SCALAR SUBQUERY",
    "LIST SUBQUERY",
    "MULTI-INDEX OR",
    "INDEX ",
    "BLOOM FILTER ",
    "RIGHT-JOIN ",
    "REUSE ",
    "RECURSIVE STEP",
    "SETUP",
];

/// Whether its lines are of this kind.
pub(crate) fn looks_like_rows(text: &str) -> bool {
    let mut known = 0_usize;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let detail = row(line)
            .map(|(_, _, detail)| detail)
            .or_else(|| drawn(line).map(|(_, detail)| detail));
        match detail {
            Some(detail) if is_detail(detail) => known += 1,
            // What stands around it: a header, a prompt.
            _ => {}
        }
    }
    known > 0
}

fn is_detail(detail: &str) -> bool {
    WORDS.iter().any(|word| detail.starts_with(word))
}

/// Reads the plan.
pub(crate) fn from_rows(text: &str) -> Result<Plan, PlanError> {
    let mut tree = TreeBuilder::default();
    let root = tree.add(
        None,
        PlanNode {
            node_type: "QUERY PLAN".to_owned(),
            ..PlanNode::default()
        },
    )?;
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut left_out = LeftOut::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some((id, parent, detail)) = row(line) {
            let parent = places.get(parent).copied().unwrap_or(root);
            let place = tree.add(Some(parent), node(detail))?;
            places.insert(id, place);
        } else if let Some((level, detail)) =
            drawn(line).filter(|(_, detail)| is_detail(detail) || !open.is_empty())
        {
            while open.last().is_some_and(|(open, _)| *open >= level) {
                open.pop();
            }
            let parent = open.last().map_or(root, |(_, place)| *place);
            let place = tree.add(Some(parent), node(detail))?;
            open.push((level, place));
        } else if !is_header(line) {
            left_out.add(line);
        }
    }
    let count = tree.len();
    let mut top = tree
        .finish()
        .pop()
        .ok_or(PlanError::Missing("it has no rows"))?;
    if count == 1 {
        return Err(PlanError::Missing(
            "no line is a row of SQLite's EXPLAIN QUERY PLAN",
        ));
    }
    // One line needs no root above it.
    if top.children.len() == 1
        && let Some(only) = top.children.pop()
    {
        top = only;
    }
    let mut plan = Plan::around(PlanFormat::SqliteRows, top);
    plan.notes.extend(left_out.note());
    Ok(plan)
}

/// The names of the columns, a frame, or what a shell prints: no row.
fn is_header(line: &str) -> bool {
    let detail = line.trim_matches(|c: char| !c.is_alphanumeric());
    let is_names = detail.starts_with("id") && detail.ends_with("detail");
    detail.is_empty() || is_names || line.contains("sqlite>") || line.contains("...>")
}

/// `id|parent|detail` or `id|parent|notused|detail`, however a client sets columns apart.
fn row(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim();
    if !line.starts_with(|c: char| c.is_ascii_digit() || c == '|') {
        return None;
    }
    let line = line.trim_matches('|').trim();
    ['|', '\t', ',']
        .iter()
        .find_map(|separator| columns(line, |text| text.split_once(*separator)))
        .or_else(|| {
            let row = columns(line, |text| {
                let (column, rest) = text.split_once(' ')?;
                Some((column, rest.trim_start()))
            });
            row.filter(|(_, _, detail)| is_detail(detail))
        })
}

fn columns(line: &str, part: impl Fn(&str) -> Option<(&str, &str)>) -> Option<(&str, &str, &str)> {
    let number = |text: &str| {
        let text = text.trim();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (id, rest) = part(line)?;
    let (parent, rest) = part(rest)?;
    if !number(id) || !number(parent) {
        return None;
    }
    let detail = match part(rest) {
        Some((unused, detail)) if number(unused) => detail,
        _ => rest,
    };
    let detail = detail.trim().trim_matches(['"', '\'']);
    Some((id.trim(), parent.trim(), detail))
}

/// A line of the shell's drawing: how far it is set off, and its words.
fn drawn(line: &str) -> Option<(usize, &str)> {
    let detail = line.trim_start_matches([' ', '|', '`', '-', '├', '└', '│', '─']);
    let is_prompt = ["sqlite>", "...>"]
        .iter()
        .any(|prompt| detail.starts_with(prompt));
    (!detail.is_empty() && !is_prompt).then(|| (line.len() - detail.len(), detail.trim_end()))
}

/// One row.
fn node(detail: &str) -> PlanNode {
    let mut node = PlanNode {
        node_type: detail.to_owned(),
        ..PlanNode::default()
    };
    for word in ["SCAN", "SEARCH"] {
        if let Some(rest) = detail
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix(' '))
        {
            word.clone_into(&mut node.node_type);
            access(&mut node, rest);
            return node;
        }
    }
    for word in ["MATERIALIZE", "CO-ROUTINE", "BLOOM FILTER ON"] {
        if let Some(rest) = detail
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix(' '))
        {
            word.clone_into(&mut node.node_type);
            node.relation = rest.split(' ').next().map(ToOwned::to_owned);
            node.role = Role::Subquery;
            return node;
        }
    }
    // The number of a subquery says nothing about the shape.
    if let Some(at) = detail.find(" SUBQUERY ") {
        let (words, number) = detail.split_at(at + " SUBQUERY".len());
        words.clone_into(&mut node.node_type);
        node.subplan = Some(number.trim().to_owned());
        node.role = Role::SubPlan;
    }
    if let Some(keys) = detail.strip_prefix("USE TEMP B-TREE FOR ") {
        "USE TEMP B-TREE".clone_into(&mut node.node_type);
        node.conditions.push(Condition {
            kind: "For".to_owned(),
            text: keys.to_owned(),
        });
    }
    node
}

/// A table's name without what is said of its join.
fn bare_name(name: &str, details: &mut Vec<(String, String)>) -> String {
    for word in ["LEFT-JOIN", "EXISTS"] {
        if let Some(bare) = name
            .strip_suffix(word)
            .and_then(|name| name.strip_suffix(' '))
        {
            details.push(("Join".to_owned(), word.to_owned()));
            return bare.to_owned();
        }
    }
    name.to_owned()
}

/// `TABLE t AS x USING COVERING INDEX i (a=? AND b>?)`.
fn access(node: &mut PlanNode, rest: &str) {
    // Before 3.36 the word TABLE stands here; a table of that name has no other word after it.
    let rest = rest
        .strip_prefix("TABLE ")
        .or_else(|| rest.strip_prefix("SUBQUERY "))
        .unwrap_or(rest);
    if rest == "CONSTANT ROW" {
        "CONSTANT ROW".clone_into(&mut node.node_type);
        return;
    }
    let (object, mut using) = match rest.find(" USING ") {
        Some(at) => (&rest[..at], &rest[at + " USING ".len()..]),
        None => (rest, ""),
    };
    let (object, virtual_index) = match object.split_once(" VIRTUAL TABLE INDEX ") {
        Some((object, index)) => (object, Some(index)),
        None => (object, None),
    };
    let (name, alias) = match object.split_once(" AS ") {
        Some((name, alias)) => (name, Some(alias)),
        None => (object, None),
    };
    node.relation = name
        .split(" (~")
        .next()
        .map(|name| bare_name(name, &mut node.details));
    node.alias = alias.map(|alias| alias.split(' ').next().unwrap_or(alias).to_owned());
    if node.node_type == "SEARCH" && using.is_empty() && virtual_index.is_none() {
        // Without an index and a condition there is nothing to search by: printed so for min() and
        // max(), which step through the whole table unless it is by the rowid.
        "SCAN".clone_into(&mut node.node_type);
        node.details.push((
            "Printed as".to_owned(),
            "SEARCH, without an index or a condition".to_owned(),
        ));
    }
    if let Some(index) = virtual_index {
        node.details
            .push(("Virtual table index".to_owned(), index.to_owned()));
    }
    let mut detail = |name: &str| node.details.push((name.to_owned(), "true".to_owned()));
    if let Some(after) = using.strip_prefix("AUTOMATIC ") {
        detail("Automatic index");
        using = after;
    }
    if let Some(after) = using.strip_prefix("PARTIAL ") {
        detail("Partial index");
        using = after;
    }
    if let Some(after) = using.strip_prefix("COVERING ") {
        detail("Covering index");
        using = after;
    }
    let (key, condition) = match using.split_once('(') {
        Some((key, condition)) => (
            key.trim(),
            condition.rsplit_once(')').map(|(condition, _)| condition),
        ),
        None => (using.trim(), None),
    };
    if key.starts_with("INTEGER PRIMARY KEY") || key.starts_with("PRIMARY KEY") {
        node.index = Some("PRIMARY KEY".to_owned());
    } else if let Some(index) = key.strip_prefix("INDEX").map(str::trim) {
        node.index = (!index.is_empty()).then(|| index.to_owned());
    }
    if let Some(condition) = condition {
        node.conditions.push(Condition {
            kind: "Index Cond".to_owned(),
            text: condition.to_owned(),
        });
    }
}
