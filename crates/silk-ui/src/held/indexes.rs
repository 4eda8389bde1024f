//! Indexes found for statements in the last minute, and questions for them that are under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use silk_core::{Database, Fingerprint};
use tokio::{sync::watch, time::Instant};

/// How long an answer is held: short enough to notice soon that the index was made.
const HOLDS: Duration = Duration::from_secs(60);
/// Statements whose answers are held.
const MAX_HELD: usize = 256;
/// Questions under way at once; a page that wants more asks when it is looked at again.
const MAX_ASKED: usize = 4;

/// An index worth having.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// The statement that makes it, with its semicolon.
    pub(crate) sql: String,
    /// The table.
    pub(crate) relation: String,
    /// Whether the database planned with it; if not, how to have that done.
    pub(crate) unproved: Option<String>,
}

/// What is known of the index that a statement lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This one.
    Index(Arc<Index>),
    /// None would help, or nobody can be asked.
    None,
    /// The question is under way.
    Asked,
}

pub(crate) type Key = (Fingerprint, Database);
type Held = (Instant, watch::Receiver<Option<Answer>>);

/// Answers that are held.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<HashMap<Key, Held>>);

impl Indexes {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that is held or under way; else a sender for the caller, who asks now; `None` if
    /// too much is asked at once.
    pub(crate) fn place(
        &self,
        key: &Key,
    ) -> Option<(watch::Receiver<Option<Answer>>, Option<Promise>)> {
        let mut held = self.lock();
        let now = Instant::now();
        held.retain(|_, (at, _)| now.duration_since(*at) < HOLDS);
        if let Some((_, answer)) = held.get(key) {
            return Some((answer.clone(), None));
        }
        let under_way = held
            .values()
            .filter(|(_, answer)| answer.borrow().is_none());
        if under_way.count() >= MAX_ASKED || held.len() >= MAX_HELD {
            return None;
        }
        let (promise, answer) = watch::channel(None);
        held.insert(key.clone(), (now, answer.clone()));
        Some((answer, Some(promise)))
    }
}

pub(crate) type Promise = watch::Sender<Option<Answer>>;
