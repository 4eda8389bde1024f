//! How connections were set up to tell plans, and counts of those caught, dropped and asked for.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use super::{PlanMode, Plans, app_session::KnownSession};

/// Databases whose connections are kept apart; more would be a hook gone wild.
const MAX_DATABASES: usize = 64;

/// What is known about plans: how connections were set up, and what was caught and dropped.
#[derive(Debug)]
pub struct PlanNotes {
    pub(crate) plans: Plans,
    /// Whether messages of PostgreSQL are wanted: a connection that tells plans was set up.
    wants_notices: AtomicBool,
    /// Whether there is a tracing layer to hear them.
    hears: AtomicBool,
    hooked: Mutex<BTreeMap<String, Hooked>>,
    /// By the name of the database.
    sessions: Mutex<BTreeMap<String, KnownSession>>,
    pub(crate) caught: AtomicU64,
    dropped: [AtomicU64; DROPPED.len()],
    pub(crate) asked: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// What became of setting up a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "no hook"))]
pub(crate) enum Hooked {
    /// It tells the plans of its runs, with their rows.
    Working,
    /// It tells plans, but less of them than could be.
    Partial {
        /// What is missing, and why.
        reason: String,
        /// What would mend it.
        remedy: String,
    },
    /// It tells none.
    Refused {
        /// Why.
        reason: String,
        /// What would mend it.
        remedy: Option<String>,
    },
}

/// Why a plan that PostgreSQL reported was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// It could be that of either of two runs.
    Ambiguous,
    /// It came when no query of a request was being polled.
    Outside,
    /// It is of a statement that Silk did not see run.
    Unknown,
    /// It is longer than what is kept of a plan.
    TooLong,
    /// There was no room: the request's or the memory budget's.
    NoRoom,
    /// It could not be read.
    Unread,
    /// The queue of statements to be asked about was full.
    QueueFull,
    /// The limit per minute was reached.
    RateLimit,
}

const DROPPED: [(Dropped, &str); 8] = [
    (Dropped::Ambiguous, "could be of either of two runs"),
    (
        Dropped::Outside,
        "were of no query of a request (background work, or a stream dropped half-read)",
    ),
    (
        Dropped::Unknown,
        "were of statements that ran beside Silk's pools",
    ),
    (Dropped::TooLong, "were longer than 256 KiB"),
    (Dropped::NoRoom, "found no room in the memory budget"),
    (Dropped::Unread, "could not be read"),
    (
        Dropped::QueueFull,
        "were not asked for: too many waited already",
    ),
    (
        Dropped::RateLimit,
        "were not asked for: the limit per minute was reached",
    ),
];

impl PlanNotes {
    pub(crate) fn new(plans: Plans) -> Self {
        Self {
            plans,
            wants_notices: AtomicBool::new(false),
            hears: AtomicBool::new(false),
            hooked: Mutex::default(),
            sessions: Mutex::default(),
            caught: AtomicU64::new(0),
            dropped: Default::default(),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// When Silk collects query plans.
    #[must_use]
    pub const fn mode(&self) -> PlanMode {
        self.plans.mode
    }

    /// Whether a connection was set up that tells plans.
    pub(crate) fn wants_notices(&self) -> bool {
        self.wants_notices.load(Relaxed)
    }

    /// Notes that a tracing layer works, or that it does not.
    pub(crate) fn set_hears(&self, hears: bool) {
        self.hears.store(hears, Relaxed);
    }

    /// Whether there is a tracing layer to hear what connections tell.
    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Relaxed)
    }

    pub(crate) fn hooked(&self) -> MutexGuard<'_, BTreeMap<String, Hooked>> {
        self.hooked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a connection to the named database was set up.
    #[cfg(feature = "postgres")]
    pub(crate) fn set_hooked(&self, database: String, state: Hooked) {
        let tells = !matches!(state, Hooked::Refused { .. });
        {
            let mut hooked = self.hooked();
            if hooked.len() < MAX_DATABASES || hooked.contains_key(&database) {
                hooked.insert(database, state);
            }
        }
        if tells && !self.wants_notices.swap(true, Relaxed) {
            // The layer's filter answers differently from now on.
            tracing::callsite::rebuild_interest_cache();
        }
    }

    /// How connections to the named database were set up; none if no hook has run.
    pub(crate) fn hooked_to(&self, database: &str) -> Option<Hooked> {
        self.hooked().get(database).cloned()
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, KnownSession>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the app's connections to the named PostgreSQL database are set up, as far as that is
    /// known.
    #[must_use]
    pub fn session(&self, database: &str) -> KnownSession {
        self.sessions().get(database).cloned().unwrap_or_default()
    }

    /// Notes how a connection to the named database is set up.
    #[cfg(feature = "postgres")]
    pub(crate) fn saw_session(&self, database: String, session: super::AppSession) {
        let mut sessions = self.sessions();
        if sessions.len() < MAX_DATABASES || sessions.contains_key(&database) {
            sessions.entry(database).or_default().saw(session);
        }
    }

    /// Notes a statement that changes how its connection is set up.
    pub(crate) fn session_moved(&self, database: &str) {
        let mut sessions = self.sessions();
        if sessions.len() < MAX_DATABASES || sessions.contains_key(database) {
            sessions.entry(database.to_owned()).or_default().moved();
        }
    }

    pub(crate) fn drop_one(&self, why: Dropped) {
        for (counter, (reason, _)) in self.dropped.iter().zip(DROPPED) {
            if reason == why {
                counter.fetch_add(1, Relaxed);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn dropped(&self, why: Dropped) -> u64 {
        let counts = self.dropped.iter().zip(DROPPED);
        counts
            .filter(|(_, (reason, _))| *reason == why)
            .map(|(counter, _)| counter.load(Relaxed))
            .sum()
    }

    /// What was dropped, in words; empty where nothing was.
    pub(crate) fn losses(&self) -> String {
        let mut text = String::new();
        for (counter, (_, words)) in self.dropped.iter().zip(DROPPED) {
            let count = counter.load(Relaxed);
            if count > 0 {
                text.push_str(if text.is_empty() { "; " } else { ", " });
                text.push_str(&format!("{count} {words}"));
            }
        }
        text
    }
}
