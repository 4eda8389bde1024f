//! A plan of now in place of one that is older than the request: tables and indexes may have
//! changed between, and an index that was just made must show at once.

use std::time::Duration;

use silk_core::{ExplainMode, Fingerprint, PlanRecord, PlanSource, RequestRecord};
use tokio::time::{Instant, timeout_at};

use super::explain;
use crate::context::Here;

/// How long a page waits in sum for plans of now.
const TIMEOUT: Duration = Duration::from_millis(300);
/// Statements that are asked about for one page, those with most time first.
const MAX_ASKED: usize = 3;

/// Asks for the plans of one request's statements.
pub(super) struct Asker<'a> {
    here: &'a Here,
    record: &'a RequestRecord,
    until: Instant,
    left: usize,
}

impl<'a> Asker<'a> {
    pub(super) fn new(here: &'a Here, record: &'a RequestRecord) -> Self {
        let left = if here.app.explain.asks_unasked() {
            MAX_ASKED
        } else {
            0
        };
        Self {
            here,
            record,
            until: Instant::now() + TIMEOUT,
            left,
        }
    }

    /// The plan of now, for one that is of a time before the request.
    pub(super) async fn instead_of(
        &mut self,
        plan: &PlanRecord,
        fingerprint: Fingerprint,
    ) -> Option<PlanRecord> {
        if self.left == 0 || !self.here.app.explain.knows(&plan.database) {
            return None;
        }
        self.left -= 1;
        let detail = &self.record.detail;
        let text_of = |text: u32| detail.texts.get(usize::try_from(text).ok()?);
        let query = detail
            .queries
            .iter()
            .filter(|query| {
                text_of(query.text).is_some_and(|text| {
                    text.statement.fingerprint == fingerprint && *text.database == plan.database
                })
            })
            .max_by_key(|query| query.duration_us)?;
        let text = text_of(query.text)?;
        let asked = explain::to_explain(query, text, ExplainMode::Estimated);
        let answer = self.here.app.explain.explain_quickly(asked);
        let output = timeout_at(self.until, answer).await.ok()?.ok()?;
        let id = self.record.summary.id;
        let plan = explain::record_of(output, PlanSource::Estimated, id, query.seq, text);
        // A store that does not take it keeps the older one; this page has the new one.
        let _ = self.here.app.ask(|store| store.add_plan(&plan)).await;
        Some(plan)
    }
}
