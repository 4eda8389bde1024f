//! Details come back as they were written, from every version, and hostile bytes are refused.

use proptest::prelude::*;
use silk_core::{
    CallSite, CapturedBy, ConnectionWait, Finding, Fingerprint, Holder, Outcome, PoolUse,
    QueryError, QueryRecord, RequestDetail, Severity, TransactionEnd, TransactionRecord, Value,
    ValueState, record::AcceptedFinding,
};

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let state = prop_oneof![
        Just(ValueState::Null),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(ValueState::Bytes),
        (prop::collection::vec(any::<u8>(), 0..20), any::<u64>())
            .prop_map(|(bytes, total_bytes)| ValueState::Truncated { bytes, total_bytes }),
        Just(ValueState::Redacted),
        Just(ValueState::Unavailable),
    ];
    ("[A-Z]{0,3}", state).prop_map(|(type_name, state)| Value { type_name, state })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(Outcome::ALL)
}

fn query() -> impl Strategy<Value = QueryRecord> {
    let numbers = (
        any::<u32>(),
        0..3_u32,
        any::<[u64; 6]>(),
        any::<Option<u64>>(),
    );
    let words = (
        any::<bool>(),
        outcome(),
        any::<Option<(Option<String>, String)>>(),
    );
    let places = (prop::option::of(0..2_u32), 0..9_u32, any::<bool>());
    let values = prop::option::of(prop::collection::vec(value(), 0..5));
    (numbers, words, places, values).prop_map(|(numbers, words, places, values)| {
        let (
            seq,
            text,
            [
                started_us,
                duration_us,
                consumer_us,
                returned,
                affected,
                read,
            ],
            first,
        ) = numbers;
        let (is_pool, outcome, error) = words;
        let (call_site, place, is_some) = places;
        QueryRecord {
            seq,
            text,
            captured_by: if is_pool {
                CapturedBy::Pool
            } else {
                CapturedBy::Layer
            },
            started_us,
            duration_us,
            // The largest of all gaps has no room for "none".
            first_row_us: first.filter(|first| column::gap(duration_us, *first) != u64::MAX),
            consumer_us,
            rows_returned: returned,
            rows_read: if is_some { read } else { returned },
            rows_affected: affected,
            outcome,
            error: error.map(|(code, message)| QueryError { code, message }),
            values,
            call_site,
            span: is_some.then_some(place),
            transaction: (!is_some).then_some(place),
            plan_shape: (!is_some).then_some(silk_core::PlanShape(u64::from(place) << 40)),
            server_us: (place == 3).then_some(duration_us / 2),
            is_past_pool: place == 4,
        }
    })
}

fn detail() -> impl Strategy<Value = RequestDetail> {
    let queries = prop::collection::vec(query(), 0..30);
    (queries, any::<[u64; 4]>(), any::<Option<String>>()).prop_map(|(queries, n, text)| {
        RequestDetail {
            query_string: text.clone(),
            queries,
            queries_not_kept: n[0],
            waits: vec![ConnectionWait {
                started_us: n[1],
                duration_us: n[2],
                error: text,
                pool: n[0].is_multiple_of(2).then_some(PoolUse {
                    open: u32::MAX,
                    idle: 0,
                    most: 5,
                }),
                holders: vec![holder(n[3]); usize::from(n[1].is_multiple_of(2))],
            }],
            waits_not_kept: n[2],
            transactions_not_kept: n[3],
            longest_poll_started_us: n[3].is_multiple_of(2).then_some(n[0]),
            error_site: n[2].is_multiple_of(2).then(|| site(9)),
            transactions: vec![TransactionRecord {
                started_us: n[3],
                duration_us: n[0],
                begin_us: n[1],
                end_us: n[2],
                depth: 2,
                end: if n[1].is_multiple_of(2) {
                    TransactionEnd::Failed
                } else {
                    TransactionEnd::Dropped
                },
                error: n[2].is_multiple_of(2).then(|| QueryError {
                    code: None,
                    message: "refused".to_owned(),
                }),
            }],
            ..RequestDetail::default()
        }
    })
}

fn text_refs() -> Vec<TextRef> {
    vec![
        TextRef::Stored(7),
        TextRef::Inline {
            text: "SELECT 'x'".to_owned(),
            statement: 3,
            database: 1,
            has_literals: true,
            is_redacted: false,
        },
        TextRef::Stored(u64::MAX),
    ]
}

