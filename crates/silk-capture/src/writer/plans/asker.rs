//! Asks for plans in the background: the writer's end of a queue of wishes, and the task that
//! answers them.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use chrono::Utc;
use silk_core::{
    Database, DatabaseKind, Explain, ExplainError, ExplainMode, ExplainQuery, Fingerprint, PlanId,
    PlanRecord, PlanSource, QueryRecord, QueryRef, SqlText, Store, ValueState,
};
use tokio::{runtime::Handle, sync::mpsc};
use uuid::Uuid;

use super::caught_plan_records::form_of;
use crate::record::{
    Recorder,
    plans::{PlanMode, PlanNotes, explaining::Explaining},
};

/// Statements that may wait to be asked about.
const MAX_WAITING_WISHES: usize = 64;
/// Pause before a database that did not answer is asked once more.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Has the recorder's writer ask `explain` for plans in the background, on Silk's `runtime`, and
/// keep them in `store`. Until then, and where plans are off, nothing is asked.
pub fn collect(
    recorder: &Recorder,
    explain: &Arc<dyn Explain>,
    store: Arc<dyn Store>,
    runtime: &Handle,
) {
    if recorder.plan_notes().mode() != PlanMode::Automatic {
        return;
    }
    // The first counts.
    let _is_first = recorder.set_explaining(Explaining {
        explain: Arc::clone(explain),
        store,
        runtime: runtime.clone(),
    });
}

/// The writer's end: says what is wanted, and never waits.
#[derive(Debug)]
pub(crate) struct Asker {
    sender: mpsc::Sender<Wish>,
    explain: Arc<dyn Explain>,
}

impl Asker {
    /// Starts the task that asks; it ends with this end of the channel.
    pub(in crate::writer) fn start(way: &Explaining, notes: &Arc<PlanNotes>) -> Self {
        let (sender, wishes) = mpsc::channel(MAX_WAITING_WISHES);
        let worker = Worker {
            notes: Arc::clone(notes),
            explain: Arc::clone(&way.explain),
            store: Arc::clone(&way.store),
        };
        way.runtime.spawn(worker.run(wishes));
        Self {
            sender,
            explain: Arc::clone(&way.explain),
        }
    }

    /// Whether there is a way to the database.
    pub(super) fn knows(&self, database: &Database) -> bool {
        self.explain.knows(database)
    }

    /// `false` where too many wait already.
    pub(super) fn send(&self, wish: Wish) -> bool {
        self.sender.try_send(wish).is_ok()
    }
}

/// A query whose plan is wanted.
#[derive(Debug)]
pub(super) struct Wish {
    query: ExplainQuery,
    fingerprint: Fingerprint,
    of: QueryRef,
    /// Whether its values are known, every one.
    is_whole: bool,
    /// Whether it has values at all, so that its generic plan may be another.
    has_values: bool,
}

impl Wish {
    pub(super) fn new(text: &SqlText, query: &QueryRecord, of: QueryRef) -> Self {
        let is_whole = query
            .values
            .iter()
            .flatten()
            .all(|value| matches!(value.state, ValueState::Null | ValueState::Bytes(_)));
        Self {
            query: ExplainQuery {
                database: Database::clone(&text.database),
                sql: text.text.as_ref().to_owned(),
                is_redacted: text.is_redacted,
                values: query.values.clone(),
                mode: ExplainMode::Estimated,
            },
            fingerprint: text.statement.fingerprint,
            of,
            is_whole,
            has_values: query
                .values
                .as_ref()
                .is_none_or(|values| !values.is_empty()),
        }
    }
}

struct Worker {
    notes: Arc<PlanNotes>,
    explain: Arc<dyn Explain>,
    store: Arc<dyn Store>,
}

impl Worker {
    async fn run(self, mut wishes: mpsc::Receiver<Wish>) {
        while let Some(wish) = wishes.recv().await {
            self.answer(wish).await;
        }
    }

    async fn answer(&self, wish: Wish) {
        let Wish {
            query,
            fingerprint,
            of,
            is_whole,
            has_values,
        } = wish;
        let is_postgres = query.database.kind == DatabaseKind::Postgres;
        self.notes.asked.fetch_add(1, Relaxed);
        let mut has_answer = false;
        if is_whole {
            has_answer |= self.ask(query.clone(), fingerprint, of).await;
        }
        // Prepared statements run it from their sixth execution on; and without values it is all
        // that can be told.
        if is_postgres && has_values {
            let generic = ExplainQuery {
                mode: ExplainMode::Generic,
                ..query
            };
            has_answer |= self.ask(generic, fingerprint, of).await;
        }
        if !has_answer {
            self.notes.failed.fetch_add(1, Relaxed);
        }
    }

    /// Asks for one plan and keeps it; whether there was one.
    async fn ask(&self, query: ExplainQuery, fingerprint: Fingerprint, of: QueryRef) -> bool {
        let database = query.database.clone();
        let source = match query.mode {
            ExplainMode::Generic => PlanSource::Generic,
            _ => PlanSource::Estimated,
        };
        let mut answer = self.explain.explain_quickly(query.clone()).await;
        if let Err(ExplainError::Failed { .. }) = answer {
            // A lock, or a server that is busy.
            tokio::time::sleep(RETRY_PAUSE).await;
            answer = self.explain.explain_quickly(query).await;
        }
        let Ok(output) = answer else {
            return false;
        };
        let (shape, total_cost) = form_of(output.format, &output.raw).unzip();
        let plan = PlanRecord {
            id: PlanId(Uuid::now_v7()),
            query: Some(of),
            fingerprint: Some(fingerprint),
            database,
            captured_at: Utc::now(),
            source,
            shape,
            duration_us: None,
            total_cost: total_cost.flatten(),
            output,
        };
        // A store that does not take it says so with the next batch.
        self.store.add_plan(&plan).await.is_ok()
    }
}
