//! Finds the run of a connection that a plan is of.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
};

use super::auto_explain_message as message;
use crate::record::{
    SqlSource,
    active_request::WeakRequest,
    plans::{PlanNotes, caught_plan::CaughtPlan, plan_notes::Dropped},
};

/// Runs of one connection whose plans have not come: a stream dropped half-read leaves one behind.
const MAX_RUNS: usize = 16;

/// What a connection of the app has run, to find the query that a plan is of.
///
/// PostgreSQL tells a plan when its run is over, which is when its last message is read. A stream
/// that is dropped half-read is read to its end by the next query on the connection, so a plan may
/// come within a query that it is not of. The text of the query is told with it; where two runs of
/// one text wait and the plans are not as many as the runs, they are dropped rather than guessed.
#[derive(Debug)]
pub(crate) struct Tracker {
    notes: Arc<PlanNotes>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// In the order of their start.
    runs: VecDeque<Run>,
    /// Plans that could be of more than one run, in the order of their coming.
    undecided: Vec<(SqlSource, CaughtPlan)>,
}

#[derive(Debug)]
struct Run {
    number: u64,
    sql: SqlSource,
    /// Where its record is, once its stream was dropped half-read.
    left: Option<Place>,
    plan: Told,
}

#[derive(Debug)]
enum Told {
    Nothing,
    Plan(CaughtPlan),
    /// More than one plan came for it: it was several statements, or another ran with its text.
    TooMuch,
}

/// A query of a request.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) request: WeakRequest,
    /// Its number among the queries kept of the request.
    pub(crate) query: u32,
}

impl Place {
    /// Adds the plan to the query, if that is still to be written.
    fn deliver(&self, plan: CaughtPlan, notes: &PlanNotes) {
        match self.request.upgrade() {
            Some(request) => {
                notes.caught.fetch_add(1, Relaxed);
                request.attach_plan(self.query, plan);
            }
            None => notes.drop_one(Dropped::Outside),
        }
    }
}

