//! Findings, routes and lines across requests: what became of each, and what somebody accepts.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::Router;
use http::{Method, StatusCode};
use serde_json::Value;
use silk_ui::{Editor, dashboard};

use crate::support::{
    self, TestStore,
    client::{app, attributes, check, csrf, get, post_form, send_json},
};

const LIST: &str = "/silk/findings";

async fn json(app: &Router, uri: &str) -> Value {
    let answer = get(app, uri).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    serde_json::from_str(&answer.text).expect("is JSON")
}

/// Thirty requests of a build with an N+1 query, or without.
fn build(store: &TestStore, name: &str, first: u128, has_it: bool) {
    let records = (first..first + 30).map(|n| {
        let mut record = support::repeated(n);
        if !has_it {
            record.findings.clear();
            record.sum_findings();
        }
        record
    });
    store.write_build(name, records.collect());
}

fn state(answer: &Value) -> (&str, &str) {
    let mut items = answer["items"].as_array().expect("is a list").iter();
    let one = items
        .find(|item| item["rule"] == "repeated_statement")
        .expect("is listed");
    (
        one["state"].as_str().expect("is a word"),
        one["state_sentence"].as_str().expect("is a text"),
    )
}

#[tokio::test]
async fn a_finding_is_fixed_by_a_build_and_comes_back_with_another() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let uri = "/silk/api/findings?state=all&window=24h";
    build(&store, "1.0", 0, true);
    assert_eq!(state(&json(&app, uri).await).0, "open");
    build(&store, "1.1", 100, false);
    let answer = json(&app, uri).await;
    let (word, sentence) = state(&answer);
    assert_eq!(word, "fixed");
    assert_eq!(
        sentence,
        "Fixed in build 1.1, not seen in 30 requests since."
    );
    let page = get(&app, &format!("{LIST}?state=fixed")).await;
    check(&page.text, "/silk", LIST);
    assert!(page.text.contains(sentence), "{}", page.text);
    let to_do = get(&app, LIST).await.text;
    assert!(!to_do.contains(sentence), "what is fixed needs no answer");

    build(&store, "1.2", 200, true);
    let answer = json(&app, uri).await;
    let (word, sentence) = state(&answer);
    assert_eq!(word, "came_back");
    assert_eq!(
        sentence,
        "Came back in build 1.2; it was fixed in build 1.1."
    );
    assert!(get(&app, LIST).await.text.contains(sentence));
}

