//! The step of a database's ladder of plans that stands for plans of real runs.

use silk_core::{Database, DatabaseKind, PlanSource, explain::LadderStep, vitals::CaptureLevel};

use crate::record::plans::{PlanNotes, plan_notes::Hooked};

impl PlanNotes {
    /// The step of a database's ladder of plans that come by themselves, with what is in their way;
    /// none if the kind of the database is not known.
    #[must_use]
    pub fn real_runs(&self, database: &Database) -> Option<LadderStep> {
        const WHAT: &str = "plans of the real runs (auto_explain)";
        let step = |what: &str, level, reason: &str, remedy| {
            Some(LadderStep {
                source: PlanSource::AutoExplain,
                what: what.to_owned(),
                level,
                reason: reason.to_owned(),
                remedy,
            })
        };
        let tell = |level, reason: &str, remedy| step(WHAT, level, reason, remedy);
        match database.kind {
            DatabaseKind::Postgres => {}
            DatabaseKind::MySql => {
                return step(
                    "plans of the real runs",
                    CaptureLevel::Off,
                    "MySQL and MariaDB do not tell their clients the plan of a run",
                    None,
                );
            }
            DatabaseKind::Sqlite => {
                return step(
                    "counters of the real runs",
                    CaptureLevel::Off,
                    "SQLite counts the rows that a statement reads, but tells them to C code only, \
                     and Silk calls no C for this",
                    None,
                );
            }
            DatabaseKind::Unknown => return None,
        }
        if self.plans.real_runs.is_none() {
            return tell(
                CaptureLevel::Off,
                "switched off in the builder",
                Some("Silk::builder().plans(Plans::automatic())".to_owned()),
            );
        }
        let losses = self.losses();
        match self.hooked_to(&database.name) {
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
            Some(_) if !self.hears() => tell(
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
}
