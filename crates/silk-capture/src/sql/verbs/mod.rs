//! What the statements of a text do, by their leading verbs, without allocating.
//!
//! Whether a figure that the database gave counts as rows changed depends on it, and a `COMMIT` is
//! no query in either tier. Comments, parentheses and common table expressions before the verb are
//! read over, as are texts in quotes that look like SQL.

mod pieces;
mod statements;

use silk_core::DatabaseKind;

use self::{pieces::is_of_word, statements::Verbs};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `REPLACE`, a `WITH` that leads to one of them.
    Change,
    /// `SELECT` and what else gives rows and changes none.
    Read,
    /// `MOVE`, which PostgreSQL answers with a number of rows.
    Move,
    /// `BEGIN`, `START TRANSACTION`, `SAVEPOINT`, `RELEASE`.
    Control,
    /// `COMMIT` or `END`.
    Commit,
    /// `ROLLBACK` or `ABORT` of the whole transaction.
    Rollback,
    /// `ROLLBACK TO` a savepoint.
    RollbackTo,
    /// Anything else.
    Other,
}

impl Verb {
    /// Whether it begins or ends a transaction or savepoint, and does nothing else.
    pub(crate) const fn is_control(self) -> bool {
        matches!(
            self,
            Self::Control | Self::Commit | Self::Rollback | Self::RollbackTo
        )
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
/// The verb of the statement with this number, from 0; none if there is no such statement.
pub(crate) fn verb(sql: &str, kind: DatabaseKind, number: usize) -> Option<Verb> {
    // Most texts are one statement and begin with it.
    if number == 0
        && let Some(verb) = at_once(sql)
    {
        return Some(verb);
    }
    Verbs::new(sql, kind).nth(number)
}

/// The verb of a text that is one statement (and its semicolon) which begins or ends a transaction
/// or savepoint.
pub(crate) fn control(sql: &str, kind: DatabaseKind) -> Option<Verb> {
    // For nearly all texts the first letter is enough.
    let first = sql.bytes().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(
        first.to_ascii_lowercase(),
        b'a' | b'b' | b'c' | b'e' | b'r' | b's' | b'-' | b'/' | b'#'
    ) || is_word_at(sql.trim_start(), "select")
    {
        return None;
    }
    let mut verbs = Verbs::new(sql, kind);
    let (verb, _) = verbs.head()?;
    if !verb.is_control() {
        return None;
    }
    verbs.skip_statement(false);
    verbs.next().is_none().then_some(verb)
}

/// The rows that a statement changed: `told` is what the database counted (PostgreSQL counts rows
/// that it gives as well, SQLite repeats what the last change before had), `rows` how many it gave.
pub(crate) const fn changed(verb: Verb, kind: DatabaseKind, rows: u64, told: u64) -> u64 {
    let counts = match (kind, verb) {
        // MariaDB gives the rows of `RETURNING`, and no count with them.
        (_, Verb::Change) => return if told == 0 { rows } else { told },
        (DatabaseKind::Sqlite, _) | (_, Verb::Move) => false,
        (DatabaseKind::MySql, verb) => !matches!(verb, Verb::Read),
        // `SELECT … INTO` gives no rows.
        (DatabaseKind::Postgres, _) => rows == 0,
        (DatabaseKind::Unknown, verb) => rows == 0 && matches!(verb, Verb::Other),
    };
    if counts { told } else { 0 }
}

/// The rows that a whole text changed, where only the sums of its statements are known.
pub(crate) fn all_changed(sql: &str, kind: DatabaseKind, rows: u64, told: u64) -> u64 {
    if let Some(verb) = plain_verb(sql) {
        return changed(verb, kind, rows, told);
    }
    let mut verbs = Verbs::new(sql, kind);
    let first = verbs.next().unwrap_or(Verb::Other);
    if verbs.next().is_none() {
        return changed(first, kind, rows, told);
    }
    match kind {
        DatabaseKind::Postgres | DatabaseKind::Unknown => told.saturating_sub(rows),
        DatabaseKind::MySql | DatabaseKind::Sqlite => told,
    }
}

/// The verb of a text that is one statement without a semicolon and begins with one of the commonest,
/// as nearly all do: the rest of it is not read. It is no [`control`].
pub(crate) fn plain_verb(sql: &str) -> Option<Verb> {
    at_once(sql).filter(|_| !sql.contains(';'))
}

/// The verb of a text that begins with one of the commonest.
fn at_once(sql: &str) -> Option<Verb> {
    let sql = sql.trim_ascii_start();
    let (word, verb) = match sql.as_bytes().first()?.to_ascii_lowercase() {
        b's' => ("select", Verb::Read),
        b'i' => ("insert", Verb::Change),
        b'u' => ("update", Verb::Change),
        b'd' => ("delete", Verb::Change),
        _ => return None,
    };
    is_word_at(sql, word).then_some(verb)
}

fn is_word_at(sql: &str, word: &str) -> bool {
    sql.as_bytes()
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        && !sql
            .as_bytes()
            .get(word.len())
            .is_some_and(|&next| is_of_word(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(sql: &str, kind: DatabaseKind) -> Vec<Verb> {
        Verbs::new(sql, kind).collect()
    }

    #[test]
    fn what_is_told_at_once_is_what_reading_on_tells() {
        for sql in [
            "select a into t from u",
            " insert into t select 1",
            "UPDATE t SET a = 1",
            "delete from t returning a",
            "select 1; insert into t values (1)",
            "select ';'",
            "insert into t values (1);",
            "selection",
            "with x as (select 1) update t set a = 1",
        ] {
            for kind in [
                DatabaseKind::Postgres,
                DatabaseKind::MySql,
                DatabaseKind::Sqlite,
                DatabaseKind::Unknown,
            ] {
                let verbs = all(sql, kind);
                assert!(at_once(sql).is_none_or(|verb| verbs.first() == Some(&verb)));
                for (rows, told) in [(0, 0), (0, 5), (5, 5), (2, 0), (3, 5)] {
                    let slowly = match *verbs.as_slice() {
                        [one] => changed(one, kind, rows, told),
                        _ if matches!(kind, DatabaseKind::Postgres | DatabaseKind::Unknown) => {
                            told.saturating_sub(rows)
                        }
                        _ => told,
                    };
                    assert_eq!(all_changed(sql, kind, rows, told), slowly, "{sql}");
                }
            }
        }
    }

    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    #[test]
    fn the_verb_is_found_behind_comments_parentheses_and_expressions() {
        let kind = DatabaseKind::Postgres;
        for sql in [
            "select 1",
            "  SELECT\n1;",
            "/* traceparent='00-…' */ select * from t",
            "/* a /* nested */ b */ select 1",
            "-- name: list\nselect * from t",
            "(select * from t)",
            "((select 1) union (select 2))",
            "with x as (insert into t values (1) returning a) select * from x",
            "with recursive x(insert_) as (select 1) table x",
            "with x as materialized (select ')' || $$ ) insert $$ || \"a)\" from t) select 1",
            "values (1)",
            "fetch 5 from c",
            "explain analyze insert into t values (1)",
        ] {
            assert_eq!(verb(sql, kind, 0), Some(Verb::Read), "{sql}");
            assert_eq!(verb(sql, kind, 1), None, "{sql}");
        }
        for sql in [
            "insert into t select 1",
            "-- x\nUPDATE t set a = ';' where b = E'\\';' returning a",
            "with x as (select 1) delete from t using x",
            "with x(a, b) as (values (1, 2)), y as (select 1) insert into t select * from x, y",
            "merge into t using s on true when matched then delete",
            "(((  insert into t values (1)",
        ] {
            assert_eq!(verb(sql, kind, 0), Some(Verb::Change), "{sql}");
            assert_eq!(verb(sql, kind, 1), None, "{sql}");
        }
        for sql in [
            "selection",
            "é",
            "create table t(a int)",
            "sel",
            "with",
            "do $$ begin; end $$",
        ] {
            assert_eq!(verb(sql, kind, 0), Some(Verb::Other), "{sql}");
        }
        assert_eq!(verb("", kind, 0), None);
        assert_eq!(verb(" ; -- nothing", kind, 0), None);
    }

    #[test]
    fn each_statement_has_its_own() {
        use Verb::{Change, Commit, Control, Other, Read};
        assert_eq!(
            all(
                "select 1;; insert into t values (';'); select $1; do $x$ a; b $x$; commit",
                DatabaseKind::Postgres
            ),
            [Read, Change, Read, Other, Commit]
        );
        assert_eq!(
            all(
                "create trigger x after insert on t begin select case 1 when 1 then 2 end; \
                 delete from u; end; update t set a = 1; select [a;b] from t",
                DatabaseKind::Sqlite
            ),
            [Other, Change, Read]
        );
        assert_eq!(
            all(
                "# c;\nselect 'it\\'s;'; begin; update t set a = \"\\\";\"",
                DatabaseKind::MySql
            ),
            [Read, Control, Change]
        );
        // Unfinished texts end.
        for sql in [
            "select '",
            "/* x",
            "with a as (",
            "$a$ x",
            "select \"",
            "[",
            "e'\\",
        ] {
            for kind in [
                DatabaseKind::Postgres,
                DatabaseKind::MySql,
                DatabaseKind::Sqlite,
            ] {
                assert!(all(sql, kind).len() <= 1, "{sql}");
            }
        }
    }

    #[test]
    fn control_is_a_text_that_is_nothing_else() {
        let of = |sql| control(sql, DatabaseKind::Postgres);
        for sql in [
            "BEGIN",
            "begin immediate",
            "Start Transaction isolation level serializable;",
            "SAVEPOINT _sqlx_savepoint_1",
            "RELEASE SAVEPOINT _sqlx_savepoint_1",
        ] {
            assert_eq!(of(sql), Some(Verb::Control), "{sql}");
        }
        for sql in ["COMMIT", " commit; -- done", "/* x */ END", "commit work"] {
            assert_eq!(of(sql), Some(Verb::Commit), "{sql}");
        }
        for sql in ["ROLLBACK", "abort", "rollback work;"] {
            assert_eq!(of(sql), Some(Verb::Rollback), "{sql}");
        }
        for sql in [
            "ROLLBACK TO SAVEPOINT _sqlx_savepoint_1",
            "rollback work to a",
        ] {
            assert_eq!(of(sql), Some(Verb::RollbackTo), "{sql}");
        }
        for sql in [
            "select 1",
            "begin; select 1; commit",
            "commit prepared 'x'",
            "rollback prepared 'x'",
            "start slave",
            "ending",
            "set x = 1",
            "beginning",
            "",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }

    #[test]
    fn sums_of_a_whole_query_count_what_it_changed() {
        use DatabaseKind::{MySql, Postgres, Sqlite, Unknown};
        for (kind, sql, rows, told, changed) in [
            (Postgres, "select * from t", 10, 10, 0),
            (Postgres, "move 5 from c", 0, 5, 0),
            (Postgres, "with x as (select 1) select * from x", 10, 10, 0),
            (Postgres, "select * into temp tt from t", 0, 14, 14),
            (Postgres, "create table tt as select 1", 0, 1, 1),
            (Postgres, "insert into t values (1) returning a", 1, 1, 1),
            (
                Postgres,
                "select 1; insert into t values (1); insert into t values (2)",
                1,
                3,
                2,
            ),
            (Unknown, "select * from t", 10, 10, 0),
            (Unknown, "pragma table_info(t)", 0, 3, 0),
            (Unknown, "delete from t", 0, 3, 3),
            (Sqlite, "pragma table_info(t)", 4, 3, 0),
            (Sqlite, "create table u(a)", 0, 3, 0),
            (Sqlite, "insert into t values (1)", 0, 1, 1),
            (MySql, "select 1 into @a", 0, 1, 0),
            (MySql, "alter table t add b int", 0, 7, 7),
            (MySql, "insert into t values (1), (2) returning a", 2, 0, 2),
        ] {
            assert_eq!(all_changed(sql, kind, rows, told), changed, "{sql}");
        }
    }
}