/// What the golden blob holds: something of each kind.
fn golden() -> RequestDetail {
    let query = QueryRecord {
        seq: 1,
        text: 1,
        captured_by: CapturedBy::Pool,
        started_us: 100,
        duration_us: 50,
        first_row_us: Some(40),
        consumer_us: 3,
        rows_returned: 2,
        rows_read: 2,
        rows_affected: 1,
        outcome: Outcome::Error,
        error: Some(QueryError {
            code: Some("23505".to_owned()),
            message: "no".to_owned(),
        }),
        values: Some(vec![
            Value {
                type_name: "INT8".to_owned(),
                state: ValueState::Bytes(vec![0, 0, 0, 9]),
            },
            Value {
                type_name: "TEXT".to_owned(),
                state: ValueState::Truncated {
                    bytes: vec![b'a'; 20],
                    total_bytes: 99,
                },
            },
        ]),
        call_site: Some(0),
        span: Some(0),
        transaction: None,
        plan_shape: Some(silk_core::PlanShape(0x5a5a_0000_0000_0001)),
        server_us: None,
        is_past_pool: false,
    };
    RequestDetail {
        query_string: Some("a=1".to_owned()),
        request_headers: vec![silk_core::Header {
            name: "accept".to_owned(),
            value: "*/*".to_owned(),
            is_redacted: false,
        }],
        response_body: Some(silk_core::Body {
            content_type: None,
            total_bytes: 12,
            text: Some("{}".to_owned()),
            is_truncated: true,
            is_redacted: false,
        }),
        queries: vec![
            query.clone(),
            QueryRecord {
                seq: 2,
                started_us: 170,
                error: None,
                values: None,
                outcome: Outcome::Completed,
                ..query
            },
        ],
        spans: vec![silk_core::SpanRecord {
            name: "load".to_owned(),
            target: "shop".to_owned(),
            file: None,
            line: Some(3),
            started_us: 1,
            duration_us: 2,
            busy_us: 1,
            parent: None,
            fields: vec![("k".to_owned(), "v".to_owned())],
        }],
        logs: vec![silk_core::LogRecord {
            at_us: 5,
            level: "WARN".to_owned(),
            target: "shop".to_owned(),
            message: "slow".to_owned(),
            fields: vec![],
        }],
        ..RequestDetail::default()
    }
}

/// What version 2 tells beyond version 1.
fn golden_v2() -> RequestDetail {
    let wait = |started_us, pool| ConnectionWait {
        started_us,
        duration_us: 20_000,
        error: None,
        pool,
        holders: Vec::new(),
    };
    let pool = PoolUse {
        open: 4,
        idle: 1,
        most: 300,
    };
    RequestDetail {
        waits: vec![wait(1, None), wait(2, Some(pool))],
        ..golden()
    }
}

fn site(line: u32) -> CallSite {
    CallSite {
        function: "shop::load".to_owned(),
        file: "src/load.rs".to_owned(),
        line,
    }
}

fn holder(held_us: u64) -> Holder {
    Holder {
        route: "GET /threads".to_owned(),
        fingerprint: Some(Fingerprint(7)),
        normalized: Some("SELECT ?".to_owned()),
        call_site: Some(site(3)),
        connections: 2,
        idle_in_transaction: 1,
        held_us,
    }
}

/// What version 3 tells beyond version 2.
fn golden_v3() -> RequestDetail {
    let mut detail = golden_v2();
    detail.queries[0].rows_read = 50_000;
    detail.queries[0].server_us = Some(45);
    detail.queries[1].is_past_pool = true;
    detail.waits[1].holders = vec![holder(19_000)];
    detail.transactions = vec![TransactionRecord {
        started_us: 1,
        duration_us: 9,
        begin_us: 1,
        end_us: 2,
        depth: 1,
        end: TransactionEnd::Failed,
        error: Some(QueryError {
            code: Some("23503".to_owned()),
            message: "no such parent".to_owned(),
        }),
    }];
    RequestDetail {
        waits_not_kept: 12,
        transactions_not_kept: 13,
        longest_poll_started_us: Some(14),
        error: Some("a panic on purpose".to_owned()),
        error_site: Some(site(15)),
        accepted: vec![AcceptedFinding {
            finding: Finding {
                rule: "counts_everything".to_owned(),
                severity: Severity::Warning,
                title: "Counting rows took 38.2 ms.".to_owned(),
                detail: "It reads all.".to_owned(),
                remedy: Some("Count up to 1,001.".to_owned()),
                call_site: Some(site(16)),
                fingerprint: Some(Fingerprint(17)),
                query: Some(2),
                lost_us: Some(38_200),
            },
            reason: "two people open it".to_owned(),
        }],
        ..detail
    }
}

