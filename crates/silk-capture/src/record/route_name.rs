//! The name of a route: a template of axum, a remote procedure, a job, or the raw path.

use std::sync::Arc;

/// Under which name a request is summed.
#[derive(Default, Clone)]
pub(crate) enum RouteName {
    /// Not known: the raw path.
    #[default]
    Raw,
    /// axum's template.
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
    /// The path of a remote procedure: it names the method, and no ids.
    Procedure,
    /// The name of a job or test.
    Named(Arc<str>),
}

impl RouteName {
    /// Whether it names what the app has, rather than what a client asked for.
    pub(crate) const fn is_known(&self) -> bool {
        !matches!(self, Self::Raw)
    }

    /// Its text; `None` if the path itself is the name.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Raw | Self::Procedure => None,
            #[cfg(feature = "axum")]
            Self::Matched(path) => Some(path.as_str()),
            Self::Named(name) => Some(name),
        }
    }
}
