//! What operators do, and where a plan comes from, in words.

use silk_core::{PlanRecord, PlanSource};
use silk_plan::{Plan, PlanFormat, PlanNode};

use crate::filters::one_line;

/// The operators of a plan from the top down, each with what it works on.
pub(crate) fn in_one_line(record: &PlanRecord, most_nodes: usize, most_chars: usize) -> String {
    let Ok(plan) = Plan::parse(record.output.format, &record.output.raw) else {
        return "as the database printed it".to_owned();
    };
    let nodes = plan
        .nodes()
        .take(most_nodes)
        .map(|node| match &node.relation {
            Some(relation) => format!("{} {relation}", node.title()),
            None => node.title(),
        })
        .collect::<Vec<_>>();
    let more = if plan.nodes().nth(most_nodes).is_some() {
        " ← …"
    } else {
        ""
    };
    one_line(&format!("{}{more}", nodes.join(" ← ")), most_chars)
}

/// Which plan this is.
pub(crate) struct Badge {
    /// A word or two.
    pub(crate) word: &'static str,
    /// `good` for the real thing, empty for the others.
    pub(crate) class: &'static str,
    /// What that means.
    pub(crate) note: &'static str,
}

/// Which plan a source gives.
pub(crate) const fn badge(source: PlanSource, analyzed: bool) -> Badge {
    let (word, class, note) = match (source, analyzed) {
        (PlanSource::AutoExplain, true) => (
            "actual",
            "good",
            "plan and row counts of one recorded execution",
        ),
        (PlanSource::AutoExplain, false) => (
            "actual",
            "good",
            "the plan of one recorded execution; its figures are the planner's estimates",
        ),
        (PlanSource::Estimated, _) => (
            "estimated",
            "",
            "planned later for the recorded values; nothing was run",
        ),
        (PlanSource::Generic, _) => (
            "generic",
            "",
            "planned later without values, as a cached statement runs from its sixth execution on; nothing was run",
        ),
        (PlanSource::Analyzed, _) => (
            "re-executed",
            "warn",
            "the statement was run again for it: later, with a warm cache, not the recorded run",
        ),
        (PlanSource::Pasted, true) => ("pasted", "", "pasted by a person: the plan of a run"),
        (PlanSource::Pasted, false) => (
            "pasted",
            "",
            "pasted by a person: an estimate, nothing was run",
        ),
    };
    Badge { word, class, note }
}

/// How a plan was got, as lists say it.
pub(crate) const fn source(source: PlanSource) -> &'static str {
    match source {
        PlanSource::AutoExplain => "actual",
        PlanSource::Estimated => "estimated",
        PlanSource::Generic => "generic",
        PlanSource::Analyzed => "re-executed",
        PlanSource::Pasted => "pasted",
    }
}

/// The database that prints a format.
pub(crate) const fn printed_by(format: PlanFormat) -> &'static str {
    match format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => "PostgreSQL",
        PlanFormat::MySqlJson => "MySQL or MariaDB",
        PlanFormat::MySqlTree => "MySQL",
        PlanFormat::SqliteRows => "SQLite",
    }
}

/// What an operator does, for whom its name says nothing yet.
pub(crate) fn explanation(node: &PlanNode, format: PlanFormat) -> Option<&'static str> {
    match format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => postgres(node),
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => mysql(node),
        PlanFormat::SqliteRows => sqlite(node),
    }
}

