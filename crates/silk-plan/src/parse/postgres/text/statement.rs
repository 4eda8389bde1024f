//! The statement that a client shows before its plan.

/// A statement's first line, without a prompt and without `EXPLAIN (…)`.
pub(super) fn statement(line: &str) -> Option<&str> {
    let starts = |text: &str, words: &[&str]| {
        words.iter().any(|word| {
            text.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
    };
    let mut sql = match line.split_once(['#', '>']) {
        Some((prompt, rest)) if prompt.ends_with('=') && !prompt.contains(' ') => rest.trim_start(),
        _ => line,
    };
    if starts(sql, &["explain ", "explain("]) {
        sql = sql["explain".len()..].trim_start();
        if let Some(options) = sql.strip_prefix('(') {
            sql = options.split_once(')')?.1.trim_start();
        }
        for word in ["analyze ", "verbose "] {
            if starts(sql, &[word]) {
                sql = sql[word.len()..].trim_start();
            }
        }
    }
    starts(
        sql,
        &[
            "select ", "with ", "insert ", "update ", "delete ", "merge ", "values ", "table ",
        ],
    )
    .then_some(sql)
}

/// Whether a line is of a statement, which may hold a text that looks like a node.
pub(super) fn is_sql(line: &str) -> bool {
    line.starts_with("Query Text: ") || statement(line).is_some()
}
