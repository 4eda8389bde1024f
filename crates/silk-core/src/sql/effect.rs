//! What a text does to the rows of a database.

use super::{
    lexer::{Kind, Lexeme, lex, significant},
    structure::{WRITING, command_of, statements},
};
use crate::DatabaseKind;

/// What a text does to rows, by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// All of its statements only read, but for what functions do that they call.
    Reads,
    /// All of its statements change rows: INSERT, UPDATE, DELETE, MERGE, REPLACE, TRUNCATE, COPY
    /// into a table, or a SELECT that puts its rows into a table or a file.
    Writes,
    /// Both: some of its statements read and some write, or one reads what a CTE of it writes.
    Mixes,
    /// Neither for sure: there is no statement, it cannot be read, or it does something else
    /// (BEGIN, SET, CREATE, CALL, DO).
    Unknown,
}

/// Tells what `sql` does, through leading comments, parentheses and WITH.
#[must_use]
pub fn effect(sql: &str, kind: DatabaseKind) -> Effect {
    let (lexemes, is_read) = lex(sql, kind);
    if !is_read {
        return Effect::Unknown;
    }
    let words = significant(&lexemes);
    let mut all: Option<Effect> = None;
    for statement in statements(&words) {
        let one = of_statement(statement);
        all = Some(match (all, one) {
            (None, one) => one,
            (Some(all), one) if all == one => all,
            // What is not known may do anything, but what is known to be mixed stays so.
            (Some(Effect::Mixes), _) | (_, Effect::Mixes) => Effect::Mixes,
            (Some(Effect::Unknown), _) | (_, Effect::Unknown) => Effect::Unknown,
            _ => Effect::Mixes,
        });
    }
    all.unwrap_or(Effect::Unknown)
}

fn of_statement(words: &[Lexeme<'_>]) -> Effect {
    let command = command_of(words);
    let is_with = words
        .iter()
        .find(|word| !word.is_sign("("))
        .is_some_and(|first| first.is_word("WITH"));
    match command.as_str() {
        "SELECT" | "VALUES" | "TABLE" if puts_rows_away(words) => Effect::Writes,
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "DESCRIBE" | "DESC" => Effect::Reads,
        command if WRITING.contains(&command) => {
            if is_with && ends_with_reading(words) {
                Effect::Mixes
            } else {
                Effect::Writes
            }
        }
        "TRUNCATE" => Effect::Writes,
        "COPY" => copy(words),
        // Explaining runs nothing, unless it is asked to.
        "EXPLAIN"
            if !words
                .iter()
                .take(16)
                .any(|word| word.is_any_word(&["ANALYZE", "ANALYSE"])) =>
        {
            Effect::Reads
        }
        _ => Effect::Unknown,
    }
}

/// Whether what follows the CTEs reads.
fn ends_with_reading(words: &[Lexeme<'_>]) -> bool {
    let mut depth = 0_usize;
    words
        .iter()
        .find(|word| {
            match word.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {
                    return depth == 0
                        && (word.is_any_word(WRITING)
                            || word.is_any_word(&["SELECT", "VALUES", "TABLE"]));
                }
            }
            false
        })
        .is_some_and(|word| !word.is_any_word(WRITING))
}

/// `SELECT … INTO t`, `SELECT … INTO OUTFILE 'x'`; `INTO @a` only sets variables.
fn puts_rows_away(words: &[Lexeme<'_>]) -> bool {
    words.iter().enumerate().any(|(index, word)| {
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        word.is_word("INTO")
            && !before.is_some_and(|before| before.is_sign("."))
            && words.get(index + 1).is_some_and(|next| {
                matches!(next.kind, Kind::Word | Kind::Quoted) && !next.text.starts_with('@')
            })
    })
}

fn copy(words: &[Lexeme<'_>]) -> Effect {
    let mut depth = 0_usize;
    for word in words {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && word.is_word("FROM") => return Effect::Writes,
            _ if depth == 0 && word.is_word("TO") => return Effect::Reads,
            _ => {}
        }
    }
    Effect::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_03_what_a_text_does_is_told_by_all_of_its_statements() {
        use DatabaseKind::{MySql, Postgres};
        for (sql, kind, expected) in [
            (
                "with x as (select * from t) select * from x",
                Postgres,
                Effect::Reads,
            ),
            (
                "/* traceparent='00-1' */ select * from t",
                Postgres,
                Effect::Reads,
            ),
            ("-- name: list\nselect * from t", Postgres, Effect::Reads),
            ("(select * from t)", Postgres, Effect::Reads),
            (
                "((select 1) union (select 2)) limit 1;",
                Postgres,
                Effect::Reads,
            ),
            (
                "select 1; insert into t values (1); insert into t values (2)",
                Postgres,
                Effect::Mixes,
            ),
            ("select * into temp tt from t", Postgres, Effect::Writes),
            ("select a into @x from t", MySql, Effect::Reads),
            (
                "select a from t into outfile '/tmp/x'",
                MySql,
                Effect::Writes,
            ),
            (
                "with x as (delete from t returning a) select * from x",
                Postgres,
                Effect::Mixes,
            ),
            (
                "with x as (select 1) insert into t select * from x",
                Postgres,
                Effect::Writes,
            ),
            (
                "with x as (delete from t returning a) insert into u select * from x",
                Postgres,
                Effect::Writes,
            ),
            (
                "update t set a = 1; delete from t",
                Postgres,
                Effect::Writes,
            ),
            ("replace into t values (1)", MySql, Effect::Writes),
            ("/*!40001 select */ 1", MySql, Effect::Reads),
            ("# note\nselect 1", MySql, Effect::Reads),
            ("values (1)", Postgres, Effect::Reads),
            ("show all", Postgres, Effect::Reads),
            ("copy t from stdin", Postgres, Effect::Writes),
            ("copy (select a from t) to stdout", Postgres, Effect::Reads),
            ("explain select 1", Postgres, Effect::Reads),
            ("explain (analyze) delete from t", Postgres, Effect::Unknown),
            ("begin", Postgres, Effect::Unknown),
            (
                "begin; insert into t values (1); commit",
                Postgres,
                Effect::Unknown,
            ),
            ("selection", Postgres, Effect::Unknown),
            ("call f()", MySql, Effect::Unknown),
            ("", Postgres, Effect::Unknown),
            ("select 'x", Postgres, Effect::Unknown),
            (
                "select \"into\" from t where a = 'into t'",
                Postgres,
                Effect::Reads,
            ),
        ] {
            assert_eq!(effect(sql, kind), expected, "{sql}");
        }
    }
}
