//! What each operator of a plan does, in words.

use silk_plan::{PlanFormat, PlanNode};

/// What an operator does, for readers who do not know its name.
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
            "SQLite builds this index for every run of the statement and drops it afterwards. A permanent index avoids that."
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
