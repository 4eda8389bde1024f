//! Which statements are worth asking a database for their plan.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{
    Database, DatabaseKind, Fingerprint, Outcome, QueryRecord, QueryRef, RequestRecord, SqlText,
    sql::is_explainable,
};

use super::{
    asker::{Asker, Wish},
    session_changes::changes_session,
};
use crate::record::plans::{PlanMode, PlanNotes, Plans, plan_notes::Dropped};

/// Statements remembered; a map that is full starts anew, and asks again.
const MAX_KNOWN_STATEMENTS: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);

/// Chooses the queries whose plans are asked for in the background.
#[derive(Debug)]
pub(crate) struct Chooser {
    notes: Arc<PlanNotes>,
    known: HashMap<(Fingerprint, Arc<Database>), Known, foldhash::fast::RandomState>,
    minute: (Instant, u32),
}

/// What was done about a statement.
#[derive(Debug, Clone, Copy)]
enum Known {
    Asked(Instant),
    /// Seen, and there was no reason to ask.
    Seen,
    /// It cannot be explained.
    Never,
}

impl Chooser {
    pub(crate) fn new(notes: Arc<PlanNotes>) -> Self {
        Self {
            notes,
            known: HashMap::default(),
            minute: (Instant::now(), 0),
        }
    }

    /// Asks for the plans that are wanted of a record's queries; never waits.
    pub(crate) fn choose(&mut self, record: &RequestRecord, asker: &Asker) {
        let plans = self.notes.plans;
        if plans.mode != PlanMode::Automatic || record.detail.queries.is_empty() {
            return;
        }
        let now = Instant::now();
        for (text, queries) in by_text(record) {
            let Some(query) = most_wanted(&queries, plans) else {
                continue;
            };
            self.consider(now, record, text, query, asker);
        }
    }

    fn consider(
        &mut self,
        now: Instant,
        record: &RequestRecord,
        text: &SqlText,
        query: &QueryRecord,
        asker: &Asker,
    ) {
        // The plan of the run itself is better than any other.
        if query.plan_shape.is_some() || !asker.knows(&text.database) {
            return;
        }
        let plans = self.notes.plans;
        let has_reason = is_failed(query) || is_slow(query, plans);
        let key = (text.statement.fingerprint, Arc::clone(&text.database));
        match self.known.get(&key) {
            Some(Known::Never) => return,
            Some(Known::Asked(at)) if now.duration_since(*at) < plans.every || !has_reason => {
                return;
            }
            Some(Known::Seen) if !has_reason => return,
            _ => {}
        }
        if self.known.len() >= MAX_KNOWN_STATEMENTS {
            self.known.clear();
        }
        if text.database.kind == DatabaseKind::Postgres && changes_session(&text.text) {
            self.notes.session_moved(&text.database.name);
        }
        if !is_explainable(&text.text, text.database.kind) {
            self.known.insert(key, Known::Never);
            return;
        }
        if !(has_reason || plans.first_sight) {
            self.known.insert(key, Known::Seen);
            return;
        }
        if now.duration_since(self.minute.0) >= MINUTE {
            self.minute = (now, 0);
        }
        if self.minute.1 >= plans.per_minute {
            return self.notes.drop_one(Dropped::RateLimit);
        }
        let wish = Wish::new(
            text,
            query,
            QueryRef {
                request_id: record.summary.id,
                seq: query.seq,
            },
        );
        if asker.send(wish) {
            self.minute.1 += 1;
            self.known.insert(key, Known::Asked(now));
        } else {
            self.notes.drop_one(Dropped::QueueFull);
        }
    }
}

/// The queries of a record by their text.
fn by_text(record: &RequestRecord) -> Vec<(&SqlText, Vec<&QueryRecord>)> {
    let mut texts: Vec<(&SqlText, Vec<&QueryRecord>)> = record
        .detail
        .texts
        .iter()
        .map(|text| (text, Vec::new()))
        .collect();
    for query in &record.detail.queries {
        if let Some((_, queries)) = usize::try_from(query.text)
            .ok()
            .and_then(|text| texts.get_mut(text))
        {
            queries.push(query);
        }
    }
    texts.retain(|(text, _)| text.database.kind != DatabaseKind::Unknown);
    texts
}

/// Of the queries of one text the one to ask about: one that failed, else the slowest.
fn most_wanted<'q>(queries: &[&'q QueryRecord], plans: Plans) -> Option<&'q QueryRecord> {
    queries.iter().copied().max_by_key(|query| {
        (
            is_failed(query),
            is_slow(query, plans),
            // Of fast ones any will do; one with all its values most.
            query.values.is_some(),
            query.duration_us,
        )
    })
}

fn is_failed(query: &QueryRecord) -> bool {
    query.outcome == Outcome::Error || query.error.is_some()
}

fn is_slow(query: &QueryRecord, plans: Plans) -> bool {
    // What the app did between rows is not the plan's fault.
    let busy = query.duration_us.saturating_sub(query.consumer_us);
    u128::from(busy) >= plans.slower_than.as_micros()
}
