//! The line that starts a node in PostgreSQL's text: `Hash Left Join  (cost=…) (actual …)`.

use super::figures::{numbers, numbers_at};
use super::properties::apply;
use crate::PlanNode;
use crate::parse::json::Json;

/// Reads a node's line, without its arrow.
pub(super) fn node(line: &str) -> PlanNode {
    let at = numbers_at(line).unwrap_or(line.len());
    let mut node = PlanNode::default();
    words(&mut node, line[..at].trim());
    numbers(&mut node, &line[at..]);
    node
}

/// Reads `Parallel Index Scan Backward using i on public.t x`.
fn words(node: &mut PlanNode, text: &str) {
    let mut text = text;
    if let Some(rest) = text.strip_prefix("Async ") {
        node.details
            .push(("Async Capable".to_owned(), "true".to_owned()));
        text = rest;
    }
    for mode in ["Partial", "Finalize"] {
        if let Some(rest) = text
            .strip_prefix(mode)
            .and_then(|rest| rest.strip_prefix(' '))
        {
            node.partial_mode = Some(mode.to_owned());
            text = rest;
        }
    }
    if let Some(rest) = text.strip_prefix("Parallel ") {
        node.parallel_aware = true;
        text = rest;
    }
    let (kind, object) = split_object(text);
    operator(node, kind);
    if let Some(object) = object {
        self::object(node, object);
    }
}

