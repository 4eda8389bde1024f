//! One side of a comparison: what was measured of one request, or of many in sum.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    CallSite, Fingerprint, Histogram, PlanId, PlanShape, PlanSource, RequestRecord, RequestSummary,
    RequestTimes, Statement,
};

/// One side of a comparison: one request, or many in sum.
///
/// ```
/// use silk_core::compare::Side;
///
/// let mut side = Side::default();
/// assert_eq!(side.requests, 0);
/// // For each recorded request: side.add(&record);
/// # let _ = &mut side;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Requests that the figures below are of.
    pub requests: u64,
    /// Requests that failed (5xx, error, panic).
    pub failed: u64,
    /// Where their time went, in sum; `longest_poll_us` is the longest of all.
    pub times: RequestTimes,
    /// How long each of them took, in µs.
    pub durations: Histogram,
    /// Their queries.
    pub query_count: u64,
    /// Queries that failed.
    pub query_errors: u64,
    /// Waits for a connection.
    pub waits: u64,
    /// Bytes of request bodies; none if no body was seen.
    pub request_bytes: Option<u64>,
    /// Bytes of response bodies; none if no body was seen.
    pub response_bytes: Option<u64>,
    /// Requests that [`statements`](Self::statements) and [`findings`](Self::findings) were read
    /// from: all of [`requests`](Self::requests), or a part where they are many.
    pub read: u64,
    /// Statements that they ran, each once.
    pub statements: Vec<SideStatement>,
    /// What rules found in them, each rule once per statement.
    pub findings: Vec<SideFinding>,
}

/// A statement on one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideStatement {
    /// The statement.
    pub statement: Arc<Statement>,
    /// Requests that ran it.
    pub requests: u64,
    /// Executions.
    pub calls: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Longest duration, in µs.
    pub max_us: u64,
    /// Rows returned.
    pub rows: u64,
    /// Durations of the calls, in µs; of those that are kept one by one.
    pub durations: Histogram,
    /// Lines that ran it, with most calls first.
    pub lines: Vec<SideLine>,
    /// Forms of its plan that are known, each once.
    pub plans: Vec<SidePlan>,
}

/// A line of the app that ran a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideLine {
    /// Where.
    pub call_site: CallSite,
    /// Executions from there.
    pub calls: u64,
}

/// A form of a statement's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SidePlan {
    /// Where it is from. Plans of different sources are never compared.
    pub source: PlanSource,
    /// The form.
    pub shape: PlanShape,
    /// A kept plan of this form.
    pub id: Option<PlanId>,
}

/// What a rule found on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideFinding {
    /// Name of the rule.
    pub rule: String,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// One line: what was seen, in one of the requests.
    pub title: String,
    /// The line of the app that it is about.
    pub call_site: Option<CallSite>,
    /// Requests in which it was found.
    pub requests: u64,
    /// Time lost in sum, in µs; none if no time was measured.
    pub lost_us: Option<u64>,
}

impl Side {
    /// One request.
    #[must_use]
    pub fn of_request(record: &RequestRecord) -> Self {
        let mut side = Self::default();
        side.add(record);
        side
    }

