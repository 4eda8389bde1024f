//! What a text does with each of its values: compares it, lists it, pages by it, stores it.

use std::collections::HashMap;

use super::lexer::{Kind, Lexeme, lex, significant};
use crate::DatabaseKind;

/// What a value is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Compared for equality: `id = $1`.
    Equal,
    /// Compared for order: `id > $1`, `BETWEEN $1 AND $2`.
    Range,
    /// An element of `IN (…)`; the number tells the lists of a text apart.
    List(usize),
    /// A whole list: `= ANY($1)`, `unnest($1)`.
    Array,
    /// How many rows are wanted.
    Limit,
    /// How many rows are skipped.
    Offset,
    /// Part of a row of `VALUES`.
    Row,
    /// Given to a column: `SET a = $1`.
    Assigned,
    /// Anything else.
    Other,
}

/// A placeholder or literal in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// What it is there for.
    pub role: Role,
    /// Of a placeholder: the place of its value, from 0 in the order of binding.
    pub place: Option<usize>,
    /// As it stands in the text.
    pub text: &'a str,
}

/// What rules about repeated queries need to know of a text of SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Shape<'a> {
    /// Its placeholders and literals, in order of appearance.
    pub slots: Vec<Slot<'a>>,
    /// Whether the outermost query says how many rows it wants.
    pub has_limit: bool,
    /// Whether the outermost query is sorted.
    pub has_order: bool,
    /// Whether it takes locks: `FOR UPDATE`, advisory locks.
    pub is_locking: bool,
    /// Whether it reads or sets settings of the session.
    pub is_setting: bool,
    /// Whether it may answer differently each time: `random()`, `nextval(…)`.
    pub is_volatile: bool,
    /// Whether it counts or sums.
    pub is_aggregate: bool,
    /// Whether it reads the reference to another row of the same kind: `parent_id`.
    pub reads_parent: bool,
    /// Rows of `VALUES`.
    pub value_rows: usize,
    /// Whether rows come from a query or a list: `INSERT … SELECT`, `unnest($1)`.
    pub has_source: bool,
}

/// Functions that answer differently each time.
const VOLATILE: &[&str] = &[
    "random",
    "rand",
    "nextval",
    "clock_timestamp",
    "gen_random_uuid",
    "uuid",
    "uuid_generate_v4",
    "last_insert_id",
    "lastval",
    "currval",
    "changes",
    "last_insert_rowid",
];
/// Functions that sum up rows.
const AGGREGATES: &[&str] = &["count", "sum", "min", "max", "avg", "exists"];
/// Functions that take or free locks.
const LOCKS: &[&str] = &["get_lock", "release_lock", "is_free_lock", "is_used_lock"];
/// Parts of names of columns that refer to the next row of a chain or tree.
const PARENTS: &[&str] = &[
    "parent",
    "ancestor",
    "manager",
    "supervisor",
    "superior",
    "boss",
    "next",
    "prev",
    "previous",
    "predecessor",
    "successor",
    "replaced",
    "superseded",
    "reply",
];

/// Reads a text.
#[must_use]
pub fn shape(sql: &str, database: DatabaseKind) -> Shape<'_> {
    let (lexemes, _) = lex(sql, database);
    let words = significant(&lexemes);
    let mut walk = Walk {
        words: &words,
        frames: vec![Frame::default()],
        shape: Shape::default(),
        last_place: 0,
        named: HashMap::new(),
        lists: 0,
    };
    for index in 0..words.len() {
        walk.step(index);
    }
    walk.shape
}

/// Which part of a query is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Clause {
    #[default]
    Other,
    Columns,
    Set,
    Limit,
    Offset,
    Values,
    Between,
}

/// An open parenthesis.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    clause: Clause,
    /// What all values in it are there for, where the sign before it tells.
    role: Option<Role>,
}

