//! `silk compare` and `silk diff`: what differs between two sides.

use std::fmt::Write as _;

use serde::Deserialize;
use silk_core::words::{count, duration};

use super::{ids, request};
use crate::{
    api::{Answer, Api, List, Query, RequestRow},
    screen::{BAD, GOOD, STRONG, Screen},
    show::{Cell, Column, Table, one_line},
    trouble::{Result, Trouble},
};

#[derive(Debug, Deserialize)]
struct Comparison {
    a: Side,
    b: Side,
    verdict: String,
    statements: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
struct Side {
    name: String,
    requests: u64,
    median_us: u64,
    query_count: u64,
    query_time_us: u64,
}

#[derive(Debug, Deserialize)]
struct Statement {
    fingerprint: String,
    sql: String,
    change: String,
    a_calls: u64,
    b_calls: u64,
    a_us: u64,
    b_us: u64,
}

#[derive(Debug, Deserialize)]
struct Head {
    request: RequestRow,
}

/// The answer about two sides: ids of requests (or their ends), or what else the API takes.
pub(crate) async fn answer(api: &Api, a: &str, b: &str) -> Result<Answer> {
    let query = vec![("a", side(api, a).await?), ("b", side(api, b).await?)];
    api.get("api/compare", &query).await
}

async fn side(api: &Api, text: &str) -> Result<String> {
    let is_end = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_end {
        ids::whole(api, text).await
    } else {
        Ok(text.to_owned())
    }
}

/// Prints what differs.
pub(crate) async fn show(api: &Api, screen: Screen, a: &str, b: &str) -> Result<()> {
    let answer = answer(api, a, b).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    screen.text(&text(&answer.read()?, screen.width))
}

/// Prints what differs between a request and the newest of the same method and path since.
pub(crate) async fn since(api: &Api, screen: Screen, a: &str) -> Result<()> {
    let id = ids::whole(api, a).await?;
    let before: Head = request::answer(api, &id).await?.read()?;
    let mut query: Query = vec![
        ("path", before.request.path.clone()),
        ("limit", "1".to_owned()),
    ];
    if !before.request.method.is_empty() {
        query.push(("method", before.request.method.clone()));
    }
    let list: List<RequestRow> = api.get("api/requests", &query).await?.read()?;
    let newest = list.items.into_iter().next().filter(|row| row.id != id);
    let newest = newest.ok_or_else(|| {
        Trouble::no("No request of the same method and path came after this one.")
            .with_hint("send it again: silk replay, or name the other one: silk diff A B")
    })?;
    show(api, screen, &id, &newest.id).await
}

fn text(comparison: &Comparison, width: Option<usize>) -> String {
    let mut out = format!("{STRONG}{}{STRONG:#}\n\n", one_line(&comparison.verdict));
    let mut sides = Table::new(&[
        Column::words("SIDE"),
        Column::long("NAME"),
        Column::number("REQUESTS"),
        Column::number("TIME"),
        Column::number("SQL"),
        Column::number("QUERIES"),
    ]);
    for (letter, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        sides.row(vec![
            letter.into(),
            (&side.name).into(),
            count(side.requests).into(),
            duration(side.median_us).into(),
            duration(side.query_time_us).into(),
            count(side.query_count).into(),
        ]);
    }
    out.push_str(&sides.draw(width));
    let mut statements = Table::new(&[
        Column::words("STATEMENT"),
        Column::words("CHANGE"),
        Column::number("CALLS A"),
        Column::number("CALLS B"),
        Column::number("TIME A"),
        Column::number("TIME B"),
        Column::long("SQL"),
    ]);
    for statement in &comparison.statements {
        let change = match &*statement.change {
            "added" => Cell::styled("added", BAD),
            "gone" => Cell::styled("gone", GOOD),
            other => Cell::new(other),
        };
        statements.row(vec![
            (&statement.fingerprint).into(),
            change,
            count(statement.a_calls).into(),
            count(statement.b_calls).into(),
            duration(statement.a_us).into(),
            duration(statement.b_us).into(),
            (&statement.sql).into(),
        ]);
    }
    if !statements.is_empty() {
        let _ = write!(out, "\n{}", statements.draw(width));
    }
    out
}
