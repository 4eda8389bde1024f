//! Compares the rows of the one query with those of the many, key by key.

use std::collections::HashMap;

use super::{Cell, KeyColumn, ProofRequest, ProofVerdict};

/// Keys that are listed; the others are counted.
const MAX_LISTED: usize = 20;

type Row = Vec<Cell>;

/// The rows of one query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Names of its columns; empty where no row came.
    pub columns: Vec<String>,
    /// Its rows, in the order in which they came.
    pub rows: Vec<Vec<Cell>>,
}

/// The rows of both, compared key by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsCompared {
    /// Different keys.
    pub keys: u64,
    /// Keys with the same rows.
    pub equal: u64,
    /// Of these, keys whose sums are the same but for rounding.
    pub rounded: u64,
    /// Keys without rows to sum up: 0 or NULL in a run of their own, no row in the one query.
    pub empty: u64,
    /// Keys with the same rows in another order, where the statement orders them.
    pub reordered: u64,
    /// Keys with other rows.
    pub different: u64,
    /// Rows of the one query whose key nobody asked for.
    pub strangers: u64,
    /// The first keys with other rows.
    pub differences: Vec<KeyDifference>,
}

/// A key whose rows are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDifference {
    /// The key, as an index into [`ProofRequest::keys`].
    pub key: usize,
    /// What differs.
    pub kind: DifferenceKind,
    /// Rows of its own run.
    pub rows_before: u64,
    /// Rows of the one query.
    pub rows_after: u64,
    /// The columns that differ, where there are as many rows.
    pub columns: Vec<String>,
}

/// How the rows of a key differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The one query has none.
    Missing,
    /// Only the one query has some.
    Extra,
    /// Both have rows, and not the same.
    Differs,
}

impl DifferenceKind {
    /// The word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differs => "differs",
        }
    }
}

/// Compares the rows of each key, `runs` in the order of [`ProofRequest::keys`], with those that the
/// one query has for it. Rows count as often as they come; their order counts where the statement
/// orders them.
#[must_use]
pub fn compare_rows(
    request: &ProofRequest,
    runs: &[Fetched],
    one: Fetched,
) -> (ProofVerdict, Option<RowsCompared>) {
    let grouped = match by_key(request, one) {
        Ok(grouped) => grouped,
        Err(unknown) => return (unknown, None),
    };
    let width = |rows: &[Row]| rows.first().map(Vec::len);
    let is_as_wide = |(run, after): (&Fetched, &Vec<Row>)| match (width(&run.rows), width(after)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    if runs.len() != request.keys.len() || !runs.iter().zip(&grouped.rows).all(is_as_wide) {
        let reason = "The two queries return different numbers of columns.";
        return (unknown("key_not_comparable", reason), None);
    }
    let mut found = RowsCompared {
        keys: count(runs.len()),
        strangers: grouped.strangers,
        ..RowsCompared::default()
    };
    for (key, (before, after)) in runs.iter().zip(grouped.rows).enumerate() {
        compare_key(request, key, before, &after, &mut found);
    }
    let verdict = if found.different > 0 || found.strangers > 0 {
        ProofVerdict::Different
    } else if found.reordered > 0 {
        ProofVerdict::Reordered
    } else {
        ProofVerdict::Equal
    };
    (verdict, Some(found))
}

fn compare_key(
    request: &ProofRequest,
    key: usize,
    before: &Fetched,
    after: &[Row],
    found: &mut RowsCompared,
) {
    if before.rows == after {
        found.equal += 1;
    } else if sorted(&before.rows) == sorted(after) {
        if request.is_ordered {
            found.reordered += 1;
        } else {
            found.equal += 1;
        }
    } else if request.is_summed && after.is_empty() && is_empty_sum(&before.rows) {
        found.empty += 1;
    } else if request.is_summed && is_rounded(&before.rows, after) {
        found.equal += 1;
        found.rounded += 1;
    } else {
        found.different += 1;
        if found.differences.len() < MAX_LISTED {
            found.differences.push(difference(key, before, after));
        }
    }
}

fn difference(key: usize, before: &Fetched, after: &[Row]) -> KeyDifference {
    let kind = if after.is_empty() {
        DifferenceKind::Missing
    } else if before.rows.is_empty() {
        DifferenceKind::Extra
    } else {
        DifferenceKind::Differs
    };
    let differs = |at: &usize| {
        let column = |rows: &[Row]| {
            let mut cells: Vec<Option<Cell>> =
                rows.iter().map(|row| row.get(*at).cloned()).collect();
            cells.sort_unstable();
            cells
        };
        column(&before.rows) != column(after)
    };
    let columns = if before.rows.len() == after.len() {
        (0..before.columns.len())
            .filter(differs)
            .filter_map(|at| before.columns.get(at).cloned())
            .collect()
    } else {
        Vec::new()
    };
    KeyDifference {
        key,
        kind,
        rows_before: count(before.rows.len()),
        rows_after: count(after.len()),
        columns,
    }
}

fn sorted(rows: &[Row]) -> Vec<&Row> {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_unstable();
    sorted
}

/// Whether it is the row of a sum over nothing.
fn is_empty_sum(rows: &[Row]) -> bool {
    matches!(rows, [row] if row.iter().all(Cell::is_empty_sum))
}

fn is_rounded(before: &[Row], after: &[Row]) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            before
                .iter()
                .zip(after)
                .all(|(one, other)| one == other || one.is_rounded(other))
        })
}

