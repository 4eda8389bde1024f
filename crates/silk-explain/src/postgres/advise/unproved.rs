//! What is likely, where nothing could be tried.

use silk_core::explain::{AdviceChoice, AdviceStrength, AdvisedIndex, Verification};
use silk_plan::advice;

use super::{references, table::Table, worth::Worth};
use crate::target::AdviceQuestion;

/// Only so many times fewer pages are worth a word without proof.
const TIMES: f64 = 5.0;
/// Tables of fewer pages are read as a whole.
const MIN_PAGES: f64 = 20.0;

/// The most promising index of each table, by a simple model.
pub(super) fn advise(tables: &[Table], remedy: &str) -> Vec<AdvisedIndex> {
    let mut found = Vec::new();
    for table in tables {
        let likely = table
            .candidates
            .iter()
            .filter(|candidate| candidate.include.is_empty())
            .filter_map(|candidate| {
                let (before, after) =
                    advice::estimated_pages(candidate, &table.wants, &table.facts)?;
                let is_worth = before >= MIN_PAGES && before >= TIMES * after;
                is_worth.then_some((candidate, before, after))
            })
            // The first of equals: candidates come most promising first.
            .reduce(|best, next| if next.2 < best.2 * 0.8 { next } else { best });
        let Some((candidate, before, after)) = likely else {
            continue;
        };
        let worth = Worth {
            candidate,
            table,
            choice: if found.is_empty() {
                AdviceChoice::First
            } else {
                AdviceChoice::Together
            },
            strength: if before >= 2.0 * TIMES * after {
                AdviceStrength::Strong
            } else {
                AdviceStrength::Moderate
            },
            fraction: None,
        };
        let mut index = worth.advised(Verification::NotVerified {
            remedy: remedy.to_owned(),
        });
        index.caveats.insert(
            0,
            format!(
                "by a simple model it reads about {} pages instead of {}; the planner was not asked",
                advice::count(after),
                advice::count(before)
            ),
        );
        found.push(index);
    }
    found
}

/// The indexes that the checks of foreign keys lack.
pub(super) fn referring(
    asked: &AdviceQuestion,
    tables: &[Table],
    remedy: &str,
) -> Vec<AdvisedIndex> {
    let mut indexes = advise(tables, remedy);
    for index in &mut indexes {
        index.choice = AdviceChoice::First;
        let table = tables
            .iter()
            .find(|table| relation(table) == index.relation);
        if let Some(table) = table {
            index
                .caveats
                .splice(0..0, references::caveats(asked, table));
        }
    }
    indexes
}

fn relation(table: &Table) -> String {
    let facts = &table.facts;
    advice::quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
}
