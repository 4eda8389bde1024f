//! What the statements of a text do, told by their leading verbs, without allocating.
//!
//! Whether a figure that the database told counts as rows changed depends on it, and a `COMMIT` is
//! no query in either tier. Comments, parentheses and common table expressions before the verb are
//! read over, as are texts in quotes that look like SQL.

use silk_core::DatabaseKind;

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
/// The verb of the statement with this number, from 0; none where there is no such statement.
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
    // Nearly all texts are told from their first letter.
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
    // Nearly all texts are one statement without a semicolon, and begin with its verb: the rest of
    // them is not read.
    if let Some(verb) = at_once(sql)
        && !sql.contains(';')
    {
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

const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The verbs of a text's statements, in order; empty statements are left out.
struct Verbs<'a> {
    sql: &'a str,
    at: usize,
    kind: DatabaseKind,
}

/// A piece of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Open,
    Close,
    End,
    /// Quoted texts, numbers, operators.
    Rest,
}

impl<'a> Verbs<'a> {
    const fn new(sql: &'a str, kind: DatabaseKind) -> Self {
        Self { sql, at: 0, kind }
    }

    /// The next piece that is neither space nor comment.
    fn piece(&mut self) -> Option<Piece<'a>> {
        let bytes = self.sql.as_bytes();
        loop {
            let &byte = bytes.get(self.at)?;
            let next = bytes.get(self.at + 1).copied();
            match byte {
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'-' if next == Some(b'-') => self.skip_line(),
                b'#' if self.kind == DatabaseKind::MySql => self.skip_line(),
                b'/' if next == Some(b'*') => self.skip_comment(),
                b'\'' | b'"' | b'`' => {
                    self.skip_quoted(byte, self.kind == DatabaseKind::MySql && byte != b'`');
                    return Some(Piece::Rest);
                }
                b'[' if self.kind == DatabaseKind::Sqlite => {
                    self.skip_to(b']');
                    return Some(Piece::Rest);
                }
                b'$' if self.kind != DatabaseKind::MySql && self.skip_dollar() => {
                    return Some(Piece::Rest);
                }
                b'(' | b')' | b';' => {
                    self.at += 1;
                    return Some(match byte {
                        b'(' => Piece::Open,
                        b')' => Piece::Close,
                        _ => Piece::End,
                    });
                }
                _ if is_of_word(byte) => {
                    let start = self.at;
                    while bytes
                        .get(self.at)
                        .is_some_and(|&b| is_of_word(b) || b == b'$')
                    {
                        self.at += 1;
                    }
                    let word = &self.sql[start..self.at];
                    // `E'…'`: the only quote of PostgreSQL in which a backslash escapes.
                    if word.eq_ignore_ascii_case("e") && bytes.get(self.at) == Some(&b'\'') {
                        self.skip_quoted(b'\'', true);
                        return Some(Piece::Rest);
                    }
                    return Some(Piece::Word(word));
                }
                _ => {
                    self.at += 1;
                    return Some(Piece::Rest);
                }
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(rest.len(), |line| line + 1);
    }

    /// PostgreSQL's comments nest.
    fn skip_comment(&mut self) {
        let nests = self.kind == DatabaseKind::Postgres;
        let bytes = self.sql.as_bytes();
        self.at += 2;
        let mut depth = 1_u32;
        while depth > 0 && self.at < bytes.len() {
            match (bytes[self.at], bytes.get(self.at + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', Some(b'*')) if nests => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_to(&mut self, end: u8) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|&byte| byte == end)
            .map_or(rest.len(), |at| at + 1);
    }

    fn skip_quoted(&mut self, quote: u8, escapes: bool) {
        let bytes = self.sql.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at = (self.at + 1).min(bytes.len());
            } else if byte == quote {
                if bytes.get(self.at) != Some(&quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    /// A text between `$tag$` and the same; `false` where it is a parameter or an operator.
    fn skip_dollar(&mut self) -> bool {
        let rest = &self.sql[self.at..];
        let Some(end) = rest[1..].find('$').map(|end| end + 2) else {
            return false;
        };
        let tag = &rest[..end];
        let name = &tag[1..tag.len() - 1];
        if !name.bytes().all(is_of_word) || name.starts_with(|first: char| first.is_ascii_digit()) {
            return false;
        }
        self.at += rest[end..]
            .find(tag)
            .map_or(rest.len(), |close| end + close + tag.len());
        true
    }

    /// Reads to the end of the statement.
    fn skip_statement(&mut self, is_create: bool) {
        let mut blocks = 0_u32;
        while let Some(piece) = self.piece() {
            match piece {
                Piece::End if blocks == 0 => return,
                // The body of a trigger or routine has semicolons of its own.
                Piece::Word(word) if is_create => {
                    if word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("case") {
                        blocks += 1;
                    } else if word.eq_ignore_ascii_case("end") {
                        blocks = blocks.saturating_sub(1);
                    }
                }
                _ => {}
            }
        }
    }

    /// The verb that common table expressions lead to.
    fn after_with(&mut self) -> Verb {
        let mut depth = 0_u32;
        loop {
            let before = self.at;
            match self.piece() {
                None => return Verb::Other,
                Some(Piece::End) => {
                    self.at = before;
                    return Verb::Other;
                }
                Some(Piece::Open) => depth += 1,
                Some(Piece::Close) => depth = depth.saturating_sub(1),
                Some(Piece::Word(word)) if depth == 0 => {
                    let verb = of_word(word);
                    if matches!(verb, Verb::Change | Verb::Read) {
                        return verb;
                    }
                }
                Some(_) => {}
            }
        }
    }
}

fn of_word(word: &str) -> Verb {
    const VERBS: &[(&str, Verb)] = &[
        ("select", Verb::Read),
        ("insert", Verb::Change),
        ("update", Verb::Change),
        ("delete", Verb::Change),
        ("merge", Verb::Change),
        ("replace", Verb::Change),
        ("values", Verb::Read),
        ("table", Verb::Read),
        ("show", Verb::Read),
        ("fetch", Verb::Read),
        ("move", Verb::Move),
        ("explain", Verb::Read),
        ("describe", Verb::Read),
        ("desc", Verb::Read),
        ("pragma", Verb::Read),
        ("begin", Verb::Control),
        ("start", Verb::Control),
        ("savepoint", Verb::Control),
        ("release", Verb::Control),
        ("commit", Verb::Commit),
        ("end", Verb::Commit),
        ("rollback", Verb::Rollback),
        ("abort", Verb::Rollback),
    ];
    VERBS
        .iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map_or(Verb::Other, |(_, verb)| *verb)
}

impl Iterator for Verbs<'_> {
    type Item = Verb;

    fn next(&mut self) -> Option<Verb> {
        let (verb, is_create) = self.head()?;
        self.skip_statement(is_create);
        Some(verb)
    }
}

impl Verbs<'_> {
    /// The verb of the statement that comes now, and whether that is a `CREATE`; the rest of it
    /// stays.
    fn head(&mut self) -> Option<(Verb, bool)> {
        let word = loop {
            match self.piece()? {
                Piece::End | Piece::Open | Piece::Close => {}
                Piece::Rest => break "",
                Piece::Word(word) => break word,
            }
        };
        let verb = if word.eq_ignore_ascii_case("with") {
            self.after_with()
        } else {
            of_word(word)
        };
        let verb = match verb {
            // `START TRANSACTION`, not `START SLAVE`.
            Verb::Control if word.eq_ignore_ascii_case("start") => {
                self.if_next("transaction", Verb::Control, Verb::Other)
            }
            // `COMMIT PREPARED` and `ROLLBACK PREPARED` are of another transaction.
            Verb::Commit => self.if_next("prepared", Verb::Other, Verb::Commit),
            Verb::Rollback => self.rollback(),
            verb => verb,
        };
        Some((verb, word.eq_ignore_ascii_case("create")))
    }
}

impl Verbs<'_> {
    /// One verb where the next word is this one, else another; the word is not taken.
    fn if_next(&mut self, next: &str, then: Verb, other: Verb) -> Verb {
        let before = self.at;
        let piece = self.piece();
        self.at = before;
        match piece {
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case(next) => then,
            _ => other,
        }
    }

    /// `ROLLBACK [WORK | TRANSACTION] [TO …]`.
    fn rollback(&mut self) -> Verb {
        let before = self.at;
        let mut verb = Verb::Rollback;
        for _ in 0..2 {
            match self.piece() {
                Some(Piece::Word(word)) if word.eq_ignore_ascii_case("to") => {
                    verb = Verb::RollbackTo;
                }
                Some(Piece::Word(word)) if word.eq_ignore_ascii_case("prepared") => {
                    verb = Verb::Other;
                }
                Some(Piece::Word(_)) => continue,
                _ => {}
            }
            break;
        }
        self.at = before;
        verb
    }
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
