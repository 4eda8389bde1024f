//! The tables that a query spends much on.

use silk_core::DatabaseKind;
use silk_plan::{
    Plan,
    advice::{self, Candidate, TableFacts, TableWants},
};
use sqlx_postgres::PgConnection;

use super::catalogue;
use crate::target::{AdviceQuestion, Failure};

/// Tables looked at.
pub(super) const MAX_TABLES: usize = 4;

/// A table that a query spends much on.
pub(super) struct Table {
    pub(super) wants: TableWants,
    pub(super) facts: TableFacts,
    /// What might help by itself.
    pub(super) candidates: Vec<Candidate>,
    /// What might help together only.
    pub(super) unions: Vec<Vec<Candidate>>,
}

impl Table {
    /// What the catalogue knows of a table, and what might help it; none if it is none of the
    /// app's.
    pub(super) async fn of(
        connection: &mut PgConnection,
        wants: TableWants,
    ) -> Result<Option<Self>, Failure> {
        let facts = catalogue::facts(connection, &wants).await?;
        Ok(facts.map(|facts| Self {
            candidates: advice::candidates(&wants, &facts),
            unions: advice::unions(&wants, &facts),
            wants,
            facts,
        }))
    }

    /// Everything that might help.
    pub(super) fn all(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().chain(self.unions.iter().flatten())
    }
}

/// The tables worth a look, with what might help.
pub(super) async fn tables(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
    plan: &Plan,
    generic: Option<&Plan>,
) -> Result<Vec<Table>, Failure> {
    let mut wants = advice::wants_of_plan(plan);
    if let Some(caught) = &asked.caught {
        advice::merge(&mut wants, advice::wants_of_plan(caught));
    }
    if !asked.question.values.is_empty() {
        match generic {
            Some(generic) => {
                let generic = advice::wants_of_any(generic);
                advice::keep_constants(&mut wants, &generic, DatabaseKind::Postgres);
            }
            None => advice::forget_constants(&mut wants),
        }
    }
    let mut tables: Vec<Table> = Vec::new();
    for wants in wants {
        if tables.len() >= MAX_TABLES {
            break;
        }
        tables.extend(Table::of(connection, wants).await?);
    }
    Ok(tables)
}
