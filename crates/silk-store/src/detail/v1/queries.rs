//! The queries of a request, column by column.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use silk_core::{PlanShape, QueryError, QueryRecord, Value, ValueState};

use super::words::{from_captured_by, from_outcome, to_captured_by, to_outcome};
use crate::detail::{
    column::{Column, Contents, after_gap, gap},
    stored::{DecodeError, MAX_BODY, MAX_PARTS},
};

/// At most so many values, written and read.
const MAX_VALUES: usize = 4_000_000;

/// Columns; those that may be absent hold 0 for that and else the number plus one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Queries {
    count: u32,
    /// Distance from the number that its place gives.
    seqs: Column,
    texts: Column,
    captured_by: Column,
    /// Distance from the end of the query before: queries mostly follow each other closely.
    starts: Column,
    durations: Column,
    /// 1 plus the distance from the duration.
    first_rows: Column,
    consumers: Column,
    rows_returned: Column,
    rows_affected: Column,
    outcomes: Column,
    call_sites: Column,
    spans: Column,
    transactions: Column,
    /// Index into `shape_list`.
    shapes: Column,
    /// Forms of plans that occur.
    shape_list: Vec<PlanShape>,
    /// Row, code, message.
    errors: Vec<(u32, Option<String>, String)>,
    values: Option<Box<Values>>,
}

/// The values of all queries, one after the other.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Values {
    /// Values of each query.
    counts: Column,
    type_names: Vec<String>,
    types: Column,
    states: Column,
    /// Of the truncated ones, how long they were.
    totals: Vec<u64>,
    /// Of those with bytes, the bytes.
    contents: Contents,
}

const NULL: u64 = 0;
const BYTES: u64 = 1;
const TRUNCATED: u64 = 2;
const REDACTED: u64 = 3;
const UNAVAILABLE: u64 = 4;

fn plus_one(number: Option<impl Into<u64>>) -> u64 {
    number.map_or(0, |number| number.into().saturating_add(1))
}

fn index(number: u64) -> Result<u32, DecodeError> {
    u32::try_from(number).map_err(|_| DecodeError::Malformed("a number is too large"))
}

fn minus_one(number: u64) -> Result<Option<u32>, DecodeError> {
    number.checked_sub(1).map(index).transpose()
}

/// Shapes of plans (few differ), and which of them each query has.
fn shapes_of(queries: &[QueryRecord]) -> (Column, Vec<PlanShape>) {
    let mut list: Vec<PlanShape> = Vec::new();
    let mut known: HashMap<PlanShape, u32> = HashMap::new();
    let column = Column::new(queries.iter().map(|query| {
        plus_one(query.plan_shape.map(|shape| {
            *known.entry(shape).or_insert_with(|| {
                list.push(shape);
                // As many as there are queries at most, and those are counted in 32 bits.
                u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
            })
        }))
    }));
    (column, list)
}

impl Queries {
    pub(super) fn new(queries: &[QueryRecord]) -> Self {
        let column = |number: fn(&QueryRecord) -> u64| Column::new(queries.iter().map(number));
        let mut end = 0_u64;
        let starts = queries.iter().map(|query| {
            let start = gap(end, query.started_us);
            end = query.started_us.wrapping_add(query.duration_us);
            start
        });
        let (shapes, shape_list) = shapes_of(queries);
        Self {
            // The caller keeps them below MAX_PARTS.
            count: u32::try_from(queries.len()).unwrap_or(u32::MAX),
            seqs: Column::new(
                (1..)
                    .zip(queries)
                    .map(|(place, query)| gap(place, query.seq.into())),
            ),
            texts: column(|query| query.text.into()),
            captured_by: column(|query| from_captured_by(query.captured_by)),
            starts: Column::new(starts),
            durations: column(|query| query.duration_us),
            first_rows: column(|query| match query.first_row_us {
                None => 0,
                Some(first) => gap(query.duration_us, first).saturating_add(1),
            }),
            consumers: column(|query| query.consumer_us),
            rows_returned: column(|query| query.rows_returned),
            rows_affected: column(|query| query.rows_affected),
            outcomes: column(|query| from_outcome(query.outcome)),
            call_sites: column(|query| plus_one(query.call_site)),
            spans: column(|query| plus_one(query.span)),
            transactions: column(|query| plus_one(query.transaction)),
            shapes,
            shape_list,
            errors: (0..)
                .zip(queries)
                .filter_map(|(row, query)| {
                    let error = query.error.as_ref()?;
                    Some((row, error.code.clone(), error.message.clone()))
                })
                .collect(),
            values: Values::new(queries).map(Box::new),
        }
    }

