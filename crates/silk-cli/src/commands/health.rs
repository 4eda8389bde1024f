//! `silk health`: profiler health.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use silk_core::words::{count, counted, three_digits};

use crate::{
    api::{Api, Query},
    screen::{BAD, FAINT, GOOD, STRONG, Screen, WARN},
    show::{Cell, Column, Table, one_line},
    trouble::Result,
};

#[derive(Debug, Deserialize)]
struct Health {
    run: Run,
    is_recording: bool,
    seen: u64,
    recorded: u64,
    not_sampled: u64,
    lost: BTreeMap<String, u64>,
    queries: u64,
    unattributed_queries: u64,
    app_cost_us: Option<f64>,
    writer_cost_us: Option<f64>,
    store: Store,
    captures: Vec<Capture>,
}

#[derive(Debug, Deserialize)]
struct Run {
    service: String,
    build: Option<String>,
    started_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Store {
    kind: String,
    bytes: Option<u64>,
    requests: Option<u64>,
    statements: Option<u64>,
    oldest: Option<DateTime<Utc>>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Capture {
    what: String,
    level: String,
    reason: String,
    remedy: Option<String>,
}

/// Prints profiler health.
pub(crate) async fn show(api: &Api, screen: Screen) -> Result<()> {
    let answer = api.get("api/health", &Query::new()).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let health: Health = answer.read()?;
    let mut out = String::new();
    if matches!(api, Api::App(_)) {
        out.push_str(&recording(&health));
    }
    out.push_str(&store(&health.store));
    let mut table = Table::new(&[
        Column::words("CAPTURE"),
        Column::words("LEVEL"),
        Column::long("WHY"),
        Column::long("WHAT HELPS"),
    ]);
    for capture in &health.captures {
        let style = match &*capture.level {
            "full" => GOOD,
            "off" => BAD,
            _ => WARN,
        };
        table.row(vec![
            (&capture.what).into(),
            Cell::styled(&capture.level, style),
            (&capture.reason).into(),
            capture.remedy.as_deref().unwrap_or_default().into(),
        ]);
    }
    if !table.is_empty() {
        let _ = write!(out, "\n{}", table.draw(screen.width));
    }
    screen.text(&out)
}

fn recording(health: &Health) -> String {
    let mut out = String::new();
    let state = if health.is_recording {
        "recording"
    } else {
        "not recording"
    };
    let build = health.run.build.as_deref().unwrap_or_default();
    let _ = writeln!(
        out,
        "{STRONG}{} {}{STRONG:#}  {state} since {}",
        one_line(&health.run.service),
        one_line(build),
        health.run.started_at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    let lost: u64 = health.lost.values().sum();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{FAINT}{name:<10}{FAINT:#}{value}");
    };
    line(
        "requests",
        format!(
            "{} seen, {} recorded, {} left out by sampling, {} lost",
            count(health.seen),
            count(health.recorded),
            count(health.not_sampled),
            count(lost)
        ),
    );
    for (reason, lost) in health.lost.iter().filter(|(_, lost)| **lost > 0) {
        line(
            "lost",
            format!(
                "{WARN}{} because of {}{WARN:#}",
                count(*lost),
                one_line(reason)
            ),
        );
    }
    line(
        "queries",
        format!(
            "{} in requests, {} outside of any",
            count(health.queries),
            count(health.unattributed_queries)
        ),
    );
    let cost = |us: Option<f64>| {
        us.map_or_else(|| "not known yet".to_owned(), |us| three_digits(us, "µs"))
    };
    line(
        "price",
        format!(
            "{} per request on the app's threads, {} on Silk's own",
            cost(health.app_cost_us),
            cost(health.writer_cost_us)
        ),
    );
    out
}

fn store(store: &Store) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "{FAINT}{:<10}{FAINT:#}{}",
        "store",
        one_line(&store.kind)
    );
    if let (Some(requests), Some(statements), Some(bytes)) =
        (store.requests, store.statements, store.bytes)
    {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let size = three_digits(bytes as f64 / 1e6, "MB");
        let _ = write!(
            out,
            ": {}, {}, {size}",
            counted(requests, "request"),
            counted(statements, "statement")
        );
    }
    if let Some(oldest) = store.oldest {
        let _ = write!(out, ", since {}", oldest.format("%Y-%m-%d %H:%M:%S UTC"));
    }
    out.push('\n');
    if let Some(error) = &store.error {
        let _ = writeln!(
            out,
            "{FAINT}{:<10}{FAINT:#}{BAD}{}{BAD:#}",
            "error",
            one_line(error)
        );
    }
    out
}
