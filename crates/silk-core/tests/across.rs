//! The corpus of the rules about many requests: routes that were really asked many times, each with
//! what the rules must say of it, and nothing else. Prints precision and recall of each rule.
//!
//! `across/*.tsv` are written by `silk-capture/tests/record_findings/across.rs`.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod recorded;

use std::{collections::HashMap, fs, path::Path};

use chrono::TimeDelta;
use silk_core::{
    Histogram, RequestId, RequestRecord, RequestStatement,
    across::{self, AcrossFinding, AcrossThresholds, Sample},
    finding::{Thresholds, rules},
    store::RouteSummary,
    testing,
};

use recorded::{Reading, Tally, number};

struct Scenario {
    name: String,
    expected: Vec<String>,
    sample: Sample,
}

impl Scenario {
    fn found(&self) -> Vec<AcrossFinding> {
        let routes = [route(&self.sample.requests)];
        across::find(&routes, &self.sample, &AcrossThresholds::default())
    }
}

fn corpus() -> Vec<Scenario> {
    let files = recorded::files("across");
    files.iter().map(|path| scenario(path)).collect()
}

fn scenario(path: &Path) -> Scenario {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let (mut expected, mut requests) = (Vec::new(), Vec::<Reading>::new());
    for line in fs::read_to_string(path).unwrap().lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let (kind, cells) = cells.split_first().unwrap();
        match *kind {
            "about" | "source" => {}
            "expect" => expected = recorded::expected(cells),
            "next" => {
                let mut next = Reading::default();
                let summary = &mut next.record.summary;
                summary.id = RequestId(uuid::Uuid::from_u128(requests.len() as u128 + 1));
                summary.started_at += TimeDelta::microseconds(number(cells[1]));
                cells[0].clone_into(&mut summary.route);
                cells[0].clone_into(&mut summary.path);
                requests.push(next);
            }
            kind => {
                let request = requests.last_mut().unwrap();
                assert!(
                    request.line(kind, cells),
                    "{name}: no line is called {kind}"
                );
            }
        }
    }
    Scenario {
        name,
        expected,
        sample: Sample {
            requests: requests.into_iter().map(whole).collect(),
        },
    }
}

/// The request with what the writer works out: its findings, and the sums of its statements.
fn whole(reading: Reading) -> RequestRecord {
    let Reading {
        mut record,
        identities,
        ..
    } = reading;
    record.findings = rules::find(&record, &identities, &Thresholds::default());
    let mut sums: HashMap<_, RequestStatement> = HashMap::new();
    let mut order = Vec::new();
    for query in &record.detail.queries {
        let text = &record.detail.texts[usize::try_from(query.text).unwrap()];
        let site = query.call_site.map(|site| usize::try_from(site).unwrap());
        let key = (text.statement.fingerprint, site);
        let sum = sums.entry(key).or_insert_with(|| {
            order.push(key);
            let site = site.map(|site| record.detail.call_sites[site].clone());
            testing::calls(text.statement.clone(), site, 0, 0)
        });
        sum.calls += 1;
        sum.rows += query.rows_returned;
        sum.total_us += query.duration_us;
        sum.max_us = sum.max_us.max(query.duration_us);
        sum.durations.record(query.duration_us);
    }
    let in_order = order.iter().map(|key| sums.remove(key).unwrap());
    record.statements = in_order.collect();
    record
}

/// The figures of the one route that a scenario asks.
fn route(requests: &[RequestRecord]) -> RouteSummary {
    let mut durations = Histogram::default();
    for request in requests {
        durations.record(request.summary.times.total_us);
    }
    let first = &requests[0].summary;
    RouteSummary {
        kind: first.kind,
        method: first.method.clone(),
        route: first.route.clone(),
        requests: durations.count(),
        errors: 0,
        total_us: requests.iter().map(|r| r.summary.times.total_us).sum(),
        sql_us: requests.iter().map(|r| r.summary.times.sql_us).sum(),
        queries: requests.iter().map(|r| r.summary.query_count).sum(),
        max_queries: 0,
        durations,
        over_time: Vec::new(),
    }
}

#[test]
fn each_rule_names_what_it_must_and_nothing_else() {
    let mut tally = Tally::of(across::RULES);
    for scenario in &corpus() {
        let found = scenario.found();
        let found = found.iter().map(|one| (one.rule, &*one.title));
        tally.add(&scenario.name, &scenario.expected, found);
    }
    let harmless = tally.check("routes");
    assert!(harmless >= 2 * across::RULES.len());
}

fn named(name: &str) -> Vec<AcrossFinding> {
    let mut corpus = corpus().into_iter();
    corpus.find(|one| one.name == name).unwrap().found()
}

/// What is said is about the statement that grows, and names the one that feeds it.
#[test]
fn the_loop_and_what_feeds_it_are_named() {
    let found = named("product_of_each_item");
    assert_eq!(
        found[0].title,
        "The query on product runs about once per row of the query on item: 1 to 6 times a request."
    );
    assert!(found[0].call_site.is_some() && found[0].lost_us > Some(0));
    let found = named("settings_by_name");
    assert_eq!(
        found[0].title,
        "24 requests read the same rows of setting, with 3 different lists of values."
    );
}
