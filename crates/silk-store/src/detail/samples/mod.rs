//! Details such as apps have, for the dictionary to be trained on: what clients and servers send,
//! and queries of pages and interfaces.

mod words;

use silk_core::{
    Body, CapturedBy, ConnectionWait, Header, Outcome, PoolUse, QueryRecord, RequestDetail,
    TransactionEnd, TransactionRecord, Value, ValueState,
};

use self::words::{AGENTS, ANSWERS, CALLS, KEYS, OFTEN, PAGES, SECRET, TYPES, VALUE_TYPES, WORDS};
use super::*;

/// Samples that are written.
const SAMPLES: u64 = 4_000;

/// xorshift64: the same samples each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn header(name: &str, value: impl Into<String>) -> Header {
    let value = value.into();
    Header {
        name: name.to_owned(),
        is_redacted: value.contains("[redacted]"),
        value,
    }
}

fn request_headers(random: &mut Random, is_page: bool) -> Vec<Header> {
    let agent = random.one(&AGENTS);
    let port = random.one(&[
        "localhost:3000",
        "127.0.0.1:8080",
        "www.example.com",
        "api.example.org",
    ]);
    let mut headers = vec![header("host", port), header("user-agent", agent)];
    if agent.starts_with("Mozilla") {
        let own: &[(&str, &str)] = if is_page { &PAGES } else { &CALLS };
        headers.extend(own.iter().map(|(name, value)| header(name, *value)));
        headers.extend(
            OFTEN
                .iter()
                .filter(|_| random.is(45))
                .map(|(name, value)| header(name, *value))
                .collect::<Vec<_>>(),
        );
        if random.is(60) {
            headers.push(header(
                "referer",
                format!("http://{port}/orders/{}", random.below(9_999)),
            ));
        }
    } else {
        headers.push(header("accept", "*/*"));
        if random.is(50) {
            headers.push(header("accept-encoding", "gzip"));
        }
    }
    if random.is(55) {
        let (name, value) = random.one(&SECRET);
        headers.push(header(name, value));
    }
    if random.is(25) {
        headers.push(header(
            "x-forwarded-for",
            format!("10.1.{}.{}", random.below(255), random.below(255)),
        ));
        headers.push(header("x-forwarded-proto", "https"));
        headers.push(header(
            "x-real-ip",
            format!("10.1.{}.{}", random.below(255), random.below(255)),
        ));
        headers.push(header(
            "x-request-id",
            format!("{:032x}", random.below(u64::MAX)),
        ));
    }
    if random.is(15) {
        let (trace, span) = (random.below(u64::MAX), random.below(u64::MAX));
        headers.push(header(
            "traceparent",
            format!("00-{trace:032x}-{span:016x}-01"),
        ));
    }
    headers
}

fn response_headers(random: &mut Random, kind: &str, bytes: u64) -> Vec<Header> {
    let mut headers = vec![header("content-type", kind)];
    if random.is(85) {
        headers.push(header("content-length", bytes.to_string()));
    }
    headers.extend(
        ANSWERS
            .iter()
            .filter(|_| random.is(12))
            .map(|(name, value)| header(name, *value))
            .collect::<Vec<_>>(),
    );
    if random.is(10) {
        headers.push(header(
            "etag",
            format!("\"{:016x}\"", random.below(u64::MAX)),
        ));
    }
    headers
}

