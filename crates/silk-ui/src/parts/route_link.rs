//! Where a route's page and its requests are.

use silk_core::store::RouteName;

use crate::params::{Params, Window};

/// The page of a route.
pub(crate) fn route_href(base: &str, route: &RouteName, window: Window) -> String {
    let query = window.on(
        &Params::default(),
        &[
            ("kind", Some(route.kind.as_str())),
            ("method", Some(&*route.method).filter(|m| !m.is_empty())),
            ("route", Some(&route.route)),
        ],
    );
    format!("{base}/route{query}")
}

/// The list of a route's requests within a window, by another parameter too.
pub(crate) fn requests_href(
    base: &str,
    route: &RouteName,
    window: Window,
    more: &[(&str, Option<&str>)],
) -> String {
    let (since, until) = window.bounds();
    // A star at the end of a template stands for itself; the filter takes it for any text.
    let exact = route.route.trim_end_matches('*');
    let own = [
        ("kind", Some(route.kind.as_str())),
        ("method", Some(&*route.method).filter(|m| !m.is_empty())),
        ("route", Some(exact)),
        ("since", Some(&*since)),
        ("until", until.as_deref()),
    ];
    let all: Vec<(&str, Option<&str>)> = own.into_iter().chain(more.iter().copied()).collect();
    format!("{base}/requests{}", Params::default().with(&all))
}
