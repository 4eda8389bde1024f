//! What must be seen on every database.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    http,
    weave::{Start, Weave},
};

fn queries(record: &Value) -> &Vec<Value> {
    record["queries"].as_array().unwrap()
}

fn count(record: &Value) -> u64 {
    record["request"]["query_count"].as_u64().unwrap()
}

/// Queries of the most frequent statement.
fn most_frequent(record: &Value) -> Vec<&Value> {
    let mut by_statement: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for query in queries(record) {
        by_statement
            .entry(query["fingerprint"].as_str().unwrap())
            .or_default()
            .push(query);
    }
    by_statement.into_values().max_by_key(Vec::len).unwrap()
}

/// The text of the only value of a query.
fn only_value(query: &Value) -> &str {
    let values = query["values"]
        .as_array()
        .unwrap_or_else(|| panic!("no values: {query}"));
    assert_eq!(values.len(), 1, "{query}");
    values[0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text: {query}"))
}

/// A request with 101 queries: each with its value, line and a plan.
pub fn n_plus_one(database: &str) {
    let weave = Weave::start(&Start::on(database));
    let answer = weave.get("/api/messages/list_some");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("server-timing")
            .is_some_and(|value| value.contains("101 queries"))
    );
    let record = weave.record_of(&answer);
    assert_eq!(count(&record), 101);
    assert_eq!(queries(&record).len(), 101);
    assert_eq!(record["request"]["route"], "/api/messages/list_some");
    assert_eq!(record["request"]["outcome"], "completed");
    // On a machine that is busy enough it waits for its connections too, and says so.
    let findings = record["request"]["findings"].as_array().unwrap();
    assert!(
        findings.contains(&"repeated_statement".into()),
        "{findings:?}"
    );

    let people = most_frequent(&record);
    assert_eq!(people.len(), 100);
    let mut ids = BTreeSet::new();
    for query in &people {
        assert!(
            query["sql"].as_str().unwrap().contains("FROM person"),
            "{query}"
        );
        let id: i64 = only_value(query).parse().unwrap();
        assert!((1..=1_000).contains(&id));
        ids.insert(id);
        assert_eq!(query["rows_returned"], 1);
        assert_eq!(
            query["call_site"], people[0]["call_site"],
            "one line runs them all"
        );
    }
    assert!(ids.len() > 50, "different people: {ids:?}");
    let call_site = &people[0]["call_site"];
    assert!(
        call_site["file"]
            .as_str()
            .unwrap()
            .ends_with("src/routes/messages.rs"),
        "{call_site}"
    );
    assert!(
        call_site["function"]
            .as_str()
            .unwrap()
            .contains("list_some"),
        "{call_site}"
    );
    let source = include_str!("../../src/routes/messages.rs");
    let line = usize::try_from(call_site["line"].as_u64().unwrap()).unwrap();
    let statement = source
        .lines()
        .position(|line| line.contains("FROM person"))
        .unwrap()
        + 1;
    assert!(
        line.abs_diff(statement) <= 5,
        "line {line}, the statement stands at {statement}"
    );

    let id = record["request"]["id"].as_str().unwrap();
    let page = weave.get(&format!("/silk/requests/{id}"));
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("100×") || page.text().contains("×100"),
        "{}",
        page.text()
    );

    let seq = people[7]["seq"].as_u64().unwrap();
    let query = weave.get(&format!("/silk/requests/{id}/queries/{seq}"));
    assert_eq!(query.status, 200);
    assert!(query.text().contains("messages.rs"));
    let plan = weave.send(
        "POST",
        &format!("/silk/api/requests/{id}/queries/{seq}/explain"),
        &[("Content-Type", "application/json")],
        br#"{"analyze":false}"#,
    );
    assert_eq!(plan.status, 200, "{}", plan.text());
    let plan = plan.json();
    assert!(plan["root"].is_object(), "{plan}");
    assert!(
        plan["raw"]
            .as_str()
            .is_some_and(|raw| raw.to_lowercase().contains("person")),
        "{plan}"
    );
}

