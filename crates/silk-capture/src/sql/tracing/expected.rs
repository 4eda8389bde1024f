//! Queries on SQLite that a pool records itself, where no span may say so.
//!
//! SQLite's driver tells of a query on a thread of its own. The span that goes along with it would
//! show in the app's log where a layer of the app's sees such spans; there the pool leaves the text
//! of each query here, and the tracing layer takes it out again when sqlx tells of it.

use std::{
    collections::VecDeque,
    hash::BuildHasher as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Texts remembered. One that sqlx never tells of (its statement logging is off) goes when as many
/// have come after it.
#[cfg(feature = "sqlite")]
const MAX_EXPECTED: usize = 1_024;

/// Whether there ever was one: most processes have nothing to look up.
static IS_USED: AtomicBool = AtomicBool::new(false);
static EXPECTED: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());

/// Notes that a pool records a query of this text, for which an event of sqlx will come.
#[cfg(feature = "sqlite")]
pub(crate) fn expect(sql: &str) {
    IS_USED.store(true, Relaxed);
    let mut expected = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    if expected.len() >= MAX_EXPECTED {
        expected.pop_front();
    }
    expected.push_back(hash(sql));
}

/// Whether a pool records the query of this text; it is asked once for each.
pub(super) fn take(sql: &str) -> bool {
    if !IS_USED.load(Relaxed) {
        return false;
    }
    let sought = hash(sql);
    let mut expected = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = expected.iter().position(|known| *known == sought);
    place.is_some_and(|place| expected.remove(place).is_some())
}

/// sqlx tells a short text without the space around it.
fn hash(sql: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(sql.trim())
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_and_what_never_comes_is_forgotten() {
        assert!(!take("SELECT 1 -- expected"));
        expect(" SELECT 1 -- expected\n");
        expect("SELECT 1 -- expected");
        assert!(take("SELECT 1 -- expected"));
        assert!(take("SELECT 1 -- expected"));
        assert!(!take("SELECT 1 -- expected"));
        expect("SELECT 1 -- the first");
        for _ in 0..MAX_EXPECTED {
            expect("SELECT 2 -- without an event");
        }
        assert!(!take("SELECT 1 -- the first"));
        while take("SELECT 2 -- without an event") {}
    }
}
