use silk_core::{
    DatabaseKind,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, Verification},
};
use silk_plan::advice::{self, Candidate, TableFacts, TableWants};

/// A table that a query spends much on.
pub(super) struct Table {
    pub(super) wants: TableWants,
    pub(super) facts: TableFacts,
    pub(super) candidates: Vec<Candidate>,
}

/// An index that was tried and is worth having.
pub(super) struct Worth<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) table: &'a Table,
    pub(super) choice: AdviceChoice,
    pub(super) strength: AdviceStrength,
    pub(super) fraction: Option<f64>,
}

impl Worth<'_> {
    pub(super) fn advised(&self, verification: Verification) -> AdvisedIndex {
        let (candidate, facts) = (self.candidate, &self.table.facts);
        AdvisedIndex {
            statement: candidate.statement(Some(&candidate.name(facts, &[]))),
            relation: advice::quote_table(
                candidate.schema.as_deref(),
                &candidate.table,
                DatabaseKind::Postgres,
            ),
            reason: advice::reason(candidate),
            choice: self.choice,
            strength: self.strength,
            verification,
            cost_after: None,
            plan_after: None,
            size_bytes: None,
            write_cost: advice::write_cost(candidate, facts, self.fraction),
            replaces: candidate.replaces.clone(),
            effects: Vec::new(),
            caveats: advice::caveats(candidate, &self.table.wants, facts),
        }
    }
}
