//! What databases know of the tables that plans read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use silk_core::{
    Database, ExplainError,
    explain::{Relation, RelationFacts},
};

use super::databases::{Databases, failed};

/// How long what a database says of a table is believed.
const BELIEVED: Duration = Duration::from_secs(120);
/// Tables remembered; a map that is full starts anew.
const MAX_KNOWN: usize = 1_000;

/// What databases said of tables, so that a page that is looked at often asks seldom.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<(Database, Relation), Known>>);

/// An answer: none if the database has no such table.
#[derive(Debug)]
struct Known {
    at: Instant,
    facts: Option<RelationFacts>,
}

impl Cache {
    fn known(&self) -> MutexGuard<'_, HashMap<(Database, Relation), Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the tables, and which of them have to be asked about.
    fn get(
        &self,
        database: &Database,
        relations: Vec<Relation>,
    ) -> (Vec<RelationFacts>, Vec<Relation>) {
        let known = self.known();
        let mut facts = Vec::new();
        let mut missing = Vec::new();
        for relation in relations {
            match known.get(&(database.clone(), relation.clone())) {
                Some(known) if known.at.elapsed() < BELIEVED => facts.extend(known.facts.clone()),
                _ => missing.push(relation),
            }
        }
        (facts, missing)
    }

    fn set(&self, database: &Database, asked: Vec<Relation>, facts: &[RelationFacts]) {
        let mut known = self.known();
        if known.len() + asked.len() > MAX_KNOWN {
            known.clear();
        }
        for relation in asked {
            let facts = facts.iter().find(|facts| facts.relation == relation);
            let answer = Known {
                at: Instant::now(),
                facts: facts.cloned(),
            };
            known.insert((database.clone(), relation), answer);
        }
    }
}

/// What the database knows of the tables. A caller that does not wait for the answer finds it the next
/// time.
pub(super) async fn of(
    databases: &Databases,
    cache: &Arc<Cache>,
    database: Database,
    relations: Vec<Relation>,
) -> Result<Vec<RelationFacts>, ExplainError> {
    databases.wanted()?;
    let target = databases.reach(&database)?;
    let (mut facts, missing) = cache.get(&database, relations);
    if missing.is_empty() {
        return Ok(facts);
    }
    let session = databases.session(&database);
    let timeout = databases.config.background();
    let (kind, cache) = (database.kind, Arc::clone(cache));
    let asked = databases.ask(async move {
        let found = target.facts(missing.clone(), session, timeout).await?;
        cache.set(&database, missing, &found);
        Ok(found)
    });
    match asked.await {
        Some(Ok(found)) => {
            facts.extend(found);
            Ok(facts)
        }
        Some(Err(failure)) => Err(databases.told(kind, failure)),
        None => Err(failed("asking about tables was broken off")),
    }
}
