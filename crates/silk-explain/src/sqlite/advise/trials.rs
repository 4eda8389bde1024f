//! Plans in the shadow: with each candidate by itself, and with each set whose members help only
//! together.

use std::time::{Duration, Instant};

use silk_core::explain::WorkloadEffect;
use silk_plan::advice::{self, Candidate, Trial};
use sqlx_sqlite::SqliteConnection;

use super::{
    model::Model,
    shadow::{Planned, Shadow, on_trial},
    table::{Table, Tested},
};
use crate::target::{AdviceQuestion, Failure, Question};

/// Plans asked for at most.
pub(super) const MAX_EXPLAINS: usize = 60;

/// Where indexes are tried, with what may still be spent on it.
pub(super) struct Bench<'a> {
    pub(super) shadow: &'a mut Shadow,
    pub(super) question: &'a Question,
    until: Instant,
    left: usize,
    pub(super) is_cut_short: bool,
}

/// Candidates whose plan uses them: one, or several that only help together.
pub(super) struct Contender<'a> {
    pub(super) table: &'a Table,
    pub(super) set: Vec<&'a Tested>,
    pub(super) planned: Planned,
    pub(super) effects: Vec<WorkloadEffect>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(shadow: &'a mut Shadow, question: &'a Question, budget: Duration) -> Self {
        Self {
            shadow,
            question,
            until: Instant::now() + budget,
            left: MAX_EXPLAINS,
            is_cut_short: false,
        }
    }

    /// Whether another plan may be asked for.
    fn may(&mut self) -> bool {
        if self.left == 0 || Instant::now() >= self.until {
            self.is_cut_short = true;
            return false;
        }
        self.left -= 1;
        true
    }

    /// The plan with these indexes; none if SQLite would not have one of them, does not use the
    /// one asked for last, or time is up.
    pub(super) async fn try_with(&mut self, set: &[&Tested]) -> Result<Option<Planned>, Failure> {
        if !self.may() {
            return Ok(None);
        }
        let candidates: Vec<&Candidate> = set.iter().map(|tested| &tested.candidate).collect();
        let planned = self.shadow.plan_with(&candidates, self.question).await?;
        let last = on_trial(set.len().saturating_sub(1));
        Ok(planned.filter(|planned| planned.uses(&last)))
    }
}

/// Plans with each.
pub(super) async fn try_each<'a>(
    bench: &mut Bench<'_>,
    tables: &'a [Table],
) -> Result<(Vec<Contender<'a>>, Vec<Trial>), Failure> {
    let mut contenders: Vec<Contender<'a>> = Vec::new();
    let mut trials: Vec<Trial> = Vec::new();
    for table in tables {
        let singles = table.candidates.iter().map(|tested| vec![tested]);
        let sets = table.unions.iter().map(|set| set.iter().collect());
        for set in sets.chain(singles) {
            let set: Vec<&Tested> = set;
            let candidates: Vec<Candidate> =
                set.iter().map(|tested| tested.candidate.clone()).collect();
            // The same table under two names.
            if trials.iter().any(|known| known.candidates == candidates) {
                continue;
            }
            let Some(planned) = bench.try_with(&set).await? else {
                continue;
            };
            if !(0..set.len()).all(|at| planned.uses(&on_trial(at))) {
                continue;
            }
            trials.push(Trial {
                candidates,
                cost_after: Model::new(tables, &set).rows_read(&planned.plan),
                size_bytes: set.iter().map(|tested| tested.size(&table.facts)).sum(),
                pages: None,
            });
            contenders.push(Contender {
                table,
                set,
                planned,
                effects: Vec::new(),
            });
        }
    }
    Ok((contenders, trials))
}

/// What indexes do for the other statements, by rows read; and how many of those were planned.
pub(super) async fn effects(
    shadow: &mut Shadow,
    app: &mut SqliteConnection,
    asked: &AdviceQuestion,
    set: &[&Tested],
) -> Result<(Vec<WorkloadEffect>, usize), Failure> {
    let candidates: Vec<&Candidate> = set.iter().map(|tested| &tested.candidate).collect();
    let mut found = Vec::new();
    let mut looked_at = 0;
    for other in &asked.workload {
        let Ok(Some(before)) = shadow.plan(&other.question).await else {
            continue;
        };
        let Ok(Some(after)) = shadow.plan_with(&candidates, &other.question).await else {
            continue;
        };
        looked_at += 1;
        if !(0..set.len()).any(|at| after.uses(&on_trial(at))) {
            continue;
        }
        let mut tables = Vec::new();
        for wants in advice::wants_of_sql(&other.question.sql, silk_core::DatabaseKind::Sqlite) {
            tables.extend(Table::known(app, wants).await?);
        }
        found.push(WorkloadEffect {
            fingerprint: other.fingerprint,
            cost_before: Model::new(&tables, &[]).rows_read(&before.plan),
            cost_after: Model::new(&tables, set).rows_read(&after.plan),
            calls: other.calls,
            total_us: other.total_us,
        });
    }
    Ok((found, looked_at))
}
