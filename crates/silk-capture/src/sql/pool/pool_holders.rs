//! Who holds a pool's connections: asked when somebody has waited for one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::record::{
    ActiveRequest, CallStack, SqlSource,
    held_connection::{HeldBy, HeldConnection},
};

/// Connections given back lately that are remembered: a task that waited was given one of them.
const MAX_GIVEN_BACK: usize = 32;
/// Pauses within transactions that are remembered of each connection: the longest.
const MAX_PAUSES: usize = 8;

/// The connections of a pool that are held, and those given back lately.
///
/// One short lock around each change: no allocation once as many were held at a time as will be.
#[derive(Default)]
pub(super) struct Holders(Mutex<Table>);

#[derive(Default)]
struct Table {
    held: Vec<Option<Hold>>,
    free: Vec<usize>,
    given_back: VecDeque<(usize, Hold, Instant)>,
}

/// A connection that is held.
struct Hold {
    by: Option<HeldBy>,
    since: Instant,
    /// What ran on it last.
    last: Option<(SqlSource, Option<CallStack>)>,
    is_running: bool,
    in_transaction: bool,
    /// Since when a transaction is open on it and nothing runs.
    idle_since: Option<Instant>,
    pauses: Vec<Pause>,
}

/// From when until when a transaction was open and nothing ran.
type Pause = (Instant, Instant);

impl Hold {
    fn new(by: Option<HeldBy>, since: Instant) -> Self {
        Self {
            by,
            since,
            last: None,
            is_running: false,
            in_transaction: false,
            idle_since: None,
            pauses: Vec::new(),
        }
    }

    /// Begins or ends a pause, as it is idle within a transaction or not. The clock is looked at only
    /// where there is a transaction.
    fn note_idle(&mut self) {
        if self.in_transaction && !self.is_running {
            self.idle_since.get_or_insert_with(Instant::now);
        } else {
            self.end_pause();
        }
    }

    fn end_pause(&mut self) {
        let Some(since) = self.idle_since.take() else {
            return;
        };
        let pause = (since, Instant::now());
        if self.pauses.len() < MAX_PAUSES {
            return self.pauses.push(pause);
        }
        let length = |(from, to): &Pause| to.duration_since(*from);
        let shortest = self.pauses.iter_mut().min_by_key(|pause| length(pause));
        if let Some(shortest) = shortest
            && length(shortest) < length(&pause)
        {
            *shortest = pause;
        }
    }

    /// How long it was idle within transactions between two moments.
    fn idle_between(&self, from: Instant, to: Instant) -> Duration {
        let current = self.idle_since.map(|since| (since, to));
        let pauses = self.pauses.iter().copied().chain(current);
        pauses
            .map(|(since, until)| until.min(to).saturating_duration_since(since.max(from)))
            .sum()
    }
}

impl std::fmt::Debug for Holders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holders").finish_non_exhaustive()
    }
}

impl Holders {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who held connections between two moments, and for how much of the time.
    pub(super) fn between(&self, started: Instant, ended: Instant) -> Vec<HeldConnection> {
        let table = self.lock();
        let held = table.held.iter().enumerate();
        let held = held.filter_map(|(slot, hold)| Some((slot, hold.as_ref()?, None)));
        let given_back = table.given_back.iter();
        let given_back = given_back.map(|(slot, hold, until)| (*slot, hold, Some(*until)));
        held.chain(given_back)
            .filter_map(|(slot, hold, until)| {
                let from = hold.since.max(started);
                let to = until.unwrap_or(ended).min(ended);
                let held = to.checked_duration_since(from)?;
                (!held.is_zero()).then(|| HeldConnection {
                    slot,
                    by: hold.by.clone(),
                    held,
                    idle_in_transaction: hold.idle_between(from, to),
                    last: hold.last.clone(),
                })
            })
            .collect()
    }
}

/// A connection that is held, until it is dropped.
#[derive(Debug)]
pub(super) struct Holding {
    holders: Arc<Holders>,
    slot: usize,
}

impl Holding {
    /// Notes that a connection is held from now on.
    pub(super) fn new(holders: &Arc<Holders>, active: Option<&ActiveRequest>) -> Self {
        let hold = Hold::new(active.map(ActiveRequest::held_by), Instant::now());
        let mut table = holders.lock();
        let slot = match table.free.pop() {
            Some(slot) => {
                table.held[slot] = Some(hold);
                slot
            }
            None => {
                table.held.push(Some(hold));
                table.held.len() - 1
            }
        };
        drop(table);
        Self {
            holders: Arc::clone(holders),
            slot,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Hold)) {
        if let Some(Some(hold)) = self.holders.lock().held.get_mut(self.slot) {
            change(hold);
        }
    }

    /// Whether it is within a transaction.
    pub(super) fn in_transaction(&self, in_transaction: bool) {
        self.change(|hold| {
            hold.in_transaction = in_transaction;
            hold.note_idle();
        });
    }

    /// A query begins on it; the guard says until when.
    pub(super) fn run(&self, sql: SqlSource, call_site: Option<CallStack>) -> Running {
        let mut before = None;
        self.change(|hold| {
            before = hold.last.replace((sql, call_site));
            hold.is_running = true;
            hold.note_idle();
        });
        // Outside of the lock.
        drop(before);
        Running {
            holders: Arc::clone(&self.holders),
            slot: self.slot,
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut table = self.holders.lock();
        let hold = table.held.get_mut(self.slot).and_then(Option::take);
        table.free.push(self.slot);
        let mut oldest = None;
        if let Some(mut hold) = hold {
            hold.end_pause();
            if table.given_back.len() >= MAX_GIVEN_BACK {
                oldest = table.given_back.pop_front();
            }
            table.given_back.push_back((self.slot, hold, now));
        }
        drop(table);
        // Outside of the lock.
        drop(oldest);
    }
}

/// A query that runs on a connection that is held.
#[derive(Debug)]
pub(super) struct Running {
    holders: Arc<Holders>,
    slot: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(Some(hold)) = self.holders.lock().held.get_mut(self.slot) {
            hold.is_running = false;
            hold.note_idle();
        }
    }
}
