//! A request as Markdown, for a pull request, an issue or an agent. Values stay out unless asked for.

use std::fmt::Write as _;

use silk_core::{
    QueryRecord, RequestRecord, Severity,
    compare::{Side, SideStatement},
    finding::rules,
    words::{bytes, count, counted, duration, markdown_code},
};

use crate::{
    draw::{
        listed,
        names::{request_name, rule_name, status_of},
        svg,
    },
    findings::{Offer, RequestFinding, Source, Verdict, VerdictKind},
};

/// Statements in the table.
const MAX_STATEMENTS: usize = 30;
/// Characters of a statement, and of an error.
const MAX_SQL: usize = 240;
/// Characters of what a finding says.
const MAX_WORDS: usize = 600;
/// Values of a query that are written.
const MAX_VALUES: usize = 8;

/// Writes a request. Without `values` it holds normalised SQL, names, lines and figures, and nothing
/// that a user sent or a row held.
pub(crate) fn request(
    record: &RequestRecord,
    verdict: &Verdict,
    findings: &[RequestFinding],
    values: bool,
) -> String {
    let summary = &record.summary;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "**{}**\n",
        first_line(record, verdict, findings, values)
    );
    let path = if values {
        &summary.path
    } else {
        &summary.route
    };
    let mut name = request_name(summary.kind, &summary.method, path);
    if let Some(query) = record.detail.query_string.as_deref().filter(|_| values) {
        let _ = write!(name, "?{query}");
    }
    let _ = writeln!(
        out,
        "{} {}, {}, {}.\n",
        markdown_code(&name, MAX_SQL),
        status_of(summary).0,
        summary.started_at.format("%Y-%m-%d %H:%M:%S UTC"),
        times(record)
    );
    for finding in findings {
        write_finding(&mut out, record, finding, values);
    }
    statements(&mut out, record, values);
    out
}

/// One finding, for an issue.
pub(crate) fn finding(record: &RequestRecord, finding: &RequestFinding, values: bool) -> String {
    let mut out = String::new();
    write_finding(&mut out, record, finding, values);
    let name = request_name(
        record.summary.kind,
        &record.summary.method,
        &record.summary.route,
    );
    let _ = writeln!(
        out,
        "In {} of {}, {}.",
        markdown_code(&name, MAX_SQL),
        record.summary.started_at.format("%Y-%m-%d %H:%M:%S UTC"),
        times(record)
    );
    out
}

/// The verdict; what an error says stays out where values do.
fn first_line(
    record: &RequestRecord,
    verdict: &Verdict,
    findings: &[RequestFinding],
    values: bool,
) -> String {
    let told = verdict.kind.finding().and_then(|at| findings.get(at));
    let is_safe = match verdict.kind {
        VerdictKind::Failure(_) => false,
        _ => told.is_none_or(is_free_of_values),
    };
    if values || is_safe {
        return sentence(&verdict.sentence);
    }
    if let (VerdictKind::Finding(_), Some(finding)) = (verdict.kind, told) {
        let lost = (finding.lost_us.filter(|us| *us > 0))
            .map_or_else(String::new, |us| format!("{}: ", duration(us)));
        return format!("{lost}{}.", rule_name(&finding.rule));
    }
    let code = (record.detail.queries.iter())
        .find_map(|query| query.error.as_ref()?.code.as_deref())
        .map_or_else(String::new, |code| {
            format!(", SQLSTATE {}", markdown_code(code, 20))
        });
    format!("Failed with {}{code}.", status_of(&record.summary).0)
}

/// Rules whose sentences are made of names, lines and figures. Those of others may quote an error, a
/// text or a condition with a value in it.
const FREE_OF_VALUES: [&str; 9] = [
    rules::REPEATED_STATEMENT,
    "same_query",
    "serial_queries",
    "slow_query",
    "small_writes",
    "rows_unread",
    "abandoned_query",
    "blocked_executor",
    "idle_in_transaction",
];

fn is_free_of_values(finding: &RequestFinding) -> bool {
    finding.source == Source::Request
        && !finding.is_failure
        && FREE_OF_VALUES.contains(&&*finding.rule)
}

/// Words of ours with foreign names in them, on one line and without what Markdown would read.
fn sentence(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    for word in words.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            if matches!(
                c,
                '`' | '*' | '_' | '[' | ']' | '<' | '>' | '\\' | '|' | '#' | '~'
            ) {
                out.push('\\');
            }
            if c.is_control() || silk_core::words::is_invisible(c) {
                let _ = write!(out, "‹U+{:04X}›", u32::from(c));
            } else {
                out.push(c);
                // No mention of somebody.
                if c == '@' {
                    out.push('\u{2060}');
                }
            }
        }
    }
    crate::draw::format::one_line(&out, MAX_WORDS)
}

fn times(record: &RequestRecord) -> String {
    let summary = &record.summary;
    let parts: Vec<String> = (svg::kinds(&summary.times).into_iter())
        .filter(|kind| kind.us > 0)
        .map(|kind| match kind.class {
            "sql" => format!(
                "{} SQL ({})",
                duration(kind.us),
                counted(summary.query_count, "query")
            ),
            _ => format!("{} {}", duration(kind.us), kind.name),
        })
        .collect();
    let mut text = format!("{} in total", duration(summary.times.total_us));
    if !parts.is_empty() {
        let _ = write!(text, ": {}", listed(&parts));
    }
    if let Some(body) = &record.detail.response_body {
        let _ = write!(text, "; response body {}", bytes(body.total_bytes));
    }
    text
}

