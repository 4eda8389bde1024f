//! A bounded memory of what was read.

use std::{collections::HashMap, hash::BuildHasher, sync::Arc};

use super::read::Reading;
use crate::{DatabaseKind, Fingerprint, Statement};

/// What one generation may hold; two are held.
const MAX_ENTRIES: usize = 4_096;
const MAX_BYTES: usize = 4 << 20;
/// Longer texts are mostly made up once.
const MAX_TEXT: usize = 64 << 10;

/// Two generations: what the young one does not hold is looked for in the old one and moved over;
/// when the young one is full it becomes the old one. What is used stays.
#[derive(Debug, Default)]
pub(super) struct Cache {
    hasher: foldhash::fast::RandomState,
    young: Generation,
    old: Generation,
    /// So that all executions of a statement share one allocation.
    statements: HashMap<Fingerprint, Arc<Statement>, foldhash::fast::RandomState>,
}

#[derive(Debug, Default)]
struct Generation {
    entries: HashMap<u64, Entry, foldhash::fast::RandomState>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    sql: Arc<str>,
    database: DatabaseKind,
    reading: Arc<Reading>,
}

impl Cache {
    pub(super) fn get(&mut self, sql: &str, database: DatabaseKind) -> Option<Arc<Reading>> {
        let key = self.hasher.hash_one((sql, database));
        let is_it = |entry: &Entry| entry.database == database && &*entry.sql == sql;
        if let Some(entry) = self.young.entries.get(&key).filter(|entry| is_it(entry)) {
            return Some(Arc::clone(&entry.reading));
        }
        let entry = self.old.entries.remove(&key)?;
        if !is_it(&entry) {
            return None;
        }
        let reading = Arc::clone(&entry.reading);
        self.insert_entry(key, entry);
        Some(reading)
    }

    pub(super) fn insert(&mut self, sql: &str, database: DatabaseKind, reading: &Arc<Reading>) {
        if sql.len() > MAX_TEXT {
            return;
        }
        let key = self.hasher.hash_one((sql, database));
        let text = &reading.text;
        let sql = if **text == *sql {
            Arc::clone(text)
        } else {
            Arc::from(sql)
        };
        self.insert_entry(
            key,
            Entry {
                sql,
                database,
                reading: Arc::clone(reading),
            },
        );
    }

    /// The one allocation of an equal statement.
    pub(super) fn intern(&mut self, statement: Arc<Statement>) -> Arc<Statement> {
        if let Some(known) = self.statements.get(&statement.fingerprint)
            && **known == *statement
        {
            return Arc::clone(known);
        }
        if self.statements.len() >= MAX_ENTRIES {
            self.statements.clear();
        }
        if statement.normalized.len() <= MAX_TEXT {
            self.statements
                .insert(statement.fingerprint, Arc::clone(&statement));
        }
        statement
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.entries.len() + self.old.entries.len()
    }

    fn insert_entry(&mut self, key: u64, entry: Entry) {
        let bytes = entry.sql.len() + entry.reading.statement.normalized.len();
        if self.young.entries.len() >= MAX_ENTRIES || self.young.bytes + bytes > MAX_BYTES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += bytes;
        self.young.entries.insert(key, entry);
    }
}
