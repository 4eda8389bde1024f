//! `silk request`: one request, whole.

use std::fmt::Write as _;

use serde::Deserialize;
use silk_core::{
    CallSite, RequestTimes,
    words::{count, counted, duration},
};

use super::{ids, requests};
use crate::{
    api::{Answer, Api, Query, RequestRow, segment},
    screen::{BAD, FAINT, STRONG, Screen, WARN},
    show::{Cell, Column, Table, cut, one_line, safe, site},
    trouble::Result,
};

/// Queries that a table lists.
const MAX_QUERIES: usize = 500;

#[derive(Debug, Deserialize)]
struct Whole {
    request: Head,
    #[serde(default)]
    queries: Vec<SingleQuery>,
    #[serde(default)]
    queries_not_kept: u64,
    #[serde(default)]
    statements: Vec<Statement>,
    verdict: Verdict,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Head {
    #[serde(flatten)]
    row: RequestRow,
    times: RequestTimes,
    other_us: u64,
    #[serde(default)]
    query_errors: u64,
    query_string: Option<String>,
    error: Option<String>,
    trace_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SingleQuery {
    seq: u32,
    sql: String,
    started_us: u64,
    duration_us: u64,
    rows_returned: u64,
    outcome: String,
    values: Option<Vec<Value>>,
    call_site: Option<CallSite>,
    plan: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Value {
    text: Option<String>,
    #[serde(default)]
    redacted: bool,
}

#[derive(Debug, Deserialize)]
struct Statement {
    fingerprint: String,
    normalized: String,
    call_site: Option<CallSite>,
    calls: u64,
    errors: u64,
    total_us: u64,
    max_us: u64,
    rows: u64,
}

#[derive(Debug, Deserialize)]
struct Verdict {
    sentence: String,
    remedy: Option<String>,
}

/// A finding, of a request or of a statement.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    pub(super) rule: String,
    severity: String,
    title: String,
    evidence: String,
    #[serde(default)]
    call_site: Option<CallSite>,
    remedy: Option<String>,
    sql: Option<String>,
    sql_is: Option<String>,
    is_verified: Option<bool>,
    lost_us: Option<u64>,
    #[serde(default)]
    is_at_most: bool,
}

/// The answer about one request.
pub(crate) async fn answer(api: &Api, id: &str) -> Result<Answer> {
    api.get(&format!("api/requests/{}", segment(id)), &Query::new())
        .await
}

/// Prints one request.
pub(crate) async fn show(api: &Api, screen: Screen, id: &str, with_queries: bool) -> Result<()> {
    let id = ids::whole(api, id).await?;
    print(screen, &answer(api, &id).await?, with_queries)
}

/// Prints what the API says of a request.
pub(crate) fn print(screen: Screen, answer: &Answer, with_queries: bool) -> Result<()> {
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let whole: Whole = answer.read()?;
    let mut out = head(&whole);
    if !whole.findings.is_empty() {
        let _ = writeln!(out, "\n{STRONG}FINDINGS{STRONG:#}");
        for one in &whole.findings {
            out.push_str(&finding(one));
        }
    }
    if !whole.statements.is_empty() {
        let _ = write!(
            out,
            "\n{STRONG}STATEMENTS{STRONG:#}\n{}",
            statements(&whole.statements).draw(screen.width)
        );
    }
    if with_queries && !whole.queries.is_empty() {
        let _ = write!(
            out,
            "\n{STRONG}QUERIES{STRONG:#}\n{}",
            queries(&whole.queries).draw(screen.width)
        );
        let more = u64::try_from(whole.queries.len().saturating_sub(MAX_QUERIES)).unwrap_or(0)
            + whole.queries_not_kept;
        if more > 0 {
            let _ = writeln!(out, "{FAINT}{} more{FAINT:#}", counted(more, "query"));
        }
    }
    screen.text(&out)?;
    if !with_queries && !whole.queries.is_empty() {
        screen.note("--queries lists the single queries with their values");
    }
    Ok(())
}

fn head(whole: &Whole) -> String {
    let Head {
        row,
        times,
        other_us,
        query_errors,
        query_string,
        error,
        trace_id,
    } = &whole.request;
    let mut out = String::new();
    let name = one_line(&format!("{} {}", row.method, row.route));
    let _ = writeln!(
        out,
        "{STRONG}{name}{STRONG:#}  {}  {}",
        requests::status(row).draw(),
        duration(row.duration_us)
    );
    let query = query_string.as_deref().unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{FAINT}{name:<9}{FAINT:#}{value}");
    };
    line("id", &row.id);
    line("path", &one_line(&format!("{}{mark}{query}", row.path)));
    line(
        "started",
        &row.started_at
            .format("%Y-%m-%d %H:%M:%S%.3f UTC")
            .to_string(),
    );
    let failed = match query_errors {
        0 => String::new(),
        n => format!(", {} failed", count(*n)),
    };
    line(
        "time",
        &format!(
            "{} in SQL ({}{failed}), {} waiting for a connection, {} running your code, {} other",
            duration(times.sql_us),
            counted(row.query_count, "query"),
            duration(times.wait_us),
            duration(times.polling_us),
            duration(*other_us),
        ),
    );
    if let Some(trace_id) = trace_id {
        line("trace", &one_line(trace_id));
    }
    if let Some(error) = error {
        line("error", &format!("{BAD}{}{BAD:#}", one_line(error)));
    }
    line("verdict", &one_line(&whole.verdict.sentence));
    if let Some(remedy) = &whole.verdict.remedy {
        line("fix", &one_line(remedy));
    }
    out
}

/// A finding as a paragraph.
pub(super) fn finding(finding: &Finding) -> String {
    let style = match &*finding.severity {
        "critical" => BAD,
        "warning" => WARN,
        _ => FAINT,
    };
    let mut out = String::new();
    let lost = match finding.lost_us {
        Some(us) if finding.is_at_most => format!(" (up to {})", duration(us)),
        Some(us) => format!(" ({})", duration(us)),
        None => String::new(),
    };
    let _ = writeln!(
        out,
        "{style}{}{style:#} {}: {}{lost}",
        one_line(&finding.severity),
        one_line(&finding.rule),
        one_line(&finding.title)
    );
    let mut line = |text: &str| {
        let _ = writeln!(out, "  {text}");
    };
    line(&one_line(&finding.evidence));
    if let Some(place) = &finding.call_site {
        line(&format!("at {}", site(Some(place))));
    }
    if let Some(remedy) = &finding.remedy {
        line(&format!("fix: {}", one_line(remedy)));
    }
    if let Some(sql) = &finding.sql {
        let about = match (finding.sql_is.as_deref(), finding.is_verified) {
            (Some("index"), Some(true)) => "index, proved with the database's planner:",
            (Some("index"), _) => "index, not proved:",
            _ => "query to run instead:",
        };
        line(about);
        for part in safe(sql).lines() {
            line(&format!("  {part}"));
        }
    }
    out
}

fn statements(statements: &[Statement]) -> Table {
    let mut table = Table::new(&[
        Column::words("FINGERPRINT"),
        Column::number("CALLS"),
        Column::number("TIME"),
        Column::number("LONGEST"),
        Column::number("ROWS"),
        Column::long("LINE"),
        Column::long("SQL"),
    ]);
    for statement in statements {
        let calls = match statement.errors {
            0 => Cell::new(count(statement.calls)),
            n => Cell::styled(format!("{} ({n} failed)", count(statement.calls)), BAD),
        };
        table.row(vec![
            (&statement.fingerprint).into(),
            calls,
            duration(statement.total_us).into(),
            duration(statement.max_us).into(),
            count(statement.rows).into(),
            site(statement.call_site.as_ref()).into(),
            (&statement.normalized).into(),
        ]);
    }
    table
}

fn queries(queries: &[SingleQuery]) -> Table {
    let mut table = Table::new(&[
        Column::number("SEQ"),
        Column::number("START"),
        Column::number("TIME"),
        Column::number("ROWS"),
        Column::long("LINE"),
        Column::long("VALUES"),
        Column::long("SQL"),
        Column::long("PLAN"),
    ]);
    for query in queries.iter().take(MAX_QUERIES) {
        let time = if query.outcome == "completed" {
            Cell::new(duration(query.duration_us))
        } else {
            Cell::styled(
                format!("{} {}", duration(query.duration_us), query.outcome),
                BAD,
            )
        };
        table.row(vec![
            query.seq.to_string().into(),
            duration(query.started_us).into(),
            time,
            count(query.rows_returned).into(),
            site(query.call_site.as_ref()).into(),
            values(query.values.as_deref()).into(),
            (&query.sql).into(),
            query.plan.as_deref().unwrap_or("–").into(),
        ]);
    }
    table
}

/// Values in their order: `1, 'a', redacted, NULL`.
fn values(values: Option<&[Value]>) -> String {
    let Some(values) = values else {
        return "not captured".to_owned();
    };
    let texts: Vec<String> = values
        .iter()
        .map(|value| match &value.text {
            Some(text) => cut(&one_line(text), 40),
            None if value.redacted => "redacted".to_owned(),
            None => "NULL or not known".to_owned(),
        })
        .collect();
    if texts.is_empty() {
        "–".to_owned()
    } else {
        texts.join(", ")
    }
}