fn write_finding(out: &mut String, record: &RequestRecord, finding: &RequestFinding, values: bool) {
    let mark = match finding.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let lost = (finding.lost_us.filter(|us| *us > 0)).map_or_else(String::new, |us| {
        let up_to = if finding.is_at_most { "up to " } else { "" };
        format!(", {up_to}{}", duration(us))
    });
    let place = finding.call_site.as_ref().map_or_else(String::new, |site| {
        format!(", at {}", markdown_code(&site.to_string(), 120))
    });
    let _ = write!(
        out,
        "- **{}** ({mark}{lost}{place})",
        sentence(&rule_name(&finding.rule))
    );
    let is_told = values || is_free_of_values(finding);
    if is_told {
        let _ = write!(out, ": {}", sentence(&finding.title));
        if !finding.evidence.is_empty() {
            let _ = write!(out, " {}", sentence(&finding.evidence));
        }
    }
    if let Some(remedy) = finding.remedy.as_deref().filter(|_| is_told) {
        let _ = write!(out, " Fix: {}", sentence(remedy));
    }
    out.push('\n');
    let sql = match &finding.offer {
        Some(Offer::Index { sql, .. }) => Some(sql),
        Some(Offer::Query { sql, .. }) => Some(sql),
        Some(Offer::Asked) | None => None,
    };
    // What is offered is made of the text of the query, with the literals in it.
    if let Some(sql) = sql.filter(|_| values || !has_literals(record, finding)) {
        fenced(out, sql);
    }
    out.push('\n');
}

fn has_literals(record: &RequestRecord, finding: &RequestFinding) -> bool {
    (record.detail.texts.iter())
        .filter(|text| Some(text.statement.fingerprint) == finding.fingerprint)
        .any(|text| text.has_literals)
}

/// SQL as a block within an item of a list.
fn fenced(out: &mut String, sql: &str) {
    let longest = (sql.split(|c| c != '`').map(str::len).max()).unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "  {fence}sql");
    for line in sql.lines() {
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "  {fence}");
}

fn statements(out: &mut String, record: &RequestRecord, values: bool) {
    let mut side = Side::of_request(record);
    if side.statements.is_empty() {
        return;
    }
    (side.statements).sort_by_key(|part| std::cmp::Reverse(part.total_us));
    out.push_str(
        "| statement | calls | time | longest | rows | from |\n|---|--:|--:|--:|--:|---|\n",
    );
    for part in side.statements.iter().take(MAX_STATEMENTS) {
        let place = part.lines.first().map_or_else(
            || "–".to_owned(),
            |line| cell(&line.call_site.to_string(), 120),
        );
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {place} |",
            cell(&part.statement.normalized, MAX_SQL),
            count(part.calls),
            duration(part.total_us),
            duration(part.max_us),
            count(part.rows),
        );
    }
    let more = side.statements.len().saturating_sub(MAX_STATEMENTS);
    if more > 0 {
        let _ = writeln!(
            out,
            "\n{} more with less time.",
            crate::draw::counted(more, "statement")
        );
    }
    if values {
        slowest(out, record, &side.statements);
    }
}

/// The slowest execution of each statement, with its values.
fn slowest(out: &mut String, record: &RequestRecord, statements: &[SideStatement]) {
    out.push_str("\nSlowest execution of each statement:\n\n");
    for part in statements.iter().take(MAX_STATEMENTS) {
        let queries = crate::findings::executions(record, part.statement.fingerprint);
        let Some(query) = queries.iter().max_by_key(|query| query.duration_us) else {
            continue;
        };
        let _ = writeln!(
            out,
            "- query {}, {}: {}{}",
            query.seq,
            duration(query.duration_us),
            markdown_code(text_of(record, query), MAX_SQL),
            values_of(record, query)
        );
    }
}

fn text_of<'a>(record: &'a RequestRecord, query: &QueryRecord) -> &'a str {
    usize::try_from(query.text)
        .ok()
        .and_then(|at| record.detail.texts.get(at))
        .map_or("", |text| &text.text)
}

fn values_of(record: &RequestRecord, query: &QueryRecord) -> String {
    let kind = usize::try_from(query.text)
        .ok()
        .and_then(|at| record.detail.texts.get(at))
        .map_or(silk_core::DatabaseKind::Unknown, |text| text.database.kind);
    let Some(values) = query.values.as_deref().filter(|values| !values.is_empty()) else {
        return String::new();
    };
    let mut shown: Vec<String> = (values.iter().take(MAX_VALUES))
        .map(|value| markdown_code(&silk_core::value::render(value, kind), 80))
        .collect();
    if values.len() > MAX_VALUES {
        shown.push("…".to_owned());
    }
    format!(" with {}", shown.join(", "))
}

/// Foreign text in a cell of a table.
fn cell(text: &str, max_chars: usize) -> String {
    markdown_code(text, max_chars).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn words_with_foreign_names_stay_words() {
        assert_eq!(
            sentence("The query on my_table ran\n 100 times, <b> [x](y) `z` |"),
            "The query on my\\_table ran 100 times, \\<b\\> \\[x\\](y) \\`z\\` \\|"
        );
        assert_eq!(
            sentence("@all \u{202e}evil\0"),
            "@\u{2060}all ‹U+202E›evil‹U+0000›"
        );
    }
}
