//! What the rules say about a plan of the store, with all that is known beside it.

use chrono::{TimeDelta, Utc};
use silk_core::{PlanRecord, PlanSource};
use silk_plan::{JudgeContext, Plan, PlanFinding, findings};

use super::tables::Tables;
use crate::draw::format::clock_in_words;

/// What is known of tables is read now; a plan that is older than this, in s, may be of a time with
/// other indexes.
const SOON_S: i64 = 10;

/// What is known beside a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// How often its statement ran.
    pub(crate) calls: Option<u64>,
    /// How long the recorded query took, in µs.
    pub(crate) query_us: Option<u64>,
    /// Whether its executions together are worth a finding though one of them is quick.
    pub(crate) is_top: bool,
    /// Rows that it gave to the app.
    pub(crate) rows: Option<u64>,
    /// Other plans of the statement.
    pub(crate) others: &'a [PlanRecord],
}

/// What the rules say of a plan.
#[derive(Default)]
pub(crate) struct Judged {
    /// What saves most first.
    pub(crate) found: Vec<PlanFinding>,
    /// Why rules that need to know the tables are silent, where they are.
    pub(crate) silent: Option<String>,
}

/// Judges a plan with what is known beside it, and what its database knows of its tables; `sql` is
/// the statement.
pub(crate) async fn judge(
    tables: &Tables<'_>,
    plan: &Plan,
    record: &PlanRecord,
    sql: Option<&str>,
    known: Known<'_>,
) -> Judged {
    let (facts, silent) = tables.of(plan, record, sql).await;
    let mut context = JudgeContext::default();
    for (called, facts) in &facts {
        context.know(called, facts);
    }
    context.sql = sql.map(ToOwned::to_owned);
    if Utc::now() - record.captured_at > TimeDelta::seconds(SOON_S) {
        context.made_before_facts = Some(clock_in_words(record.captured_at));
    }
    context.calls = known.calls;
    context.is_top_statement = known.is_top;
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let rows = known.rows.map(|rows| rows as f64);
    context.rows_given = rows;
    // Only the plan of the run itself can be held against the time that the app saw.
    if record.source == PlanSource::AutoExplain {
        #[expect(clippy::cast_precision_loss, reason = "a duration in ms")]
        let wall = known.query_us.map(|us| us as f64 / 1e3);
        context.wall_ms = wall;
    }
    if record.source == PlanSource::Generic {
        context.custom = known
            .others
            .iter()
            .find(|other| {
                other.source == PlanSource::Estimated && other.database == record.database
            })
            .and_then(|other| Plan::parse(other.output.format, &other.output.raw).ok())
            .map(Box::new);
    }
    Judged {
        found: findings::judge(plan, &context),
        silent,
    }
}
