//! Reading a plan: parsed, numbered, measured, and hashed by its shape.

use silk_core::PlanFormat;

use crate::{Plan, PlanError, measure, parse, shape};

impl Plan {
    /// Reads a plan of a known format and measures it.
    ///
    /// # Errors
    /// A [`PlanError`] that says why the text is no plan of this format.
    pub fn parse(format: PlanFormat, raw: &str) -> Result<Self, PlanError> {
        let mut plan = parse::parse(format, raw)?;
        plan.finish();
        Ok(plan)
    }

    /// Reads a plan of any known format, wherever it was copied from, and measures it.
    ///
    /// # Errors
    /// A [`PlanError`] that says why the text is no plan.
    pub fn detect_and_parse(raw: &str) -> Result<Self, PlanError> {
        let mut plan = parse::detect_and_parse(raw)?;
        plan.finish();
        Ok(plan)
    }

    /// Numbers the nodes, derives what is derived, hashes the shape.
    fn finish(&mut self) {
        self.root.number();
        measure::measure(self);
        self.shape = shape::hash(&self.root);
    }
}
