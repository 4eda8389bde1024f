//! Which connection a thread is polling, and whose plan a message is that comes meanwhile.

use std::{cell::RefCell, marker::PhantomData, sync::Arc};

use super::{auto_explain_message as message, plan_of_run::Tracker};
use crate::record::plans::{PlanNotes, caught_plan::CaughtPlan, plan_notes::Dropped};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Tracker>>> = const { RefCell::new(None) };
}

impl Tracker {
    /// Says that this thread is polling the connection, until the guard is dropped.
    #[must_use = "the connection is being polled only while the guard lives"]
    pub(crate) fn enter(self: &Arc<Self>) -> TrackerGuard {
        let previous = CURRENT
            .try_with(|current| {
                current
                    .try_borrow_mut()
                    .ok()
                    .and_then(|mut slot| slot.replace(Arc::clone(self)))
            })
            .ok()
            .flatten();
        TrackerGuard {
            previous,
            _not_send: PhantomData,
        }
    }
}

/// Ends a stretch of polling when dropped.
#[derive(Debug)]
pub(crate) struct TrackerGuard {
    previous: Option<Arc<Tracker>>,
    /// It must be dropped on the thread that it was made on.
    _not_send: PhantomData<*const ()>,
}

impl Drop for TrackerGuard {
    fn drop(&mut self) {
        let previous = self.previous.take();
        let left = CURRENT
            .try_with(|current| {
                current
                    .try_borrow_mut()
                    .ok()
                    .and_then(|mut slot| std::mem::replace(&mut *slot, previous))
            })
            .ok();
        // Dropped outside of the borrow.
        drop(left);
    }
}

/// Takes a message of PostgreSQL, which may hold a plan of auto_explain.
pub(crate) fn on_notice(message: &str, notes: &PlanNotes) {
    let Some((duration_us, plan)) = message::split(message) else {
        return;
    };
    let Some(escaped_sql) = message::query_text(plan) else {
        return notes.drop_one(Dropped::Unread);
    };
    if is_explain(escaped_sql) {
        // Whoever explains sees the plan already, and nothing ran (or it ran twice).
        return;
    }
    let current = CURRENT
        .try_with(|current| current.try_borrow().ok().and_then(|slot| slot.clone()))
        .ok()
        .flatten();
    let Some(tracker) = current else {
        return notes.drop_one(Dropped::Outside);
    };
    if message.len() > message::MAX_PLAN_BYTES {
        return notes.drop_one(Dropped::TooLong);
    }
    tracker.receive(
        escaped_sql,
        CaughtPlan {
            message: message.into(),
            duration_us,
        },
    );
}

fn is_explain(escaped_sql: &str) -> bool {
    let mut text = escaped_sql.trim_start();
    while let Some(rest) = ["\\n", "\\t", "\\r", "("]
        .iter()
        .find_map(|space| text.strip_prefix(space))
    {
        text = rest.trim_start();
    }
    text.get(..7)
        .is_some_and(|word| word.eq_ignore_ascii_case("explain"))
}
