//! Records for unit tests.

use silk_core::{CapturedBy, Outcome, QueryRecord, Value, ValueState};

/// A query of the first text with these values: type and state of each.
pub(crate) fn query(
    seq: u32,
    values: impl IntoIterator<Item = (&'static str, ValueState)>,
) -> QueryRecord {
    let value = |(type_name, state): (&str, ValueState)| Value {
        type_name: type_name.to_owned(),
        state,
    };
    QueryRecord {
        seq,
        text: 0,
        captured_by: CapturedBy::Pool,
        started_us: u64::from(seq),
        duration_us: 1,
        first_row_us: None,
        consumer_us: 0,
        rows_returned: 1,
        rows_read: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: Some(values.into_iter().map(value).collect()),
        call_site: None,
        span: None,
        transaction: None,
        plan_shape: None,
        server_us: None,
        is_past_pool: false,
    }
}
