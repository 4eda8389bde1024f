//! Which plans each database gives, and what would unlock the others.

#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use silk_core::{
    Database, DatabaseKind,
    explain::{LadderStep, PlanLadder, PlanSource},
    vitals::CaptureLevel,
};

use super::{Explainer, Failure, QUICK, quietly};
use crate::plans::{Hooked, PlanMode};

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

/// A step that works.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) fn works(source: PlanSource, what: &str, reason: &str) -> LadderStep {
    step(source, what, CaptureLevel::Full, reason, None)
}

pub(super) fn step(
    source: PlanSource,
    what: &str,
    level: CaptureLevel,
    reason: &str,
    remedy: Option<String>,
) -> LadderStep {
    LadderStep {
        source,
        what: what.to_owned(),
        level,
        reason: reason.to_owned(),
        remedy,
    }
}

impl Explainer {
    /// The ladder of each known database, by name.
    pub(super) async fn all_ladders(&self) -> Vec<PlanLadder> {
        let mut databases: Vec<Database> = self.targets().keys().cloned().collect();
        databases.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        let mut ladders = Vec::new();
        for database in databases {
            let mut steps = Vec::new();
            steps.extend(self.real_runs(&database));
            steps.extend(self.asked(&database).await);
            ladders.push(PlanLadder { database, steps });
        }
        ladders
    }

    /// The step of plans that come by themselves.
    fn real_runs(&self, database: &Database) -> Option<LadderStep> {
        const WHAT: &str = "plans of the real runs (auto_explain)";
        let tell = |level, reason: &str, remedy| {
            Some(step(PlanSource::AutoExplain, WHAT, level, reason, remedy))
        };
        match database.kind {
            DatabaseKind::Postgres => {}
            DatabaseKind::MySql => {
                return Some(step(
                    PlanSource::AutoExplain,
                    "plans of the real runs",
                    CaptureLevel::Off,
                    "MySQL and MariaDB do not tell their clients the plan of a run",
                    None,
                ));
            }
            DatabaseKind::Sqlite => {
                return Some(step(
                    PlanSource::AutoExplain,
                    "counters of the real runs",
                    CaptureLevel::Off,
                    "SQLite counts the rows that a statement reads, but only its bare handle tells \
                     them, and Silk has no unsafe code",
                    None,
                ));
            }
            DatabaseKind::Unknown => return None,
        }
        let notes = self.notes.get()?;
        if notes.plans.real_runs.is_none() {
            return tell(
                CaptureLevel::Off,
                "switched off in the builder",
                Some("Silk::builder().plans(Plans::automatic())".to_owned()),
            );
        }
        let losses = notes.losses();
        match notes.hooked_to(&database.name) {
            None => tell(
                CaptureLevel::Off,
                "no connection was set up for it; a pool that exists already cannot be given the \
                 hook, it has to be made with it",
                Some(
                    "let pool = silk.pg_pool_options(PgPoolOptions::new()).connect(&url).await?;\n\
                     let pool = silk.pool(pool);\n\
                     // or, in an after_connect of your own:\n\
                     silk.prepare_connection(connection).await;"
                        .to_owned(),
                ),
            ),
            Some(Hooked::Refused { reason, remedy }) => tell(CaptureLevel::Off, &reason, remedy),
            Some(_) if !notes.hears() => tell(
                CaptureLevel::Off,
                "the connection tells them, but Silk's tracing layer, which hears them, is not in \
                 place",
                Some("silk.init_tracing();".to_owned()),
            ),
            Some(Hooked::Partial { reason, remedy }) => tell(
                CaptureLevel::Partial,
                &format!("told {reason}{losses}"),
                Some(remedy),
            ),
            Some(Hooked::Working) => tell(
                CaptureLevel::Full,
                &format!("the app's connections tell the plan of each run{losses}"),
                None,
            ),
        }
    }

    /// The steps of plans that are asked for.
    async fn asked(&self, database: &Database) -> Vec<LadderStep> {
        const WHAT: &str = "plans when asked";
        let mode = self.notes.get().map(|notes| notes.plans.mode());
        if mode == Some(PlanMode::Off) {
            return vec![step(
                PlanSource::Estimated,
                WHAT,
                CaptureLevel::Off,
                "switched off in the builder",
                Some("Silk::builder().plans(Plans::on_demand())".to_owned()),
            )];
        }
        if let Some(steps) = self.ladders.get(database) {
            return steps;
        }
        let Some(target) = self.target(database) else {
            return Vec::new();
        };
        let asked = self.runtime.spawn(quietly(
            async move { Arc::clone(&target).ladder(QUICK).await },
        ));
        let answer = asked.await.unwrap_or(Err(Failure::TimedOut));
        match answer {
            Ok(steps) => {
                self.ladders.set(database.clone(), steps.clone());
                steps
            }
            Err(failure) => vec![step(
                PlanSource::Estimated,
                WHAT,
                CaptureLevel::Off,
                &self.told(database.kind, failure).to_string(),
                None,
            )],
        }
    }
}
