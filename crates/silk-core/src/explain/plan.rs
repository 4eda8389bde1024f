//! Plans as they are kept, and which plans a database gives.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ExplainOutput;
use crate::{
    Database, Fingerprint, Histogram, PlanId, PlanShape, RequestId,
    record::{UnknownWord, word_enum},
    vitals::CaptureLevel,
};

/// Where a plan came from. Plans of different sources are never compared as if they were one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// The plan of the recorded run itself, reported by PostgreSQL's auto_explain.
    AutoExplain,
    /// Estimated later for the recorded values; nothing was run.
    Estimated,
    /// Estimated later without values, as a cached statement is run.
    Generic,
    /// The statement was run again for it, by a person (`ANALYZE`): later, with a warm cache.
    Analyzed,
    /// Pasted by a person.
    Pasted,
}

word_enum!(PlanSource {
    AutoExplain = "auto_explain",
    Estimated = "estimated",
    Generic = "generic",
    Analyzed = "analyzed",
    Pasted = "pasted",
});

/// A query within its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QueryRef {
    /// The request.
    pub request_id: RequestId,
    /// Number of the query within it.
    pub seq: u32,
}

/// A plan that was kept.
///
/// Of all plans with the same statement, database, source and shape a store keeps one, so an id may
/// be gone while the form is still there: of caught plans ([`PlanSource::AutoExplain`]) that of the
/// slowest run, of all that were asked for or pasted the newest. [`PlanObservation`]s count the
/// others.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    /// Its id.
    pub id: PlanId,
    /// The recorded query it is of; none for a pasted one.
    pub query: Option<QueryRef>,
    /// The statement; none for a pasted plan that does not tell its SQL.
    pub fingerprint: Option<Fingerprint>,
    /// The database that gave it.
    pub database: Database,
    /// When.
    pub captured_at: DateTime<Utc>,
    /// Its source.
    pub source: PlanSource,
    /// Its form; none if the print could not be read.
    pub shape: Option<PlanShape>,
    /// How long that run took, where it is the plan of a run.
    pub duration_us: Option<u64>,
    /// The planner's total cost, in its own units, where it says one.
    pub total_cost: Option<f64>,
    /// The plan.
    pub output: ExplainOutput,
}

/// One sight of a plan: what is summed into time buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanObservation {
    /// The statement.
    pub fingerprint: Fingerprint,
    /// Where.
    pub database: Database,
    /// Its source.
    pub source: PlanSource,
    /// The form seen.
    pub shape: PlanShape,
    /// When.
    pub observed_at: DateTime<Utc>,
    /// How long that run took, where it is the plan of a run.
    pub duration_us: Option<u64>,
}

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
