use super::*;
use crate::compare::{Change, Side, compare};

fn recording(test: &str, calls: u64) -> Recording {
    Recording {
        version: RECORDING_VERSION,
        package: "weave".to_owned(),
        target: "sqlite".to_owned(),
        test: test.to_owned(),
        number: 1,
        kind: RequestKind::Request,
        method: "GET".to_owned(),
        route: "/api/messages/list_some".to_owned(),
        status: Some(200),
        outcome: Outcome::Completed,
        queries: calls,
        query_errors: 0,
        waits: calls,
        total_us: 9_000,
        sql_us: 8_000,
        wait_us: 10,
        statements: vec![RecordedStatement {
            fingerprint: Fingerprint(7),
            database: DatabaseKind::Sqlite,
            sql: "SELECT name FROM person WHERE id = ?".to_owned(),
            command: "SELECT".to_owned(),
            tables: vec!["person".to_owned()],
            calls,
            errors: 0,
            rows: calls,
            total_us: 700,
            max_us: 20,
            call_sites: vec![RecordedLine {
                call_site: CallSite {
                    function: "list_some".to_owned(),
                    file: "src/routes/messages.rs".to_owned(),
                    line: 61,
                },
                calls,
                total_us: 700,
            }],
            plans: vec![RecordedPlan {
                source: PlanSource::AutoExplain,
                shape: PlanShape(9),
            }],
        }],
        findings: Vec::new(),
    }
}

#[test]
fn a_recording_is_read_as_it_was_written() {
    let written = recording("messages::list_some", 100);
    assert_eq!(Recording::read(&written.to_json()).unwrap(), written);
}

#[test]
fn a_field_of_a_later_minor_version_is_passed_over() {
    let text = recording("a", 1).to_json();
    let text = text.replacen('{', "{\n  \"colour\": \"green\",", 1);
    assert_eq!(Recording::read(&text).unwrap(), recording("a", 1));
}

#[test]
fn what_cannot_be_read_says_why() {
    let newer = recording("a", 1)
        .to_json()
        .replace("\"version\": 1", "\"version\": 2");
    let error = Recording::read(&newer).unwrap_err().to_string();
    assert!(
        error.starts_with("the recording is of version 2"),
        "{error}"
    );
    let cut = recording("a", 1).to_json();
    for (text, part) in [
        ("", "EOF"),
        ("[]", "invalid"),
        ("{\"version\": 1}", "missing field"),
        (&cut[..200], "EOF"),
    ] {
        let error = Recording::read(text).unwrap_err().to_string();
        assert!(
            error.starts_with("this is no recording of a test: "),
            "{error}"
        );
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn each_test_has_a_file_of_its_own() {
    let mut names: Vec<String> = ["a::b", "a__b", "a-b", "ä", "ö", &"x".repeat(500)]
        .into_iter()
        .map(|test| recording(test, 1).file_name())
        .collect();
    let again = recording("a::b", 5).file_name();
    assert_eq!(names[0], again, "whatever was recorded");
    let mut second = recording("a::b", 1);
    second.number = 2;
    names.push(second.file_name());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(names.iter().all(|name| name.len() < 160), "{names:?}");
}

#[test]
fn recordings_are_compared_as_requests_are() {
    let (mut a, mut b) = (Side::default(), Side::default());
    recording("slow", 100).add_to(&mut a);
    recording("fast", 1).add_to(&mut b);
    let comparison = compare(&a, &b);
    let statement = comparison.statement(Fingerprint(7)).unwrap();
    assert_eq!(statement.change, Change::FewerCalls);
    assert_eq!(
        (a.read, a.requests, a.query_count, a.waits),
        (1, 1, 100, 100)
    );
    assert_eq!(statement.a.unwrap().lines[0].calls, 100);
}
