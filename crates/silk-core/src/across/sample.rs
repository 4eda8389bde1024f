//! Reading whole requests for the rules that need them.

use super::Sample;
use crate::{
    Store, StoreError,
    store::{RequestFilter, RouteName, StatsWindow, TextPattern},
};

/// At most so many requests are read for a sample.
pub const MAX_SAMPLE: u32 = 200;

impl Sample {
    /// Reads the newest requests of a window, of one route where it is named, `limit` at most
    /// ([`MAX_SAMPLE`] at most). Each is read whole, which takes a store on disk some tenths of a
    /// millisecond: ask for it when somebody wants to know, not with every page.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn newest(
        store: &dyn Store,
        window: StatsWindow,
        route: Option<&RouteName>,
        limit: u32,
    ) -> Result<Self, StoreError> {
        let filter = RequestFilter {
            kind: route.map(|route| route.kind),
            method: route.map(|route| route.method.clone()),
            route: route.map(|route| as_pattern(&route.route)),
            since: Some(window.since),
            until: Some(window.until),
            limit: limit.clamp(1, MAX_SAMPLE),
            ..RequestFilter::default()
        };
        let page = store.requests(&filter).await?;
        let mut requests = Vec::with_capacity(page.items.len());
        for item in page.items {
            if route.is_some_and(|route| route.route != item.route) {
                continue;
            }
            // What retention removed meanwhile is not missed.
            if let Some(record) = store.request(item.id).await? {
                requests.push(record);
            }
        }
        Ok(Self { requests })
    }
}

/// A pattern that meets a route, and maybe others: a star in its name stands for any text, and more
/// than a few are refused.
fn as_pattern(route: &str) -> String {
    if TextPattern::new(route).is_ok() {
        return route.to_owned();
    }
    let first = route.split('*').next().unwrap_or_default();
    format!("{first}*")
}