struct Walk<'w, 'a> {
    words: &'w [Lexeme<'a>],
    frames: Vec<Frame>,
    shape: Shape<'a>,
    last_place: usize,
    named: HashMap<&'a str, usize>,
    lists: usize,
}

impl<'a> Walk<'_, 'a> {
    fn before(&self, index: usize, steps: usize) -> Option<&Lexeme<'a>> {
        index
            .checked_sub(steps)
            .and_then(|index| self.words.get(index))
    }

    fn clause(&mut self, clause: Clause) {
        if let Some(frame) = self.frames.last_mut() {
            frame.clause = clause;
        }
    }

    fn step(&mut self, index: usize) {
        let Some(word) = self.words.get(index).copied() else {
            return;
        };
        match word.kind {
            Kind::Text | Kind::Number | Kind::Placeholder => self.value(index, &word),
            Kind::Word | Kind::Quoted => self.word(index, &word),
            Kind::Punctuation if word.is_sign("(") => self.open(index),
            Kind::Punctuation if word.is_sign(")") && self.frames.len() > 1 => {
                self.frames.pop();
            }
            _ => {}
        }
    }

    fn open(&mut self, index: usize) {
        let outer = self.frames.last().copied().unwrap_or_default();
        let mut frame = Frame::default();
        let before = self.before(index, 1).copied();
        let starts_query = self
            .words
            .get(index + 1)
            .is_some_and(|next| next.is_any_word(&["SELECT", "WITH", "VALUES", "TABLE"]));
        if starts_query {
            self.frames.push(frame);
            return;
        }
        frame.role = outer.role;
        if outer.clause == Clause::Values {
            self.shape.value_rows += usize::from(before.is_some_and(|before| {
                before.is_any_word(&["VALUES", "VALUE", "ROW"]) || before.is_sign(",")
            }));
            frame.role = Some(Role::Row);
        } else if let Some(before) = before {
            if before.is_word("IN") {
                self.lists += 1;
                frame.role = Some(Role::List(self.lists));
            } else if before.is_any_word(&["ANY", "ALL", "UNNEST", "JSON_EACH", "JSON_TABLE"]) {
                frame.role = Some(Role::Array);
            } else if before.is_any_word(&["jsonb_to_recordset", "json_to_recordset"]) {
                frame.role = Some(Role::Array);
                self.shape.has_source = true;
            } else if before.is_name() {
                // A function: what stands before it says what its result is there for.
                frame.role = self
                    .before(index, 2)
                    .and_then(|sign| compared(sign))
                    .or(outer.role);
            } else if let Some(role) = compared(&before) {
                frame.role = Some(role);
            }
        }
        if outer.clause == Clause::Set && frame.role.is_none() {
            frame.role = Some(Role::Assigned);
        }
        if matches!(outer.clause, Clause::Limit | Clause::Offset) {
            frame.clause = outer.clause;
        }
        self.frames.push(frame);
    }

    fn word(&mut self, index: usize, word: &Lexeme<'a>) {
        let is_outermost = self.frames.len() == 1;
        let is_call = self
            .words
            .get(index + 1)
            .is_some_and(|next| next.is_sign("("));
        let is = |words: &[&str]| word.is_any_word(words);
        if is(&["SELECT", "RETURNING"]) {
            self.shape.has_source |= is_outermost && word.is_word("SELECT") && index > 0;
            self.clause(Clause::Columns);
        } else if is(&["FROM", "WHERE", "GROUP", "HAVING", "UNION", "ON"]) {
            self.clause(Clause::Other);
        } else if word.is_word("ORDER") {
            self.shape.has_order |= is_outermost;
            self.clause(Clause::Other);
        } else if is(&["LIMIT", "FETCH", "TOP"]) && !is_call {
            self.shape.has_limit |= is_outermost;
            self.clause(Clause::Limit);
        } else if word.is_word("OFFSET") {
            self.clause(Clause::Offset);
        } else if word.is_word("BETWEEN") {
            self.clause(Clause::Between);
        } else if word.is_word("SET") {
            self.shape.is_setting |= index == 0;
            self.clause(Clause::Set);
        } else if is(&["VALUES", "VALUE"]) && is_call {
            // MySQL's `a = VALUES(a)` is a function.
            let is_function = self.before(index, 1).is_some_and(|before| {
                before.kind == Kind::Punctuation && !before.is_sign(")") && !before.is_sign("(")
            });
            if !is_function {
                self.clause(Clause::Values);
            }
        } else if word.is_word("FOR") {
            self.shape.is_locking |= self
                .words
                .get(index + 1)
                .is_some_and(|next| next.is_any_word(&["UPDATE", "SHARE", "NO", "KEY"]));
        } else if word.is_word("LOCK") {
            self.shape.is_locking = true;
        } else if index == 0 && is(&["RESET", "SHOW", "USE", "PRAGMA", "DISCARD"]) {
            self.shape.is_setting = true;
        }
        if is_call {
            let name = word.text.to_ascii_lowercase();
            self.shape.is_locking |= name.contains("advisory") || LOCKS.contains(&&*name);
            self.shape.is_setting |= name == "set_config" || name == "current_setting";
            self.shape.is_volatile |= VOLATILE.contains(&&*name);
            self.shape.is_aggregate |= is_outermost
                && self
                    .frames
                    .last()
                    .is_some_and(|f| f.clause == Clause::Columns)
                && AGGREGATES.contains(&&*name);
            self.shape.has_source |= name == "unnest";
        } else if is_outermost
            && self
                .frames
                .last()
                .is_some_and(|frame| frame.clause == Clause::Columns)
        {
            let name = word.text.to_ascii_lowercase();
            self.shape.reads_parent |= name
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|part| PARENTS.contains(&part))
                || name.contains("reports_to");
        }
    }

    fn value(&mut self, index: usize, word: &Lexeme<'a>) {
        let frame = self.frames.last().copied().unwrap_or_default();
        let next = self.words.get(index + 1);
        let role = match frame.clause {
            Clause::Limit => {
                // MySQL's `LIMIT offset, count`.
                if next.is_some_and(|next| next.is_sign(",")) {
                    Role::Offset
                } else {
                    Role::Limit
                }
            }
            Clause::Offset => Role::Offset,
            Clause::Values => Role::Row,
            Clause::Between => {
                let before = self.before(index, 1).copied();
                // Until the second bound was read.
                if !before.is_some_and(|word| word.is_word("BETWEEN")) {
                    self.clause(Clause::Other);
                }
                before.as_ref().and_then(compared).unwrap_or(Role::Range)
            }
            Clause::Set => frame.role.unwrap_or(Role::Assigned),
            Clause::Other | Clause::Columns => frame.role.unwrap_or_else(|| {
                self.before(index, 1)
                    .and_then(compared)
                    .or_else(|| next.and_then(compared))
                    .unwrap_or(Role::Other)
            }),
        };
        let place = (word.kind == Kind::Placeholder).then(|| self.place(word.text));
        self.shape.slots.push(Slot {
            role,
            place,
            text: word.text,
        });
    }

    /// The place of a placeholder's value.
    fn place(&mut self, text: &'a str) -> usize {
        let name = text.get(1..).unwrap_or_default();
        let position = if name.is_empty() {
            self.last_place + 1
        } else if let Ok(number) = name.parse::<usize>() {
            number
        } else {
            let next = self.last_place + 1;
            *self.named.entry(text).or_insert(next)
        };
        self.last_place = self.last_place.max(position);
        position.saturating_sub(1)
    }
}

