//! `silk findings`, `silk routes`, `silk route` and `silk hotspots`: what costs most across requests.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use silk_core::{
    CallSite,
    words::{count, duration, percent, ratio},
};

use crate::{
    api::{Api, Query},
    screen::{FAINT, STRONG, Screen},
    show::{Cell, Column, Table, clock, one_line, site},
    trouble::{Result, Trouble},
};

#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
    #[serde(default)]
    more: Option<u64>,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct RouteName {
    kind: String,
    method: String,
    route: String,
}

impl RouteName {
    fn words(&self) -> String {
        let first = if self.method.is_empty() {
            &self.kind
        } else {
            &self.method
        };
        format!("{first} {}", self.route)
    }
}

#[derive(Debug, Deserialize)]
struct Life {
    title: String,
    /// None of a plan whose statement several routes run.
    route: Option<RouteName>,
    fingerprint: Option<String>,
    call_site: Option<CallSite>,
    state: String,
    state_sentence: String,
    /// None of a plan.
    requests: Option<u64>,
    of_requests: Option<u64>,
    lost_us: u64,
    #[serde(default)]
    is_at_most: bool,
    worst: Option<String>,
    #[serde(default)]
    plan: Option<LifePlan>,
}

/// The plan that a finding is about.
#[derive(Debug, Deserialize)]
struct LifePlan {
    id: String,
    calls: u64,
    are_calls_at_most: bool,
}

impl Life {
    /// Where it was seen, how often, and what shows it.
    fn about(&self) -> Vec<String> {
        let up_to = |is_it: bool| if is_it { "up to " } else { "" };
        let mut about: Vec<String> = self.route.iter().map(|r| one_line(&r.words())).collect();
        if let (Some(requests), Some(of)) = (self.requests, self.of_requests) {
            about.push(format!("in {} of {} requests", count(requests), count(of)));
        }
        if let Some(plan) = &self.plan {
            let s = if plan.calls == 1 { "" } else { "s" };
            let calls = count(plan.calls);
            about.push(format!("{}{calls} call{s}", up_to(plan.are_calls_at_most)));
        }
        about.extend(self.call_site.as_ref().map(|place| site(Some(place))));
        about.extend((self.worst.iter()).map(|id| format!("worst {}", one_line(id))));
        if let Some(plan) = &self.plan {
            let of = self.fingerprint.as_ref();
            about.extend(of.map(|of| format!("statement {}", one_line(of))));
            about.push(format!("plan {}", one_line(&plan.id)));
        }
        if self.is_at_most && self.lost_us > 0 {
            about.push("the time is at most this".to_owned());
        }
        about
    }

    /// The state as people call it.
    fn state(&self) -> String {
        match &*self.state {
            "unknown" => "state unknown".to_owned(),
            state => state.replace('_', " "),
        }
    }
}

/// Prints what was found across requests, what costs most first.
pub(crate) async fn findings(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/findings", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let list: Items<Life> = answer.read()?;
    let mut out = String::new();
    for one in &list.items {
        let lost = match one.lost_us {
            0 => "–".to_owned(),
            us => duration(us),
        };
        let _ = writeln!(
            out,
            "{STRONG}{lost:>8}{STRONG:#}  {}  {FAINT}{}{FAINT:#}",
            one_line(&one.title),
            one.state()
        );
        let _ = writeln!(out, "          {FAINT}{}{FAINT:#}", one.about().join(" · "));
        if !one.state_sentence.is_empty() {
            let _ = writeln!(out, "          {}", one_line(&one.state_sentence));
        }
    }
    if list.items.is_empty() {
        screen.note("No finding matches.");
    } else {
        screen.text(&out)?;
    }
    say_more(screen, &list, "finding");
    Ok(())
}

fn say_more<T>(screen: Screen, list: &Items<T>, what: &str) {
    if let Some(more @ 1..) = list.more {
        let s = if more == 1 { "" } else { "s" };
        screen.note(&format!(
            "{} more {what}{s}; --limit shows them.",
            count(more)
        ));
    }
    for note in &list.notes {
        screen.note(&one_line(note));
    }
}

#[derive(Debug, Deserialize)]
struct Route {
    #[serde(flatten)]
    name: RouteName,
    requests: u64,
    errors: u64,
    total_us: u64,
    sql_us: u64,
    queries: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
}

fn or_unknown(us: Option<u64>) -> String {
    us.map_or_else(|| "–".to_owned(), duration)
}

/// Prints routes by total time.
pub(crate) async fn routes(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/routes", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let list: Items<Route> = answer.read()?;
    let mut table = Table::new(&[
        Column::long("ROUTE"),
        Column::number("REQUESTS"),
        Column::number("P50"),
        Column::number("P95"),
        Column::number("IN SQL"),
        Column::number("QUERIES"),
        Column::number("FAILED"),
        Column::number("TOTAL"),
    ]);
    for one in &list.items {
        table.row(vec![
            Cell::new(one.name.words()),
            count(one.requests).into(),
            or_unknown(one.p50_us).into(),
            or_unknown(one.p95_us).into(),
            percent(one.sql_us, one.total_us).into(),
            ratio(one.queries, one.requests).into(),
            count(one.errors).into(),
            duration(one.total_us).into(),
        ]);
    }
    if table.is_empty() {
        screen.note("No request was counted in that time.");
    } else {
        screen.text(&table.draw(screen.width))?;
    }
    say_more(screen, &list, "route");
    Ok(())
}

