//! Whether sqlx's events reach the tracing layer, and who else would see what Silk opens.

use std::{
    cell::Cell,
    ptr::{self, null},
    sync::{Arc, Once},
};

use tracing::{
    Level, Metadata,
    callsite::{DefaultCallsite, Identifier},
    dispatcher,
    field::FieldSet,
    level_filters::LevelFilter,
    metadata::Kind,
};

use super::{
    Recorder,
    capture_notes::{LogState, TracingState},
    own_spans::SILK_TARGET,
    plans::PlanNotes,
};

/// A trial under way on this thread.
#[derive(Debug, Clone, Copy)]
struct Trial {
    /// Notes of the layer that is tried; only compared.
    of: *const PlanNotes,
    /// Whether its filter was asked.
    was_asked: bool,
}

const NO_TRIAL: Trial = Trial {
    of: null(),
    was_asked: false,
};

thread_local! {
    static TRIAL: Cell<Trial> = const { Cell::new(NO_TRIAL) };
}

/// Tries whether events reach the tracing layer: `false` where a global filter (or a subscriber
/// without the layer) stands before it. The health page shows what came of it.
///
/// Called by itself with the first request; worth calling right after the subscriber is set. It
/// writes no event: one would be a line in the app's log.
pub fn probe(recorder: &Recorder) -> bool {
    let before = recorder.notes().tracing();
    if before == TracingState::Absent {
        return false;
    }
    let this = Trial {
        of: Arc::as_ptr(recorder.plan_notes()),
        was_asked: false,
    };
    let _ = TRIAL.try_with(|trial| trial.set(this));
    // As sqlx asks before it writes an event.
    let is_enabled = tracing::event_enabled!(target: "sqlx::query", Level::DEBUG);
    let trial = TRIAL.try_with(|trial| trial.replace(NO_TRIAL));
    let has_arrived = is_enabled && trial.is_ok_and(|trial| trial.was_asked);
    if has_arrived {
        recorder.notes().set_log(log_state(this));
        recorder.notes().set_tracing(TracingState::Working);
        recorder.plan_notes().set_hears(true);
    } else if before == TracingState::Made {
        recorder.notes().set_tracing(TracingState::Starved);
        recorder.plan_notes().set_hears(false);
        tracing::warn!(
            target: "silk",
            "sqlx's events do not reach the tracing layer: make the subscriber's filter a filter of its fmt layer",
        );
    }
    has_arrived
}

/// Where lines of the `log` crate go. A bridge to `tracing` asks the subscriber about each, and so
/// our filter; any other logger does not.
fn log_state(this: Trial) -> LogState {
    if log::max_level() == log::LevelFilter::Off {
        return LogState::Unknown;
    }
    let _ = TRIAL.try_with(|trial| trial.set(this));
    let about = log::Metadata::builder()
        .level(log::Level::Warn)
        .target("sqlx::query")
        .build();
    let _is_wanted = log::logger().enabled(&about);
    let trial = TRIAL.try_with(|trial| trial.replace(NO_TRIAL));
    if trial.is_ok_and(|trial| trial.was_asked) {
        LogState::Arrives
    } else {
        LogState::Elsewhere
    }
}

/// Stands for the notes of any layer; only compared.
const ANY: *const PlanNotes = ptr::without_provenance(1);

/// Whether sqlx's events reach any tracing layer of Silk's from this thread.
pub(crate) fn any_layer_hears() -> bool {
    let this = Trial {
        of: ANY,
        was_asked: false,
    };
    let _ = TRIAL.try_with(|trial| trial.set(this));
    let is_enabled = tracing::event_enabled!(target: "sqlx::query", Level::DEBUG);
    let trial = TRIAL.try_with(|trial| trial.replace(NO_TRIAL));
    is_enabled && trial.is_ok_and(|trial| trial.was_asked)
}

/// The filter of the layer with these notes is asked about an event of sqlx's. `true` where the
/// question is a trial of this layer, which is answered by that alone.
pub(crate) fn is_trial(notes: Option<&Arc<PlanNotes>>) -> bool {
    let answer = |trial: &Cell<Trial>| {
        let now = trial.get();
        let is_it =
            notes.is_some_and(|notes| ptr::eq(now.of, ANY) || ptr::eq(now.of, Arc::as_ptr(notes)));
        if is_it {
            trial.set(Trial {
                was_asked: true,
                ..now
            });
        }
        is_it
    };
    TRIAL.try_with(answer).unwrap_or(false)
}

/// A span that nobody opens: who sees it would see Silk's own.
static ANY_OF_OURS: DefaultCallsite = DefaultCallsite::new(&ABOUT_OURS);
static ABOUT_OURS: Metadata<'static> = Metadata::new(
    "a span of Silk's",
    SILK_TARGET,
    Level::DEBUG,
    None,
    None,
    None,
    FieldSet::new(&[], Identifier(&ANY_OF_OURS)),
    Kind::SPAN,
);

/// Whether a layer of the app's would see a span of Silk's own: a line of its log would name it.
/// Silk opens none then.
pub(crate) fn others_see_spans() -> bool {
    // As `span_enabled!`, but nobody is answered before the callsite is registered: meanwhile its
    // interest is "sometimes", and with filters per layer that is a yes whatever they say, so that
    // requests that ran beside the very first had no span, and lost their queries on SQLite.
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        ANY_OF_OURS.register();
    });
    if Level::DEBUG > LevelFilter::current() {
        return false;
    }
    // Our own filter refuses what is not named as our spans are, so that only others say yes.
    let interest = ANY_OF_OURS.interest();
    interest.is_always()
        || (!interest.is_never()
            && dispatcher::get_default(|dispatch| dispatch.enabled(&ABOUT_OURS)))
}
