//! The message of an assertion that failed: enough to mend it without looking elsewhere.

use std::{cmp::Reverse, fmt::Write as _};

use silk_core::{
    Finding, RequestStatement,
    finding::rules,
    words::{count, counted},
};

use super::{
    Recorded, debts,
    violation::{Standing, Violation, place},
};

/// Statements that are listed, those of most calls.
const MAX_STATEMENTS: usize = 20;
/// Findings that are written in full.
const MAX_FINDINGS: usize = 5;
/// Characters of a statement.
const MAX_SQL_CHARS: usize = 400;

/// A message as it is put together.
#[derive(Debug, Default)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// Begins with what was expected and what was seen.
    pub(super) fn new(headline: String) -> Self {
        Self { text: headline }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push('\n');
        self.text.push_str(line);
    }

    /// Each part on lines of its own, with a mark.
    pub(super) fn statements<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a RequestStatement>,
        mark_of: impl Fn(&RequestStatement) -> Option<String>,
    ) {
        let mut parts: Vec<_> = parts.collect();
        parts.sort_by_key(|part| Reverse(part.calls));
        let width = parts.first().map_or(1, |part| count(part.calls).len());
        self.text.push('\n');
        for part in parts.iter().take(MAX_STATEMENTS) {
            let mark = mark_of(part).map_or(String::new(), |mark| format!("  ({mark})"));
            let calls = count(part.calls);
            let sql = short(&part.statement.normalized);
            self.line(&format!("  {calls:>width$} × {sql}{mark}"));
            if let Some(site) = &part.call_site {
                let margin = " ".repeat(width + 5);
                self.line(&format!("{margin}from {}", place(site, site.line)));
            }
        }
        if let Some(more) = parts.len().checked_sub(MAX_STATEMENTS).filter(|n| *n > 0) {
            let more = u64::try_from(more).unwrap_or(u64::MAX);
            self.line(&format!("  and {} more", counted(more, "statement")));
        }
    }

    /// The one query to run in place of each repeated statement that no finding speaks of: with
    /// little data a loop is too short for one.
    pub(super) fn instead<'a, T>(
        &mut self,
        recorded: &Recorded<T>,
        parts: impl Iterator<Item = &'a RequestStatement>,
    ) {
        let mut told: Vec<_> = recorded
            .findings()
            .filter_map(|one| one.fingerprint)
            .collect();
        let mut left = MAX_FINDINGS;
        for part in parts {
            let fingerprint = part.statement.fingerprint;
            if told.contains(&fingerprint) || left == 0 {
                continue;
            }
            told.push(fingerprint);
            if let Some(one) = silk_ui::one_query(&recorded.record, fingerprint) {
                left -= 1;
                self.text.push('\n');
                self.line(&format!(
                    "One query instead of: {}",
                    short(&part.statement.normalized)
                ));
                self.one_query(&one);
            }
        }
    }

    fn one_query(&mut self, one: &silk_ui::OneQuery) {
        self.line("  Run this instead:");
        self.indented(&one.sql, 4);
        self.line("  In Rust:");
        self.indented(&one.rust, 4);
    }

    /// What the rules found, with the query to run instead.
    pub(super) fn findings<'a, T>(
        &mut self,
        recorded: &Recorded<T>,
        findings: impl Iterator<Item = &'a Finding>,
        standing: impl Fn(&Finding) -> Option<Standing>,
    ) {
        let findings: Vec<_> = findings.collect();
        for finding in findings.iter().take(MAX_FINDINGS) {
            let mark =
                standing(finding).map_or(String::new(), |known| format!("  ({})", mark(known)));
            self.text.push('\n');
            self.line(&format!("{}{mark}", finding.title));
            if let Some(site) = &finding.call_site {
                self.line(&format!("  at {}", place(site, site.line)));
            }
            if let Some(remedy) = &finding.remedy {
                self.line(&format!("  Fix: {remedy}"));
            }
            let one = finding
                .fingerprint
                .filter(|_| finding.rule == rules::REPEATED_STATEMENT);
            let one = one.and_then(|one| silk_ui::one_query(&recorded.record, one));
            if let Some(one) = one {
                self.one_query(&one);
            }
        }
        if let Some(more) = findings.len().checked_sub(MAX_FINDINGS).filter(|n| *n > 0) {
            let more = u64::try_from(more).unwrap_or(u64::MAX);
            self.line(&format!("and {} more", counted(more, "finding")));
        }
    }

    fn indented(&mut self, text: &str, by: usize) {
        for line in text.lines() {
            self.line(&format!("{:by$}{line}", ""));
        }
    }

    /// How to let it pass for now, and the message.
    pub(super) fn with_way_out<T>(mut self, recorded: &Recorded<T>) -> String {
        let context = &recorded.context;
        let _ = write!(
            self.text,
            "\n\nRecorded at {}. To let it pass for now, run the test with SILK_UPDATE=1: that writes it to {}, as \
             test \"{}\" of {}.",
            context.caller,
            shown(&context.debt_file()),
            context.test(),
            context.name.target,
        );
        self.text
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A file of the package, from its folder on.
pub(super) fn shown(file: &std::path::Path) -> String {
    let folder = super::name::package_folder();
    let short = file.strip_prefix(&folder).unwrap_or(file);
    short.display().to_string()
}

/// What is known of it, in a word.
pub(super) fn mark(standing: Standing) -> String {
    match standing {
        Standing::New => "new".to_owned(),
        Standing::Worse(allowed) => format!("worse: {} known", count(allowed)),
        Standing::Known => "known".to_owned(),
        Standing::Better(allowed) => format!("better: {} known", count(allowed)),
    }
}

/// One violation in a line, for notes about debts.
pub(super) fn line_of(violation: &Violation) -> String {
    let mut line = format!("{} {}", count(violation.number), violation.kind);
    if !violation.statement.is_empty() {
        let _ = write!(line, ": {}", short(&violation.statement));
    }
    if !violation.place.is_empty() {
        let _ = write!(line, " from {}", violation.place);
    }
    line
}

/// One debt in a line.
pub(super) fn line_of_debt(debt: &debts::Debt) -> String {
    line_of(&Violation {
        kind: debt.kind.clone(),
        statement: debt.statement.clone(),
        place: debt.place.clone(),
        number: debt.allowed,
    })
}

fn short(sql: &str) -> String {
    match sql.char_indices().nth(MAX_SQL_CHARS) {
        Some((at, _)) => format!("{}…", &sql[..at]),
        None => sql.to_owned(),
    }
}
