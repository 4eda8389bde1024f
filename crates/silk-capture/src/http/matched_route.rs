//! The name of a route, where axum has matched one.

use http::Extensions;

use crate::record::route_name::RouteName;

/// The template of the route that axum matched, where it did so before us.
#[cfg(feature = "axum")]
pub(super) fn template(extensions: &Extensions) -> Option<RouteName> {
    extensions
        .get::<axum::extract::MatchedPath>()
        .cloned()
        .map(RouteName::Matched)
}

/// Without axum no template is known.
#[cfg(not(feature = "axum"))]
pub(super) const fn template(_: &Extensions) -> Option<RouteName> {
    None
}
