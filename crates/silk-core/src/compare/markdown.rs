//! A comparison as Markdown, for a pull request or an agent.

use std::fmt::Write as _;

use super::{
    Change, Comparison, FindingDifference, Side, SideStatement, StatementDifference,
    words::{average, change_of_count, change_of_time},
};
use crate::words::{bytes, count, counted, duration, markdown_code};

/// Foreign text in a cell of a table.
fn cell(text: &str, max_chars: usize) -> String {
    markdown_code(text, max_chars).replace('|', "\\|")
}

/// What the two sides are called.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Of A: `GET /api/messages/list_some`.
    pub a: &'a str,
    /// Of B.
    pub b: &'a str,
}

/// Statements in a table.
const MAX_STATEMENTS: usize = 30;
/// Findings in a list.
const MAX_FINDINGS: usize = 20;
/// Characters of a statement.
const MAX_SQL: usize = 240;

impl Comparison<'_> {
    /// The comparison as Markdown (GitHub's). It holds normalised SQL, names of routes and lines of
    /// code, and no value.
    #[must_use]
    pub fn markdown(&self, names: Names<'_>) -> String {
        let mut out = format!("**{}**\n\n", self.verdict());
        self.figures(&mut out, names);
        self.statement_table(&mut out);
        let gone = |one: &&FindingDifference<'_>| one.b.is_none();
        let new = |one: &&FindingDifference<'_>| one.a.is_none();
        finding_list(&mut out, "Findings gone", self.findings.iter().filter(gone));
        finding_list(&mut out, "Findings new", self.findings.iter().filter(new));
        out
    }

    fn figures(&self, out: &mut String, names: Names<'_>) {
        let (a, b) = (self.a, self.b);
        out.push_str("| | A | B | change |\n|---|--:|--:|--:|\n");
        let mut row = |name: &str, a: String, b: String, change: String| {
            let _ = writeln!(out, "| {name} | {a} | {b} | {change} |");
        };
        row(
            "",
            cell(names.a, MAX_SQL),
            cell(names.b, MAX_SQL),
            String::new(),
        );
        if a.requests != 1 || b.requests != 1 {
            row(
                "requests",
                count(a.requests),
                count(b.requests),
                String::new(),
            );
            let percentile = |side: &Side, p: f64| side.durations.percentile(p);
            for (name, p) in [("median", 50.0), ("p95", 95.0)] {
                let (a, b) = (percentile(a, p), percentile(b, p));
                row(name, duration(a), duration(b), change_of_time(a, b));
            }
        }
        row(
            "queries per request",
            average(a.query_count, a.requests),
            average(b.query_count, b.requests),
            if a.requests == b.requests {
                change_of_count(
                    a.query_count / a.requests.max(1),
                    b.query_count / b.requests.max(1),
                )
            } else {
                String::new()
            },
        );
        let mean = |side: &Side, us: u64| us / side.requests.max(1);
        let times = |side: &Side| {
            let times = &side.times;
            [
                ("total", times.total_us),
                ("SQL", times.sql_us),
                ("waiting for a connection", times.wait_us),
                ("running your code", times.polling_us),
                ("other", times.other_us()),
            ]
            .map(|(name, us)| (name, mean(side, us)))
        };
        for ((name, a), (_, b)) in times(a).into_iter().zip(times(b)) {
            if a > 0 || b > 0 {
                row(name, duration(a), duration(b), change_of_time(a, b));
            }
        }
        for (name, a, b) in [
            ("request body", a.request_bytes, b.request_bytes),
            ("response body", a.response_bytes, b.response_bytes),
        ] {
            let of = |sum: Option<u64>, side: &Side| {
                sum.map_or_else(|| "–".to_owned(), |sum| bytes(sum / side.read.max(1)))
            };
            if a.is_some() || b.is_some() {
                row(name, of(a, self.a), of(b, self.b), String::new());
            }
        }
    }

    fn statement_table(&self, out: &mut String) {
        let changed: Vec<_> = (self.statements.iter())
            .filter(|one| one.change != Change::Unchanged)
            .collect();
        let same = self.statements.len() - changed.len();
        if !changed.is_empty() {
            out.push_str(
                "\n| statement | | calls A | calls B | time A | time B | from |\n|---|---|--:|--:|--:|--:|---|\n",
            );
        }
        for one in changed.iter().take(MAX_STATEMENTS) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                cell(&one.statement.normalized, MAX_SQL),
                one.change.label(),
                calls(one.a, self.a),
                calls(one.b, self.b),
                time(one.a, self.a),
                time(one.b, self.b),
                place(one)
            );
        }
        let more = changed.len().saturating_sub(MAX_STATEMENTS);
        let mut notes = Vec::new();
        if more > 0 {
            let more = u64::try_from(more).unwrap_or(u64::MAX);
            notes.push(format!(
                "{} more with less difference",
                counted(more, "statement")
            ));
        }
        if same > 0 {
            let same = u64::try_from(same).unwrap_or(u64::MAX);
            notes.push(format!("{} unchanged", counted(same, "statement")));
        }
        if !notes.is_empty() {
            let _ = writeln!(out, "\n{}.", notes.join(", "));
        }
    }
}

fn calls(part: Option<&SideStatement>, side: &Side) -> String {
    part.map_or_else(|| "–".to_owned(), |part| average(part.calls, side.read))
}

fn time(part: Option<&SideStatement>, side: &Side) -> String {
    part.map_or_else(
        || "–".to_owned(),
        |part| duration(part.total_us / side.read.max(1)),
    )
}

/// The line that runs it now, else the one that did.
fn place(one: &StatementDifference<'_>) -> String {
    let line = |part: Option<&SideStatement>| Some(part?.lines.first()?.call_site.to_string());
    line(one.b)
        .or_else(|| line(one.a))
        .map_or_else(|| "–".to_owned(), |line| cell(&line, 120))
}

fn finding_list<'a, 'b: 'a>(
    out: &mut String,
    title: &str,
    findings: impl Iterator<Item = &'a FindingDifference<'b>>,
) {
    let lines: Vec<String> = findings
        .filter_map(|one| one.a.or(one.b))
        .map(|finding| {
            // The title may name a value; rule and line do not.
            let label = crate::finding::rules::rule(&finding.rule).map(|rule| rule.label);
            let name = label.map_or_else(|| markdown_code(&finding.rule, 60), str::to_owned);
            let place = finding.call_site.as_ref().map_or_else(String::new, |site| {
                format!(" at {}", markdown_code(&site.to_string(), 120))
            });
            let lost = (finding.lost_us.filter(|us| *us > 0))
                .map_or_else(String::new, |us| format!(" ({})", duration(us)));
            format!("- {name}{place}{lost}")
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "\n{title}:\n\n");
    for line in lines.iter().take(MAX_FINDINGS) {
        let _ = writeln!(out, "{line}");
    }
    if lines.len() > MAX_FINDINGS {
        let _ = writeln!(out, "- {} more", lines.len() - MAX_FINDINGS);
    }
}
