//! What was recorded.

use std::{panic::Location, path::PathBuf};

use silk_core::{
    CallSite, Finding, PlanRecord, RequestKind, RequestRecord, RequestStatement,
    recording::TestName,
};

use super::{debts::DebtFile, sight::Seen};

/// What a test ran, and what came of it. Assertions return it again, so that they stand in a row.
#[derive(Debug)]
#[must_use = "what was recorded is there to be asserted"]
pub struct Recorded<T> {
    /// What the future gave: the response of an exchange.
    pub output: T,
    pub(super) record: RequestRecord,
    pub(super) plans: Vec<PlanRecord>,
    pub(super) context: Context,
}

/// Where it was recorded, and what is allowed there.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) name: TestName,
    /// As the test gave it.
    pub(super) debts: Option<PathBuf>,
    pub(super) ignored_rules: &'static [&'static str],
    pub(super) caller: &'static Location<'static>,
    pub(super) seen: Seen,
}

impl Context {
    pub(super) fn debt_file(&self) -> PathBuf {
        DebtFile::path(self.debts.as_deref())
    }

    /// The test in the file of known debts.
    pub(super) fn test(&self) -> String {
        match self.name.number {
            0 | 1 => self.name.test.clone(),
            number => format!("{} ({number})", self.name.test),
        }
    }
}

impl<T> Recorded<T> {
    /// Method and route of an exchange, else the name of the recording.
    #[must_use]
    pub fn name(&self) -> String {
        title(&self.record)
    }

    /// Number of queries. `BEGIN`, `COMMIT` and `ROLLBACK` are none.
    ///
    /// # Panics
    /// Where nothing could have been seen.
    #[must_use]
    #[track_caller]
    pub fn queries(&self) -> u64 {
        self.assert_sighted();
        self.record.summary.query_count
    }

    /// Statements by line, with calls, rows and times. Exact however many queries ran.
    #[must_use]
    pub fn statements(&self) -> &[RequestStatement] {
        &self.record.statements
    }

    /// Lines that ran queries, each once.
    #[must_use]
    pub fn call_sites(&self) -> &[CallSite] {
        &self.record.detail.call_sites
    }

    /// What the rules found, what cost most first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let ignored = self.context.ignored_rules;
        let findings = self.record.findings.iter();
        findings.filter(move |finding| !ignored.contains(&&*finding.rule))
    }

    /// Plans that the database reported of these very runs (PostgreSQL, where the pool was made
    /// with `auto_explain`).
    #[must_use]
    pub fn plans(&self) -> &[PlanRecord] {
        &self.plans
    }

    /// All that is known of it: each query with its values and times, transactions, waits, spans.
    #[must_use]
    pub fn details(&self) -> &RequestRecord {
        &self.record
    }
}

/// What a record is called in messages: method and route of an exchange, else its name.
fn title(record: &RequestRecord) -> String {
    let summary = &record.summary;
    if summary.kind == RequestKind::Request {
        format!("{} {}", summary.method, summary.route)
    } else {
        summary.route.clone()
    }
}
