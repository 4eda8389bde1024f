//! How long whole pages and calls of the API take over a store of many requests, by HTTP.
//!
//! The store is made by an example of the store's crate, a week of an app, and served by `silk
//! serve`. What a page takes on the processor is beside what it took, because others may use the
//! machine too.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{client::Client, cpu::Cpu, spread::median, target};
use crate::{
    Result,
    process::{self, Folder, Running},
    say,
};

/// How often each is asked for.
const REPEATED: usize = 20;

/// What a page may take, in milliseconds, by the middle of all; and the first time.
const PRICE_MS: f64 = 30.0;
const FIRST_PRICE_MS: f64 = 100.0;

/// The end of the week of the store, and where stretches of it begin.
const UNTIL: &str = "2026-01-15T12:00:01Z";
const STRETCHES: [(&str, &str); 4] = [
    ("15 min", "2026-01-15T11:45:01Z"),
    ("1 h", "2026-01-15T11:00:01Z"),
    ("1 d", "2026-01-14T12:00:01Z"),
    ("7 d", "2026-01-08T12:00:01Z"),
];

/// Measures and prints. A file that is there already is measured as it is; one that is named and
/// not there is made and kept.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn report(requests: u64, file: Option<&Path>) -> Result {
    let folder = Folder::new()?;
    let file = file.map_or_else(|| folder.path().join("silk.db"), Path::to_owned);
    if !file.exists() {
        say(format_args!("making a store of {requests} requests"));
        process::run(
            process::cargo()
                .args(["run", "--release", "--quiet", "--package", "silk-store"])
                .args(["--example", "page_times", "--", "--fill"])
                .arg(requests.to_string())
                .arg(&file),
        )?;
    }
    process::run(process::cargo().args([
        "build",
        "--release",
        "--quiet",
        "--package",
        "silk-cli",
        "--bin",
        "silk",
    ]))?;
    say("measuring pages");
    let mut served = Served::start(&file)?;
    let pages = pages(&mut served.client)?;
    println!(
        "{:<58}{:>9}{:>9}{:>9}{:>9}",
        "", "first ms", "median", "p95", "CPU"
    );
    let mut over = 0;
    for (name, path) in pages {
        let times = served.time(&path)?;
        let is_over = times.cpu.min(times.median) > PRICE_MS || times.first > FIRST_PRICE_MS;
        over += u32::from(is_over);
        println!(
            "{name:<58}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{}",
            times.first,
            times.median,
            times.p95,
            times.cpu,
            if is_over { "  OVER" } else { "" }
        );
    }
    println!("{over} over {PRICE_MS} ms, or {FIRST_PRICE_MS} ms the first time");
    served.process.stop(Duration::from_secs(5));
    Ok(())
}

/// A running `silk serve`, and a connection to it.
struct Served {
    client: Client,
    process: Running,
}

/// Milliseconds.
struct Times {
    first: f64,
    median: f64,
    p95: f64,
    cpu: f64,
}

