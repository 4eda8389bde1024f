//! What may be asked of a database again.

use super::{
    functions::is_harmless,
    lexer::{Kind, Lexeme, lex, significant},
    quoted::unquoted,
    structure::{command, cte_names},
};
use crate::DatabaseKind;

/// Whether the text is one single statement that can be explained: a SELECT, VALUES, TABLE,
/// INSERT, UPDATE, DELETE, MERGE or REPLACE, with or without WITH.
///
/// Explaining does not run a statement; see [`is_read_only`] for running it.
#[must_use]
pub fn is_explainable(sql: &str, kind: DatabaseKind) -> bool {
    single(sql, kind).is_some()
}

/// Whether running the text again can be shown to change nothing.
///
/// Conservative: a stacked statement, anything that writes or locks anywhere in the text
/// (`FOR UPDATE`, a data-modifying CTE, `INTO`), an assignment, a comment that MySQL executes, or
/// a function that is not known to be harmless, and the answer is no.
#[must_use]
pub fn is_read_only(sql: &str, kind: DatabaseKind) -> bool {
    reading_calls(sql, kind).is_some_and(|calls| calls.iter().all(|call| call.is_harmless))
}

/// A function that a text calls, by what its text alone shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    /// Its name, unquoted and without schema.
    pub name: String,
    /// Whether it is known to change nothing; one of a schema's own never is.
    pub is_harmless: bool,
}

/// What a text calls that otherwise only reads: everything [`is_read_only`] asks for but for its
/// functions, which a database may know better. None if it may write.
#[must_use]
pub fn reading_calls(sql: &str, kind: DatabaseKind) -> Option<Vec<FunctionCall>> {
    let words = single(sql, kind)?;
    reads(&words).then(|| calls(&words))
}

/// What a text calls that is one explainable statement, whatever else it does; none for others.
#[must_use]
pub fn explainable_calls(sql: &str, kind: DatabaseKind) -> Option<Vec<FunctionCall>> {
    single(sql, kind).map(|words| calls(&words))
}

/// Whether nothing but functions could write.
fn reads(words: &[Lexeme<'_>]) -> bool {
    const WRITING: &[&str] = &[
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
        "INTO",
        "OUTFILE",
        "DUMPFILE",
        "LOCK",
        "SHARE",
        "CALL",
        "EXEC",
        "EXECUTE",
        "TRUNCATE",
        "CREATE",
        "ALTER",
        "DROP",
        "GRANT",
        "REVOKE",
        "SET",
        "COPY",
        "DO",
        "ATTACH",
        "DETACH",
        "PRAGMA",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
        "EXPLAIN",
        "PREPARE",
        "HANDLER",
        "LOAD",
        "PROCEDURE",
        "NOTIFY",
        "LISTEN",
        "REFRESH",
        "IMPORT",
    ];
    if !matches!(command(words).as_str(), "SELECT" | "VALUES" | "TABLE") {
        return false;
    }
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        let is_member = before.is_some_and(|before| before.is_sign("."));
        let next = words.get(index + 1);
        let is_call = next.is_some_and(|next| next.is_sign("("));
        match word.kind {
            // `truncate(x, 1)` rounds a number; a column `t.share` is one.
            // `replace(a, b, c)` is harmless, `REPLACE INTO` is not.
            Kind::Word
                if !is_member
                    && (word.is_any_word(WRITING) || word.is_word("REPLACE"))
                    && !(is_call && is_harmless(word.text)) =>
            {
                return false;
            }
            Kind::Punctuation if word.text == ":=" => return false,
            _ => {}
        }
    }
    true
}

