//! What the rules about many requests find: read on a click, because whole requests are read for it.

use silk_core::{
    Store,
    across::{self, AcrossFinding, AcrossThresholds, MAX_SAMPLE, Sample},
    store::{RouteName, RouteSummary, StatsWindow, StoreFuture},
};

use crate::{context::Here, error::Failure};

/// What was found, and in how many requests.
pub(crate) struct Many {
    pub(crate) items: Vec<AcrossFinding>,
    /// Requests that were read whole.
    pub(crate) read: usize,
}

/// Looks at the newest requests of a window, of one route or of all.
///
/// # Errors
/// 503 where the store fails.
pub(crate) async fn look(
    here: &Here,
    range: StatsWindow,
    routes: &[RouteSummary],
    route: Option<&RouteName>,
) -> Result<Many, Failure> {
    let sample = here
        .app
        .ask(|store| newest(store, range, route.cloned()))
        .await?;
    let thresholds = AcrossThresholds {
        p95_us: here.app.targets.p95_us,
        ..AcrossThresholds::default()
    };
    Ok(Many {
        items: across::find(routes, &sample, &thresholds),
        read: sample.requests.len(),
    })
}

fn newest(
    store: &dyn Store,
    range: StatsWindow,
    route: Option<RouteName>,
) -> StoreFuture<'_, Sample> {
    Box::pin(async move { Sample::newest(store, range, route.as_ref(), MAX_SAMPLE).await })
}
