//! Who held connections while a request waited for one: as seen, and as recorded.

use std::time::Duration;

use http::{Method, Uri};
use silk_core::RequestKind;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use super::ActiveRequest;
use super::{CallStack, SqlSource, route_name::RouteName};

/// Whose request held a connection, in the cheapest form.
#[derive(Clone)]
pub(crate) struct HeldBy {
    pub(crate) kind: RequestKind,
    pub(crate) method: Method,
    pub(crate) route: RouteName,
    /// Where there is no route to name it by.
    pub(crate) uri: Option<Uri>,
}

/// A connection that was held while somebody waited.
pub(crate) struct HeldConnection {
    /// Which of those held at a time.
    pub(crate) slot: usize,
    pub(crate) by: Option<HeldBy>,
    /// Of the wait.
    pub(crate) held: Duration,
    pub(crate) last: Option<(SqlSource, Option<CallStack>)>,
    /// Of `held`, how long a transaction was open on it and nothing ran.
    pub(crate) idle_in_transaction: Duration,
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
impl ActiveRequest {
    /// What names it to those who wait for what it holds.
    pub(crate) fn held_by(&self) -> HeldBy {
        self.with(|buffers| {
            let head = &buffers.head;
            HeldBy {
                kind: self.kind(),
                method: head.method.clone(),
                route: head.route.clone(),
                uri: head.route.as_str().is_none().then(|| head.uri.clone()),
            }
        })
        .unwrap_or_else(|| HeldBy {
            kind: self.kind(),
            method: Method::default(),
            route: RouteName::Raw,
            uri: None,
        })
    }
}