/// Counts of every route, in each way of capturing.
pub fn counts(database: &str) {
    let routes: [(&str, std::ops::RangeInclusive<u64>); 7] = [
        ("/hello", 0..=0),
        ("/api/messages/list_some", 101..=101),
        ("/api/messages/list_some_joined", 1..=1),
        ("/api/threads/prefetched", 4..=4),
        ("/api/parallel?people=4", 6..=6),
        ("/api/stream?limit=30", 1..=1),
        ("/api/pool_wait", 1..=1),
    ];
    for (capture, subscriber) in [("pool", "on"), ("pool", "off"), ("layer", "on")] {
        let weave = Weave::start(&Start {
            capture,
            subscriber,
            ..Start::on(database)
        });
        let arm = format!("{capture}, subscriber {subscriber}");
        // What sqlx itself asks of a new connection is no query of the request that waits for it.
        for (path, expected) in &routes {
            let record = weave.record_of(&weave.get(path));
            assert!(
                expected.contains(&count(&record)),
                "{arm}: {path}: {}",
                count(&record)
            );
            for query in queries(&record) {
                assert_eq!(
                    query["values"].is_null(),
                    capture == "layer",
                    "{arm}: {path}: {query}"
                );
                assert_eq!(query["outcome"], "completed", "{arm}: {path}: {query}");
            }
        }
        let record = weave.record_of(&weave.get("/api/stream?limit=30"));
        assert_eq!(queries(&record)[0]["rows_returned"], 30, "{arm}");
        if capture == "pool" {
            let record = weave.record_of(&weave.get("/api/pool_wait"));
            let wait = record["request"]["times"]["wait_us"].as_u64().unwrap();
            assert!(wait >= 30_000, "{arm}: waited {wait} µs: {record}");
        }
    }
}

/// About 10,100 queries in one request: all there, and the page opens.
pub fn ten_thousand_queries(database: &str) {
    let weave = Weave::start(&Start::on(database));
    let answer = weave.get("/api/threads");
    assert_eq!(answer.status, 200);
    let record = weave.record_of(&answer);
    let queries = count(&record);
    assert!((9_000..=11_500).contains(&queries), "{queries}");
    let id = record["request"]["id"].as_str().unwrap();
    let page = weave.get(&format!("/silk/requests/{id}"));
    assert_eq!(page.status, 200);
    assert!(
        page.body.len() < 400_000,
        "a page of {} bytes",
        page.body.len()
    );
    let prefetched = weave.record_of(&weave.get("/api/threads/prefetch_messages"));
    assert_eq!(
        count(&prefetched),
        queries - 100 + 1,
        "one query for messages in place of 100"
    );
}

