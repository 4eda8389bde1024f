//! Two requests side by side: page, Markdown and JSON, and how a side is named.

use std::sync::Arc;

use chrono::{SecondsFormat, TimeDelta, Utc};
use http::StatusCode;

use crate::support::{
    self, MESSAGES, PERSON, TestStore,
    client::{app, attributes, check, get, page},
    finish, plans, query, request, site, sql,
};

/// The request with the join: one query in place of 101.
pub(crate) fn joined(n: u128) -> silk_core::RequestRecord {
    let route = "/api/messages/list_some_joined";
    let mut record = request(n, "GET", route, route);
    let detail = &mut record.detail;
    detail.texts = vec![sql(
        "SELECT m.id, p.name FROM message AS m JOIN person AS p ON p.id = m.person_id LIMIT 100",
        "SELECT",
        &["message", "person"],
        0xf7,
    )];
    detail.call_sites = vec![site(
        "weave::routes::messages::list_some_joined",
        "src/routes/messages.rs",
        104,
    )];
    let mut one = query(1, 0, 2_000, 4_100);
    one.call_site = Some(0);
    detail.queries.push(one);
    finish(&mut record, 9_000);
    record
}

fn pair() -> (Arc<TestStore>, String, String) {
    let (slow, fast) = (support::repeated(1), joined(2));
    let (a, b) = (slow.summary.id.to_string(), fast.summary.id.to_string());
    (TestStore::of(vec![slow, fast]), a, b)
}