    /// Many requests in sum.
    #[must_use]
    pub fn of_requests<'a>(records: impl IntoIterator<Item = &'a RequestRecord>) -> Self {
        let mut side = Self::default();
        for record in records {
            side.add(record);
        }
        side
    }

    /// Adds one more request.
    pub fn add(&mut self, record: &RequestRecord) {
        let detail = &record.detail;
        self.add_summary(&record.summary);
        self.read = self.read.saturating_add(1);
        let waits = u64::try_from(detail.waits.len()).unwrap_or(u64::MAX);
        self.waits = (self.waits)
            .saturating_add(waits)
            .saturating_add(detail.waits_not_kept);
        let bytes = |sum: Option<u64>, body: &Option<crate::Body>| match body {
            None => sum,
            Some(body) => Some(sum.unwrap_or(0).saturating_add(body.total_bytes)),
        };
        self.request_bytes = bytes(self.request_bytes, &detail.request_body);
        self.response_bytes = bytes(self.response_bytes, &detail.response_body);
        self.add_statements(record);
        self.add_findings(record);
    }

    /// Adds the figures of one more request, whose statements and findings are not read.
    pub fn add_summary(&mut self, summary: &RequestSummary) {
        self.requests = self.requests.saturating_add(1);
        self.failed = self.failed.saturating_add(u64::from(summary.is_failed()));
        add_times(&mut self.times, &summary.times);
        self.durations.record(summary.times.total_us);
        self.query_count = self.query_count.saturating_add(summary.query_count);
        self.query_errors = self.query_errors.saturating_add(summary.query_errors);
    }

    /// Adds the figures of another side, without its statements and findings.
    pub fn add_figures(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.failed = self.failed.saturating_add(other.failed);
        add_times(&mut self.times, &other.times);
        self.durations.merge(&other.durations);
        self.query_count = self.query_count.saturating_add(other.query_count);
        self.query_errors = self.query_errors.saturating_add(other.query_errors);
    }

    /// The statement, if it was run.
    #[must_use]
    pub fn statement(&self, fingerprint: Fingerprint) -> Option<&SideStatement> {
        (self.statements.iter()).find(|one| one.statement.fingerprint == fingerprint)
    }

    /// Takes note of a form of a statement's plan; of one that is known already, that a plan of it
    /// is kept.
    pub fn add_plan(&mut self, fingerprint: Fingerprint, plan: SidePlan) {
        let known =
            (self.statements.iter_mut()).find(|one| one.statement.fingerprint == fingerprint);
        if let Some(statement) = known {
            statement.add_plan(plan);
        }
    }

    fn add_statements(&mut self, record: &RequestRecord) {
        let mut at: HashMap<Fingerprint, usize> = (self.statements.iter().enumerate())
            .map(|(at, one)| (one.statement.fingerprint, at))
            .collect();
        // Of this request: where each stands, and whether its durations came summed.
        let mut mine: HashMap<Fingerprint, bool> = HashMap::new();
        for part in &record.statements {
            let fingerprint = part.statement.fingerprint;
            let at = *at.entry(fingerprint).or_insert_with(|| {
                self.statements
                    .push(SideStatement::new(Arc::clone(&part.statement)));
                self.statements.len() - 1
            });
            let sum = &mut self.statements[at];
            let has_durations = mine.entry(fingerprint).or_insert_with(|| {
                sum.requests = sum.requests.saturating_add(1);
                false
            });
            *has_durations |= part.durations.count() > 0;
            sum.calls = sum.calls.saturating_add(part.calls);
            sum.errors = sum.errors.saturating_add(part.errors);
            sum.total_us = sum.total_us.saturating_add(part.total_us);
            sum.max_us = sum.max_us.max(part.max_us);
            sum.rows = sum.rows.saturating_add(part.rows);
            sum.durations.merge(&part.durations);
            if let Some(site) = &part.call_site {
                sum.add_line(site, part.calls);
            }
        }
        for query in &record.detail.queries {
            let text = usize::try_from(query.text)
                .ok()
                .and_then(|text| record.detail.texts.get(text));
            let Some(fingerprint) = text.map(|text| text.statement.fingerprint) else {
                continue;
            };
            let Some(sum) = at.get(&fingerprint).map(|&at| &mut self.statements[at]) else {
                continue;
            };
            // A store gives durations back one by one, the writer summed.
            if mine.get(&fingerprint) == Some(&false) {
                sum.durations.record(query.duration_us);
            }
            if let Some(shape) = query.plan_shape {
                sum.add_plan(SidePlan {
                    source: PlanSource::AutoExplain,
                    shape,
                    id: None,
                });
            }
        }
    }

    fn add_findings(&mut self, record: &RequestRecord) {
        for finding in &record.findings {
            self.add_finding(SideFinding {
                rule: finding.rule.clone(),
                fingerprint: finding.fingerprint,
                title: finding.title.clone(),
                call_site: finding.call_site.clone(),
                requests: 1,
                lost_us: finding.lost_us,
            });
        }
    }

    /// Adds what a rule found; where the rule found the same statement already, to that.
    pub fn add_finding(&mut self, finding: SideFinding) {
        let known = (self.findings.iter_mut()).find(|known| known.is_same(&finding));
        let Some(known) = known else {
            self.findings.push(finding);
            return;
        };
        known.requests = known.requests.saturating_add(finding.requests);
        known.lost_us = match (known.lost_us, finding.lost_us) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
    }
}

impl SideStatement {
    /// One that was not run so far.
    #[must_use]
    pub fn new(statement: Arc<Statement>) -> Self {
        Self {
            statement,
            requests: 0,
            calls: 0,
            errors: 0,
            total_us: 0,
            max_us: 0,
            rows: 0,
            durations: Histogram::default(),
            lines: Vec::new(),
            plans: Vec::new(),
        }
    }

    /// Counts calls from a line. A function may have several names, one per database; its line is
    /// one place.
    pub fn add_line(&mut self, site: &CallSite, calls: u64) {
        let is_it = |line: &SideLine| {
            let known = &line.call_site;
            match known.file.is_empty() {
                true => known == site,
                false => known.file == site.file && known.line == site.line,
            }
        };
        match self.lines.iter_mut().find(|line| is_it(line)) {
            Some(line) => line.calls = line.calls.saturating_add(calls),
            None => self.lines.push(SideLine {
                call_site: site.clone(),
                calls,
            }),
        }
        self.lines.sort_by_key(|line| std::cmp::Reverse(line.calls));
    }

    fn add_plan(&mut self, plan: SidePlan) {
        let is_it =
            |known: &&mut SidePlan| known.source == plan.source && known.shape == plan.shape;
        match self.plans.iter_mut().find(is_it) {
            Some(known) => known.id = known.id.or(plan.id),
            None => self.plans.push(plan),
        }
    }
}

impl SideFinding {
    /// Whether both are of the same rule about the same statement.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.rule == other.rule && self.fingerprint == other.fingerprint
    }
}

fn add_times(sum: &mut RequestTimes, times: &RequestTimes) {
    let RequestTimes {
        head_us,
        body_us,
        total_us,
        sql_us,
        wait_us,
        polling_us,
        poll_total_us,
        longest_poll_us,
        polls,
    } = *times;
    for (sum, more) in [
        (&mut sum.head_us, head_us),
        (&mut sum.body_us, body_us),
        (&mut sum.total_us, total_us),
        (&mut sum.sql_us, sql_us),
        (&mut sum.wait_us, wait_us),
        (&mut sum.polling_us, polling_us),
        (&mut sum.poll_total_us, poll_total_us),
        (&mut sum.polls, polls),
    ] {
        *sum = sum.saturating_add(more);
    }
    sum.longest_poll_us = sum.longest_poll_us.max(longest_poll_us);
}