    fn shape(&self, index: u32) -> Result<PlanShape, DecodeError> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.shape_list.get(index).copied())
            .ok_or(DecodeError::Malformed("a plan has no form"))
    }

    pub(super) fn into_records(self) -> Result<Vec<QueryRecord>, DecodeError> {
        let count = usize::try_from(self.count)
            .ok()
            .filter(|count| *count <= MAX_PARTS)
            .ok_or(DecodeError::Malformed("it has too many queries"))?;
        for column in [
            &self.seqs,
            &self.texts,
            &self.captured_by,
            &self.starts,
            &self.durations,
            &self.first_rows,
            &self.consumers,
            &self.rows_returned,
            &self.rows_affected,
            &self.outcomes,
            &self.call_sites,
            &self.spans,
            &self.transactions,
            &self.shapes,
        ] {
            column.check(count)?;
        }
        let mut records = Vec::with_capacity(count);
        let mut end = 0_u64;
        for (row, place) in (0..count).zip(1_u64..) {
            let started_us = after_gap(end, self.starts.get(row));
            let duration_us = self.durations.get(row);
            end = started_us.wrapping_add(duration_us);
            records.push(QueryRecord {
                seq: index(after_gap(place, self.seqs.get(row)))?,
                text: index(self.texts.get(row))?,
                captured_by: to_captured_by(self.captured_by.get(row))?,
                started_us,
                duration_us,
                first_row_us: self
                    .first_rows
                    .get(row)
                    .checked_sub(1)
                    .map(|first| after_gap(duration_us, first)),
                consumer_us: self.consumers.get(row),
                rows_returned: self.rows_returned.get(row),
                rows_read: self.rows_returned.get(row),
                rows_affected: self.rows_affected.get(row),
                outcome: to_outcome(self.outcomes.get(row))?,
                error: None,
                values: None,
                call_site: minus_one(self.call_sites.get(row))?,
                span: minus_one(self.spans.get(row))?,
                transaction: minus_one(self.transactions.get(row))?,
                plan_shape: minus_one(self.shapes.get(row))?
                    .map(|shape| self.shape(shape))
                    .transpose()?,
                server_us: None,
                is_past_pool: false,
            });
        }
        for (row, code, message) in self.errors {
            usize::try_from(row)
                .ok()
                .and_then(|row| records.get_mut(row))
                .ok_or(DecodeError::Malformed("an error belongs to no query"))?
                .error = Some(QueryError { code, message });
        }
        if let Some(values) = self.values {
            values.put_into(&mut records)?;
        }
        Ok(records)
    }
}

