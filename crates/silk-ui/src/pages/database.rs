//! How the app's databases fare: indexes, tables, statistics, settings.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, header};
use silk_core::{
    Database, DatabaseKind,
    explain::{CheckStatus, DatabaseCheck, DatabaseReport},
};

use crate::{
    context::Here,
    draw::format::{self, Markup, cut, one_line},
    draw::instruction::{Instruction, instruction},
    error::Failure,
    held::reports::{self, Answer, PAGE_PATIENCE},
    params::Params,
    parts::frame::{Frame, render},
};

#[derive(Template)]
#[template(path = "pages/database.html")]
struct DatabasePage {
    frame: Frame,
    reports: Vec<ReportView>,
    is_late: bool,
    /// What is waited for, and since when.
    waiting: Option<String>,
}

struct ReportView {
    id: String,
    name: String,
    server: String,
    at: Markup,
    error: Option<String>,
    checks: Vec<CheckView>,
    /// `2 to fix · 1 to check · 6 good`.
    sum: String,
}

/// A check that was made.
struct CheckView {
    title: String,
    status: &'static str,
    class: &'static str,
    summary: String,
    columns: Vec<(&'static str, bool)>,
    rows: Vec<Vec<CellView>>,
    more: usize,
    action: Option<Instruction>,
    caveat: Option<String>,
    is_open: bool,
}

struct CellView {
    text: String,
    /// The statements that use the table which the cell names.
    href: Option<String>,
    is_number: bool,
    is_first: bool,
    label: &'static str,
}

/// The head of columns that name a table.
const TABLE: &str = "table";
/// Rows of a check's details.
const MAX_ROWS: usize = 25;

/// `GET /database`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let answer = here.app.reports(PAGE_PATIENCE).await;
    let reports = match &answer {
        Answer::Reports(reports) => reports.as_slice(),
        Answer::Waiting(_) | Answer::Late => &[],
    };
    let waiting = match answer {
        Answer::Waiting(since) => Some(waiting(&here.app.explain.databases(), since)),
        Answer::Reports(_) | Answer::Late => None,
    };
    let is_waiting = waiting.is_some();
    let mut response = render(&DatabasePage {
        frame: Frame::new(&here, "database", "Database"),
        is_late: matches!(answer, Answer::Late),
        waiting,
        reports: reports
            .iter()
            .take(12)
            .enumerate()
            .map(|(at, report)| view(&here.base, at, report))
            .collect(),
    })?;
    if is_waiting {
        // Without script too.
        let again = HeaderValue::from_static("2");
        response.headers_mut().insert(header::REFRESH, again);
    }
    Ok(response)
}

/// `Waiting for PostgreSQL app: asked 3 s ago.`
fn waiting(databases: &[Database], since: Duration) -> String {
    let names: Vec<String> = databases
        .iter()
        .take(12)
        .map(|database| name_of(database).trim().to_owned())
        .collect();
    let names = if names.is_empty() {
        "the databases".to_owned()
    } else {
        names.join(" and ")
    };
    format!(
        "Waiting for {names} to answer: asked {} s ago. A database that is busy, stopped or cut \
         off does not answer; Silk stops waiting after {} s.",
        since.as_secs(),
        reports::TIMEOUT.as_secs()
    )
}

/// Kind and name, if known.
fn name_of(database: &Database) -> String {
    let kind = match database.kind {
        DatabaseKind::Postgres => "PostgreSQL",
        DatabaseKind::MySql => "MariaDB or MySQL",
        DatabaseKind::Sqlite => "SQLite",
        DatabaseKind::Unknown => "a database",
    };
    format!("{kind} {}", one_line(&database.name, 80))
}

fn view(base: &str, at: usize, report: &DatabaseReport) -> ReportView {
    let statements = |table: &str| statements_of(base, report.database.kind, table);
    let count = |status: CheckStatus| {
        report
            .checks
            .iter()
            .filter(|check| check.status == status)
            .count()
    };
    let sum = [
        (CheckStatus::Problem, "to fix"),
        (CheckStatus::Warning, "to check"),
        (CheckStatus::Good, "good"),
        (CheckStatus::Unavailable, "unknown"),
    ]
    .into_iter()
    .map(|(status, words)| (count(status), words))
    .filter(|(n, _)| *n > 0)
    .map(|(n, words)| format!("{n} {words}"))
    .collect::<Vec<_>>()
    .join(" · ");
    ReportView {
        id: format!("database{at}"),
        name: if report.database.name.is_empty() {
            report.database.kind.to_string()
        } else {
            one_line(&report.database.name, 80)
        },
        server: one_line(&report.server, 120),
        at: format::ago(report.checked_at),
        error: report.error.as_deref().map(|error| cut(error, 600)),
        checks: report
            .checks
            .iter()
            .take(40)
            .map(|one| check(one, &statements))
            .collect(),
        sum,
    }
}

/// The list of statements that use a table, most total time first.
fn statements_of(base: &str, kind: DatabaseKind, table: &str) -> String {
    let query = Params::default().with(&[
        ("table", Some(table.trim_matches(['"', '`']))),
        ("database", Some(kind.as_str())),
    ]);
    format!("{base}/statements{query}")
}

fn check(check: &DatabaseCheck, statements: &impl Fn(&str) -> String) -> CheckView {
    let (status, class) = match check.status {
        CheckStatus::Problem => ("fix", "bad"),
        CheckStatus::Warning => ("check", "warn"),
        CheckStatus::Good => ("good", "good"),
        CheckStatus::Unavailable => ("unknown", "off"),
    };
    CheckView {
        title: check.title.to_owned(),
        status,
        class,
        summary: cut(&check.summary, 600),
        columns: check
            .columns
            .iter()
            .map(|column| (column.name, column.is_number))
            .collect(),
        rows: check
            .rows
            .iter()
            .take(MAX_ROWS)
            .map(|row| {
                row.iter()
                    .take(check.columns.len())
                    .enumerate()
                    .map(|(at, text)| CellView {
                        text: cut(text, 240),
                        href: (check.columns[at].name == TABLE && !text.is_empty())
                            .then(|| statements(text)),
                        is_number: check.columns[at].is_number,
                        is_first: at == 0,
                        label: check.columns[at].name,
                    })
                    .collect()
            })
            .collect(),
        more: check.rows.len().saturating_sub(MAX_ROWS),
        action: check.action.as_deref().map(|text| instruction(text, 1_000)),
        caveat: check.caveat.as_deref().map(|caveat| cut(caveat, 600)),
        is_open: matches!(check.status, CheckStatus::Problem | CheckStatus::Warning),
    }
}