fn text(random: &mut Random, kind: &str) -> String {
    let words = |random: &mut Random, most| {
        let words: Vec<&str> = (0..=random.below(most))
            .map(|_| random.one(&WORDS))
            .collect();
        words.join(" ")
    };
    if kind.contains("json") {
        let object = |random: &mut Random| {
            let fields: Vec<String> = (0..=random.below(6))
                .map(|_| {
                    let key = random.one(&KEYS);
                    match random.below(4) {
                        0 => format!("\"{key}\":{}", random.below(100_000)),
                        1 => format!("\"{key}\":null"),
                        2 => format!(
                            "\"{key}\":\"2026-11-{:02}T09:{:02}:07Z\"",
                            1 + random.below(28),
                            random.below(60)
                        ),
                        _ => format!("\"{key}\":\"{}\"", words(random, 5)),
                    }
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        };
        if random.is(50) {
            return object(random);
        }
        let items: Vec<String> = (0..random.below(12)).map(|_| object(random)).collect();
        return format!("[{}]", items.join(","));
    }
    if kind.contains("html") {
        let rows: Vec<String> = (0..random.below(8))
            .map(|_| {
                format!(
                    "<tr><td><a href=\"/orders/{}\">{}</a></td><td class=\"number\">{}</td></tr>",
                    random.below(999),
                    words(random, 4),
                    random.below(9_999)
                )
            })
            .collect();
        return format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<link rel=\"stylesheet\" href=\"/static/app.css\">\n</head>\n<body>\n<main>\n<h1>{}</h1>\n<table>\n{}\n</table>\n</main>\n</body>\n</html>\n",
            words(random, 3),
            words(random, 3),
            rows.join("\n")
        );
    }
    words(random, 12)
}

fn body(random: &mut Random, kind: &str) -> Option<Body> {
    let text = text(random, kind);
    (!text.is_empty()).then(|| Body {
        content_type: Some(kind.to_owned()),
        total_bytes: text.len() as u64,
        text: (!kind.contains("octet")).then_some(text),
        is_truncated: false,
        is_redacted: false,
    })
}

fn value(random: &mut Random) -> Value {
    let type_name = random.one(&VALUE_TYPES);
    let bytes = match type_name {
        "TEXT" | "VARCHAR" => random.one(&WORDS).as_bytes().to_vec(),
        "BOOL" => vec![1],
        "INT4" => (u32::try_from(random.below(9_999)).unwrap())
            .to_be_bytes()
            .to_vec(),
        "UUID" => [
            random.below(u64::MAX).to_be_bytes(),
            random.below(u64::MAX).to_be_bytes(),
        ]
        .concat(),
        "INTEGER" => random.below(9_999).to_le_bytes().to_vec(),
        _ => random.below(9_999).to_be_bytes().to_vec(),
    };
    Value {
        type_name: type_name.to_owned(),
        state: if random.is(5) {
            ValueState::Null
        } else {
            ValueState::Bytes(bytes)
        },
    }
}

fn queries(random: &mut Random, is_pool: bool) -> Vec<QueryRecord> {
    let count = match random.below(10) {
        0..4 => 0,
        4..8 => 1 + random.below(5),
        _ => random.below(40),
    };
    let mut clock = 150 + random.below(400);
    (1_u32..)
        .take(usize::try_from(count).unwrap())
        .map(|seq| {
            clock += 20 + random.below(60);
            let duration_us = 60 + random.below(500);
            let rows = random.one(&[0, 1, 1, 1, 10, 25, 50]);
            let record = QueryRecord {
                seq,
                text: seq.min(4) - 1,
                captured_by: if is_pool {
                    CapturedBy::Pool
                } else {
                    CapturedBy::Layer
                },
                started_us: clock,
                duration_us,
                first_row_us: (is_pool && rows > 0).then(|| duration_us - random.below(40)),
                consumer_us: if is_pool { random.below(9) } else { 0 },
                rows_returned: rows,
                rows_read: rows,
                rows_affected: 0,
                outcome: Outcome::Completed,
                error: None,
                values: is_pool.then(|| (0..=random.below(3)).map(|_| value(random)).collect()),
                call_site: is_pool.then(|| seq.min(3) - 1),
                span: None,
                transaction: None,
                plan_shape: None,
                server_us: None,
                is_past_pool: false,
            };
            clock += duration_us;
            record
        })
        .collect()
}

fn sample(random: &mut Random) -> RequestDetail {
    let kind = random.one(&TYPES);
    let is_pool = random.is(60);
    // What bodies hold differs from app to app: few, so that the dictionary is of the rest.
    let response_body = body(random, kind).filter(|_| random.is(25));
    let bytes = response_body.as_ref().map_or(0, |body| body.total_bytes);
    let queries = queries(random, is_pool);
    let most = 5 + u32::try_from(random.below(15)).unwrap();
    RequestDetail {
        query_string: random
            .is(25)
            .then(|| format!("page={}&per_page=50&sort=-created_at", random.below(40))),
        http_version: Some(random.one(&["HTTP/1.1", "HTTP/1.1", "HTTP/2.0"]).to_owned()),
        request_headers: request_headers(random, kind.contains("html")),
        response_headers: response_headers(random, kind, bytes),
        request_body: if random.is(20) {
            body(random, "application/json")
        } else {
            None
        },
        response_body,
        longest_poll_started_us: random.is(90).then(|| random.below(900)),
        waits: queries
            .iter()
            .filter(|_| is_pool)
            .map(|query| ConnectionWait {
                started_us: query.started_us - 15,
                duration_us: 2 + random.below(12),
                error: None,
                pool: random.is(5).then_some(PoolUse {
                    open: most,
                    idle: 0,
                    most,
                }),
                holders: Vec::new(),
            })
            .collect(),
        transactions: queries
            .first()
            .filter(|_| random.is(20))
            .map(|query| TransactionRecord {
                started_us: query.started_us - 10,
                duration_us: 900 + random.below(2_000),
                begin_us: 40 + random.below(60),
                end_us: 80 + random.below(200),
                depth: 1,
                end: TransactionEnd::Committed,
                error: None,
            })
            .into_iter()
            .collect(),
        queries,
        ..RequestDetail::default()
    }
}

/// The body of a sample, before it is compressed.
fn encoded(detail: &RequestDetail, random: &mut Random) -> Vec<u8> {
    let first = 1 + random.below(300);
    let texts: Vec<TextRef> = (0..4).map(|at| TextRef::Stored(first + at)).collect();
    v3::encode(detail, &texts, &[first, first + 1, first + 2], Vec::new())
}

/// Writes the samples that the dictionary is trained on into the folder `SILK_SAMPLES`.
#[test]
#[ignore = "writes files; run by whoever trains a dictionary"]
fn write_samples() {
    let Some(folder) = std::env::var_os("SILK_SAMPLES").map(std::path::PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let mut random = Random(0x5111_c0de);
    for number in 0..SAMPLES {
        let detail = sample(&mut random);
        let body = encoded(&detail, &mut random);
        if (MIN_COMPRESSED..dictionary::MAX_BODY).contains(&body.len()) {
            std::fs::write(folder.join(format!("{number:05}")), body).unwrap();
        }
    }
}

/// Other samples than those that it was trained on.
#[test]
fn the_dictionary_makes_small_details_smaller() {
    let mut random = Random(77);
    let (mut with, mut without) = (0, 0);
    let mut plain = zstd::bulk::Compressor::new(LEVEL).unwrap();
    let mut known = dictionary::compressor(LEVEL).unwrap();
    for _ in 0..300 {
        let detail = sample(&mut random);
        let body = encoded(&detail, &mut random);
        if (MIN_COMPRESSED..2_000).contains(&body.len()) {
            without += plain.compress(&body).unwrap().len();
            with += known.compress(&body).unwrap().len();
        }
    }
    println!("{without} bytes without, {with} with the dictionary");
    assert!(with * 100 < without * 75, "{with} of {without} bytes");
}