impl Tracker {
    pub(crate) fn new(notes: Arc<PlanNotes>) -> Arc<Self> {
        Arc::new(Self {
            notes,
            state: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A query that is about to run on the connection.
    pub(crate) fn start(self: &Arc<Self>, sql: SqlSource) -> Ticket {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        if state.runs.len() >= MAX_RUNS {
            state.runs.pop_front();
        }
        state.runs.push_back(Run {
            number,
            sql,
            left: None,
            plan: Told::Nothing,
        });
        drop(state);
        Ticket {
            tracker: Arc::clone(self),
            number,
        }
    }

    /// Finds the run that a plan is of.
    pub(super) fn receive(&self, escaped_sql: &str, plan: CaughtPlan) {
        let mut state = self.lock();
        let mut candidates = state
            .runs
            .iter_mut()
            .filter(|run| message::is_escaped(escaped_sql, run.sql.as_str()));
        let Some(run) = candidates.next() else {
            drop(state);
            return self.notes.drop_one(Dropped::Unknown);
        };
        if candidates.next().is_some() {
            let sql = run.sql.clone();
            if state.undecided.len() < MAX_RUNS {
                state.undecided.push((sql, plan));
                return;
            }
            drop(state);
            return self.notes.drop_one(Dropped::Ambiguous);
        }
        match std::mem::replace(&mut run.plan, Told::TooMuch) {
            Told::Nothing => {}
            Told::Plan(_) => {
                drop(state);
                // Neither of the two.
                self.notes.drop_one(Dropped::Ambiguous);
                return self.notes.drop_one(Dropped::Ambiguous);
            }
            Told::TooMuch => {
                drop(state);
                return self.notes.drop_one(Dropped::Ambiguous);
            }
        }
        run.plan = Told::Plan(plan);
    }

    /// A run has ended, and all before it: every plan that was reported is here by now.
    fn finish(&self, number: u64, has_failed: bool) -> Option<CaughtPlan> {
        let mut state = self.lock();
        let end = state.runs.iter().position(|run| run.number == number)?;
        let mut over: Vec<Run> = state.runs.drain(..=end).collect();
        let undecided = std::mem::take(&mut state.undecided);
        drop(state);
        let own = over.pop()?;
        let mut plan = match own.plan {
            Told::Plan(plan) => Some(plan),
            Told::Nothing | Told::TooMuch => None,
        };
        let mut of_text: Vec<&Run> = over
            .iter()
            .filter(|run| run.sql.as_str() == own.sql.as_str())
            .collect();
        let (mut same, other): (Vec<_>, Vec<_>) = undecided
            .into_iter()
            .partition(|(sql, _)| sql.as_str() == own.sql.as_str());
        other
            .iter()
            .for_each(|_| self.notes.drop_one(Dropped::Ambiguous));
        // One plan for each run, and the last is its own: the order tells. A run that failed has
        // none, so then the order tells nothing.
        if !same.is_empty() && !has_failed && same.len() == of_text.len() + 1 {
            plan = same.pop().map(|(_, plan)| plan);
            for (run, (_, plan)) in of_text.drain(..).zip(same) {
                if let Some(place) = &run.left {
                    place.deliver(plan, &self.notes);
                }
            }
        } else {
            same.iter()
                .for_each(|_| self.notes.drop_one(Dropped::Ambiguous));
        }
        self.deliver(over);
        plan
    }

    /// Everything that was run has been read to its end, by something that is no query.
    pub(crate) fn settle(&self) {
        let mut state = self.lock();
        let over: Vec<Run> = state.runs.drain(..).collect();
        let undecided = std::mem::take(&mut state.undecided);
        drop(state);
        undecided
            .iter()
            .for_each(|_| self.notes.drop_one(Dropped::Ambiguous));
        self.deliver(over);
    }

    fn deliver(&self, runs: impl IntoIterator<Item = Run>) {
        for run in runs {
            if let (Some(place), Told::Plan(plan)) = (run.left, run.plan) {
                place.deliver(plan, &self.notes);
            }
        }
    }

    /// The stream of a run was dropped before its end.
    fn leave(&self, number: u64, place: Option<Place>) {
        let mut state = self.lock();
        let Some(at) = state.runs.iter().position(|run| run.number == number) else {
            return;
        };
        state.runs[at].left = place;
        // Dropped when all but the very end had been read.
        let told = matches!(state.runs[at].plan, Told::Plan(_))
            .then(|| state.runs.remove(at))
            .flatten();
        drop(state);
        self.deliver(told);
    }
}

/// A run that waits for its plan.
#[derive(Debug)]
pub(crate) struct Ticket {
    tracker: Arc<Tracker>,
    number: u64,
}

impl Ticket {
    /// The connection's tracker.
    pub(crate) const fn tracker(&self) -> &Arc<Tracker> {
        &self.tracker
    }

    /// The run came to its end; its plan, where that is known to be its own.
    pub(crate) fn finish(self, has_failed: bool) -> Option<CaughtPlan> {
        let plan = self.tracker.finish(self.number, has_failed);
        if plan.is_some() {
            self.tracker.notes.caught.fetch_add(1, Relaxed);
        }
        plan
    }

    /// Its stream was dropped before the end: the plan may come with the next query.
    pub(crate) fn leave(self, place: Option<Place>) {
        self.tracker.leave(self.number, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::plans::Plans, sql::plans::on_notice};

    fn tracker() -> (Arc<PlanNotes>, Arc<Tracker>) {
        let notes = Arc::new(PlanNotes::new(Plans::default()));
        (Arc::clone(&notes), Tracker::new(notes))
    }

    fn sql(text: &'static str) -> SqlSource {
        SqlSource::Static(text)
    }

    fn tell(notes: &PlanNotes, sql: &str, ms: u32) {
        on_notice(
            &format!(
                "duration: {ms}.000 ms  plan:\n{{\n  \"Query Text\": \"{sql}\",\n  \"Plan\": {{}}\n}}"
            ),
            notes,
        );
    }

    fn duration(plan: Option<CaughtPlan>) -> Option<u64> {
        plan.map(|plan| plan.duration_us / 1_000)
    }

    #[test]
    fn a_plan_finds_its_run() {
        let (notes, tracker) = tracker();
        let run = tracker.start(sql("select 1"));
        {
            let _polled = run.tracker().enter();
            tell(&notes, "select oid from pg_type", 9);
            tell(&notes, "EXPLAIN select 1", 8);
            tell(&notes, "select 1", 1);
        }
        assert_eq!(duration(run.finish(false)), Some(1));
        assert_eq!(notes.dropped(Dropped::Unknown), 1);
        tell(&notes, "select 1", 1);
        assert_eq!(notes.dropped(Dropped::Outside), 1);
        on_notice("table \"t\" does not exist, skipping", &notes);
        assert_eq!(notes.dropped(Dropped::Outside), 1);
    }

    #[test]
    fn two_plans_of_one_run_are_dropped() {
        let (notes, tracker) = tracker();
        let run = tracker.start(sql("select 1; select 2"));
        let polled = run.tracker().enter();
        for ms in 1..=3 {
            tell(&notes, "select 1; select 2", ms);
        }
        drop(polled);
        assert_eq!(duration(run.finish(false)), None);
        assert_eq!(notes.dropped(Dropped::Ambiguous), 3);
    }

    #[test]
    fn a_plan_that_comes_late_is_not_the_next_querys() {
        let (notes, tracker) = tracker();
        let first = tracker.start(sql("select a"));
        first.leave(None);
        let second = tracker.start(sql("select b"));
        {
            let _polled = second.tracker().enter();
            tell(&notes, "select a", 5);
            tell(&notes, "select b", 6);
        }
        assert_eq!(duration(second.finish(false)), Some(6));
        assert_eq!(notes.dropped(Dropped::Ambiguous), 0);
    }

    #[test]
    fn of_two_runs_with_one_text_the_order_tells_only_where_both_told() {
        let (notes, tracker) = tracker();
        let first = tracker.start(sql("select a"));
        first.leave(None);
        let second = tracker.start(sql("select a"));
        {
            let _polled = second.tracker().enter();
            tell(&notes, "select a", 5);
            tell(&notes, "select a", 6);
        }
        assert_eq!(duration(second.finish(false)), Some(6));

        let first = tracker.start(sql("select a"));
        first.leave(None);
        let second = tracker.start(sql("select a"));
        {
            let _polled = second.tracker().enter();
            tell(&notes, "select a", 5);
        }
        assert_eq!(duration(second.finish(false)), None);
        assert_eq!(notes.dropped(Dropped::Ambiguous), 1);

        let first = tracker.start(sql("select a"));
        first.leave(None);
        let second = tracker.start(sql("select a"));
        {
            let _polled = second.tracker().enter();
            tell(&notes, "select a", 5);
        }
        assert_eq!(duration(second.finish(true)), None);
        assert_eq!(notes.dropped(Dropped::Ambiguous), 2);
        // What was left behind is over with the query after it.
        let third = tracker.start(sql("select a"));
        {
            let _polled = third.tracker().enter();
            tell(&notes, "select a", 7);
        }
        assert_eq!(duration(third.finish(false)), Some(7));
    }

    #[test]
    fn runs_that_never_end_are_forgotten() {
        let (_, tracker) = tracker();
        for _ in 0..100 {
            tracker.start(sql("select a")).leave(None);
        }
        assert_eq!(tracker.lock().runs.len(), MAX_RUNS);
    }
}