/// Parts the operator from what it works on.
fn split_object(text: &str) -> (&str, Option<&str>) {
    let using = text.find(" using ");
    let on = text.find(" on ");
    match using.into_iter().chain(on).min() {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The operator in the words of the JSON format.
fn operator(node: &mut PlanNode, kind: &str) {
    let strategy = |node: &mut PlanNode, kind: &str, strategy: &str| {
        kind.clone_into(&mut node.node_type);
        node.strategy = Some(strategy.to_owned());
    };
    let joined = kind.strip_suffix(" Join").and_then(|kind| {
        ["Nested Loop", "Hash", "Merge"]
            .into_iter()
            .find_map(|method| {
                let kind = kind.strip_prefix(method)?.trim_start();
                Some((method, kind))
            })
    });
    if let Some((method, kind)) = joined {
        node.node_type = match method {
            "Nested Loop" => method.to_owned(),
            _ => format!("{method} Join"),
        };
        node.join_type = Some(if kind.is_empty() { "Inner" } else { kind }.to_owned());
        return;
    }
    match kind {
        "Aggregate" => strategy(node, "Aggregate", "Plain"),
        "HashAggregate" => strategy(node, "Aggregate", "Hashed"),
        "GroupAggregate" => strategy(node, "Aggregate", "Sorted"),
        "MixedAggregate" => strategy(node, "Aggregate", "Mixed"),
        "Nested Loop" => {
            kind.clone_into(&mut node.node_type);
            node.join_type = Some("Inner".to_owned());
        }
        "Insert" | "Update" | "Delete" | "Merge" => {
            "ModifyTable".clone_into(&mut node.node_type);
            node.operation = Some(kind.to_owned());
        }
        _ => {
            if let Some(command) = kind.strip_prefix("HashSetOp ") {
                strategy(node, "SetOp", "Hashed");
                node.details
                    .push(("Command".to_owned(), command.to_owned()));
            } else if let Some(command) = kind.strip_prefix("SetOp ") {
                strategy(node, "SetOp", "Sorted");
                node.details
                    .push(("Command".to_owned(), command.to_owned()));
            } else if let Some(plain) = kind.strip_suffix(" Backward") {
                plain.clone_into(&mut node.node_type);
                node.details
                    .push(("Scan Direction".to_owned(), "Backward".to_owned()));
            } else if let Some(operation) =
                kind.strip_prefix("Foreign ").filter(|rest| *rest != "Scan")
            {
                "Foreign Scan".clone_into(&mut node.node_type);
                node.operation = Some(operation.to_owned());
            } else {
                kind.clone_into(&mut node.node_type);
            }
        }
    }
}

/// Reads `using i on public.t x`.
fn object(node: &mut PlanNode, text: &str) {
    let mut rest = text;
    if let Some(after) = rest.strip_prefix("using ") {
        let (name, after) = identifier(after);
        node.index = Some(name);
        rest = after.trim_start();
    }
    let Some(after) = rest.strip_prefix("on ") else {
        return;
    };
    let (mut name, mut after) = identifier(after);
    if let Some(tail) = after.strip_prefix('.') {
        node.schema = Some(name);
        (name, after) = identifier(tail);
    }
    let (alias, _) = identifier(after.trim_start());
    match node.node_type.as_str() {
        "Bitmap Index Scan" => {
            node.index = Some(name);
            return;
        }
        "CTE Scan" => apply(node, "CTE Name", &Json::Text(name.clone())),
        // These have no relation: the name is the alias.
        "Subquery Scan" | "Values Scan" => {
            node.alias = Some(name);
            return;
        }
        _ => node.relation = Some(name.clone()),
    }
    node.alias = Some(if alias.is_empty() { name } else { alias });
}

/// Reads an identifier, quoted or not; gives it bare, and the rest.
fn identifier(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '.']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let Some(end) = rest.find('"') else {
            name.push_str(rest);
            return (name, "");
        };
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        // A doubled quote stands for itself.
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return (name, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actual;
    use crate::parse::postgres::operators::is_operator;

    #[test]
    fn reads_every_part_of_a_line() {
        let read = node(
            "Parallel Index Only Scan Backward using \"my idx\" on public.\"Table\" t  (cost=0.29..8.31 rows=12 width=4) (actual time=0.010..0.020 rows=1.50 loops=3)",
        );
        assert_eq!(read.node_type, "Index Only Scan");
        assert!(read.parallel_aware);
        assert_eq!(read.index.as_deref(), Some("my idx"));
        assert_eq!(read.schema.as_deref(), Some("public"));
        assert_eq!(read.relation.as_deref(), Some("Table"));
        assert_eq!(read.alias.as_deref(), Some("t"));
        assert_eq!(read.estimate.unwrap().rows, Some(12.0));
        let actual = read.actual.unwrap();
        assert_eq!(
            (actual.total_ms, actual.rows, actual.loops),
            (Some(0.02), Some(1.5), 3.0)
        );
    }

    #[test]
    fn speaks_the_words_of_json() {
        for (line, kind, join, strategy) in [
            (
                "Hash Right Anti Join",
                "Hash Join",
                Some("Right Anti"),
                None,
            ),
            ("Hash Join", "Hash Join", Some("Inner"), None),
            ("Nested Loop Left Join", "Nested Loop", Some("Left"), None),
            ("Merge Full Join", "Merge Join", Some("Full"), None),
            ("Finalize GroupAggregate", "Aggregate", None, Some("Sorted")),
            ("Partial HashAggregate", "Aggregate", None, Some("Hashed")),
            ("HashSetOp Except All", "SetOp", None, Some("Hashed")),
            ("Update on t", "ModifyTable", None, None),
            ("Hash", "Hash", None, None),
        ] {
            let read = node(line);
            assert_eq!(read.node_type, kind, "{line}");
            assert_eq!(read.join_type.as_deref(), join, "{line}");
            assert_eq!(read.strategy.as_deref(), strategy, "{line}");
            assert!(is_operator(line), "{line}");
        }
        for line in [
            "Sort Key: a",
            "Hash Cond: (a = b)",
            "Index Cond: (a = 1)",
            "Group Key: a",
            "Merge Cond: (a = b)",
        ] {
            assert!(line.contains(": "), "{line} is told by its colon");
        }
        let bitmap =
            node("Bitmap Index Scan on i  (cost=0.00..1.00 rows=1 width=0) (never executed)");
        assert_eq!(bitmap.index.as_deref(), Some("i"));
        assert_eq!(bitmap.relation, None);
        assert_eq!(bitmap.actual, Some(Actual::default()));
    }
}
