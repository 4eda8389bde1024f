use silk_plan::advice::{Candidate, TableFacts, TableWants};

/// What an index on trial is called in the shadow.
pub(super) const ON_TRIAL: &str = "silk_index_on_trial";

/// A table of the query, with what might help.
pub(super) struct Table {
    pub(super) wants: TableWants,
    pub(super) facts: TableFacts,
    pub(super) candidates: Vec<Tested>,
}

/// A candidate with the fraction of rows it would hold.
pub(super) struct Tested {
    pub(super) candidate: Candidate,
    pub(super) held: f64,
}
