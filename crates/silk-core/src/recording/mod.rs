//! What a test leaves for `silk check`: one recording as a JSON file, in a form that stays.
//!
//! The format is described in `docs/reference/formats.md`. It holds no values and no bodies: only
//! routes, statements, call sites, counts, times, findings and the forms of plans.

mod side;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    CallSite, DatabaseKind, Fingerprint, Outcome, PlanShape, PlanSource, RequestKind,
    RequestRecord, Severity,
};

/// The version that is written, and the newest that is read.
pub const RECORDING_VERSION: u32 = 1;

/// What one recorded part of a test ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Version of the format: [`RECORDING_VERSION`].
    pub version: u32,
    /// Package of the test, as cargo names it; empty where it is not known.
    pub package: String,
    /// Test program: `sqlite` for `tests/sqlite.rs`, the crate's name for unit tests; empty where
    /// it is not known.
    pub target: String,
    /// The test, or the name that the app's code gave.
    pub test: String,
    /// Which recording of this test it is, from 1.
    pub number: u32,
    /// What was recorded: an HTTP exchange, a job, or any other part of a test.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs and tests.
    pub method: String,
    /// Route template, or the path where none is known; the name of a job or test.
    pub route: String,
    /// Status of the response; none for jobs and tests.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Number of queries.
    pub queries: u64,
    /// Queries that failed.
    pub query_errors: u64,
    /// Waits for a connection.
    pub waits: u64,
    /// From start to end, in µs.
    pub total_us: u64,
    /// Union of the intervals in which SQL ran, in µs.
    pub sql_us: u64,
    /// Union of the waits for a connection, in µs.
    pub wait_us: u64,
    /// Statements, by first execution.
    pub statements: Vec<RecordedStatement>,
    /// What the rules found, what cost most first.
    pub findings: Vec<RecordedFinding>,
}

/// A statement of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedStatement {
    /// Hash of dialect and normalised SQL, 16 hex digits: the same in every build.
    pub fingerprint: Fingerprint,
    /// Dialect.
    pub database: DatabaseKind,
    /// SQL with literals as `?`.
    pub sql: String,
    /// `SELECT`, `INSERT` …, upper case.
    pub command: String,
    /// Tables touched.
    pub tables: Vec<String>,
    /// Executions.
    pub calls: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Rows returned, in sum.
    pub rows: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Longest duration, in µs.
    pub max_us: u64,
    /// Lines that ran it, most calls first; empty where call sites were not captured.
    pub call_sites: Vec<RecordedLine>,
    /// Shapes of its plan, each once, if the database reported any.
    pub plans: Vec<RecordedPlan>,
}

/// A line that ran a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLine {
    /// Where.
    #[serde(flatten)]
    pub call_site: CallSite,
    /// Executions from there.
    pub calls: u64,
    /// Sum of their durations, in µs.
    pub total_us: u64,
}

/// A form of a statement's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPlan {
    /// Where it is from; plans of different sources are never compared.
    pub source: PlanSource,
    /// The form, 16 hex digits.
    pub shape: PlanShape,
}

/// What a rule found in a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFinding {
    /// Name of the rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line: what was seen.
    pub title: String,
    /// What to do.
    pub remedy: Option<String>,
    /// The line that it is about.
    pub call_site: Option<CallSite>,
    /// The statement that it is about.
    pub fingerprint: Option<Fingerprint>,
    /// Time lost, in µs.
    pub lost_us: Option<u64>,
}

/// Why a text is no recording that can be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A later version of tower-silk wrote it.
    #[error(
        "the recording is of version {found}, and this tower-silk reads up to {RECORDING_VERSION}: \
         use one tower-silk for tests and check"
    )]
    TooNew {
        /// The version that it names.
        found: u64,
    },
    /// It is no JSON, or not of this form.
    #[error("this is no recording of a test: {0}")]
    Broken(#[from] serde_json::Error),
}

/// Who recorded, and what for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestName {
    /// See [`Recording::package`].
    pub package: String,
    /// See [`Recording::target`].
    pub target: String,
    /// See [`Recording::test`].
    pub test: String,
    /// See [`Recording::number`].
    pub number: u32,
}

