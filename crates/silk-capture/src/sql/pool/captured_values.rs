//! What a query and its error tell before the writer reads them.

use silk_core::{Value, ValueState};
use sqlx_core::error::Error;

use super::{PoolDatabase, replayed_query::Replay};
use crate::record::{CapturedError, CapturedValues};

/// What an error says; redacted later, by the writer.
pub(super) fn captured_error(error: &Error) -> CapturedError {
    match error {
        Error::Database(error) => CapturedError {
            code: error.code().map(std::borrow::Cow::into_owned),
            message: error.message().to_owned(),
        },
        other => CapturedError {
            code: None,
            message: other.to_string(),
        },
    }
}

/// Bytes of arguments that are cloned whole, however few of them are kept: copying them takes less
/// time than reading them.
const MAX_CLONED_BYTES: usize = 64 << 10;

/// The values of a query in the driver's own form; none if they could not be encoded. Where most
/// of their bytes would not be kept they are cut first: a clone takes as much memory as they do.
pub(super) fn captured_values<DB: PoolDatabase>(
    query: &mut Replay<DB>,
    max_bytes: usize,
) -> Option<Box<dyn CapturedValues>> {
    match &mut query.arguments {
        Ok(Some(arguments)) if sqlx_core::arguments::Arguments::len(arguments) > 0 => {
            let bytes = DB::arguments_bytes(arguments);
            if bytes > MAX_CLONED_BYTES {
                let count = sqlx_core::arguments::Arguments::len(arguments);
                if bytes / 2 > count.saturating_mul(max_bytes) {
                    return Some(Box::new(Cut(DB::encode_large(arguments, max_bytes))));
                }
            }
            Some(Box::new(Cloned::<DB> {
                arguments: arguments.clone(),
                bytes,
            }))
        }
        Ok(_) => Some(Box::new(NoValues)),
        // The error comes out when sqlx takes them.
        Err(_) => None,
    }
}

/// A query without placeholders has no values, which is known, unlike values not captured.
struct NoValues;

impl CapturedValues for NoValues {
    fn encode(self: Box<Self>, _max_bytes_per_value: usize) -> Vec<Value> {
        Vec::new()
    }

    fn approximate_bytes(&self) -> usize {
        0
    }
}

/// The driver's own arguments: cloning them takes 0.1 µs, reading them several.
struct Cloned<DB: sqlx_core::database::Database> {
    arguments: DB::Arguments,
    bytes: usize,
}

impl<DB: PoolDatabase> CapturedValues for Cloned<DB> {
    fn encode(self: Box<Self>, max_bytes_per_value: usize) -> Vec<Value> {
        DB::encode(self.arguments, max_bytes_per_value)
    }

    fn approximate_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}

/// How much data a `COPY` moved; none of it is kept.
pub(super) struct CopiedBytes(pub(super) u64);

impl CapturedValues for CopiedBytes {
    fn encode(self: Box<Self>, _max_bytes_per_value: usize) -> Vec<Value> {
        vec![Value {
            type_name: "COPY DATA".to_owned(),
            state: ValueState::Truncated {
                bytes: Vec::new(),
                total_bytes: self.0,
            },
        }]
    }

    fn approximate_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// Values that were cut when the query was made.
struct Cut(Vec<Value>);

impl CapturedValues for Cut {
    fn encode(self: Box<Self>, _max_bytes_per_value: usize) -> Vec<Value> {
        self.0
    }

    fn approximate_bytes(&self) -> usize {
        let kept: usize = self
            .0
            .iter()
            .map(|value| match &value.state {
                ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. } => bytes.len(),
                _ => 0,
            })
            .sum();
        kept + size_of_val::<[Value]>(&self.0) + size_of::<Self>()
    }
}
