//! Which values of a repeated query differ from run to run, and what they are there for.

use super::{Facts, Group};
use crate::{
    QueryRecord, Value, ValueState,
    sql::{Role, Shape},
};

/// Runs that are looked at: those of a loop are alike.
const MOST_LOOKED_AT: usize = 48;
/// A list of so many elements is a batch, whatever the others hold.
const BATCH: usize = 10;
/// A list of so many elements is a batch where all but the last are as long: chunks.
const CHUNK: usize = 5;

/// What differs between the runs of a query.
pub(in crate::finding) struct Varying {
    /// Roles of the values that differ; of all values, where it is not known which do.
    pub(in crate::finding) roles: Vec<Role>,
    /// Whether lists are bound or written that hold many values at once.
    pub(in crate::finding) is_batched: bool,
    /// Whether it reads the next page, or the next chunk by key.
    pub(in crate::finding) is_paging: bool,
    /// Whether a value differs at all (else text, table or settings do).
    pub(in crate::finding) has_values: bool,
}

/// One run: its shape and its values.
struct Run<'f, 'a> {
    shape: &'f Shape<'a>,
    values: Option<&'a [Value]>,
}

impl Run<'_, '_> {
    /// What stands in a slot; none if it is not known.
    fn content(&self, slot: usize) -> Option<Content<'_>> {
        let slot = self.shape.slots.get(slot)?;
        match slot.place {
            None => Some(Content::Literal(slot.text)),
            Some(place) => match &self.values?.get(place)?.state {
                ValueState::Redacted | ValueState::Unavailable => None,
                state => Some(Content::Bound(state)),
            },
        }
    }

    /// How many values its longest list holds that is not the same in each run.
    fn list_length(&self, varying: &[usize]) -> Option<usize> {
        let mut longest = None;
        for at in varying {
            let Some(slot) = self.shape.slots.get(*at) else {
                continue;
            };
            let length = match slot.role {
                Role::List(_) => self
                    .shape
                    .slots
                    .iter()
                    .filter(|other| other.role == slot.role)
                    .count(),
                // A list that cannot be counted is a list all the same.
                Role::Array => slot
                    .place
                    .and_then(|place| self.values?.get(place))
                    .and_then(elements)
                    .unwrap_or(BATCH),
                _ => continue,
            };
            longest = longest.max(Some(length));
        }
        longest
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Content<'a> {
    Literal(&'a str),
    Bound(&'a ValueState),
}

/// Elements of a PostgreSQL array of one dimension, as the driver encodes it.
fn elements(value: &Value) -> Option<usize> {
    if !(value.type_name.ends_with("[]") || value.type_name.starts_with('_')) {
        return None;
    }
    let (ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. }) = &value.state else {
        return None;
    };
    let number = |at: usize| -> Option<u32> {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    match number(0)? {
        0 => Some(0),
        1 => usize::try_from(number(12)?).ok(),
        _ => None,
    }
}

impl Varying {
    pub(in crate::finding) fn of<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Self {
        let step = group.queries.len().div_ceil(MOST_LOOKED_AT).max(1);
        let runs: Vec<Run<'_, '_>> = group
            .queries
            .iter()
            .step_by(step)
            .filter_map(|at| facts.query(*at))
            .map(|query| run(facts, query))
            .collect();
        let Some(first) = runs.first() else {
            return Self {
                roles: Vec::new(),
                is_batched: false,
                is_paging: false,
                has_values: false,
            };
        };
        let slots = runs.iter().map(|run| run.shape.slots.len()).max();
        let varying: Vec<usize> = (0..slots.unwrap_or(0))
            .filter(|slot| {
                runs.iter()
                    .any(|run| match (first.content(*slot), run.content(*slot)) {
                        (Some(a), Some(b)) => a != b,
                        // Lists of other lengths; values that were not captured may differ.
                        _ => true,
                    })
            })
            .collect();
        let longest = runs
            .iter()
            .max_by_key(|run| run.shape.slots.len())
            .unwrap_or(first);
        let mut roles: Vec<Role> = varying
            .iter()
            .filter_map(|slot| Some(longest.shape.slots.get(*slot)?.role))
            .collect();
        widen_keys(&runs, &varying, &mut roles);
        // A sorted query of so many rows that goes on where the last one ended.
        let is_by_key = !roles.is_empty()
            && roles
                .iter()
                .all(|role| matches!(role, Role::Range | Role::Limit | Role::Offset))
            && ((first.shape.has_limit && first.shape.has_order) || group.mean_rows(facts) >= 10);
        let is_by_offset = roles.contains(&Role::Offset)
            && roles
                .iter()
                .all(|role| matches!(role, Role::Offset | Role::Limit | Role::Range));
        // Where values are not known, all placeholders count, and what may page is not accused.
        let may_page = first.values.is_none()
            && first.shape.has_limit
            && (roles.contains(&Role::Offset)
                || (first.shape.has_order && roles.contains(&Role::Range)));
        Self {
            is_batched: is_batched(&runs, &varying),
            is_paging: is_by_key || is_by_offset || may_page,
            has_values: !roles.is_empty(),
            roles,
        }
    }
}

fn run<'f, 'a>(facts: &'f Facts<'a>, query: &'a QueryRecord) -> Run<'f, 'a> {
    Run {
        shape: facts.shape(query),
        values: query.values.as_deref(),
    }
}

/// A value that is compared for equality and equals one that is compared for order pages too:
/// `a < $1 OR (a = $1 AND id < $2)`.
fn widen_keys(runs: &[Run<'_, '_>], varying: &[usize], roles: &mut [Role]) {
    let ranges: Vec<usize> = varying
        .iter()
        .zip(roles.iter())
        .filter_map(|(slot, role)| (*role == Role::Range).then_some(*slot))
        .collect();
    for (slot, role) in varying.iter().zip(roles.iter_mut()) {
        let is_same = |range: &usize| {
            runs.iter().all(|run| {
                let content = run.content(*slot);
                content.is_some() && content == run.content(*range)
            })
        };
        if *role == Role::Equal && ranges.iter().any(is_same) {
            *role = Role::Range;
        }
    }
}

/// Whether the runs go through a list in chunks.
fn is_batched(runs: &[Run<'_, '_>], varying: &[usize]) -> bool {
    let lengths: Vec<usize> = runs
        .iter()
        .filter_map(|run| run.list_length(varying))
        .collect();
    let mut sorted = lengths.clone();
    sorted.sort_unstable();
    let Some(median) = sorted.get(sorted.len() / 2).copied() else {
        return false;
    };
    let but_last = lengths.get(..lengths.len() - 1).unwrap_or_default();
    let are_chunks = but_last.iter().all(|length| *length == median);
    median >= BATCH || (median >= CHUNK && are_chunks)
}
