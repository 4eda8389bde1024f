//! The SQL of a recording as a text that stays the same, for snapshot tests.

use std::fmt::Write as _;

use silk_core::{QueryRecord, value::render};

use super::{Recorded, violation::place};

/// What stands in a snapshot of SQL beside statements and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct SnapshotOptions {
    has_lines: bool,
    has_values: bool,
}

impl SnapshotOptions {
    /// Whether line numbers stand after the files. Default: no, as they move with every edit.
    pub const fn lines(mut self, are_wanted: bool) -> Self {
        self.has_lines = are_wanted;
        self
    }

    /// Whether each execution stands with its values (where an instrumented pool saw them; secrets
    /// are redacted). Default: no.
    pub const fn values(mut self, are_wanted: bool) -> Self {
        self.has_values = are_wanted;
        self
    }
}

impl<T> Recorded<T> {
    /// The statements in order of their first execution, with counts and places, as a text for a
    /// snapshot test:
    ///
    /// ```text
    /// 1 × SELECT id FROM message LIMIT ?
    ///     src/routes.rs list
    /// 3 × SELECT name FROM person WHERE id = ?
    ///     src/routes.rs list
    /// ```
    ///
    /// It has no times, values or line numbers, so that it changes only with the SQL. Of queries
    /// that run at the same time, which is first is chance.
    ///
    /// # Panics
    /// Where nothing could have been seen.
    #[must_use]
    #[track_caller]
    pub fn sql_snapshot(&self) -> String {
        self.sql_snapshot_with(SnapshotOptions::default())
    }

    /// As [`sql_snapshot`](Self::sql_snapshot), with more in it.
    ///
    /// # Panics
    /// Where nothing could have been seen.
    #[must_use]
    #[track_caller]
    pub fn sql_snapshot_with(&self, options: SnapshotOptions) -> String {
        self.assert_sighted();
        let record = &self.record;
        let detail = &record.detail;
        let mut parts: Vec<_> = record.statements.iter().collect();
        let site_of = |query: &QueryRecord| {
            let site = query.call_site.and_then(|site| usize::try_from(site).ok());
            site.and_then(|site| detail.call_sites.get(site))
        };
        let runs = |part: &silk_core::RequestStatement| {
            let fingerprint = part.statement.fingerprint;
            let call_site = part.call_site.clone();
            detail.queries.iter().filter(move |query| {
                let text = usize::try_from(query.text).ok();
                let text = text.and_then(|text| detail.texts.get(text));
                text.is_some_and(|text| text.statement.fingerprint == fingerprint)
                    && site_of(query) == call_site.as_ref()
            })
        };
        parts.sort_by_cached_key(|part| runs(part).next().map_or(u32::MAX, |query| query.seq));
        let mut text = String::new();
        for part in parts {
            let _ = writeln!(text, "{} × {}", part.calls, part.statement.normalized);
            if let Some(site) = &part.call_site {
                let line = if options.has_lines { site.line } else { 0 };
                let _ = writeln!(text, "    {}", place(site, line));
            }
            if !options.has_values {
                continue;
            }
            for query in runs(part) {
                let values = query.values.as_deref().unwrap_or_default();
                let kind = part.statement.database;
                let shown = values.iter().map(|value| render(value, kind));
                let shown: Vec<String> = shown.collect();
                let _ = writeln!(text, "    [{}]", shown.join(", "));
            }
        }
        text
    }
}