impl Values {
    /// None if no query has any, or where they are too many to be read again.
    fn new(queries: &[QueryRecord]) -> Option<Self> {
        if queries.iter().all(|query| query.values.is_none()) {
            return None;
        }
        let values: Vec<&Value> = queries
            .iter()
            .filter_map(|query| query.values.as_ref())
            .flatten()
            .collect();
        let names: usize = values.iter().map(|value| value.type_name.len()).sum();
        if values.len() > MAX_VALUES || names > MAX_BODY {
            return None;
        }
        let mut type_names: Vec<String> = Vec::new();
        let mut known: HashMap<&str, u64, foldhash::fast::RandomState> = HashMap::default();
        let mut types = Vec::with_capacity(values.len());
        for value in &values {
            let next = u64::try_from(type_names.len()).unwrap_or(u64::MAX);
            let number = *known.entry(&value.type_name).or_insert_with(|| {
                type_names.push(value.type_name.clone());
                next
            });
            types.push(number);
        }
        let contents: Vec<&[u8]> = values
            .iter()
            .filter_map(|value| match &value.state {
                ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. } => Some(&**bytes),
                ValueState::Null | ValueState::Redacted | ValueState::Unavailable => None,
            })
            .collect();
        Some(Self {
            counts: Column::new(queries.iter().map(|query| {
                plus_one(
                    query
                        .values
                        .as_ref()
                        .map(|list| u64::try_from(list.len()).unwrap_or(u64::MAX)),
                )
            })),
            type_names,
            types: Column::new(types.into_iter()),
            states: Column::new(values.iter().map(|value| match value.state {
                ValueState::Null => NULL,
                ValueState::Bytes(_) => BYTES,
                ValueState::Truncated { .. } => TRUNCATED,
                ValueState::Redacted => REDACTED,
                ValueState::Unavailable => UNAVAILABLE,
            })),
            totals: values
                .iter()
                .filter_map(|value| match value.state {
                    ValueState::Truncated { total_bytes, .. } => Some(total_bytes),
                    _ => None,
                })
                .collect(),
            contents: Contents::new(&contents),
        })
    }

    fn put_into(self, records: &mut [QueryRecord]) -> Result<(), DecodeError> {
        const TOO_MANY: DecodeError = DecodeError::Malformed("it has too many values");
        self.counts.check(records.len())?;
        let mut count = 0_usize;
        for row in 0..records.len() {
            let own = usize::try_from(self.counts.get(row)).map_err(|_| TOO_MANY)?;
            count = count.saturating_add(own.saturating_sub(1));
        }
        if count > MAX_VALUES {
            return Err(TOO_MANY);
        }
        self.types.check(count)?;
        self.states.check(count)?;
        let with_bytes = (0..count)
            .filter(|row| matches!(self.states.get(*row), BYTES | TRUNCATED))
            .count();
        let mut contents = self.contents.into_vec(with_bytes)?.into_iter();
        let mut totals = self.totals.into_iter();
        let mut names_left = MAX_BODY;
        let mut row = 0;
        for (query, record) in records.iter_mut().enumerate() {
            let Some(own) = self.counts.get(query).checked_sub(1) else {
                continue;
            };
            let mut list = Vec::with_capacity(usize::try_from(own).map_err(|_| TOO_MANY)?);
            for _ in 0..own {
                let name = usize::try_from(self.types.get(row))
                    .ok()
                    .and_then(|at| self.type_names.get(at))
                    .ok_or(DecodeError::Malformed("a value has no known type"))?;
                // One long name for millions of values would grow without bound.
                names_left = names_left.checked_sub(name.len()).ok_or(TOO_MANY)?;
                list.push(Value {
                    type_name: name.clone(),
                    state: state(self.states.get(row), &mut contents, &mut totals)?,
                });
                row += 1;
            }
            record.values = Some(list);
        }
        Ok(())
    }
}

fn state(
    number: u64,
    contents: &mut impl Iterator<Item = Vec<u8>>,
    totals: &mut impl Iterator<Item = u64>,
) -> Result<ValueState, DecodeError> {
    const SHORT: DecodeError = DecodeError::Malformed("values are cut short");
    Ok(match number {
        NULL => ValueState::Null,
        BYTES => ValueState::Bytes(contents.next().ok_or(SHORT)?),
        TRUNCATED => ValueState::Truncated {
            bytes: contents.next().ok_or(SHORT)?,
            total_bytes: totals.next().ok_or(SHORT)?,
        },
        REDACTED => ValueState::Redacted,
        UNAVAILABLE => ValueState::Unavailable,
        _ => return Err(DecodeError::Malformed("a value is in no known state")),
    })
}
