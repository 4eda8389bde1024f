//! Which route an address names.

use silk_core::{RequestKind, store::RouteName};

use super::Params;
use crate::error::Failure;

/// Parameters that name a route.
pub(crate) const ROUTE_PARAMS: [&str; 3] = ["kind", "method", "route"];

/// Reads which route is meant.
///
/// # Errors
/// A kind that is none, or no route.
pub(crate) fn route_name(params: &Params) -> Result<RouteName, Failure> {
    let kind = params.word("kind")?.unwrap_or(RequestKind::Request);
    let route = params.get("route").ok_or_else(|| {
        Failure::bad_request("Say which route: ?method=GET&route=/x/{id}, or ?kind=job&route=name.")
    })?;
    Ok(RouteName {
        kind,
        method: match kind {
            RequestKind::Request => params.get("method").unwrap_or("GET").to_ascii_uppercase(),
            _ => params.get("method").unwrap_or_default().to_owned(),
        },
        route: route.to_owned(),
    })
}
