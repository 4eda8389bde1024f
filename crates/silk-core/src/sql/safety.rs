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
    let Some(words) = single(sql, kind) else {
        return false;
    };
    if !matches!(command(&words).as_str(), "SELECT" | "VALUES" | "TABLE") {
        return false;
    }
    let ctes = cte_names(&words);
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        let is_member = before.is_some_and(|before| before.is_sign("."));
        let next = words.get(index + 1);
        let is_call = next.is_some_and(|next| next.is_sign("("));
        match word.kind {
            Kind::Word | Kind::Quoted if is_call && !is_known(word, before, is_member, &ctes) => {
                return false;
            }
            // `truncate(x, 1)` rounds a number; a column `t.share` is one.
            Kind::Word if !is_member && !is_call && word.is_any_word(WRITING) => return false,
            // `replace(a, b, c)` is harmless, `REPLACE INTO` is not.
            Kind::Word if !is_member && !is_call && word.is_word("REPLACE") => return false,
            Kind::Punctuation if word.text == ":=" => return false,
            _ => {}
        }
    }
    true
}

/// Whether `word`, before a parenthesis, calls nothing or something harmless.
fn is_known(
    word: &Lexeme<'_>,
    before: Option<&Lexeme<'_>>,
    is_member: bool,
    ctes: &[&str],
) -> bool {
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
    if word.is_any_word(BEFORE_LISTS) {
        return true;
    }
    let name = unquoted(word);
    // `FROM unnest($1) AS t(a, b)` names columns; so does a CTE.
    let is_alias = before.is_some_and(|before| before.is_word("AS"));
    let is_cte = ctes.iter().any(|cte| cte.eq_ignore_ascii_case(name));
    // `WITHIN GROUP (`, `GROUPING SETS (`, `ROLLUP (` and the windows of WINDOW stay unknown.
    !is_member && (is_alias || is_cte || is_harmless(name))
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
