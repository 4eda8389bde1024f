//! The tables of a query, with what might help.

use std::collections::BTreeMap;

use silk_plan::advice::{self, Candidate, TableFacts, TableWants};
use sqlx_sqlite::SqliteConnection;

use super::catalogue;
use crate::target::Failure;

/// Columns and indexes that a sample is asked about.
const MAX_COLUMNS: usize = 8;

/// A table of the query, with what might help.
pub(super) struct Table {
    pub(super) wants: TableWants,
    pub(super) facts: TableFacts,
    /// The fraction of its rows that all conditions of the query keep, if that is known.
    pub(super) kept: f64,
    /// The fraction that those conditions keep which are on one column alone and whose values stand
    /// in the SQL, by the column's name.
    pub(super) by_column: BTreeMap<String, f64>,
    /// The fraction of its rows that an index holds, of those that are restricted, by name.
    pub(super) held: BTreeMap<String, f64>,
    /// What might help by itself.
    pub(super) candidates: Vec<Tested>,
    /// What might help together only.
    pub(super) unions: Vec<Vec<Tested>>,
}

/// A candidate with the fraction of rows it would hold.
pub(super) struct Tested {
    pub(super) candidate: Candidate,
    pub(super) held: f64,
}

impl Table {
    /// What is known of a table; nothing where there is none of that name.
    pub(super) async fn known(
        app: &mut SqliteConnection,
        wants: TableWants,
    ) -> Result<Option<Self>, Failure> {
        let Some(facts) = catalogue::facts(app, &wants).await? else {
            return Ok(None);
        };
        let name = &facts.name;
        let names: Vec<&str> = facts.columns.iter().map(|column| &*column.name).collect();
        let met = met(app, name, &wants.constants_on(&names, facts.kind)).await?;
        let mut by_column = BTreeMap::new();
        for column in wants.compared().iter().take(MAX_COLUMNS) {
            if wants.is_bound_on(column) {
                continue;
            }
            let constant = wants.constants_on(&[column], facts.kind);
            if let Some(met) = self::met(app, name, &constant).await? {
                by_column.insert(column.to_ascii_lowercase(), met);
            }
        }
        let mut held = BTreeMap::new();
        for index in facts.indexes.iter().take(MAX_COLUMNS) {
            let predicate = index.predicate.iter().cloned().collect::<Vec<_>>();
            if let Some(met) = self::met(app, name, &predicate).await? {
                held.insert(index.name.clone(), met);
            }
        }
        Ok(Some(Self {
            kept: met.unwrap_or(1.0) * advice::kept_by_bound(&wants, &facts),
            by_column,
            held,
            wants,
            facts,
            candidates: Vec::new(),
            unions: Vec::new(),
        }))
    }

    /// What is known of a table, and what might help it.
    pub(super) async fn of(
        app: &mut SqliteConnection,
        wants: TableWants,
    ) -> Result<Option<Self>, Failure> {
        let Some(mut table) = Self::known(app, wants).await? else {
            return Ok(None);
        };
        for candidate in advice::candidates(&table.wants, &table.facts) {
            let held = if candidate.is_partial() {
                let name = &table.facts.name;
                catalogue::fraction(app, name, &candidate.predicates).await?
            } else {
                Some(1.0)
            };
            if let Some(held) = held {
                table.candidates.push(Tested { candidate, held });
            }
        }
        let whole = |candidate| Tested {
            candidate,
            held: 1.0,
        };
        table.unions = advice::unions(&table.wants, &table.facts)
            .into_iter()
            .map(|set| set.into_iter().map(whole).collect())
            .collect();
        Ok(Some(table))
    }
}

/// The fraction of a sample that meets all of `conditions`; none without any.
async fn met(
    app: &mut SqliteConnection,
    table: &str,
    conditions: &[String],
) -> Result<Option<f64>, Failure> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let met = catalogue::fraction(app, table, conditions).await?;
    // What no row of a sample meets, hardly any row does.
    Ok(met.map(|met| met.max(0.000_5)))
}

impl Tested {
    /// About what the index would take, in bytes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate in bytes, from numbers above zero"
    )]
    pub(super) fn size(&self, facts: &TableFacts) -> Option<u64> {
        // A header, the rowid and eight bytes a value.
        let width = u32::try_from(self.candidate.width()).unwrap_or(8);
        let entry = 8.0 + 8.0 * f64::from(width);
        facts.rows.map(|rows| (rows * self.held * entry) as u64)
    }
}
