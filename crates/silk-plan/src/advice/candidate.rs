//! An index that might help: what it is made of, and the statement that makes it.

use silk_core::DatabaseKind;

use super::{
    expression::{Style, quote},
    facts::TableFacts,
    names::quote_table,
};

/// Longest name of an index that every database takes, in bytes.
const MAX_NAME: usize = 63;

/// An index that might help.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Whose index it would be.
    pub kind: DatabaseKind,
    /// The table's schema, where the statement should name it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Whether the table is cut into partitions.
    pub is_partitioned: bool,
    /// Its keys, in order.
    pub keys: Vec<CandidateKey>,
    /// Columns it would carry beside.
    pub include: Vec<String>,
    /// What it would be restricted to: all of these.
    pub predicates: Vec<String>,
    /// Words for the predicates in a name.
    pub predicate_labels: Vec<String>,
    /// An existing index that it would take the place of.
    pub replaces: Option<String>,
}

/// A key of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateKey {
    /// The column or expression, as it can stand in a statement.
    pub text: String,
    /// The column or expression, for people and names.
    pub label: String,
    /// The column's own name, where it is one.
    pub column: Option<String>,
    /// Whether it is sorted downwards.
    pub descending: bool,
    /// Whether NULL comes first, where it is not what the direction implies.
    pub nulls_first: Option<bool>,
    /// The operator class, where it is not the default.
    pub class: Option<&'static str>,
    /// Why it is there.
    pub role: KeyRole,
}

/// Why a key stands in a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// It is compared for equality.
    Equal,
    /// It joins.
    Join,
    /// It is compared for a range.
    Range,
    /// It is searched by its beginning.
    Prefix,
    /// It is what is sorted by.
    Order,
    /// An index needs a key, and the query names this one.
    Any,
}

impl CandidateKey {
    fn written(&self) -> String {
        let mut text = self.text.clone();
        if let Some(class) = self.class {
            text.push(' ');
            text.push_str(class);
        }
        if self.descending {
            text.push_str(" DESC");
        }
        match self.nulls_first {
            Some(true) => text.push_str(" NULLS FIRST"),
            Some(false) => text.push_str(" NULLS LAST"),
            None => {}
        }
        text
    }
}

impl Candidate {
    /// A name for it: the same each time, at most 63 bytes, not one of the table's indexes nor of
    /// `taken`.
    #[must_use]
    pub fn name(&self, facts: &TableFacts, taken: &[String]) -> String {
        let mut known: Vec<String> = facts
            .indexes
            .iter()
            .map(|index| index.name.clone())
            .collect();
        known.extend_from_slice(taken);
        name(self, &known)
    }

    /// A name for it where the table's indexes are not known.
    pub(crate) fn plain_name(&self) -> String {
        name(self, &[])
    }

    /// Whether it holds only some of the rows.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.predicates.is_empty()
    }

    /// Keys and carried columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.keys.len() + self.include.len()
    }

    /// The statement that makes the index: with a name as people would run it, without one as a
    /// database is asked what it would do with it.
    #[must_use]
    pub fn statement(&self, name: Option<&str>) -> String {
        let style = Style::of(self.kind);
        let table = quote_table(self.schema.as_deref(), &self.table, self.kind);
        let keys: Vec<String> = self.keys.iter().map(CandidateKey::written).collect();
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

/// A name for the index: the table's, its columns', and what it is restricted by; not one of
/// `taken`. The same for the same index, at most 63 bytes, letters, digits and underscores.
fn name(candidate: &Candidate, taken: &[String]) -> String {
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
