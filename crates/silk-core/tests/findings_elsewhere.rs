//! The corpus of findings for other detectors: its requests as events that they read, and a score of
//! what they report. `findings/README.md` says how to run it.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod recorded;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde_json::{Value, json};

/// What other detectors call the faults that they look for, with our rules for the same.
const SAME_FAULT: [(&str, &[&str]); 4] = [
    ("n_plus_one_sql", &["repeated_statement", "small_writes"]),
    ("redundant_sql", &["same_query"]),
    ("slow_sql", &["slow_query"]),
    ("serialized_calls", &["serial_queries"]),
];

/// One request of the corpus.
struct Request {
    name: String,
    expected: Vec<String>,
    texts: Vec<String>,
    sites: Vec<(String, String)>,
    queries: Vec<Query>,
}

struct Query {
    started_us: i64,
    duration_us: u64,
    text: usize,
    site: Option<usize>,
    values: Vec<String>,
}

fn corpus() -> Vec<Request> {
    recorded::files("findings")
        .iter()
        .map(|path| request(path))
        .collect()
}

fn request(path: &Path) -> Request {
    let mut request = Request {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        expected: Vec::new(),
        texts: Vec::new(),
        sites: Vec::new(),
        queries: Vec::new(),
    };
    for line in fs::read_to_string(path).unwrap().lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells[0] {
            "expect" => request.expected = cells[1..].iter().map(|&cell| cell.to_owned()).collect(),
            "text" => request
                .texts
                .push(cells[2].replace("\\n", "\n").replace("\\t", "\t")),
            "site" => request
                .sites
                .push((cells[2].to_owned(), cells[3].to_owned())),
            "query" => request.queries.push(Query {
                text: cells[2].parse::<usize>().unwrap() - 1,
                started_us: cells[3].parse().unwrap(),
                duration_us: cells[4].parse().unwrap(),
                site: cells[11].parse::<usize>().ok().map(|site| site - 1),
                values: cells
                    .get(14..)
                    .unwrap_or_default()
                    .iter()
                    .map(|cell| literal(cell))
                    .collect(),
            }),
            _ => {}
        }
    }
    request
}

/// `INT8=7` as it would stand in SQL.
fn literal(cell: &str) -> String {
    let (_, shown) = cell.split_once('=').unwrap();
    if shown == "NULL" || shown.parse::<f64>().is_ok() {
        shown.to_owned()
    } else {
        format!("'{}'", shown.replace('\'', "''"))
    }
}

/// The text with its values in place of `$1` and `?`: what a detector of traces sees at best.
fn with_values(text: &str, values: &[String]) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    let (mut quote, mut next) = (None, 0);
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), _) => {
                quote = (c != open).then_some(open);
                out.push(c);
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                out.push(c);
            }
            (None, '?') => {
                out.push_str(values.get(next).map_or("?", String::as_str));
                next += 1;
            }
            (None, '$') => {
                let mut digits = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                let value = digits
                    .parse::<usize>()
                    .ok()
                    .and_then(|n| values.get(n.checked_sub(1)?));
                match value {
                    Some(value) => out.push_str(value),
                    None => {
                        out.push('$');
                        out.push_str(&digits);
                    }
                }
            }
            (None, c) => out.push(c),
        }
    }
    out
}

fn events(requests: &[Request]) -> Value {
    let noon = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let of_request = |request: &Request| {
        let event = |(at, query): (usize, &Query)| {
            let text = &request.texts[query.text];
            let at_time = noon + TimeDelta::microseconds(query.started_us);
            let (place, function) = match query.site {
                Some(site) => request.sites[site].clone(),
                None => (":".to_owned(), "handler".to_owned()),
            };
            let (file, line) = place.rsplit_once(':').unwrap();
            json!({
                "timestamp": at_time.to_rfc3339_opts(SecondsFormat::Micros, true),
                "trace_id": request.name,
                "span_id": format!("{}-{at}", request.name),
                "parent_span_id": format!("{}-request", request.name),
                "service": "corpus",
                "type": "sql",
                "operation": text.split_whitespace().next().unwrap_or_default(),
                "target": with_values(text, &query.values),
                "duration_us": query.duration_us,
                "source": { "endpoint": format!("GET /{}", request.name), "method": function },
                "code_function": function,
                "code_filepath": file,
                "code_lineno": line.parse::<u32>().ok(),
            })
        };
        request
            .queries
            .iter()
            .enumerate()
            .map(event)
            .collect::<Vec<_>>()
    };
    requests.iter().flat_map(of_request).collect()
}

#[test]
#[ignore = "writes the file that SILK_EVENTS names, for another detector"]
fn write_events() {
    let Ok(path) = env::var("SILK_EVENTS") else {
        return;
    };
    let requests = corpus();
    let events = events(&requests);
    println!(
        "{} requests, {} queries in {path}",
        requests.len(),
        events.as_array().unwrap().len()
    );
    fs::write(path, serde_json::to_vec(&events).unwrap()).unwrap();
}

#[test]
#[ignore = "reads the report that SILK_REPORT names, of another detector"]
fn score_report() {
    let Ok(path) = env::var("SILK_REPORT") else {
        return;
    };
    let report = fs::read(path).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let (Some(fault), Some(trace)) = (finding["type"].as_str(), finding["trace_id"].as_str())
        else {
            continue;
        };
        found.entry(fault).or_default().insert(trace);
    }
    let requests = corpus();
    println!("fault, right, missed, wrong, precision, recall");
    let none = BTreeSet::new();
    for (fault, rules) in SAME_FAULT {
        let named = found.get(fault).unwrap_or(&none);
        let has = |request: &Request| request.expected.iter().any(|rule| rules.contains(&&**rule));
        let (mut right, mut missed, mut wrong) = (0, 0, Vec::new());
        for request in &requests {
            match (has(request), named.contains(&*request.name)) {
                (true, true) => right += 1,
                (true, false) => missed += 1,
                (false, true) => wrong.push(&*request.name),
                (false, false) => {}
            }
        }
        println!(
            "{fault}, {right}, {missed}, {}, {}, {}",
            wrong.len(),
            share(right, right + wrong.len()),
            share(right, right + missed)
        );
    }
    for (fault, traces) in &found {
        println!("reported: {fault} in {} requests", traces.len());
    }
}

fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "–".to_owned(),
        whole => format!(
            "{:.2}",
            f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
        ),
    }
}

#[test]
fn values_take_the_place_of_placeholders() {
    let values = ["7".to_owned(), "'a'".to_owned()];
    assert_eq!(
        with_values("SELECT '$1', a FROM t WHERE b = $2 AND c = $1", &values),
        "SELECT '$1', a FROM t WHERE b = 'a' AND c = 7"
    );
    assert_eq!(
        with_values("x = ? AND y = ? AND z = ?", &values),
        "x = 7 AND y = 'a' AND z = ?"
    );
    let requests = corpus();
    assert!(requests.len() > 200);
    let all = events(&requests);
    let queries: usize = requests.iter().map(|request| request.queries.len()).sum();
    assert_eq!(all.as_array().map(Vec::len), Some(queries));
}