/// The words before parentheses that call something.
fn calls(words: &[Lexeme<'_>]) -> Vec<FunctionCall> {
    const BEFORE_LISTS: &[&str] = &[
        "ALL",
        "AND",
        "ANY",
        "ARRAY",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "DISTINCT",
        "ELSE",
        "END",
        "EXCEPT",
        "EXISTS",
        "FILTER",
        "FROM",
        "HAVING",
        "IN",
        "INTERSECT",
        "IS",
        "JOIN",
        "LATERAL",
        "LIKE",
        "ILIKE",
        "LIMIT",
        "MATERIALIZED",
        "NOT",
        "OFFSET",
        "ON",
        "OR",
        "ORDER",
        "OVER",
        "SELECT",
        "SOME",
        "THEN",
        "UNION",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "GROUP",
        "WITH",
        "INTERVAL",
        "OF",
    ];
    let ctes = cte_names(words);
    let mut calls: Vec<FunctionCall> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let is_call = words.get(index + 1).is_some_and(|next| next.is_sign("("));
        let is_name = matches!(word.kind, Kind::Word | Kind::Quoted);
        if !is_call || !is_name || word.is_any_word(BEFORE_LISTS) {
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        let is_member = before.is_some_and(|before| before.is_sign("."));
        let name = unquoted(word);
        // `FROM unnest($1) AS t(a, b)` names columns; so does a CTE.
        let is_alias = before.is_some_and(|before| before.is_word("AS"));
        let is_cte = ctes.iter().any(|cte| cte.eq_ignore_ascii_case(name));
        if !is_member && (is_alias || is_cte) {
            continue;
        }
        // `WITHIN GROUP (`, `GROUPING SETS (`, `ROLLUP (` and the windows of WINDOW stay unknown.
        let is_harmless = !is_member && is_harmless(name);
        let known = calls.iter_mut().find(|call| call.name == name);
        match known {
            Some(known) => known.is_harmless &= is_harmless,
            None => calls.push(FunctionCall {
                name: name.to_owned(),
                is_harmless,
            }),
        }
    }
    calls
}

/// The significant tokens of a text that is one explainable statement.
fn single(sql: &str, kind: DatabaseKind) -> Option<Vec<Lexeme<'_>>> {
    const EXPLAINABLE: &[&str] = &[
        "SELECT", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE",
    ];
    let (lexemes, is_read) = lex(sql, kind);
    if !is_read || lexemes.iter().any(is_executed_comment) {
        return None;
    }
    let mut words = significant(&lexemes);
    while words.last().is_some_and(|last| last.is_sign(";")) {
        words.pop();
    }
    if words
        .iter()
        .any(|word| word.is_sign(";") || word.is_sign("\\"))
    {
        return None;
    }
    EXPLAINABLE
        .contains(&command(&words).as_str())
        .then_some(words)
}

/// MySQL runs what stands in `/*! … */`, MariaDB also in `/*M! … */`.
fn is_executed_comment(lexeme: &Lexeme<'_>) -> bool {
    lexeme.kind == Kind::Comment
        && (lexeme.text.starts_with("/*!") || lexeme.text.starts_with("/*M!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Option<Vec<String>> {
        let calls = reading_calls(sql, DatabaseKind::Postgres)?;
        let unknown = calls.into_iter().filter(|call| !call.is_harmless);
        Some(unknown.map(|call| call.name).collect())
    }

    #[test]
    fn what_only_its_functions_could_write_with_names_them() {
        assert_eq!(
            names("select f(1), app.\"G\"(lower(x)) from t where id in (1, 2)"),
            Some(vec!["f".to_owned(), "G".to_owned()])
        );
        assert_eq!(
            names("with x(a) as (select 1) select count(*) from x"),
            Some(vec![])
        );
        for sql in [
            "select f(1); select 2",
            "update t set a = f(1)",
            "with x as (delete from t returning a) select f(a) from x",
            "select f(1) from t for update",
            "select f(1) into u from t",
            "explain select f(1)",
        ] {
            assert_eq!(names(sql), None, "{sql}");
        }
        assert_eq!(
            explainable_calls("update t set a = f(1)", DatabaseKind::MySql)
                .map(|calls| calls.len()),
            Some(1)
        );
    }
}
