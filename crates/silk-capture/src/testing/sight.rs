//! Whether a query of a test could have been seen, and the tracing layer that sees it.

use std::sync::OnceLock;

use silk_core::DatabaseKind;
use tracing::Subscriber;
use tracing_subscriber::{layer::SubscriberExt as _, registry::LookupSpan};

use crate::{
    record::{Recorder, RecorderConfig, pools_here, tracing_probe::any_layer_hears},
    sql::tracing::SilkTracingLayer,
};

/// Through what the queries of a test could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sight {
    /// Whether a tracing layer hears sqlx's events on this thread.
    pub has_layer: bool,
    /// Whether an instrumented pool is alive that was made on this thread: the test's own, unless
    /// tests share a pool or a thread.
    pub has_pool: bool,
}

impl Sight {
    /// What the calling thread sees now.
    #[must_use]
    pub fn here() -> Self {
        Self {
            has_layer: any_layer_hears(),
            has_pool: pools_here::is_any(),
        }
    }

    /// What either sees.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            has_layer: self.has_layer || other.has_layer,
            has_pool: self.has_pool || other.has_pool,
        }
    }
}

/// The recorder of the tracing layer that tests share: what it hears goes to the request of
/// whichever test is being polled.
fn of_layer(database: DatabaseKind) -> Recorder {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    let make = || {
        let config = RecorderConfig {
            layer_database: database,
            ..RecorderConfig::default()
        };
        Recorder::for_test(config).0
    };
    RECORDER.get_or_init(make).clone()
}

/// A tracing layer for the subscriber of a test program. `database` is the dialect that queries
/// are read in; the first call of a process decides.
#[must_use]
pub fn tracing_layer<S>(database: DatabaseKind) -> impl tracing_subscriber::Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    SilkTracingLayer::new(of_layer(database))
}

/// Sets a global subscriber with [`tracing_layer`] alone, once in a process; `false` if sqlx's
/// events reach no tracing layer of Silk's afterwards, because another subscriber was set before.
pub fn init_tracing(database: DatabaseKind) -> bool {
    static SET: OnceLock<bool> = OnceLock::new();
    SET.get_or_init(|| {
        let subscriber = tracing_subscriber::registry().with(tracing_layer(database));
        tracing::subscriber::set_global_default(subscriber).is_ok()
    });
    any_layer_hears()
}

/// A recorder for pools of tests. It records nothing of its own, and counts the queries that
/// belong to no recorded test.
#[must_use]
pub fn pool_recorder() -> Recorder {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    let make = || Recorder::for_test(RecorderConfig::default()).0;
    RECORDER.get_or_init(make).clone()
}

/// Queries so far, of the whole process, that ran on pools of tests outside of any recording.
#[must_use]
pub fn unattributed() -> u64 {
    pool_recorder().unattributed()
}