/// The parameters that name a route as lists print it: `GET /people/{id}`, `job nightly report`.
pub(crate) fn name(text: &str) -> Result<Query> {
    let (first, route) = text.trim().split_once(' ').ok_or_else(|| {
        Trouble::new("A route has a method and a path, or the word job and a name.")
            .with_hint("silk route \"GET /people/{id}\"; `silk routes` lists them")
    })?;
    let named = match first {
        "job" | "test" | "request" => ("kind", first.to_owned()),
        method => ("method", method.to_ascii_uppercase()),
    };
    Ok(vec![named, ("route", route.trim().to_owned())])
}

#[derive(Debug, Deserialize)]
struct RouteDetail {
    route: Route,
    statements: Vec<Statement>,
    other_statements: Option<OtherStatements>,
    builds: Vec<Build>,
}

#[derive(Debug, Deserialize)]
struct Statement {
    fingerprint: String,
    normalized: String,
    calls: u64,
    total_us: u64,
    p95_us: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct OtherStatements {
    calls: u64,
    total_us: u64,
}

#[derive(Debug, Deserialize)]
struct Build {
    build: Option<String>,
    first_at: DateTime<Utc>,
    requests: u64,
    queries: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
}

/// Prints one route: its figures, statements and builds.
pub(crate) async fn route(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/route", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let whole: RouteDetail = answer.read()?;
    let one = &whole.route;
    let mut out = format!("{STRONG}{}{STRONG:#}\n", one_line(&one.name.words()));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{FAINT}{name:<12}{FAINT:#}{value}");
    };
    line(
        "requests",
        format!("{}, {} failed", count(one.requests), count(one.errors)),
    );
    line(
        "time",
        format!(
            "p50 {}, p95 {}, {} in SQL",
            or_unknown(one.p50_us),
            or_unknown(one.p95_us),
            percent(one.sql_us, one.total_us)
        ),
    );
    line(
        "queries",
        format!("{} a request", ratio(one.queries, one.requests)),
    );
    let mut section = |name: &str, table: &Table| {
        if !table.is_empty() {
            let drawn = table.draw(screen.width);
            let _ = write!(out, "\n{STRONG}{name}{STRONG:#}\n{drawn}");
        }
    };
    section("STATEMENTS", &statements(&whole));
    section("BUILDS", &builds(&whole.builds));
    screen.text(&out)
}

fn statements(whole: &RouteDetail) -> Table {
    let mut table = Table::new(&[
        Column::words("FINGERPRINT"),
        Column::number("CALLS"),
        Column::number("A REQUEST"),
        Column::number("TIME"),
        Column::number("P95"),
        Column::long("SQL"),
    ]);
    for one in &whole.statements {
        table.row(vec![
            (&one.fingerprint).into(),
            count(one.calls).into(),
            ratio(one.calls, whole.route.requests).into(),
            duration(one.total_us).into(),
            or_unknown(one.p95_us).into(),
            (&one.normalized).into(),
        ]);
    }
    if let Some(other) = &whole.other_statements {
        table.row(vec![
            "(other)".into(),
            count(other.calls).into(),
            ratio(other.calls, whole.route.requests).into(),
            duration(other.total_us).into(),
            or_unknown(None).into(),
            "other statements".into(),
        ]);
    }
    table
}

fn builds(builds: &[Build]) -> Table {
    let now = Utc::now();
    let mut table = Table::new(&[
        Column::words("BUILD"),
        Column::words("FIRST, UTC"),
        Column::number("REQUESTS"),
        Column::number("P50"),
        Column::number("P95"),
        Column::number("QUERIES"),
    ]);
    for one in builds {
        table.row(vec![
            one.build.as_deref().unwrap_or("unnamed").into(),
            clock(one.first_at, now).into(),
            count(one.requests).into(),
            or_unknown(one.p50_us).into(),
            or_unknown(one.p95_us).into(),
            ratio(one.queries, one.requests).into(),
        ]);
    }
    table
}

#[derive(Debug, Deserialize)]
struct Hotspot {
    call_site: Option<CallSite>,
    total_us: u64,
    calls: u64,
    most_calls_in_request: u64,
    normalized: String,
    route: RouteName,
}

/// Prints lines of code by database time.
pub(crate) async fn hotspots(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/hotspots", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let list: Items<Hotspot> = answer.read()?;
    let mut table = Table::new(&[
        Column::words("LINE"),
        Column::number("TIME"),
        Column::number("CALLS"),
        Column::number("IN A REQUEST"),
        Column::words("ROUTE"),
        Column::long("SQL"),
    ]);
    for one in &list.items {
        let most = match one.most_calls_in_request {
            0 => "–".to_owned(),
            most => format!("≤ {}", count(most)),
        };
        table.row(vec![
            match &one.call_site {
                Some(place) => site(Some(place)).into(),
                None => "not captured".into(),
            },
            duration(one.total_us).into(),
            count(one.calls).into(),
            most.into(),
            Cell::new(one.route.words()),
            (&one.normalized).into(),
        ]);
    }
    if table.is_empty() {
        screen.note("No query was counted in that time.");
    } else {
        screen.text(&table.draw(screen.width))?;
    }
    Ok(())
}
