//! What rules remark about a request.

pub mod rules;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth mending.
    Warning,
    /// Costs most of the request.
    Critical,
}

/// A rule's remark with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the rule: `repeated_statement`.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line: what was seen.
    pub title: String,
    /// Evidence and what to do about it.
    pub detail: String,
    /// The statement it is about.
    pub fingerprint: Option<crate::Fingerprint>,
    /// Time it would save at best.
    pub saves_us: Option<u64>,
}
