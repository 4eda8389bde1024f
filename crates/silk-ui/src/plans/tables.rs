//! What databases know of the tables of plans, within the time that a page has.

use std::time::Duration;

use silk_core::{PlanRecord, PlanSource, explain::RelationFacts};
use silk_plan::Plan;
use tokio::time::Instant;

use crate::context::App;

/// How long a page waits in sum for what databases know of the tables of its plans: it is worth
/// showing without, and finds the answer the next time.
const TABLES_TIMEOUT: Duration = Duration::from_millis(400);

/// What databases know of the tables of the plans of one page.
#[derive(Debug)]
pub(crate) struct Tables<'a> {
    app: &'a App,
    until: Instant,
}

impl<'a> Tables<'a> {
    /// For one page, from now on.
    pub(crate) fn new(app: &'a App) -> Self {
        Self {
            app,
            until: Instant::now() + TABLES_TIMEOUT,
        }
    }

    /// What is known of the tables of a plan, by what it calls them; and why nothing is, where that
    /// keeps rules silent. `sql` says which tables the names of MySQL's and SQLite's plans mean.
    pub(crate) async fn of(
        &self,
        plan: &Plan,
        record: &PlanRecord,
        sql: Option<&str>,
    ) -> (Vec<(String, RelationFacts)>, Option<String>) {
        let called = silk_plan::findings::relations(plan, sql);
        // Where a pasted plan is from nobody knows.
        if called.is_empty() || record.source == PlanSource::Pasted {
            return (Vec::new(), None);
        }
        let mut relations: Vec<_> = called.values().cloned().collect();
        relations.sort_unstable();
        relations.dedup();
        let asked = self.app.explain.facts(&record.database, relations);
        let known = match tokio::time::timeout_at(self.until, asked).await {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => return (Vec::new(), Some(error.to_string())),
            Err(_) => {
                let late = "the database did not tell in time; look again in a moment";
                return (Vec::new(), Some(late.to_owned()));
            }
        };
        let of_each = called.into_iter().filter_map(|(called, relation)| {
            let facts = known.iter().find(|facts| facts.relation == relation)?;
            Some((called, facts.clone()))
        });
        (of_each.collect(), None)
    }
}