#[tokio::test]
async fn what_is_accepted_on_the_page_is_no_task_until_it_is_taken_back() {
    let store = support::rich();
    let app = app(&store);
    let page = get(&app, LIST).await.text;
    check(&page, "/silk", LIST);
    assert!(page.contains("Fix first") && page.contains("accept…"));
    let token = csrf(&page);
    let before = json(&app, "/silk/api/findings?window=24h").await;
    let item = before["items"]
        .as_array()
        .expect("is a list")
        .iter()
        .find(|item| item["rule"] == "repeated_statement")
        .expect("is listed");
    let route = item["route"]["route"].as_str().expect("is a text");
    let form = |csrf: &str, why: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", csrf)
            .append_pair("back", "?window=24h")
            .append_pair("rule", "repeated_statement")
            .append_pair("kind", "request")
            .append_pair("method", "GET")
            .append_pair("route", route)
            .append_pair(
                "fingerprint",
                item["fingerprint"].as_str().unwrap_or_default(),
            )
            .append_pair("place", "here")
            .append_pair("by", "Ada <b>")
            .append_pair("why", why);
        form.finish()
    };
    let uri = format!("{LIST}/accept");
    for wrong in [form("", "known"), form("0123", "known")] {
        assert_eq!(
            post_form(&app, &uri, &wrong).await.status,
            StatusCode::FORBIDDEN
        );
    }
    let unsaid = post_form(&app, &uri, &form(&token, " ")).await;
    assert_eq!(unsaid.status, StatusCode::BAD_REQUEST);
    assert!(unsaid.text.contains("why it is accepted"));
    assert!(
        json(&app, "/silk/api/acceptances").await["items"]
            .as_array()
            .is_some_and(Vec::is_empty)
    );

    let answer = post_form(&app, &uri, &form(&token, "twenty rows at most")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let back = answer.location().to_owned();
    assert!(
        back.starts_with("/silk/findings?window=24h&notice="),
        "{back}"
    );
    let to_do = json(
        &app,
        "/silk/api/findings?window=24h&rule=repeated_statement",
    )
    .await;
    let is_there = to_do["items"].as_array().expect("is a list").iter();
    assert!(
        !is_there
            .clone()
            .any(|other| other["route"] == item["route"]
                && other["fingerprint"] == item["fingerprint"]),
        "{to_do}"
    );
    let page = get(&app, &format!("{LIST}?window=24h&state=accepted"))
        .await
        .text;
    check(&page, "/silk", LIST);
    assert!(
        page.contains("Accepted by Ada &#60;b&#62;: twenty rows at most"),
        "{page}"
    );

    let all = json(&app, "/silk/api/acceptances").await;
    let id = all["items"][0]["id"].as_i64().expect("is a number");
    let withdraw = format!("{LIST}/withdraw");
    let body = |csrf: &str| format!("csrf={csrf}&back=&id={id}");
    assert_eq!(
        post_form(&app, &withdraw, &body("")).await.status,
        StatusCode::FORBIDDEN
    );
    let answer = post_form(&app, &withdraw, &body(&token)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let again = json(&app, "/silk/api/findings?window=24h").await;
    assert_eq!(again, before);
}

#[tokio::test]
async fn programs_accept_and_take_back_too() {
    let store = support::rich();
    let app = app(&store);
    let uri = "/silk/api/acceptances";
    for (body, words) in [
        (r#"{"rule":"no_such_rule","by":"a","why":"b"}"#, "rule"),
        (r#"{"rule":"slow_query","by":"","why":"b"}"#, "by"),
        (
            r#"{"rule":"slow_query","by":"a","why":"b","fingerprint":"zz"}"#,
            "fingerprint",
        ),
        (
            r#"{"rule":"slow_query","by":"a","why":"b","route":{"kind":"x","route":"/"}}"#,
            "kind",
        ),
        (
            r#"{"rule":"slow_query","by":"a","why":"b","nonsense":1}"#,
            "nonsense",
        ),
        ("{", ""),
    ] {
        let answer = send_json(&app, Method::POST, uri, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.text.contains(words), "{body}: {}", answer.text);
    }
    let body = r#"{"rule":"repeated_statement","by":"ci","why":"old code","until_build":"2.0"}"#;
    let answer = send_json(&app, Method::POST, uri, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let made: Value = serde_json::from_str(&answer.text).expect("is JSON");
    let all = json(&app, uri).await;
    assert_eq!(all["items"][0]["id"], made["id"]);
    assert_eq!(all["items"][0]["until_build"], "2.0");
    let to_do = json(
        &app,
        "/silk/api/findings?window=24h&rule=repeated_statement",
    )
    .await;
    assert_eq!(to_do["items"].as_array().map(Vec::len), Some(0));
    let one = format!("{uri}/{}", made["id"]);
    let gone = send_json(&app, Method::DELETE, &one, "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = send_json(&app, Method::DELETE, &one, "").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_route_shows_its_statements_builds_and_findings() {
    let store = TestStore::of(Vec::new());
    build(&store, "1.0", 0, true);
    build(&store, "1.1", 100, false);
    let app = app(&store);
    let routes = json(&app, "/silk/api/routes?window=24h").await;
    let route = routes["items"][0]["route"].as_str().expect("is a text");
    let uri = format!("/silk/route?method=GET&route={route}&window=24h");
    let page = get(&app, &uri).await;
    assert_eq!(page.status, StatusCode::OK);
    check(&page.text, "/silk", &uri);
    for part in [
        "60 requests",
        "Statements",
        "1.0",
        "1.1",
        "Fixed in build 1.1",
        "queries a request",
    ] {
        assert!(page.text.contains(part), "{part}");
    }
    for link in attributes(&page.text, "href") {
        let link = link.replace("&#38;", "&");
        let link = link.split('#').next().expect("is at hand");
        if link.starts_with("/silk/requests?") || link.starts_with("/silk/compare?") {
            assert_eq!(get(&app, link).await.status, StatusCode::OK, "{link}");
        }
    }
    let one = json(&app, &format!("/silk/api/route?route={route}&window=24h")).await;
    assert_eq!(one["route"]["requests"], 60);
    assert_eq!(one["builds"].as_array().map(Vec::len), Some(2));
    assert_eq!(one["builds"][0]["requests"], 30);
    assert_eq!(one["statements"][0]["calls"], 6_000);

    let looked = get(&app, &format!("{uri}&look=1")).await;
    assert_eq!(looked.status, StatusCode::OK);
    check(&looked.text, "/silk", &uri);
    assert!(
        looked.text.contains("60 newest requests"),
        "{}",
        looked.text
    );
    let all = get(&app, &format!("{LIST}?look=1")).await;
    assert_eq!(all.status, StatusCode::OK);
    check(&all.text, "/silk", LIST);
    assert!(
        !page.text.contains("read whole</span></h2>"),
        "on a click alone"
    );

    let other = get(&app, "/silk/route?route=/never").await;
    assert_eq!(other.status, StatusCode::OK);
    assert!(other.text.contains("Nothing ran in the last hour"));
    assert_eq!(
        get(&app, "/silk/api/route?route=/never").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        get(&app, "/silk/route").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn hotspots_are_lines_by_time_with_their_loops() {
    let store = support::rich();
    let app = app(&store);
    let uri = "/silk/hotspots?window=24h";
    let page = get(&app, uri).await;
    check(&page.text, "/silk", uri);
    assert!(page.text.contains("messages.rs:88"));
    assert!(page.text.contains(">loop<"), "a hundred from one line");
    let lines = json(&app, "/silk/api/hotspots?window=24h").await;
    let lines = lines["items"].as_array().expect("is a list");
    let times: Vec<u64> = lines
        .iter()
        .map(|line| line["total_us"].as_u64().expect("is a number"))
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let first = json(&app, "/silk/api/hotspots?window=24h&limit=1").await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(1));
}

/// An app that makes statements up as it goes: what has no figures of its own is told as one.
#[tokio::test]
async fn the_rest_of_many_statements_is_told() {
    let app = app(&TestStore::of(vec![support::made_up(1)]));
    let query = "method=GET&route=/made_up&window=24h";
    let answer = json(&app, &format!("/silk/api/route?{query}")).await;
    assert_eq!(answer["statements"].as_array().map(Vec::len), Some(200));
    let other = &answer["other_statements"];
    assert_eq!(
        (&other["calls"], &other["total_us"]),
        (&3.into(), &3006.into())
    );
    let page = get(&app, &format!("/silk/route?{query}")).await;
    assert!(
        page.text
            .contains("of their own: 3 calls, 3.01 ms in total")
    );
    let answer = json(&app, "/silk/api/hotspots?window=24h").await;
    let line = &answer["items"][0];
    assert_eq!(
        (&line["statements"], &line["has_more_statements"]),
        (&200.into(), &true.into())
    );
    let page = get(&app, "/silk/hotspots?window=24h").await;
    assert!(page.text.contains("+ 199 others, and more"));
    assert!(page.text.contains(">100 %<"), "of all time");
}

#[tokio::test]
async fn they_teach_where_nothing_is_and_say_where_the_store_fails() {
    let empty = TestStore::of(Vec::new());
    let empty = app(&empty);
    for uri in [LIST, "/silk/hotspots"] {
        let page = get(&empty, uri).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("silk.layer()"), "{uri}");
        check(&page.text, "/silk", uri);
    }
    let store = support::rich();
    store.is_broken.store(true, Relaxed);
    let broken = app(&Arc::clone(&store));
    for uri in [
        LIST,
        "/silk/hotspots",
        "/silk/route?route=/hello",
        "/silk/api/findings",
        "/silk/api/routes",
        "/silk/api/route?route=/hello",
        "/silk/api/hotspots",
        "/silk/api/acceptances",
    ] {
        let answer = get(&broken, uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{uri}");
        assert!(
            answer.text.contains("check that the folder exists"),
            "{uri}"
        );
    }
    for uri in [
        "/silk/findings?state=lost",
        "/silk/findings?fingerprint=zz",
        "/silk/findings?window=2h",
        "/silk/findings?since=2026-01-01T00:00:00Z&window=1h",
        "/silk/route?kind=lorry&route=/x",
        "/silk/hotspots?limit=1",
        "/silk/api/hotspots?limit=0",
    ] {
        let answer = get(&empty, uri).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{uri}");
    }
}

#[tokio::test]
async fn lines_open_in_the_editor_that_is_set() {
    let store = support::rich();
    let id = support::repeated(693).summary.id;
    let uris = [
        format!("/silk/requests/{id}/queries/2"),
        format!("/silk/requests/{id}"),
        "/silk/hotspots?window=24h".to_owned(),
    ];
    let without = app(&store);
    let mut config = support::config(Arc::clone(&store));
    config.editor = Some(Editor::vs_code().source_at("/home/ada/weave"));
    let with = Router::new().nest_service("/silk", dashboard(config));
    for uri in uris {
        let link = "href=\"vscode://file/home/ada/weave/src/routes/messages.rs:88\"";
        assert!(get(&with, &uri).await.text.contains(link), "{uri}");
        assert!(!get(&without, &uri).await.text.contains("vscode:"), "{uri}");
    }
}
