//! A table read whole and sorted for its first rows: what most slow lists come to, in words.

use silk_plan::{Plan, PlanNode};

use super::cells::number;

/// Smaller tables are sorted in no time.
const MIN_ROWS: f64 = 1_000.0;

/// What such a plan does, and what would spare it; none where it does something else.
///
/// `sql` tells of a LIMIT where the plan does not.
pub(crate) fn sorted_whole(plan: &Plan, sql: Option<&str>) -> Option<String> {
    let limit = find(&plan.root, &|node| {
        node.node_type == "Limit" || node.detail("r_limit").is_some()
    });
    let written = sql.and_then(|sql| {
        let mut words = sql.split_whitespace();
        words.find(|word| word.eq_ignore_ascii_case("limit"))?;
        // A placeholder is a limit too, of a number that is not known here.
        Some(words.next().and_then(|n| n.parse::<f64>().ok()))
    });
    if (limit.is_none() && written.is_none()) || find(&plan.root, &makes_rows_of_many).is_some() {
        return None;
    }
    let sort = find(&plan.root, &|node| {
        matches!(&*node.node_type, "Sort" | "Filesort")
            || (node.node_type == "USE TEMP B-TREE"
                && condition(node, "For").is_some_and(|what| what == "ORDER BY"))
    })?;
    let keys = condition(sort, "Sort Key").map(columns);
    let keys = match keys {
        // Of expressions, and of columns of several tables, no index gives the order so plainly.
        Some(keys) => Some(keys?),
        None => None,
    };
    // SQLite prints the sort beside what it sorts, the others above it.
    let below = if sort.children.is_empty() {
        &plan.root
    } else {
        sort
    };
    let scan = find(below, &|node| {
        let is_scan = matches!(&*node.node_type, "Seq Scan" | "Table scan" | "SCAN")
            && node.index.is_none()
            && condition(node, "Filter").is_none();
        is_scan
            && keys
                .as_ref()
                .and_then(|(table, _)| *table)
                .is_none_or(|table| {
                    [&node.relation, &node.alias]
                        .iter()
                        .any(|name| name.as_deref() == Some(table))
                })
    })?;
    let table = scan.relation.as_deref().or(scan.alias.as_deref())?;
    let rows = rows(scan);
    if rows.is_some_and(|rows| rows < MIN_ROWS) {
        return None;
    }
    let all = match rows {
        Some(rows) => format!("all {} rows of {table}", number(rows)),
        None => format!("all rows of {table}"),
    };
    let first = match limit.and_then(given).or(written.flatten()) {
        Some(first) => format!("the first {}", number(first)),
        None => "the first few".to_owned(),
    };
    let index = match keys {
        Some((_, keys)) => format!("An index on {table} ({keys})"),
        None => format!("An index on the columns of ORDER BY, where they are {table}'s,"),
    };
    Some(format!(
        "This plan reads {all} and sorts them to give {first}. {index} would hold the rows in that order: \
         the database would read the first entries and stop."
    ))
}

/// Whether its rows are no table's rows any more, so that no index of one gives their order.
fn makes_rows_of_many(node: &PlanNode) -> bool {
    ["Aggregate", "Group", "Unique", "Append", "SetOp", "Window"]
        .iter()
        .any(|word| node.node_type.contains(word))
}

/// The first node of which something holds, parents before children.
fn find<'a>(top: &'a PlanNode, holds: &dyn Fn(&PlanNode) -> bool) -> Option<&'a PlanNode> {
    let mut left = vec![top];
    while let Some(node) = left.pop() {
        if holds(node) {
            return Some(node);
        }
        left.extend(node.children.iter().rev());
    }
    None
}

fn condition<'a>(node: &'a PlanNode, kind: &str) -> Option<&'a str> {
    node.conditions
        .iter()
        .find(|condition| condition.kind == kind)
        .map(|condition| &*condition.text)
}

/// The table that keys name, and the keys without it; none where one is no plain column.
fn columns(keys: &str) -> Option<(Option<&str>, String)> {
    let mut of = None;
    let mut names = Vec::new();
    for (at, key) in keys.split(',').map(str::trim).enumerate() {
        let is_plain = key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '`' | ' '));
        if !is_plain || key.is_empty() {
            return None;
        }
        let (table, name) = match key.rsplit_once('.') {
            Some((table, name)) => (table.rsplit('.').next(), name),
            None => (None, key),
        };
        if at > 0 && table != of {
            return None;
        }
        of = table;
        names.push(name);
    }
    Some((of, names.join(", ")))
}

/// Rows it gave, or is expected to; none where a print tells only of one process of many.
fn rows(scan: &PlanNode) -> Option<f64> {
    match scan.actual.and_then(|actual| Some((actual.rows?, actual))) {
        Some((rows, actual)) => Some(rows * actual.loops.max(1.0)),
        None if scan.parallel_aware => None,
        None => scan.estimate?.rows,
    }
}

fn given(limit: &PlanNode) -> Option<f64> {
    limit
        .detail("r_limit")
        .and_then(|limit| limit.parse().ok())
        .or_else(|| limit.actual?.rows)
        .or_else(|| limit.estimate?.rows)
}

#[cfg(test)]
mod tests {
    use silk_plan::PlanFormat;

    use super::*;

    fn of(format: PlanFormat, raw: &str, sql: Option<&str>) -> Option<String> {
        sorted_whole(&Plan::parse(format, raw).unwrap(), sql)
    }

    const LIST: &str = "\
Limit  (cost=5515.46..5526.96 rows=100 width=104) (actual time=27.490..30.617 rows=100 loops=1)
  ->  Sort  (cost=4515.45..4662.51 rows=100000 width=104) (actual time=24.413..24.418 rows=100 loops=1)
        Sort Key: message.updated DESC
        Sort Method: top-N heapsort  Memory: 50kB
        ->  Seq Scan on public.message  (cost=0.00..2267.24 rows=100000 width=104) (actual time=0.007..6.247 rows=100000 loops=1)
";

    #[test]
    fn says_what_a_list_reads_and_what_would_spare_it() {
        let said = of(PlanFormat::PostgresText, LIST, None).unwrap();
        assert!(said.contains("all 100,000 rows of message"), "{said}");
        assert!(said.contains("the first 100."), "{said}");
        assert!(said.contains("on message (updated DESC)"), "{said}");
    }

    #[test]
    fn is_silent_where_no_index_gives_the_order_plainly() {
        let format = PlanFormat::PostgresText;
        for (from, to) in [
            ("message.updated DESC", "(lower(message.text))"),
            ("message.updated DESC", "message.updated, person.id"),
            ("Limit  (", "Unique  ("),
            ("rows=100000 loops=1", "rows=100 loops=1"),
            ("Seq Scan on", "Index Scan using message_at on"),
        ] {
            let plan = LIST.replace(from, to);
            assert_ne!(plan, LIST);
            assert_eq!(of(format, &plan, None), None, "{to}");
        }
    }

    #[test]
    fn asks_the_statement_for_the_limit_where_the_plan_tells_none() {
        let rows = "QUERY PLAN\n|--SCAN message\n`--USE TEMP B-TREE FOR ORDER BY\n";
        let said = |sql| of(PlanFormat::SqliteRows, rows, Some(sql));
        assert_eq!(said("SELECT * FROM message ORDER BY updated"), None);
        let text = said("SELECT * FROM message ORDER BY updated\nLIMIT 100").unwrap();
        assert!(text.contains("the columns of ORDER BY"), "{text}");
        assert!(text.contains("the first 100."), "{text}");
    }
}
