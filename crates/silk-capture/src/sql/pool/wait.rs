use std::time::Instant;

use sqlx_core::error::Error;
use tracing::{Instrument as _, Span};

use crate::recorder::ActiveRequest;

/// A wait for a connection that is recorded when it ends, in whichever way.
struct Wait<'r> {
    active: &'r ActiveRequest,
    started: Instant,
    error: Option<String>,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.active
            .push_wait(self.started, Instant::now(), self.error.take());
    }
}

/// Waits for a connection within `span`, and records the wait.
///
/// What sqlx runs to set a new connection up belongs to the wait, which is why the span is around
/// it: the tracing layer does not count it as queries of the app.
pub(super) async fn recorded<T>(
    active: &ActiveRequest,
    span: Span,
    acquire: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Until told otherwise, the wait was given up: the future was dropped.
    let mut wait = Wait {
        active,
        started: Instant::now(),
        error: Some("the wait was given up".to_owned()),
    };
    let result = acquire.instrument(span).await;
    wait.error = result.as_ref().err().map(ToString::to_string);
    result
}
