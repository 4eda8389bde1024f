use std::cell::Cell;

use super::{
    Recorder,
    own_spans::{PROBE_EVENT, SILK_TARGET},
    status::TracingState,
};

thread_local! {
    static HAS_ARRIVED: Cell<bool> = const { Cell::new(false) };
}

/// Tries whether events reach the tracing layer: `false` where a global filter (or a subscriber
/// without the layer) stands before it. The health page shows what came of it.
///
/// Called by itself with the first request; worth calling right after the subscriber is set.
pub fn probe(recorder: &Recorder) -> bool {
    let before = recorder.notes().tracing();
    if before == TracingState::Absent {
        return false;
    }
    let _ = HAS_ARRIVED.try_with(|arrived| arrived.set(false));
    tracing::event!(name: PROBE_EVENT, target: SILK_TARGET, tracing::Level::DEBUG, {});
    let has_arrived = HAS_ARRIVED.try_with(Cell::get).unwrap_or(false);
    if !has_arrived && before == TracingState::Made {
        recorder.notes().set_tracing(TracingState::Starved);
        recorder.plan_notes().set_hears(false);
        tracing::warn!(
            target: "silk",
            "sqlx's events do not reach the tracing layer: make the subscriber's filter a filter of its fmt layer",
        );
    }
    has_arrived
}

pub(crate) fn arrived(recorder: &Recorder) {
    let _ = HAS_ARRIVED.try_with(|arrived| arrived.set(true));
    recorder.notes().set_tracing(TracingState::Working);
    recorder.plan_notes().set_hears(true);
}
