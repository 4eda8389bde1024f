//! What is often taken for a plan, and how to get one instead.

use crate::PlanError;

/// PostgreSQL's YAML, of EXPLAIN or of auto_explain: `Plan:`, and below it `Node Type: "Limit"`.
pub(super) fn is_yaml(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(|line| line.trim().trim_start_matches("- "));
    lines.any(|line| line == "Plan:") && lines.any(|line| line.starts_with("Node Type: \""))
}

/// Whether a line's first columns are these, whatever stands between columns.
fn has_line(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| {
        let mut columns = line
            .split(['|', '│', '\t', ',', ' ', '"', '\'', '`'])
            .filter(|column| !column.is_empty());
        words.iter().all(|word| columns.next() == Some(word))
    })
}

/// Why a text that no format takes is no plan, if that is known.
pub(super) fn why(text: &str) -> Option<PlanError> {
    let says = |words: &str| text.contains(words);
    let starts = |words: &[&str]| {
        let text = text.trim_start();
        words.iter().any(|word| {
            text.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
    };
    let has_line = |words: &[&str]| has_line(text, words);
    let (what, instead) = if says("Utility statements have no plan structure")
        || says("\"Utility Statement\"")
    {
        (
            "what PostgreSQL says of a statement that has no plan",
            "explain a SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES, or the query within the statement",
        )
    } else if says("<explain xmlns=") || says("<Node-Type>") {
        (
            "PostgreSQL's EXPLAIN as XML",
            "use FORMAT JSON or FORMAT TEXT",
        )
    } else if says("<ShowPlanXML")
        || has_line(&["StmtText"])
        || says("Clustered Index Scan(OBJECT:")
    {
        (
            "a plan of SQL Server",
            "give one of PostgreSQL, MySQL, MariaDB or SQLite",
        )
    } else if says("Plan hash value:") || says("| Id  | Operation") {
        (
            "a plan of Oracle",
            "give one of PostgreSQL, MySQL, MariaDB or SQLite",
        )
    } else if text.lines().any(|line| {
        line.trim_start_matches([' ', '│', '└', '├', '─'])
            .starts_with("• ")
    }) {
        (
            "a plan of CockroachDB",
            "give one of PostgreSQL, MySQL, MariaDB or SQLite",
        )
    } else if is_yaml(text) {
        (
            "PostgreSQL's EXPLAIN as YAML",
            "use FORMAT JSON or FORMAT TEXT",
        )
    } else if has_line(&["addr", "opcode", "p1"]) || says("\"opcode\":") || says("opcode = ") {
        ("the bytecode of SQLite's EXPLAIN", "use EXPLAIN QUERY PLAN")
    } else if has_line(&["id", "select_type", "table"]) || says("select_type: ") {
        (
            "the table of MySQL's or MariaDB's EXPLAIN",
            "use EXPLAIN FORMAT=JSON (or EXPLAIN ANALYZE in MySQL, ANALYZE FORMAT=JSON in MariaDB)",
        )
    } else if starts(&["<table", "<html", "<!doctype"]) {
        ("HTML", "copy the plan itself, as text")
    } else if starts(&["ERROR:", "ERROR ", "Parse error", "Runtime error", "FATAL:"]) {
        (
            "an error of the database",
            "mend the statement and explain it again",
        )
    } else if starts(&[
        "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "MERGE ", "WITH ", "EXPLAIN ", "VALUES ",
        "CREATE ", "ALTER ",
    ]) {
        (
            "a statement",
            "run it with EXPLAIN before it (EXPLAIN QUERY PLAN in SQLite), and give what that prints",
        )
    } else {
        return None;
    };
    Some(PlanError::Other { what, instead })
}