impl Recording {
    /// What a record holds that a check needs.
    #[must_use]
    pub fn of_record(name: TestName, record: &RequestRecord) -> Self {
        let summary = &record.summary;
        let detail = &record.detail;
        let mut statements: Vec<RecordedStatement> = Vec::new();
        for part in &record.statements {
            let known = (statements.iter_mut())
                .find(|known| known.fingerprint == part.statement.fingerprint);
            match known {
                Some(known) => known.add(part),
                None => statements.push(RecordedStatement::of(part)),
            }
        }
        for statement in &mut statements {
            statement
                .call_sites
                .sort_by(|a, b| (b.calls, &a.call_site).cmp(&(a.calls, &b.call_site)));
        }
        note_plans(&mut statements, record);
        by_first_execution(&mut statements, record);
        let waits = u64::try_from(detail.waits.len()).unwrap_or(u64::MAX);
        Self {
            version: RECORDING_VERSION,
            package: name.package,
            target: name.target,
            test: name.test,
            number: name.number,
            kind: summary.kind,
            method: summary.method.clone(),
            route: summary.route.clone(),
            status: summary.status,
            outcome: summary.outcome,
            queries: summary.query_count,
            query_errors: summary.query_errors,
            waits: waits.saturating_add(detail.waits_not_kept),
            total_us: summary.times.total_us,
            sql_us: summary.times.sql_us,
            wait_us: summary.times.wait_us,
            statements,
            findings: record.findings.iter().map(RecordedFinding::of).collect(),
        }
    }

    /// Reads a recording of this version or an older one.
    ///
    /// # Errors
    /// Where the text is none, or a later version wrote it.
    pub fn read(text: &str) -> Result<Self, RecordingError> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        let found = json.get("version").and_then(serde_json::Value::as_u64);
        if let Some(found) = found.filter(|found| *found > u64::from(RECORDING_VERSION)) {
            return Err(RecordingError::TooNew { found });
        }
        // Read again from the text, so that an error names line and column.
        Ok(serde_json::from_str(text)?)
    }

    /// As it is written: indented JSON that ends with a line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The file that it is kept in: the same for the same test, another for each other.
    #[must_use]
    pub fn file_name(&self) -> String {
        let whole = format!(
            "{}-{}-{}-{}",
            self.package, self.target, self.test, self.number
        );
        let readable: String = whole
            .chars()
            .map(|char| {
                if char.is_ascii_alphanumeric() {
                    char
                } else {
                    '-'
                }
            })
            .take(120)
            .collect();
        // What was replaced or cut tells tests apart all the same.
        let whole = format!(
            "{}\n{}\n{}\n{}",
            self.package, self.target, self.test, self.number
        );
        format!("{readable}-{:08x}.json", fnv(&whole))
    }
}

impl RecordedStatement {
    fn of(part: &crate::RequestStatement) -> Self {
        let statement = &part.statement;
        let mut sum = Self {
            fingerprint: statement.fingerprint,
            database: statement.database,
            sql: statement.normalized.clone(),
            command: statement.command.clone(),
            tables: statement.tables.clone(),
            calls: 0,
            errors: 0,
            rows: 0,
            total_us: 0,
            max_us: 0,
            call_sites: Vec::new(),
            plans: Vec::new(),
        };
        sum.add(part);
        sum
    }

    fn add(&mut self, part: &crate::RequestStatement) {
        self.calls = self.calls.saturating_add(part.calls);
        self.errors = self.errors.saturating_add(part.errors);
        self.rows = self.rows.saturating_add(part.rows);
        self.total_us = self.total_us.saturating_add(part.total_us);
        self.max_us = self.max_us.max(part.max_us);
        if let Some(site) = &part.call_site {
            self.call_sites.push(RecordedLine {
                call_site: site.clone(),
                calls: part.calls,
                total_us: part.total_us,
            });
        }
    }
}

impl RecordedFinding {
    fn of(finding: &crate::Finding) -> Self {
        Self {
            rule: finding.rule.clone(),
            severity: finding.severity,
            title: finding.title.clone(),
            remedy: finding.remedy.clone(),
            call_site: finding.call_site.clone(),
            fingerprint: finding.fingerprint,
            lost_us: finding.lost_us,
        }
    }
}

fn note_plans(statements: &mut [RecordedStatement], record: &RequestRecord) {
    for query in &record.detail.queries {
        let Some(shape) = query.plan_shape else {
            continue;
        };
        let fingerprint = fingerprint_of(record, query.text);
        let plan = RecordedPlan {
            source: PlanSource::AutoExplain,
            shape,
        };
        let statement = (statements.iter_mut()).find(|one| Some(one.fingerprint) == fingerprint);
        if let Some(statement) = statement
            && !statement.plans.contains(&plan)
        {
            statement.plans.push(plan);
        }
    }
}

fn by_first_execution(statements: &mut [RecordedStatement], record: &RequestRecord) {
    statements.sort_by_cached_key(|statement| {
        let first = (record.detail.queries.iter())
            .find(|query| fingerprint_of(record, query.text) == Some(statement.fingerprint));
        // Of those beyond the cap on queries none is kept.
        (
            first.map_or(u32::MAX, |query| query.seq),
            statement.fingerprint,
        )
    });
}

fn fingerprint_of(record: &RequestRecord, text: u32) -> Option<Fingerprint> {
    let text = record.detail.texts.get(usize::try_from(text).ok()?)?;
    Some(text.statement.fingerprint)
}

/// FNV-1a, 32 bits: the same in every build.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