/// What a value beside this sign is there for.
fn compared(sign: &Lexeme<'_>) -> Option<Role> {
    if sign.is_any_word(&["IS", "LIKE", "ILIKE", "GLOB", "REGEXP"]) {
        return Some(Role::Equal);
    }
    if sign.kind != Kind::Punctuation {
        return None;
    }
    match sign.text {
        "=" | "==" | "<=>" => Some(Role::Equal),
        "<" | ">" | "<=" | ">=" => Some(Role::Range),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(sql: &str) -> Vec<Role> {
        shape(sql, DatabaseKind::Postgres)
            .slots
            .iter()
            .map(|slot| slot.role)
            .collect()
    }

    #[test]
    fn each_value_has_its_role() {
        use Role::{Array, Assigned, Equal, Limit, List, Offset, Other, Range, Row};
        for (sql, expected) in [
            ("SELECT 1", &[Other][..]),
            ("SELECT a FROM t WHERE id = $1", &[Equal]),
            (
                "SELECT a FROM t WHERE $1 = id AND b LIKE 'x%'",
                &[Equal, Equal],
            ),
            ("SELECT a FROM t WHERE lower(name) = lower($1)", &[Equal]),
            ("SELECT a FROM t WHERE id = ($1::int8)", &[Equal]),
            (
                "SELECT a FROM t WHERE id > $1 ORDER BY id LIMIT 100",
                &[Range, Limit],
            ),
            (
                "SELECT a FROM t WHERE (b, id) < ($1, $2) LIMIT $3",
                &[Range, Range, Limit],
            ),
            (
                "SELECT a FROM t ORDER BY id LIMIT 50 OFFSET $1",
                &[Limit, Offset],
            ),
            (
                "SELECT a FROM t WHERE b BETWEEN $1 AND $2 AND c = $3",
                &[Range, Range, Equal],
            ),
            (
                "SELECT a FROM t WHERE id IN ($1, $2) AND b IN (3)",
                &[List(1), List(1), List(2)],
            ),
            ("SELECT a FROM t WHERE id = ANY($1)", &[Array]),
            (
                "SELECT a FROM t WHERE id IN (SELECT b FROM u WHERE c = $1)",
                &[Equal],
            ),
            (
                "INSERT INTO t (a, b) VALUES ($1, $2), ($3, lower($4))",
                &[Row, Row, Row, Row],
            ),
            (
                "UPDATE t SET a = $1, b = b + 1 WHERE id = $2",
                &[Assigned, Assigned, Equal],
            ),
        ] {
            assert_eq!(roles(sql), expected, "{sql}");
        }
    }

    #[test]
    fn limits_of_mysql_have_the_offset_first() {
        let roles: Vec<Role> = shape("SELECT a FROM t LIMIT ?, ?", DatabaseKind::MySql)
            .slots
            .iter()
            .map(|slot| slot.role)
            .collect();
        assert_eq!(roles, [Role::Offset, Role::Limit]);
    }

    #[test]
    fn facts_of_the_text_are_read() {
        let read = |sql| shape(sql, DatabaseKind::Postgres);
        assert!(read("SELECT a FROM t WHERE id = $1 FOR UPDATE SKIP LOCKED").is_locking);
        assert!(read("SELECT pg_advisory_xact_lock($1)").is_locking);
        assert!(!read("SELECT substring(a FROM 1 FOR 2) FROM t").is_locking);
        assert!(read("SET search_path = a").is_setting);
        assert!(!read("UPDATE t SET a = 1").is_setting);
        assert!(read("SELECT a FROM t ORDER BY random() LIMIT 1").is_volatile);
        assert!(read("SELECT count(*) FROM t WHERE a = $1").is_aggregate);
        assert!(read("SELECT name, parent_id FROM node WHERE id = $1").reads_parent);
        assert!(!read("SELECT name FROM node WHERE parent_id = $1").reads_parent);
        assert_eq!(read("INSERT INTO t VALUES (1, (2)), (3, 4)").value_rows, 2);
        assert!(read("INSERT INTO t (a) SELECT * FROM unnest($1::int[])").has_source);
        assert!(!read("INSERT INTO t (a) VALUES ($1) RETURNING id").has_source);
    }
}
