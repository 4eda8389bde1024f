//! `silk prove`: whether the query that a finding offers gives the same rows.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::json;
use silk_core::words::{bytes, count, duration};

use super::{ids, request};
use crate::{
    api::{Answer, Api},
    screen::{BAD, FAINT, GOOD, STRONG, Screen, WARN},
    show::{Cell, Column, Table, one_line},
    trouble::{Result, Trouble},
};

#[derive(Debug, Deserialize)]
struct Proof {
    verdict: String,
    summary: String,
    #[serde(default)]
    notes: Vec<String>,
    rows: Option<Rows>,
    recorded: Recorded,
    before: Side,
    after: Side,
}

#[derive(Debug, Deserialize)]
struct Rows {
    #[serde(default)]
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    value: String,
    kind: String,
    rows_before: u64,
    rows_after: u64,
    #[serde(default)]
    columns: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Deserialize)]
struct Side {
    sql: String,
    queries: u64,
    rows: u64,
    bytes: u64,
    took_us: u64,
    pages_per_query: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Findings {
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    sql_is: Option<String>,
    fingerprint: Option<String>,
}

/// Has the app prove what is offered in place of a statement: of the first finding that offers
/// something, unless it is named.
pub(crate) async fn answer(
    api: &Api,
    id: &str,
    statement: Option<&str>,
    confirmed: bool,
) -> Result<Answer> {
    let id = ids::whole(api, id).await?;
    let statement = match statement {
        Some(statement) => statement.to_owned(),
        None => offered(api, &id).await?,
    };
    let body = json!({ "request": id, "statement": statement, "confirmed": confirmed });
    api.post("api/prove", &body).await.map_err(|trouble| {
        if trouble.kind.as_deref() == Some("needs_confirmation") {
            trouble.with_hint("--confirmed runs it as a superuser")
        } else {
            trouble
        }
    })
}

async fn offered(api: &Api, id: &str) -> Result<String> {
    let found: Findings = request::answer(api, id).await?.read()?;
    let offers =
        (found.findings.into_iter()).filter(|finding| finding.sql_is.as_deref() == Some("query"));
    (offers.filter_map(|finding| finding.fingerprint).next()).ok_or_else(|| {
        Trouble::new("No finding of this request offers a query.")
            .with_hint("`silk requests --finding repeated_statement` lists those with an N+1")
    })
}

/// Proves, and prints what came of it.
///
/// # Errors
/// Exit code 1 where the rows are not the same, or that is not known.
pub(crate) async fn run(
    api: &Api,
    screen: Screen,
    id: &str,
    statement: Option<&str>,
    confirmed: bool,
) -> Result<()> {
    let answer = answer(api, id, statement, confirmed).await?;
    let proof: Proof = answer.read()?;
    if screen.is_json {
        screen.bytes(&answer.body)?;
    } else {
        screen.text(&text(&proof, screen.width))?;
    }
    match &*proof.verdict {
        "equal" | "reordered" => Ok(()),
        _ => Err(Trouble::no(one_line(&proof.summary))),
    }
}

fn text(proof: &Proof, width: Option<usize>) -> String {
    let style = match &*proof.verdict {
        "equal" => GOOD,
        "different" => BAD,
        _ => WARN,
    };
    let mut out = format!("{style}{}{style:#}\n", one_line(&proof.summary));
    for note in &proof.notes {
        let _ = writeln!(out, "{}", one_line(note));
    }
    let mut sides = Table::new(&[
        Column::words("SIDE"),
        Column::number("QUERIES"),
        Column::number("ROWS"),
        Column::number("TIME"),
        Column::number("DATA"),
        Column::number("PAGES EACH"),
        Column::long("SQL"),
    ]);
    for (name, side) in [("as it is", &proof.before), ("one query", &proof.after)] {
        sides.row(vec![
            name.into(),
            count(side.queries).into(),
            count(side.rows).into(),
            duration(side.took_us).into(),
            bytes(side.bytes).into(),
            side.pages_per_query
                .map_or_else(|| "unknown".to_owned(), count)
                .into(),
            (&side.sql).into(),
        ]);
    }
    let _ = write!(out, "\n{}", sides.draw(width));
    let _ = writeln!(
        out,
        "{FAINT}as recorded: {} in {}{FAINT:#}",
        silk_core::words::counted(proof.recorded.calls, "query"),
        duration(proof.recorded.total_us)
    );
    let differences = proof
        .rows
        .as_ref()
        .map_or(&[][..], |rows| &rows.differences);
    if !differences.is_empty() {
        let mut table = Table::new(&[
            Column::long("VALUE"),
            Column::words("ROWS ARE"),
            Column::number("AS IT IS"),
            Column::number("ONE QUERY"),
            Column::words("COLUMNS"),
        ]);
        for one in differences {
            table.row(vec![
                (&one.value).into(),
                Cell::styled(&*one.kind, BAD),
                count(one.rows_before).into(),
                count(one.rows_after).into(),
                one.columns.join(", ").into(),
            ]);
        }
        let _ = write!(out, "\n{STRONG}OTHER ROWS{STRONG:#}\n{}", table.draw(width));
    }
    out
}
