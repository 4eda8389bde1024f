//! The plans that were seen of a statement, and which plans a database gives.

use crate::{
    Database, Fingerprint, Histogram, PlanId, PlanShape, PlanSource, vitals::CaptureLevel,
};
use chrono::{DateTime, Utc};

/// How often one form of a statement's plan was seen within a bucket of time.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanBucket {
    /// Where.
    pub database: Database,
    /// Their source.
    pub source: PlanSource,
    /// The form.
    pub shape: PlanShape,
    /// Start of the bucket.
    pub started_at: DateTime<Utc>,
    /// Width of the bucket, in seconds.
    pub width_s: u32,
    /// First sight of the form within the bucket.
    pub first_at: DateTime<Utc>,
    /// Last sight.
    pub last_at: DateTime<Utc>,
    /// How often it was seen.
    pub count: u64,
    /// How long its runs took; empty where they have no time.
    pub durations: Histogram,
    /// The plan kept of this form, where it still is.
    pub plan: Option<PlanId>,
}

/// The plan of a statement became another one.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanChange {
    /// The statement.
    pub fingerprint: Fingerprint,
    /// Where.
    pub database: Database,
    /// The source of both.
    pub source: PlanSource,
    /// First sight of the new form after the old one.
    pub changed_at: DateTime<Utc>,
    /// The old form, with what was seen of it until then.
    pub before: ShapeSpan,
    /// The new form, with what was seen of it until the next change.
    pub after: ShapeSpan,
}

/// What was seen of one form between two changes.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeSpan {
    /// The form.
    pub shape: PlanShape,
    /// How often.
    pub count: u64,
    /// How long its runs took; empty where they have no time.
    pub durations: Histogram,
    /// The plan kept of it.
    pub plan: Option<PlanId>,
}

/// Which plans a database gives, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanLadder {
    /// The database.
    pub database: Database,
    /// The steps, best first.
    pub steps: Vec<LadderStep>,
}

/// One way to get plans.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderStep {
    /// What it gives.
    pub source: PlanSource,
    /// For people: `plans of the real runs (auto_explain)`.
    pub what: String,
    /// Whether it works.
    pub level: CaptureLevel,
    /// Why it does, or does not.
    pub reason: String,
    /// SQL or code to copy that would unlock it.
    pub remedy: Option<String>,
}
