//! The index that helps a statement, for pages that name it right where it is missed: asked for
//! aside, known for a while, and never waited for long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use silk_core::{
    Database, Fingerprint, QueryRecord, SqlText,
    explain::{AdvisedIndex, Verification},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use super::advise::advise;
use crate::context::Here;

/// How long an answer holds: a person who made the index is to see it soon.
const HOLDS: Duration = Duration::from_secs(60);
/// Statements whose answers are held.
const MOST_HELD: usize = 256;
/// Questions under way at once; a page that wants more asks when it is looked at again.
const MOST_ASKED: usize = 4;

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

impl Index {
    fn of(advised: &AdvisedIndex) -> Self {
        Self {
            sql: with_semicolon(&advised.statement),
            relation: advised.relation.clone(),
            unproved: match &advised.verification {
                Verification::Hypothetical | Verification::Shadow => None,
                Verification::NotVerified { remedy } => Some(remedy.clone()),
            },
        }
    }
}

/// A statement that can be pasted before another.
pub(crate) fn with_semicolon(sql: &str) -> String {
    format!("{};", sql.trim().trim_end_matches(';'))
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

type Key = (Fingerprint, Database);
type Held = (Instant, watch::Receiver<Option<Answer>>);

/// Answers that are held.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<HashMap<Key, Held>>);

impl Indexes {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that is held or under way; else a sender for whoever asks now, or neither where
    /// too much is asked at once.
    fn place(&self, key: &Key) -> Option<(watch::Receiver<Option<Answer>>, Option<Promise>)> {
        let mut held = self.lock();
        let now = Instant::now();
        held.retain(|_, (at, _)| now.duration_since(*at) < HOLDS);
        if let Some((_, answer)) = held.get(key) {
            return Some((answer.clone(), None));
        }
        let under_way = held
            .values()
            .filter(|(_, answer)| answer.borrow().is_none());
        if under_way.count() >= MOST_ASKED || held.len() >= MOST_HELD {
            return None;
        }
        let (promise, answer) = watch::channel(None);
        held.insert(key.clone(), (now, answer.clone()));
        Some((answer, Some(promise)))
    }
}

type Promise = watch::Sender<Option<Answer>>;

/// The index that helps a query best, waited for until `until` at the longest.
pub(crate) async fn of(here: &Here, query: &QueryRecord, text: &SqlText, until: Instant) -> Answer {
    if !may_be_asked(here, text) {
        return Answer::None;
    }
    let key = (text.statement.fingerprint, (*text.database).clone());
    let Some((mut answer, promise)) = here.app.indexes.place(&key) else {
        return Answer::Asked;
    };
    if let Some(promise) = promise {
        let (here, query, text) = (here.clone(), query.clone(), text.clone());
        // A panic on the way drops the promise, which is an answer too.
        tokio::spawn(async move {
            let advised = advise(&here, &query, &text).await;
            let first = advised.ok().and_then(|advised| {
                let indexes = advised.advice.indexes;
                indexes.first().map(|index| Arc::new(Index::of(index)))
            });
            promise.send_replace(Some(first.map_or(Answer::None, Answer::Index)));
        });
    }
    match timeout_at(until, answer.wait_for(Option::is_some)).await {
        Ok(Ok(told)) => told.clone().unwrap_or(Answer::None),
        Ok(Err(_)) => Answer::None,
        Err(_) => Answer::Asked,
    }
}

/// Whether the database may be asked without a person's wish, and could answer.
fn may_be_asked(here: &Here, text: &SqlText) -> bool {
    here.app.explain.asks_unasked()
        && !text.is_redacted
        && silk_plan::advice::searches_tables(&text.text, text.database.kind)
}