fn postgres(node: &PlanNode) -> Option<&'static str> {
    let is_top_n = node
        .detail("Sort Method")
        .is_some_and(|method| method.starts_with("top-N"));
    Some(match &*node.node_type {
        "Seq Scan" if node.parallel_aware => {
            "Sequential scan, shared: the processes read the table's pages in turn, from the first to the last, and keep the rows that pass the filter."
        }
        "Seq Scan" => {
            "Sequential scan: reads every page of the table from the first to the last, and keeps the rows that pass the filter. The best way to most of a table, and the longest to a few of its rows."
        }
        "Index Scan" => {
            "Index scan: walks down the index to the entries that fit, and fetches the row of each from the table. Quick for few rows; each one may be a page of its own."
        }
        "Index Only Scan" => {
            "Index-only scan: the index holds every column that is asked for, so the table is left alone. Only rows on pages that vacuum has not marked all-visible are looked up there: the heap fetches."
        }
        "Bitmap Index Scan" => {
            "Bitmap index scan: notes the places of all rows that fit, without fetching one."
        }
        "Bitmap Heap Scan" => {
            "Bitmap heap scan: reads the pages noted below, each once and in the table's order. Stands between index scan and sequential scan: for more rows than the one is good for, and fewer than the other."
        }
        "BitmapAnd" => "Keeps the places that all bitmaps below have noted.",
        "BitmapOr" => "Joins the places that the bitmaps below have noted.",
        "Tid Scan" | "Tid Range Scan" => "Fetches rows by their places in the table.",
        "Sort" if is_top_n => {
            "Sort that keeps only the best rows while it reads (top-N): little memory, but every row below is read first."
        }
        "Sort" => {
            "Reads all its rows, then sorts them; the first comes only after the last was read."
        }
        "Incremental Sort" => {
            "Sorts within groups that already come in order, so the first rows come early."
        }
        "Gather" => "Collects the rows of parallel workers as they come.",
        "Gather Merge" => "Collects the sorted rows of parallel workers, and keeps their order.",
        "Hash Join" => {
            "Builds a table in memory of one side, and looks each row of the other up in it."
        }
        "Merge Join" => "Walks two sorted sides in step.",
        "Nested Loop" => "Runs the second side once for every row of the first.",
        "Memoize" => {
            "Remembers what the side below gave for a value, and answers from that the next time."
        }
        "Materialize" => "Keeps its rows, so that they can be read again without being made again.",
        _ => return None,
    })
}

fn mysql(node: &PlanNode) -> Option<&'static str> {
    let kind = node.node_type.to_ascii_lowercase();
    Some(match &*kind {
        "table scan" => {
            "Reads every row of the table, and keeps those that pass the filter (type ALL)."
        }
        "index scan" => {
            "Reads the whole index in its order, and fetches each row (type index): every entry, not a seek."
        }
        "covering index scan" => {
            "Reads the whole index, and nothing of the table (Using index): every entry, not a seek."
        }
        "index range scan" => {
            "Walks a range of the index, and fetches the row of each entry (type range)."
        }
        "covering index range scan" => {
            "Walks a range of the index; the table is left alone (Using index)."
        }
        "index lookup" => {
            "Looks the rows of one value up in the index, and fetches them (type ref)."
        }
        "covering index lookup" => {
            "Looks one value up in the index; the table is left alone (Using index)."
        }
        "unique index lookup" | "single-row index lookup" => {
            "Looks one row up by a unique key (type eq_ref)."
        }
        "constant row" => {
            "A row found while planning, by a unique key compared with constants (type const)."
        }
        "index merge" => "Joins what several indexes found.",
        "filesort" | "sort" => "Reads all its rows, then sorts them; no index gives the order.",
        "temporary table" => "Puts its rows into a table of its own first.",
        "block nested loop join" => {
            "Keeps rows of the first side in a buffer, and reads the second side once for each full buffer: no index leads to it."
        }
        _ => return None,
    })
}

fn sqlite(node: &PlanNode) -> Option<&'static str> {
    let is_covering = node.detail("Covering index").is_some();
    let is_automatic = node.detail("Automatic index").is_some();
    Some(match &*node.node_type {
        _ if is_automatic => {
            "SQLite builds this index for every run of the statement and throws it away after: one that is kept would spare that."
        }
        "SCAN" if is_covering => {
            "Reads the whole index, from the first entry to the last; the table is left alone. Every entry, not a seek."
        }
        "SCAN" if node.index.is_some() => {
            "Reads the table in the order of the index, from the first entry to the last. Every entry, not a seek."
        }
        "SCAN" => "Reads every row of the table, from the first to the last.",
        "SEARCH" if is_covering => {
            "Walks down the index to the entries that fit; it holds every column that is asked for, so the table is left alone."
        }
        "SEARCH" if node.index.as_deref() == Some("PRIMARY KEY") => {
            "Walks down the table's own tree to the rows with that key."
        }
        "SEARCH" => "Walks down the index to the entries that fit, and fetches the row of each.",
        "USE TEMP B-TREE" => {
            "Puts all rows into a tree of its own to have them in order; no index gives it."
        }
        "CORRELATED SCALAR SUBQUERY" | "CORRELATED LIST SUBQUERY" => {
            "Runs again for every row of the query around it."
        }
        "MULTI-INDEX OR" => "Each side of the OR by an index of its own, each row once.",
        "MATERIALIZE" => "Runs first; its rows are kept in a table of its own.",
        "CO-ROUTINE" => "Gives its rows one by one, as they are asked for.",
        _ => return None,
    })
}
