//! What a plan tells to do.

use serde::Serialize;
use silk_core::Severity;

use crate::Plan;

/// What is known beside the plan itself. Everything unknown keeps a rule cautious.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JudgeContext {}

/// A remark about a plan, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanFinding {
    /// Name of the rule: `seq_scan_filters_most`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The node it is about.
    pub node: Option<usize>,
    /// One line: what was seen.
    pub title: String,
    /// The numbers it rests on.
    pub evidence: String,
    /// What to do.
    pub action: String,
    /// What would make it wrong.
    pub unless: String,
    /// Whether the action was tried and helped.
    pub verified: bool,
    /// Time it would save at best, in ms.
    pub saves_ms: Option<f64>,
}

/// What a plan tells to do, what saves most first.
#[must_use]
pub fn judge(_plan: &Plan, _context: &JudgeContext) -> Vec<PlanFinding> {
    Vec::new()
}
