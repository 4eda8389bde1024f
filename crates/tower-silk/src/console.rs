//! What is said where the app was started.

#[cfg(feature = "store-sqlite")]
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Set once the only subscriber of the process is the one that prints nothing:
/// [`Silk::init_tracing`](crate::Silk::init_tracing)'s.
static ONLY_OURS: AtomicBool = AtomicBool::new(false);

/// Notes that the process's subscriber feeds the profiler and nothing else.
pub(crate) fn subscriber_is_ours() {
    ONLY_OURS.store(true, Relaxed);
}

#[cfg(feature = "store-sqlite")]
/// Says what somebody has to look after: in the app's log, and on standard error where there is
/// none.
pub(crate) fn complain(message: &str) {
    tracing::error!(target: "silk", "{message}");
    if ONLY_OURS.load(Relaxed) || !tracing::dispatcher::has_been_set() {
        // Standard error may be closed, and that is no reason to panic.
        let _ = writeln!(std::io::stderr(), "silk: {message}");
    }
}
