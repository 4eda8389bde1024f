//! What a statement is called in a few words: `SELECT on person`, `DROP TABLE sessions`.

use super::{
    lexer::{Kind, Lexeme, lex, significant},
    structure::{WRITING, command_of, cte_names, statements},
    tables,
};
use crate::Statement;

/// What ALTER, CREATE and DROP are followed by before the kind of thing that they are about.
const BEFORE_KIND: &[&str] = &[
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "GLOBAL",
    "LOCAL",
    "UNIQUE",
    "VIRTUAL",
    "RECURSIVE",
    "FOREIGN",
    "FULLTEXT",
    "SPATIAL",
];

/// Things whose bodies hold semicolons.
const WITH_BODY: &[&str] = &["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"];

/// A statement by its command and what that does it to; of a text of several their number, and the
/// first that names a table. The verb of one never stands with the table of another.
///
/// `SELECT on person`, `SELECT pg_sleep`, `6 statements, first DROP TABLE sessions`,
/// `3 statements, with UPDATE on person`.
#[must_use]
pub fn called(statement: &Statement) -> String {
    let (lexemes, is_read) = lex(&statement.normalized, statement.database);
    if !is_read {
        return statement.command.clone();
    }
    let words = significant(&lexemes);
    if has_body(&words) {
        return one(&words, statement);
    }
    let count = statements(&words).count();
    if count < 2 {
        return one(&words, statement);
    }
    let named = statements(&words)
        .enumerate()
        .find(|(_, words)| !tables::tables(words, statement.database).is_empty());
    match named {
        None | Some((0, _)) => {
            let first = statements(&words).next().unwrap_or_default();
            format!("{count} statements, first {}", one(first, statement))
        }
        Some((_, words)) => format!("{count} statements, with {}", one(words, statement)),
    }
}

/// How many statements a text holds; a trigger or a procedure is one.
#[must_use]
pub fn statement_count(statement: &Statement) -> usize {
    let (lexemes, is_read) = lex(&statement.normalized, statement.database);
    let words = significant(&lexemes);
    if !is_read || has_body(&words) {
        return 1;
    }
    statements(&words).count().max(1)
}

/// The tables that a short name of the statement names: of one that writes only the table that rows
/// are changed in, whatever is read for it.
#[must_use]
pub fn tables_named(statement: &Statement) -> Vec<String> {
    let all = || statement.tables.clone();
    if !WRITING.contains(&&*statement.command) {
        return all();
    }
    let (lexemes, is_read) = lex(&statement.normalized, statement.database);
    if !is_read {
        return all();
    }
    let words = significant(&lexemes);
    written(&statement.command, &words, statement).map_or_else(all, |table| vec![table])
}

fn has_body(words: &[Lexeme<'_>]) -> bool {
    words.first().is_some_and(|first| first.is_word("CREATE"))
        && words
            .iter()
            .take(12)
            .take_while(|word| !word.is_sign("(") && !word.is_sign(";"))
            .any(|word| word.is_any_word(WITH_BODY))
}

/// One statement of the text.
fn one(words: &[Lexeme<'_>], statement: &Statement) -> String {
    let command = command_of(words);
    if let "ALTER" | "CREATE" | "DROP" = command.as_str() {
        return definition(command, words, statement);
    }
    let table = if WRITING.contains(&command.as_str()) {
        written(&command, words, statement)
    } else {
        tables::tables(words, statement.database).into_iter().next()
    };
    match table {
        Some(table) => format!("{command} on {table}"),
        None => match function(words) {
            Some(name) => format!("{command} {name}"),
            None => command,
        },
    }
}

/// `DROP TABLE sessions`, `CREATE INDEX`.
fn definition(command: String, words: &[Lexeme<'_>], statement: &Statement) -> String {
    let kind = words
        .iter()
        .skip(1)
        .find(|word| !word.is_any_word(BEFORE_KIND))
        .filter(|word| word.kind == Kind::Word);
    let Some(kind) = kind else { return command };
    let mut called = format!("{command} {}", kind.text.to_ascii_uppercase());
    if kind.is_word("TABLE")
        && let Some(table) = tables::tables(words, statement.database).first()
    {
        called.push(' ');
        called.push_str(table);
    }
    called
}

/// The table that rows are changed in: the first one behind the word that changes them, not one
/// that a CTE before it reads.
fn written(command: &str, words: &[Lexeme<'_>], statement: &Statement) -> Option<String> {
    let ctes = cte_names(words);
    let is_cte = |table: &String| ctes.iter().any(|name| name.eq_ignore_ascii_case(table));
    let mut depth = 0_usize;
    let (mut outermost, mut within) = (None, None);
    for (index, word) in words.iter().enumerate() {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if word.is_word(command) && depth == 0 => {
                outermost = outermost.or(Some(index));
            }
            _ if word.is_word(command)
                && index
                    .checked_sub(1)
                    .is_some_and(|before| words[before].is_sign("(")) =>
            {
                within = within.or(Some(index));
            }
            _ => {}
        }
    }
    let start = outermost.or(within)?;
    tables::tables(words.get(start..)?, statement.database)
        .into_iter()
        .find(|table| !is_cte(table))
}

/// The first function that is called, as it is written.
fn function(words: &[Lexeme<'_>]) -> Option<String> {
    let open = (1..words.len()).find(|index| {
        words[*index].is_sign("(")
            && words[index - 1].is_name()
            && !words[index - 1].is_any_word(&["VALUES", "ROW", "AS"])
    })?;
    let mut start = open - 1;
    while start >= 2 && words[start - 1].is_sign(".") && words[start - 2].is_name() {
        start -= 2;
    }
    Some(words[start..open].iter().map(|word| word.text).collect())
}
