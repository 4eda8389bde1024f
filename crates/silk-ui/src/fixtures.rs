//! Records for unit tests.

use silk_core::{QueryRecord, Value, ValueState, testing};

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
        values: Some(values.into_iter().map(value).collect()),
        ..testing::query(seq, u64::from(seq), 1)
    }
}
