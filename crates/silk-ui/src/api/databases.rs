//! `api/databases`: how the app's databases fare.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use silk_core::explain::{CheckStatus, DatabaseCheck, DatabaseReport};

use super::requests::DatabaseJson;
use crate::{
    context::Here,
    error::Failure,
    held::reports::{self, Answer},
};

#[derive(Debug, Serialize)]
struct ReportsJson<'a> {
    items: Vec<ReportJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    database: DatabaseJson<'a>,
    server: &'a str,
    checked_at: DateTime<Utc>,
    error: Option<&'a str>,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Debug, Serialize)]
struct CheckJson<'a> {
    code: &'static str,
    title: &'static str,
    status: &'static str,
    summary: &'a str,
    columns: Vec<&'static str>,
    rows: &'a [Vec<String>],
    action: Option<&'a str>,
    caveat: Option<&'a str>,
}

fn report(report: &DatabaseReport) -> ReportJson<'_> {
    ReportJson {
        database: DatabaseJson {
            kind: report.database.kind.as_str(),
            name: &report.database.name,
        },
        server: &report.server,
        checked_at: report.checked_at,
        error: report.error.as_deref(),
        checks: report.checks.iter().map(check).collect(),
    }
}

fn check(check: &DatabaseCheck) -> CheckJson<'_> {
    CheckJson {
        code: check.code,
        title: check.title,
        status: match check.status {
            CheckStatus::Problem => "problem",
            CheckStatus::Warning => "warning",
            CheckStatus::Good => "good",
            CheckStatus::Unavailable => "unavailable",
        },
        summary: &check.summary,
        columns: check.columns.iter().map(|column| column.name).collect(),
        rows: &check.rows,
        action: check.action.as_deref(),
        caveat: check.caveat.as_deref(),
    }
}

/// `GET api/databases`
pub(crate) async fn list(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let Answer::Reports(reports) = here.app.reports(reports::TIMEOUT).await else {
        return Err(Failure::unprocessable(
            "database_timeout",
            "The databases did not answer within 15 seconds.",
        ));
    };
    let json = ReportsJson {
        items: reports.iter().map(report).collect(),
    };
    Ok(Json(json).into_response())
}