#[tokio::test]
async fn the_loop_and_the_join_side_by_side() {
    let (store, a, b) = pair();
    let app = app(&store);
    let html = page(&app, &format!("/silk/compare?a={a}&b={b}")).await;
    for part in [
        "101 → 1 queries",
        "(1 request each).",
        "GET /api/messages/list_some_joined",
        ">gone<",
        ">added<",
        "routes/messages.rs:88",
        "Findings gone",
        "person by id ran 100×",
        "18.2 kB",
        "waiting for a connection",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(
        !html.contains("faster"),
        "one request each is one observation"
    );
    let json = get(&app, &format!("/silk/api/compare?a={a}&b={b}"))
        .await
        .json();
    assert_eq!(json["a"]["id"], a);
    assert_eq!(json["b"]["id"], b);
    assert_eq!(
        (&json["a"]["query_count"], &json["b"]["query_count"]),
        (&101.into(), &1.into())
    );
    assert_eq!(json["speed"], "too_few");
    let statements = json["statements"].as_array().expect("is a list");
    let by = |fingerprint: &str| {
        let found = statements
            .iter()
            .find(|one| one["fingerprint"] == fingerprint);
        found.unwrap_or_else(|| panic!("{json}"))
    };
    let people = by("00000000000000b2");
    assert_eq!(
        (&people["a_calls"], &people["b_calls"], &people["change"]),
        (&100.into(), &0.into(), &"gone".into())
    );
    assert!(people["a_us"].as_u64() > Some(40_000) && people["b_us"] == 0);
    assert_eq!(people["sql"], PERSON);
    assert_eq!(people["a_lines"][0]["line"], 88);
    assert_eq!(by("00000000000000a1")["sql"], MESSAGES);
    assert_eq!(by("00000000000000f7")["change"], "added");
    assert_eq!(json["findings"]["gone"][0]["rule"], "repeated_statement");
    let markdown = get(&app, &format!("/silk/compare.md?a={a}&b={b}")).await;
    assert_eq!(
        markdown.headers["content-type"],
        "text/plain; charset=utf-8"
    );
    for line in [
        "| queries per request | 101 | 1 | −100 |",
        "| gone | 100 | – |",
        "- N+1 query",
    ] {
        assert!(markdown.text.contains(line), "{line}\n{}", markdown.text);
    }
    assert!(
        markdown.text.starts_with("**101 → 1 queries, "),
        "{}",
        markdown.text
    );
}

#[tokio::test]
async fn a_side_may_be_relative_to_the_other() {
    let mut records: Vec<_> = (1..=5).map(support::repeated).collect();
    for (n, record) in (0_u64..).zip(&mut records) {
        record.summary.times.total_us = [5, 1, 9, 4, 2][usize::try_from(n).unwrap()] * 10_000;
    }
    // It failed before it did anything, and is no fast one.
    records[1].summary.status = Some(500);
    let ids: Vec<String> = records.iter().map(|r| r.summary.id.to_string()).collect();
    let app = app(&TestStore::of(records));
    for (word, of, wanted) in [("previous", 3, 2), ("slowest", 0, 2), ("fastest", 0, 4)] {
        let uri = format!("/silk/compare?a={word}&b={}", ids[of]);
        let answer = get(&app, &uri).await;
        assert_eq!(
            answer.status,
            StatusCode::SEE_OTHER,
            "{uri}: {}",
            answer.text
        );
        let to = format!("/silk/compare?a={}&b={}", ids[wanted], ids[of]);
        assert_eq!(answer.location(), to, "{word}");
        let json = get(&app, &format!("/silk/api/compare?a={word}&b={}", ids[of]))
            .await
            .json();
        assert_eq!(json["a"]["id"], ids[wanted]);
    }
    let first = get(&app, &format!("/silk/compare?a=previous&b={}", ids[0])).await;
    assert_eq!(first.status, StatusCode::NOT_FOUND);
    assert!(first.text.contains("no other request"), "{}", first.text);
}

#[tokio::test]
async fn sides_are_chosen_from_a_request_and_its_list() {
    let (store, a, b) = pair();
    let app = app(&store);
    let request = page(&app, &format!("/silk/requests/{a}")).await;
    for href in ["a=previous", "a=fastest", "a=slowest"] {
        let wanted = format!("/silk/compare?{href}&#38;b={a}");
        assert!(attributes(&request, "href").contains(&&*wanted), "{wanted}");
    }
    let choose = page(&app, &format!("/silk/compare?a={a}")).await;
    assert!(choose.contains(&format!("compare={a}")), "{choose}");
    let list = page(&app, &format!("/silk/requests?compare={a}")).await;
    let wanted = format!("/silk/compare?a={a}&#38;b={b}");
    assert!(attributes(&list, "href").contains(&&*wanted), "{list}");
    assert_eq!(list.matches(">compare<").count(), 1, "not with itself");
    let empty = page(&app, "/silk/compare").await;
    assert!(
        empty.contains("name=\"a\"") && empty.contains("what is gone"),
        "{empty}"
    );
    let same = page(&app, &format!("/silk/compare?a={a}&b={a}")).await;
    assert!(same.contains("The same on both sides."), "{same}");
}

#[tokio::test]
async fn stretches_of_time_are_compared_with_many_requests() {
    let mut records = Vec::new();
    let now = Utc::now();
    for n in 0..12_u32 {
        let mut before = support::repeated(u128::from(n) + 1);
        before.summary.started_at = now - TimeDelta::minutes(90) + TimeDelta::seconds(i64::from(n));
        before.summary.times.total_us += u64::from(n) * 100;
        let mut after = support::repeated(u128::from(n) + 101);
        after.summary.started_at = now - TimeDelta::minutes(30) + TimeDelta::seconds(i64::from(n));
        after.summary.times.total_us = 20_000 + u64::from(n) * 100;
        after.statements.truncate(1);
        after.summary.query_count = 1;
        records.extend([before, after]);
    }
    let app = app(&TestStore::of(records));
    let time =
        |minutes| (now - TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let side = |what: &str, from, to| {
        let text = format!("{what}@{}..{}", time(from), time(to));
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
    };
    for what in ["route:GET /api/messages/list_some", "all"] {
        let query = format!("a={}&b={}", side(what, 120, 60), side(what, 60, 0));
        let json = get(&app, &format!("/silk/api/compare?{query}"))
            .await
            .json();
        assert_eq!(json["a"]["requests"], 12, "{json}");
        assert_eq!(json["speed"], "faster", "{json}");
        let verdict = json["verdict"].as_str().expect("is text");
        assert!(verdict.starts_with("Faster: median"), "{verdict}");
        assert!(
            verdict.contains("(12 requests each)") && verdict.contains("101 → 1 queries"),
            "{verdict}"
        );
        let html = page(&app, &format!("/silk/compare?{query}")).await;
        assert!(
            html.contains("verdict good") && html.contains(">gone<"),
            "{html}"
        );
    }
    let what = "statement:00000000000000b2";
    let query = format!("a={}&b={}", side(what, 120, 60), side(what, 60, 0));
    let json = get(&app, &format!("/silk/api/compare?{query}"))
        .await
        .json();
    assert_eq!(
        json["statements"].as_array().expect("is a list").len(),
        1,
        "{json}"
    );
    // What moves with the clock is given an address that does not.
    let moving = get(&app, "/silk/compare?a=all%402h..1h&b=all%401h..").await;
    assert_eq!(moving.status, StatusCode::SEE_OTHER);
    let html = page(&app, moving.location()).await;
    assert!(html.contains("requests"));
}

#[tokio::test]
async fn what_cannot_be_compared_is_said_in_words() {
    let (store, a, _) = pair();
    let app = app(&store);
    let unknown = "01934f5e-0000-7000-8000-000000000abc";
    for (query, status, words) in [
        ("a=x&b=y".to_owned(), 400, "must be the id of a request"),
        (
            "a=fastest&b=slowest".to_owned(),
            400,
            "One side must name a request",
        ),
        ("a=fastest".to_owned(), 400, "route of the other side"),
        (
            "a=fastest&b=all@2h..1h".to_owned(),
            400,
            "route of the other side",
        ),
        (format!("a={a}&b={unknown}"), 404, "not kept"),
        (format!("a={a}&b={a}&c=1"), 400, "no parameter"),
        (format!("a={a}&b=all@1h..2h"), 400, "b must be"),
        (
            format!(
                "a={a}&b=statement:00000000000000ff@2026-01-01T00:00:00Z..2026-01-02T00:00:00Z"
            ),
            404,
            "statement",
        ),
        (format!("a={a}&b=%3Cscript%3E%22%27"), 400, "b must be"),
    ] {
        for path in ["compare", "compare.md", "api/compare"] {
            let uri = format!("/silk/{path}?{query}");
            let answer = get(&app, &uri).await;
            assert_eq!(answer.status.as_u16(), status, "{uri}: {}", answer.text);
            assert!(answer.text.contains(words), "{uri}: {}", answer.text);
            if path == "compare" {
                check(&answer.text, "/silk", &uri);
            }
        }
    }
    let alone = get(&app, &format!("/silk/api/compare?a={a}")).await;
    assert_eq!(alone.status, StatusCode::BAD_REQUEST);
    assert!(
        alone.text.contains("Two sides are needed"),
        "{}",
        alone.text
    );
}

#[tokio::test]
async fn huge_and_hostile_sides_are_drawn() {
    let (huge, hostile, fast) = (support::ten_thousand(1), support::hostile(2), joined(3));
    let id = |record: &silk_core::RequestRecord| record.summary.id;
    let (a, b, c) = (id(&huge), id(&hostile), id(&fast));
    let app = app(&TestStore::of(vec![huge, hostile, fast]));
    for (a, b) in [(a, c), (c, a), (a, b), (b, c), (b, b)] {
        page(&app, &format!("/silk/compare?a={a}&b={b}")).await;
        let markdown = get(&app, &format!("/silk/compare.md?a={a}&b={b}"))
            .await
            .text;
        assert!(
            !markdown.contains('\0')
                && !markdown.contains('\u{202e}')
                && !markdown.contains('\u{1b}')
        );
        assert!(markdown.len() < 20_000, "{}", markdown.len());
        let lines = markdown.lines().filter(|line| line.starts_with('|'));
        for line in lines {
            assert!(line.ends_with('|'), "{line}");
        }
        get(&app, &format!("/silk/api/compare?a={a}&b={b}"))
            .await
            .json();
    }
    let html = page(&app, &format!("/silk/compare?a={a}&b={c}")).await;
    assert!(html.contains("10,201 → 1 queries"), "{html}");
}

#[tokio::test]
async fn plans_that_changed_are_linked() {
    let mut before = support::repeated(1);
    let mut after = support::repeated(2);
    let store = TestStore::of(Vec::new());
    plans::fill(&store);
    let shapes: Vec<_> = (store.plans().into_iter())
        .filter_map(|plan| plan.shape)
        .collect();
    let (one, other) = (
        shapes[0],
        *shapes.iter().find(|s| **s != shapes[0]).expect("differ"),
    );
    before.detail.queries[0].plan_shape = Some(one);
    after.detail.queries[0].plan_shape = Some(other);
    let (a, b) = (before.summary.id, after.summary.id);
    store.add(before);
    store.add(after);
    let app = app(&store);
    let json = get(&app, &format!("/silk/api/compare?a={a}&b={b}"))
        .await
        .json();
    let changed: Vec<_> = (json["statements"].as_array().expect("is a list").iter())
        .filter(|one| one["plan"] == "changed")
        .collect();
    assert_eq!(changed.len(), 1, "{json}");
    let html = page(&app, &format!("/silk/compare?a={a}&b={b}")).await;
    assert!(html.contains("plan changed"), "{html}");
}