impl Served {
    fn start(file: &Path) -> Result<Self> {
        let mut process = Running::start(
            Command::new(target().join("release").join("silk"))
                .arg("--store")
                .arg(file)
                .args(["serve", "--listen", "127.0.0.1:0"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let mut lines = BufReader::new(process.stdout().ok_or("no standard output")?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let (address, token) = line
            .trim()
            .strip_prefix("dashboard http://")
            .and_then(|rest| rest.split_once("/silk?token="))
            .ok_or_else(|| format!("silk did not serve: {line}"))?;
        let client = Client::connect(address, Some(token.to_owned()))?;
        // Nobody reads on, but a full pipe must not stop it.
        thread::spawn(move || drop(lines.read_to_end(&mut Vec::new())));
        Ok(Self { client, process })
    }

    fn time(&mut self, path: &str) -> Result<Times> {
        let (mut times, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..=REPEATED {
            let before = Cpu::of(self.process.id())?;
            times.push(self.client.with_token(path)?.as_secs_f64() * 1e3);
            let used = Cpu::of(self.process.id())?.since(before);
            cpu.push((used.app + used.silk) / 1e6);
        }
        let first = times.remove(0);
        cpu.remove(0);
        let median_ms = median(&mut times);
        Ok(Times {
            first,
            median: median_ms,
            // Sorted by now.
            p95: times[(REPEATED - 1) * 95 / 100],
            cpu: median(&mut cpu),
        })
    }
}

/// Name and path of everything that is asked for.
fn pages(client: &mut Client) -> Result<Vec<(String, String)>> {
    let text = |value: &serde_json::Value, what: &str| -> Result<String> {
        let text = value.as_str().ok_or_else(|| format!("no {what}"))?;
        Ok(text.to_owned())
    };
    let most = client.json("/silk/api/requests?sort=-query_count&limit=50&min_queries=50")?;
    let large = text(&most["items"][0]["id"], "request")?;
    let newest = client.json("/silk/api/requests?limit=2")?;
    let small = text(&newest["items"][0]["id"], "request")?;
    let other = text(&newest["items"][1]["id"], "request")?;
    let statements = client.json("/silk/api/statements?limit=1")?;
    let statement = text(&statements["items"][0]["fingerprint"], "statement")?;
    let plans = client.json(&format!("/silk/api/statements/{statement}/plans"))?;
    let plan = plans["plans"][0]["id"].as_str().map(str::to_owned);
    let route = "method=GET&route=/r0/{id}"
        .replace('{', "%7B")
        .replace('}', "%7D");

    let mut pages = across(&route, &statement);
    let mut add = |name: &str, path: String| pages.push((name.to_owned(), format!("/silk{path}")));

    for sort in ["", "-duration_us", "-query_time_us", "-query_count"] {
        let sort = match sort {
            "" => String::new(),
            sort => format!("sort={sort}&"),
        };
        for filter in ["", "status=5xx", "finding=any", "method=POST", &*route] {
            add(
                &format!("requests, {sort}{filter}"),
                format!("/requests?{sort}{filter}"),
            );
        }
    }
    for (name, id) in [("small", &small), ("large", &large)] {
        add(&format!("request, {name}"), format!("/requests/{id}"));
        add(
            &format!("api/request, {name}"),
            format!("/api/requests/{id}"),
        );
    }
    add(
        "compare of two requests",
        format!("/compare?a={small}&b={other}"),
    );
    add(
        "compare with the fastest",
        format!("/compare?a={large}&b=fastest"),
    );
    add("statements", "/statements".to_owned());
    add("api/statements", "/api/statements".to_owned());
    if let Some(plan) = plan {
        add("plan", format!("/plans/{plan}"));
        add("api/plan", format!("/api/plans/{plan}"));
    }
    for page in [
        "/health",
        "/database",
        "/paste",
        "/api/health",
        "/api/databases",
    ] {
        add(page, page.to_owned());
    }
    add("api/acceptances", "/api/acceptances".to_owned());
    Ok(pages)
}

/// What is told of many requests, of each stretch of time.
fn across(route: &str, statement: &str) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut add = |name: &str, path: String| pages.push((name.to_owned(), format!("/silk{path}")));
    for (stretch, since) in STRETCHES {
        let window = format!("since={since}&until={UNTIL}");
        for (name, path) in [
            ("overview", String::from("?")),
            ("findings", "/findings?".to_owned()),
            ("route", format!("/route?{route}&")),
            ("hotspots", "/hotspots?".to_owned()),
            ("requests", "/requests?".to_owned()),
            ("statement", format!("/statements/{statement}?")),
            ("api/findings", "/api/findings?".to_owned()),
            ("api/routes", "/api/routes?".to_owned()),
            ("api/route", format!("/api/route?{route}&")),
            ("api/hotspots", "/api/hotspots?".to_owned()),
            ("api/requests", "/api/requests?".to_owned()),
            ("api/statement", format!("/api/statements/{statement}?")),
            (
                "api/statement plans",
                format!("/api/statements/{statement}/plans?"),
            ),
        ] {
            add(&format!("{name}, {stretch}"), format!("{path}{window}"));
        }
        for what in ["route:GET%20/r0/%7Bid%7D", "all"] {
            let side = format!("{what}@{since}..{UNTIL}");
            let day = format!("{what}@2026-01-10T00:00:00Z..2026-01-11T00:00:00Z");
            for page in ["/compare", "/api/compare", "/compare.md"] {
                add(
                    &format!("{page} of {what}, {stretch}"),
                    format!("{page}?a={day}&b={side}"),
                );
            }
        }
    }
    pages
}