/// Made once by `Encoder::encode` of each version, and never again: they must be readable for ever.
const GOLDEN: &[u8] = include_bytes!("golden/v1.bin");
const GOLDEN_V2: &[u8] = include_bytes!("golden/v2.bin");
const GOLDEN_V3: &[u8] = include_bytes!("golden/v3.bin");
const GOLDEN_FIRST_DICTIONARY: &[u8] = include_bytes!("golden/v3-dictionary.bin");

#[test]
fn the_golden_blobs_are_read() {
    for (blob, detail) in [
        (GOLDEN, golden()),
        (GOLDEN_V2, golden_v2()),
        (GOLDEN_V3, golden_v3()),
        (GOLDEN_FIRST_DICTIONARY, golden_v3()),
    ] {
        let read = decode(blob).unwrap();
        assert_eq!(read.detail, detail);
        assert_eq!((read.texts, read.call_sites), (text_refs(), vec![4]));
    }
}

/// `SILK_GOLDEN=path cargo test -p silk-store write_golden -- --ignored` for a new version.
#[test]
#[ignore = "writes the golden blob of a new version"]
fn write_golden() {
    let Some(path) = std::env::var_os("SILK_GOLDEN") else {
        return;
    };
    std::fs::write(
        path,
        Encoder::new().encode(&golden_v3(), &text_refs(), &[4]),
    )
    .unwrap();
}

/// What is left where zstd has no memory.
fn without_zstd() -> Encoder {
    Encoder {
        compressor: None,
        with_dictionary: None,
        body: Vec::new(),
    }
}

#[test]
fn versions_and_methods_that_are_not_known_are_refused() {
    assert!(matches!(
        decode(&[4, 0, 0]),
        Err(DecodeError::UnknownVersion(4))
    ));
    for blob in [
        &[][..],
        &[1],
        &[1, 0],
        &[1, 1],
        &[1, 9, 0],
        &[1, 1, 0x28, 0xb5, 0x2f, 0xfd],
    ] {
        assert!(decode(blob).is_err(), "{blob:?}");
    }
    let mut longer = without_zstd().encode(&golden(), &text_refs(), &[4]);
    longer.push(0);
    assert!(decode(&longer).is_err());
}

#[test]
fn a_bomb_is_refused() {
    let zeros = vec![0; MAX_BODY + 1];
    for (method, mut compressor) in [
        (METHOD_ZSTD, zstd::bulk::Compressor::new(1).unwrap()),
        (METHOD_FIRST_DICTIONARY, dictionary::compressor(1).unwrap()),
    ] {
        let mut bomb = vec![VERSION, method];
        bomb.extend(compressor.compress(&zeros).unwrap());
        assert!(bomb.len() < 100_000);
        assert!(matches!(decode(&bomb), Err(DecodeError::Malformed(_))));
    }
}

#[test]
fn indices_are_checked() {
    let mut encoder = Encoder::new();
    let stored = decode(&encoder.encode(&golden(), &text_refs(), &[4])).unwrap();
    assert!(stored.resolve(Vec::new(), Vec::new()).is_err());
}

#[test]
fn what_is_too_large_loses_bodies_and_values_only() {
    let mut huge = golden();
    huge.response_body.as_mut().unwrap().text = Some("x".repeat(MAX_BODY + 1));
    let read = decode(&Encoder::new().encode(&huge, &text_refs(), &[4]))
        .unwrap()
        .detail;
    assert_eq!(read.response_body.unwrap().text, None);
    assert_eq!(read.queries.len(), 2);
}

proptest! {
    #[test]
    fn details_come_back(detail in detail()) {
        let mut encoder = Encoder::new();
        // Twice: nothing of the first is left in the encoder.
        for _ in 0..2 {
            let blob = encoder.encode(&detail, &text_refs(), &[1, 2]);
            let read = decode(&blob).unwrap();
            prop_assert_eq!(&read.detail, &detail);
            prop_assert_eq!(&read.texts, &text_refs());
        }
    }

    #[test]
    fn damaged_bytes_never_panic(detail in detail(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for mut encoder in [Encoder::new(), without_zstd()] {
            let mut blob = encoder.encode(&detail, &text_refs(), &[1, 2]);
            let at = at.index(blob.len());
            blob[at] ^= 1_u8 << bit;
            let _ = decode(&blob);
            blob.truncate(at);
            prop_assert!(decode(&blob).is_err());
        }
    }

    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        bytes.splice(0..0, [VERSION, METHOD_PLAIN]);
        let _ = decode(&bytes);
    }
}
