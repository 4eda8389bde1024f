//! Statements that make indexes, safe for any name.

use silk_core::DatabaseKind;

use super::{Candidate, expression::Style, reserved::is_reserved};

/// Longest name of an index that every database takes, in bytes.
const MAX_NAME: usize = 63;

/// A name as it can stand in a statement.
pub(crate) fn quote(name: &str, style: Style) -> String {
    let is_plain = name.bytes().enumerate().all(|(at, byte)| {
        byte == b'_'
            || byte.is_ascii_lowercase()
            || (!style.folds_names && byte.is_ascii_uppercase())
            || (at > 0 && byte.is_ascii_digit())
    });
    if is_plain && !name.is_empty() && !is_reserved(name) {
        return name.to_owned();
    }
    let quote = style.quote;
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push(quote);
    for c in name.chars() {
        if c == quote {
            quoted.push(quote);
        }
        quoted.push(c);
    }
    quoted.push(quote);
    quoted
}

/// A table as it can stand in a statement.
#[must_use]
pub fn quote_table(schema: Option<&str>, table: &str, kind: DatabaseKind) -> String {
    let style = Style::of(kind);
    match schema {
        Some(schema) => format!("{}.{}", quote(schema, style), quote(table, style)),
        None => quote(table, style),
    }
}

/// A name as it can stand in a statement.
#[must_use]
pub fn quote_name(name: &str, kind: DatabaseKind) -> String {
    quote(name, Style::of(kind))
}

/// A name for the index: the table's, its columns', and what it is restricted by; not one of
/// `taken`. The same for the same index, at most 63 bytes, letters, digits and underscores.
pub(super) fn name(candidate: &Candidate, taken: &[String]) -> String {
    let mut parts = vec![candidate.table.as_str()];
    parts.extend(candidate.keys.iter().map(|key| key.label.as_str()));
    if !candidate.predicates.is_empty() {
        parts.push("where");
        parts.extend(candidate.predicate_labels.iter().map(String::as_str));
    }
    let mut is_whole = true;
    let mut full = String::new();
    for part in parts {
        if !full.is_empty() {
            full.push('_');
        }
        for c in part.chars() {
            match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9' | '_') => full.push(c),
                _ => {
                    is_whole = false;
                    full.push('_');
                }
            }
        }
    }
    if full.starts_with(|c: char| c.is_ascii_digit()) {
        full.insert(0, '_');
    }
    let simple = format!("{full}_idx");
    let is_taken = |name: &str| taken.iter().any(|taken| taken.eq_ignore_ascii_case(name));
    if is_whole && simple.len() <= MAX_NAME && !is_taken(&simple) {
        return simple;
    }
    let mut hash = fnv(&candidate.statement(None));
    loop {
        let tail = format!("_{:06x}_idx", hash & 0x00ff_ffff);
        let mut name = full.clone();
        // ASCII only, so that any place can be cut at.
        name.truncate(MAX_NAME - tail.len());
        name.push_str(&tail);
        if !is_taken(&name) {
            return name;
        }
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3).wrapping_add(1);
    }
}

/// FNV-1a: the same on every machine.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Candidate {
    /// The statement that makes the index: with a name as people would run it, without one as a
    /// database is asked what it would do with it.
    #[must_use]
    pub fn statement(&self, name: Option<&str>) -> String {
        let style = Style::of(self.kind);
        let table = quote_table(self.schema.as_deref(), &self.table, self.kind);
        let keys: Vec<String> = self.keys.iter().map(super::CandidateKey::written).collect();
        let keys = keys.join(", ");
        let name = name.map(|name| quote(name, style));
        let mut statement = match (self.kind, &name) {
            (DatabaseKind::MySql, _) => {
                return match name {
                    Some(name) => format!("ALTER TABLE {table} ADD INDEX {name} ({keys})"),
                    None => format!("ALTER TABLE {table} ADD INDEX ({keys})"),
                };
            }
            (DatabaseKind::Sqlite, Some(name)) => {
                // The schema stands with the index, and the table has none.
                let table = quote(&self.table, style);
                match &self.schema {
                    Some(schema) => {
                        let schema = quote(schema, style);
                        format!("CREATE INDEX {schema}.{name} ON {table} ({keys})")
                    }
                    None => format!("CREATE INDEX {name} ON {table} ({keys})"),
                }
            }
            (_, Some(name)) if self.kind == DatabaseKind::Postgres && !self.is_partitioned => {
                format!("CREATE INDEX CONCURRENTLY {name} ON {table} ({keys})")
            }
            (_, Some(name)) => format!("CREATE INDEX {name} ON {table} ({keys})"),
            (_, None) => format!("CREATE INDEX ON {table} ({keys})"),
        };
        if !self.include.is_empty() {
            let include: Vec<String> = self.include.iter().map(|name| quote(name, style)).collect();
            statement.push_str(&format!(" INCLUDE ({})", include.join(", ")));
        }
        if !self.predicates.is_empty() {
            statement.push_str(" WHERE ");
            statement.push_str(&self.predicates.join(" AND "));
        }
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let postgres = Style::of(DatabaseKind::Postgres);
        for (name, quoted) in [
            ("message", "message"),
            ("_a1", "_a1"),
            ("1a", "\"1a\""),
            ("User", "\"User\""),
            ("user", "\"user\""),
            ("a\"; DROP TABLE x; --", "\"a\"\"; DROP TABLE x; --\""),
            ("", "\"\""),
            ("zahl_ä", "\"zahl_ä\""),
            ("a b", "\"a b\""),
        ] {
            assert_eq!(quote(name, postgres), quoted);
        }
        assert_eq!(quote("Ab", Style::of(DatabaseKind::Sqlite)), "Ab");
        assert_eq!(quote("a`b", Style::of(DatabaseKind::MySql)), "`a``b`");
    }
}
