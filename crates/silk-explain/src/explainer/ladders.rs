//! Which plans each database gives, and what would unlock the others.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use silk_capture::record::plans::PlanMode;
use silk_core::{
    Database, PlanSource,
    explain::{LadderStep, PlanLadder},
    vitals::CaptureLevel,
};

use super::databases::Databases;
use crate::{
    step::step,
    target::{ExplainTarget, Failure},
};

/// How long what a database says it allows is believed.
const BELIEVED: Duration = Duration::from_secs(60);

/// What databases said, so that a page that is looked at often asks seldom.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Database, (Instant, Vec<LadderStep>)>>);

impl Cache {
    fn get(&self, database: &Database) -> Option<Vec<LadderStep>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, steps) = known.get(database)?;
        (at.elapsed() < BELIEVED).then(|| steps.clone())
    }

    fn set(&self, database: Database, steps: Vec<LadderStep>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(database, (Instant::now(), steps));
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

/// The ladder of each known database, by name.
pub(super) async fn all(databases: &Databases, cache: &Cache) -> Vec<PlanLadder> {
    let mut ladders = Vec::new();
    for (database, target) in databases.all() {
        let mut steps = Vec::new();
        // Those that come by themselves, and those that are asked for.
        let notes = databases.notes.as_ref();
        steps.extend(notes.and_then(|notes| notes.real_runs(&database)));
        steps.extend(asked(databases, cache, &database, target).await);
        ladders.push(PlanLadder { database, steps });
    }
    ladders
}

async fn asked(
    databases: &Databases,
    cache: &Cache,
    database: &Database,
    target: Arc<dyn ExplainTarget>,
) -> Vec<LadderStep> {
    const WHAT: &str = "plans when asked";
    let off = |reason: &str, remedy| {
        vec![step(
            PlanSource::Estimated,
            WHAT,
            CaptureLevel::Off,
            reason,
            remedy,
        )]
    };
    if databases.mode() == Some(PlanMode::Off) {
        return off(
            "switched off in the builder",
            Some("Silk::builder().plans(Plans::on_demand())".to_owned()),
        );
    }
    if let Some(steps) = cache.get(database) {
        return steps;
    }
    let timeout = databases.config.background();
    let asked = databases.ask(async move { target.ladder(timeout).await });
    match asked.await.unwrap_or(Err(Failure::TimedOut(timeout))) {
        Ok(steps) => {
            cache.set(database.clone(), steps.clone());
            steps
        }
        Err(failure) => off(&databases.told(database.kind, failure).to_string(), None),
    }
}