/// The rows of the one query by the key that they belong to, as its own run would have them.
struct Grouped {
    rows: Vec<Vec<Row>>,
    strangers: u64,
}

fn by_key(request: &ProofRequest, one: Fetched) -> Result<Grouped, ProofVerdict> {
    let kind = request.database.kind;
    let mut places = HashMap::new();
    for (at, key) in request.keys.iter().enumerate() {
        let cell = Cell::read(kind, &key.type_name, key.bytes());
        if places.insert(cell, at).is_some() {
            return Err(unknown(
                "key_not_comparable",
                "Two of the values are written differently and mean the same.",
            ));
        }
    }
    let mut grouped = Grouped {
        rows: vec![Vec::new(); request.keys.len()],
        strangers: 0,
    };
    if one.rows.is_empty() {
        return Ok(grouped);
    }
    let column = key_column(&request.key_column, &one.columns)?;
    for mut row in one.rows {
        let Some(key) = row.get(column) else {
            return Err(not_found());
        };
        let place = places.get(key).copied();
        match place.and_then(|at| grouped.rows.get_mut(at)) {
            Some(rows) => {
                if request.key_column == KeyColumn::InFront {
                    row.remove(column);
                }
                rows.push(row);
            }
            None if places.keys().any(|asked| asked.is_of_kind(key)) => grouped.strangers += 1,
            None => {
                return Err(unknown(
                    "key_not_comparable",
                    "The values were bound as another type than the column has, so it is not \
                     known which rows belong to which.",
                ));
            }
        }
    }
    Ok(grouped)
}

fn key_column(of: &KeyColumn, columns: &[String]) -> Result<usize, ProofVerdict> {
    match of {
        KeyColumn::InFront => Ok(0),
        KeyColumn::At(at) => Ok(*at),
        KeyColumn::Named(name) => {
            let mut found = (columns.iter().enumerate())
                .filter(|(_, column)| column.eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at),
                _ => Err(not_found()),
            }
        }
    }
}

fn not_found() -> ProofVerdict {
    unknown(
        "key_not_found",
        "Which column of the rows holds the value that they were asked for is not certain: none or \
         several have its name.",
    )
}

fn unknown(code: &'static str, reason: &str) -> ProofVerdict {
    ProofVerdict::Unknown {
        code,
        reason: reason.to_owned(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
