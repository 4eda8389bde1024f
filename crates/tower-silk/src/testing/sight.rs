//! Through what queries are seen, and what to say where nothing could have been.

use silk_capture::testing::{self as capture, Sight};
use silk_core::DatabaseKind;
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;

/// Makes queries on sqlx's own pools seen: sets a global `tracing` subscriber that feeds recorded
/// tests and nothing else. Once in a process; call it at the start of each test.
///
/// `false` if the test program has set another subscriber before: add [`tracing_layer`] to that.
#[expect(
    clippy::must_use_candidate,
    reason = "an assertion says the same, where it matters"
)]
pub fn init_tracing() -> bool {
    capture::init_tracing(dialect())
}

/// The layer for a test program that has a subscriber of its own:
/// `tracing_subscriber::registry().with(testing::tracing_layer()).with(…)`.
#[must_use]
pub fn tracing_layer<S>() -> impl tracing_subscriber::Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    capture::tracing_layer(dialect())
}

/// The dialect of queries that only the tracing layer sees: what `DATABASE_URL` names, else the
/// only database that is built in.
fn dialect() -> DatabaseKind {
    let url = std::env::var("DATABASE_URL").unwrap_or_default();
    match url.split(':').next() {
        Some("postgres" | "postgresql") => return DatabaseKind::Postgres,
        Some("mysql" | "mariadb") => return DatabaseKind::MySql,
        Some("sqlite") => return DatabaseKind::Sqlite,
        _ => {}
    }
    let built_in = [
        (cfg!(feature = "postgres"), DatabaseKind::Postgres),
        (cfg!(feature = "mysql"), DatabaseKind::MySql),
        (cfg!(feature = "sqlite"), DatabaseKind::Sqlite),
    ];
    let mut kinds = built_in.iter().filter(|(is_there, _)| *is_there);
    match (kinds.next(), kinds.next()) {
        (Some((_, kind)), None) => *kind,
        _ => DatabaseKind::Unknown,
    }
}

/// What was there to see the queries of a recording.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Before or after.
    pub(super) sight: Sight,
    /// Whether something was recorded that only a pool or a layer tells.
    pub(super) has_any: bool,
    /// Whether sqlx's own pool or connection was taken from an instrumented one.
    pub(super) was_lent: bool,
    /// Queries of the process outside of any recording meanwhile.
    pub(super) elsewhere: u64,
}

impl Seen {
    /// Why a count of zero says nothing; none if it does, or it is not zero.
    pub(super) fn blindness(self) -> Option<String> {
        if self.has_any || self.sight.has_layer {
            return None;
        }
        if !self.sight.has_pool {
            return Some(format!(
                "nothing could have been recorded: this test has no instrumented pool, and no \
                 tracing layer of Silk's hears sqlx. Do one of these:\n\
                 - give the code under test `tower_silk::testing::pool(pool)` in place of the pool\n\
                 - call `tower_silk::testing::init_tracing()` at the start of the test\n\
                 - add `tower_silk::testing::tracing_layer()` to the subscriber that the test \
                 sets{}",
                self.hint()
            ));
        }
        if self.was_lent {
            return Some(
                "nothing was recorded, and something may have run: the code took sqlx's own pool \
                 or connection out of the instrumented one (`raw()`, a deref), where only a \
                 tracing layer sees queries. Call `tower_silk::testing::init_tracing()` at the \
                 start of the test, or pass the instrumented type on."
                    .to_owned(),
            );
        }
        if self.elsewhere > 0 {
            return Some(format!(
                "nothing was recorded in this test, and {} ran meanwhile outside of any recorded \
                 test, perhaps its own in a task that it spawned. Carry the test along: \
                 `tokio::spawn(tower_silk::in_current_request(future))`. If they were another \
                 test's, call `tower_silk::testing::init_tracing()` at the start of this one.",
                silk_core::words::counted(self.elsewhere, "query")
            ));
        }
        None
    }

    fn hint(self) -> &'static str {
        if self.was_lent {
            "\n(An instrumented pool lent its connection; it was made on another thread.)"
        } else {
            "\nA pool that tests share, made on another thread, is not taken for this test's: then \
             use one of the last two."
        }
    }
}
