//! The SQL texts of a request, each kept once.

use std::{collections::HashMap, hash::BuildHasher, sync::Arc};

use silk_core::Database;

use super::captured_query::SqlSource;

/// Texts that are looked through one by one before an index is made.
const MAX_UNINDEXED_TEXTS: usize = 16;

/// Texts of a request, each kept once.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) items: Vec<(SqlSource, Arc<Database>)>,
    #[expect(
        clippy::box_collection,
        reason = "few have it, and each request has room for it"
    )]
    index: Option<Box<HashMap<u64, u32, foldhash::fast::RandomState>>>,
}

impl Texts {
    /// The number of a text that is known already.
    pub(crate) fn find(&self, sql: &str, database: &Arc<Database>) -> Option<u32> {
        let index = match &self.index {
            Some(index) => *index.get(&index.hasher().hash_one(sql))?,
            None => {
                // By address first: most texts are of the program itself.
                let at = |same: fn(&str, &str) -> bool| {
                    self.items.iter().position(|(text, of)| {
                        same(text.as_str(), sql) && (Arc::ptr_eq(of, database) || of == database)
                    })
                };
                let found = at(|a, b| std::ptr::eq(a, b)).or_else(|| at(|a, b| a == b))?;
                u32::try_from(found).ok()?
            }
        };
        let (text, of) = self.items.get(usize::try_from(index).ok()?)?;
        (text.as_str() == sql && (Arc::ptr_eq(of, database) || of == database)).then_some(index)
    }

    pub(crate) fn add(&mut self, sql: SqlSource, database: Arc<Database>) -> u32 {
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        if let Some(index) = &mut self.index {
            let hash = index.hasher().hash_one(sql.as_str());
            index.entry(hash).or_insert(number);
        }
        self.items.push((sql, database));
        if self.index.is_none() && self.items.len() > MAX_UNINDEXED_TEXTS {
            let mut index = Box::<HashMap<u64, u32, _>>::default();
            for (number, (text, _)) in (0_u32..).zip(&self.items) {
                let hash = BuildHasher::hash_one(index.hasher(), text.as_str());
                index.entry(hash).or_insert(number);
            }
            self.index = Some(index);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use silk_core::DatabaseKind;

    use super::*;

    fn database() -> Arc<Database> {
        Arc::new(Database {
            kind: DatabaseKind::Sqlite,
            name: String::new(),
        })
    }

    #[test]
    fn texts_are_kept_once_however_many_they_are() {
        let (one, two) = (
            database(),
            Arc::new(Database {
                kind: DatabaseKind::MySql,
                name: "b".into(),
            }),
        );
        let mut texts = Texts::default();
        for round in 0..3 {
            for number in 0..200 {
                let sql = format!("SELECT {number}");
                match texts.find(&sql, &one) {
                    Some(found) => assert_eq!((found, round > 0), (number, true)),
                    None => assert_eq!(
                        texts.add(SqlSource::Shared(sql.into()), Arc::clone(&one)),
                        number
                    ),
                }
            }
        }
        assert_eq!(texts.items.len(), 200);
        assert_eq!(texts.find("SELECT 1", &two), None);
        assert_eq!(texts.find("SELECT 1", &database()), Some(1));
    }
}
