//! The name of a route, where axum has matched one.

use http::Extensions;

use crate::record::buffers::Route;

/// The template of the route that axum matched, where it did so before us.
#[cfg(feature = "axum")]
pub(super) fn template(extensions: &Extensions) -> Option<Route> {
    extensions
        .get::<axum::extract::MatchedPath>()
        .cloned()
        .map(Route::Matched)
}

/// Without axum no template is known.
#[cfg(not(feature = "axum"))]
pub(super) const fn template(_: &Extensions) -> Option<Route> {
    None
}
