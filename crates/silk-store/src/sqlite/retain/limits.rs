//! How much is done in one step.

use std::time::Duration;

/// How long a step works before it leaves the rest to the next. One statement may take longer, by
/// about as much.
pub(super) const STEP_TIME: Duration = Duration::from_millis(20);

/// Requests removed in one step at most, and in one statement.
pub(super) const MAX_ROWS_PER_STEP: i64 = 500;
pub(super) const MAX_REQUESTS_PER_STATEMENT: i64 = 100;