/// 64 at once, joined and streamed: each with its own queries only; recorded + lost = sent.
pub fn side_by_side(database: &str) {
    for capture in ["pool", "layer"] {
        let weave = Weave::start(&Start {
            capture,
            ..Start::on(database)
        });
        // Connections are made first, so that what sqlx asks of a new one is out of the way.
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| weave.get("/api/parallel?people=5"));
            }
        });
        let answers: Vec<(u64, http::Response, http::Response)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..64_u64)
                .map(|n| {
                    let weave = &weave;
                    scope.spawn(move || {
                        let (first, people) = (n * 10 + 1, n % 8);
                        let joined =
                            weave.get(&format!("/api/parallel?first={first}&people={people}"));
                        let streamed = weave.get(&format!("/api/stream?limit={}", n + 10));
                        (n, joined, streamed)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for (n, joined, streamed) in answers {
            assert_eq!((joined.status, streamed.status), (200, 200));
            let record = weave.record_of(&joined);
            let (first, people) = (n * 10 + 1, n % 8);
            assert_eq!(count(&record), people + 2, "{capture}: {record:#}");
            if capture == "pool" {
                let mut ids: Vec<u64> = queries(&record)
                    .iter()
                    .filter(|query| query["sql"].as_str().unwrap().contains("FROM person"))
                    .map(|query| only_value(query).parse().unwrap())
                    .collect();
                ids.sort_unstable();
                assert_eq!(ids, (first..first + people).collect::<Vec<_>>());
            }
            let record = weave.record_of(&streamed);
            assert_eq!(count(&record), 1, "{capture}: {record:#}");
            assert_eq!(queries(&record)[0]["rows_returned"], n + 10);
        }
        let (recorded, lost) = weave.settled(32 + 128);
        assert_eq!((recorded, lost), (160, 0), "{capture}");
    }
}

/// Each ending once, with its outcome.
pub fn endings(database: &str) {
    let weave = Weave::start(&Start::on(database));

    let error = weave.get("/api/error");
    assert_eq!(error.status, 500);
    let record = weave.record_of(&error);
    assert_eq!(record["request"]["outcome"], "completed");
    let failed: Vec<_> = queries(&record)
        .iter()
        .filter(|query| query["outcome"] == "error")
        .collect();
    assert_eq!(failed.len(), 1, "{record:#}");
    assert!(failed[0]["error"]["code"].is_string(), "{}", failed[0]);
    assert!(failed[0]["transaction"].is_number(), "{}", failed[0]);
    assert_eq!(record["request"]["query_errors"], 1);

    // Nobody answers a panic; its record is found by its route.
    assert!(http::send(&weave.address, "GET", "/api/panic", &[], b"").is_err());
    let panicked = weave.requests("route=/api/panic", 1);
    assert_eq!(panicked[0]["outcome"], "panicked");
    assert!(panicked[0]["status"].is_null());

    // A client that goes away within the body.
    let mut stream =
        http::open(&weave.address, "GET", "/api/stream?limit=100000", &[], b"").unwrap();
    let mut first = [0; 512];
    stream.read_exact(&mut first).unwrap();
    drop(stream);
    let dropped = weave.requests("route=/api/stream", 1);
    assert_eq!(dropped[0]["outcome"], "dropped");
    assert_eq!(dropped[0]["status"], 200);

    // A client that goes away before the head.
    let stream = http::open(&weave.address, "GET", "/api/threads", &[], b"").unwrap();
    thread::sleep(Duration::from_millis(100));
    drop(stream);
    let gone = weave.requests("route=/api/threads", 1);
    assert_eq!(gone[0]["outcome"], "dropped");
    assert!(gone[0]["status"].is_null());

    let head = weave.send("HEAD", "/hello", &[], b"");
    assert_eq!(head.status, 200);
    assert_eq!(weave.record_of(&head)["request"]["outcome"], "completed");

    let missing = weave.get("/no/such/page");
    assert_eq!(missing.status, 404);
    assert_eq!(
        weave.record_of(&missing)["request"]["path"],
        "/no/such/page"
    );

    let created = weave.send(
        "POST",
        "/api/messages",
        &[("Content-Type", "application/json")],
        br#"{"text":"from a test","sent_by_id":3,"thread_id":4}"#,
    );
    assert_eq!(created.status, 201);
    let record = weave.record_of(&created);
    assert_eq!(count(&record), 4);
    assert!(
        queries(&record)
            .iter()
            .all(|query| query["transaction"] == 0),
        "{record:#}"
    );
    let (_, lost) = weave.settled(7);
    assert_eq!(lost, 0);
}

/// A plan comes without anybody asking for it, and its pages show it.
pub fn plans_by_themselves(database: &str, source: &str) {
    let weave = Weave::start(&Start::on(database));
    let answer = weave.get("/api/messages/list_some_joined");
    assert_eq!(answer.status, 200);
    let id = answer.header("silk-id").unwrap().to_owned();
    let until = Instant::now() + Duration::from_secs(60);
    let plan = loop {
        let record = weave.record(&id);
        if let Some(plan) = queries(&record)
            .iter()
            .find_map(|query| query["plan"].as_str())
        {
            break plan.to_owned();
        }
        assert!(Instant::now() < until, "no plan came: {record}");
        thread::sleep(Duration::from_millis(100));
    };
    let told = weave.get(&format!("/silk/api/plans/{plan}")).json();
    assert_eq!(told["source"], source, "{told}");
    assert_eq!(told["analyzed"], source == "auto_explain", "{told}");
    assert_eq!(weave.get(&format!("/silk/plans/{plan}")).status, 200);
    let health = weave.get("/silk/health");
    assert_eq!(health.status, 200);
    assert!(health.text().contains("plans"), "{}", health.text());
}
