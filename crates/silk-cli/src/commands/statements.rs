//! `silk statements` and `silk statement`.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use silk_core::{
    CallSite,
    words::{count, duration},
};

use super::{
    request::{self, Finding},
    requests::say_rest,
};
use crate::{
    api::{Answer, Api, List, Query, segment},
    screen::{FAINT, STRONG, Screen},
    show::{Cell, Column, Table, clock, one_line, safe, site},
    trouble::Result,
};

#[derive(Debug, Deserialize)]
struct Row {
    fingerprint: String,
    database: String,
    normalized: String,
    calls: u64,
    requests: u64,
    total_us: u64,
    mean_us: u64,
    max_us: u64,
    rows: u64,
    errors: u64,
}

#[derive(Debug, Deserialize)]
struct Whole {
    statement: Row,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    call_sites: Vec<Site>,
    #[serde(default)]
    slowest: Vec<Slow>,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Route {
    method: String,
    route: String,
    requests: u64,
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Deserialize)]
struct Site {
    call_site: Option<CallSite>,
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Deserialize)]
struct Slow {
    request_id: String,
    max_us: u64,
}

#[derive(Debug, Deserialize)]
struct Plans {
    plans: Vec<Plan>,
}

#[derive(Debug, Deserialize)]
struct Plan {
    id: String,
    source: String,
    captured_at: DateTime<Utc>,
    duration_us: Option<u64>,
}

/// Prints the list that a query asks for.
pub(crate) async fn list(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/statements", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let list: List<Row> = answer.read()?;
    let mut table = Table::new(&[
        Column::words("FINGERPRINT"),
        Column::number("CALLS"),
        Column::number("REQUESTS"),
        Column::number("TIME"),
        Column::number("MEAN"),
        Column::number("LONGEST"),
        Column::number("ROWS"),
        Column::long("SQL"),
    ]);
    for row in &list.items {
        table.row(vec![
            (&row.fingerprint).into(),
            count(row.calls).into(),
            count(row.requests).into(),
            duration(row.total_us).into(),
            duration(row.mean_us).into(),
            duration(row.max_us).into(),
            count(row.rows).into(),
            (&row.normalized).into(),
        ]);
    }
    if table.is_empty() {
        screen.note("No statement matches.");
    } else {
        screen.text(&table.draw(screen.width))?;
    }
    say_rest(screen, &list, "statement");
    Ok(())
}

/// The answer about one statement.
pub(crate) async fn answer(api: &Api, fingerprint: &str, window: &Query) -> Result<Answer> {
    let path = format!("api/statements/{}", segment(fingerprint));
    api.get(&path, window).await
}

/// The plans that are kept of a statement.
pub(crate) async fn plans(api: &Api, fingerprint: &str, window: &Query) -> Result<Answer> {
    let path = format!("api/statements/{}/plans", segment(fingerprint));
    api.get(&path, window).await
}

/// Prints one statement.
pub(crate) async fn show(
    api: &Api,
    screen: Screen,
    fingerprint: &str,
    window: &Query,
) -> Result<()> {
    let answer = answer(api, fingerprint, window).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let whole: Whole = answer.read()?;
    let plans: Plans = plans(api, fingerprint, window).await?.read()?;
    let mut out = head(&whole);
    if !whole.findings.is_empty() {
        let _ = writeln!(out, "\n{STRONG}FINDINGS{STRONG:#}");
        for one in &whole.findings {
            out.push_str(&request::finding(one));
        }
    }
    let mut section = |name: &str, table: &Table| {
        if !table.is_empty() {
            let drawn = table.draw(screen.width);
            let _ = write!(out, "\n{STRONG}{name}{STRONG:#}\n{drawn}");
        }
    };
    section("ROUTES", &routes(&whole.routes));
    section("LINES", &lines(&whole.call_sites));
    section("SLOWEST REQUESTS", &slowest(&whole.slowest));
    section("PLANS", &kept_plans(&plans.plans));
    screen.text(&out)
}

fn head(whole: &Whole) -> String {
    let row = &whole.statement;
    let mut out = format!("{STRONG}{}{STRONG:#}\n", one_line(&row.normalized));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{FAINT}{name:<12}{FAINT:#}{value}");
    };
    line("fingerprint", safe(&row.fingerprint));
    line("database", one_line(&row.database));
    line(
        "calls",
        format!(
            "{} by {} requests, {} rows, {} failed",
            count(row.calls),
            count(row.requests),
            count(row.rows),
            count(row.errors)
        ),
    );
    let percentile = |us: Option<u64>| us.map_or_else(|| "unknown".to_owned(), duration);
    line(
        "time",
        format!(
            "{} in all, mean {}, p50 {}, p95 {}, longest {}",
            duration(row.total_us),
            duration(row.mean_us),
            percentile(whole.p50_us),
            percentile(whole.p95_us),
            duration(row.max_us)
        ),
    );
    out
}

fn routes(routes: &[Route]) -> Table {
    let mut table = Table::new(&[
        Column::long("ROUTE"),
        Column::number("REQUESTS"),
        Column::number("CALLS"),
        Column::number("TIME"),
    ]);
    for route in routes {
        table.row(vec![
            Cell::new(format!("{} {}", route.method, route.route)),
            count(route.requests).into(),
            count(route.calls).into(),
            duration(route.total_us).into(),
        ]);
    }
    table
}

fn lines(sites: &[Site]) -> Table {
    let mut table = Table::new(&[
        Column::long("LINE"),
        Column::number("CALLS"),
        Column::number("TIME"),
    ]);
    for one in sites {
        table.row(vec![
            site(one.call_site.as_ref()).into(),
            count(one.calls).into(),
            duration(one.total_us).into(),
        ]);
    }
    table
}

fn slowest(slowest: &[Slow]) -> Table {
    let mut table = Table::new(&[Column::words("REQUEST"), Column::number("LONGEST CALL")]);
    for slow in slowest {
        table.row(vec![
            (&slow.request_id).into(),
            duration(slow.max_us).into(),
        ]);
    }
    table
}

fn kept_plans(plans: &[Plan]) -> Table {
    let now = Utc::now();
    let mut table = Table::new(&[
        Column::words("PLAN"),
        Column::words("SOURCE"),
        Column::words("UTC"),
        Column::number("TIME"),
    ]);
    for plan in plans {
        let time = plan.duration_us.map_or_else(|| "–".to_owned(), duration);
        table.row(vec![
            (&plan.id).into(),
            (&plan.source).into(),
            clock(plan.captured_at, now).into(),
            time.into(),
        ]);
    }
    table
}
