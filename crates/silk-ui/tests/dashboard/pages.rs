//! Every page, with what is usual, nothing, and what an attacker sends.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::Router;
use http::{StatusCode, header};
use silk_ui::dashboard;

use crate::support::{
    self, TestStore,
    client::{app, app_at, attributes, check, get, page, post_form},
    config,
};

/// Follows every link within the mount from the start page, up to `most` pages.
async fn crawl(store: &Arc<TestStore>, mount: &str, most: usize, start: &[String]) -> usize {
    let app = app_at(store, mount);
    let mut open = vec![format!("{mount}/")];
    open.extend(start.iter().cloned());
    let mut seen: Vec<String> = Vec::new();
    while let Some(uri) = open.pop() {
        // An escaped ampersand has a hash in it: first it, then the fragment.
        let uri = uri.replace("&#38;", "&");
        let uri = uri.split('#').next().expect("is at hand").to_owned();
        if uri.is_empty() || seen.contains(&uri) || seen.len() >= most {
            continue;
        }
        let answer = get(&app, &uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
        let kind = answer.headers[header::CONTENT_TYPE]
            .to_str()
            .expect("is at hand")
            .to_owned();
        if kind.starts_with("text/html") {
            check(&answer.text, mount, &uri);
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
            // The most recently found first, so that each kind of page is met.
            open.extend(
                attributes(&answer.text, "href")
                    .into_iter()
                    .map(str::to_owned),
            );
        }
        seen.push(uri);
    }
    seen.len()
}

#[tokio::test]
async fn every_link_leads_somewhere_at_any_mount() {
    let store = support::rich();
    for mount in ["/silk", "/ops/deep/profiler"] {
        let start: Vec<String> = [
            "/findings",
            "/hotspots",
            "/requests",
            "/statements",
            "/health",
            "/health/clear",
        ]
        .iter()
        .map(|p| format!("{mount}{p}"))
        .collect();
        assert!(crawl(&store, mount, 120, &start).await > 100);
    }
}

#[tokio::test]
async fn empty_pages_teach() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    for (uri, lesson) in [
        ("/silk", "silk.layer()"),
        ("/silk/", "silk.layer()"),
        ("/silk/requests", "silk.layer()"),
        ("/silk/statements", "silk.init_tracing()"),
        ("/silk/requests?status=5xx", "No request fits"),
        ("/silk/health", "What is captured"),
    ] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        assert!(answer.text.contains(lesson), "{uri}");
        check(&answer.text, "/silk", uri);
    }
}

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    let record = support::hostile(1);
    let id = record.summary.id;
    let store = TestStore::of(vec![record, support::hostile(2)]);
    let app = app(&store);
    for path in [
        "/silk/".to_owned(),
        "/silk/?window=7d".to_owned(),
        "/silk/requests".to_owned(),
        format!("/silk/requests/{id}"),
        format!("/silk/requests/{id}?statement=00000000000000e1"),
        format!("/silk/requests/{id}/queries/1"),
        format!("/silk/requests/{id}/queries/2"),
        "/silk/findings?state=all".to_owned(),
        "/silk/hotspots".to_owned(),
        "/silk/statements".to_owned(),
        "/silk/statements/00000000000000e1".to_owned(),
        "/silk/statements/00000000000000e2".to_owned(),
        "/silk/requests?route=%3Cscript%3E%22%27".to_owned(),
        "/silk/statements?text=%3Cscript%3E%22%27".to_owned(),
    ] {
        let answer = get(&app, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        check(&answer.text, "/silk", &path);
    }
    // A query whose text is missing is a fault that the page names, not a panic.
    let answer = get(&app, &format!("/silk/requests/{id}/queries/3")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    for path in [
        "request-body",
        "response-body",
        "replay.sh",
        "replay.rs",
        "queries/1/sql",
    ] {
        let answer = get(&app, &format!("/silk/requests/{id}/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
    }
    let answer = get(&app, &format!("/silk/api/requests/{id}")).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn ten_thousand_queries_weigh_little() {
    let record = support::ten_thousand(1);
    assert!(record.summary.query_count > 10_000);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    for query in [
        "",
        "?statement=00000000000000b2",
        "?statement=00000000000000b2&page=100",
    ] {
        let uri = format!("/silk/requests/{id}{query}");
        let answer = get(&app, &uri).await;
        check(&answer.text, "/silk", &uri);
        assert!(
            answer.text.contains("×10000") || answer.text.contains("×10,000"),
            "{uri}"
        );
    }
    let last = get(
        &app,
        &format!("/silk/requests/{id}?statement=00000000000000b2&page=100"),
    )
    .await;
    assert!(last.text.contains("page 100 of 100"));
    assert_eq!(
        last.text
            .matches(&format!("/requests/{id}/queries/"))
            .count(),
        102,
        "a hundred, and the one that ran once, in timeline and list"
    );
}

#[tokio::test]
async fn a_request_shows_its_hundred_queries() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    let page = get(&app, &format!("/silk/requests/{id}")).await.text;
    for part in [
        "×100",
        "person by id ran 100×",
        "101 queries",
        "2–101",
        "waiting for a connection",
        "list_some",
        "Replay",
        "cache is cold",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let page = get(&app, &format!("/silk/requests/{id}/queries/2"))
        .await
        .text;
    for part in [
        "$1",
        "INT8",
        "messages.rs:88",
        "EXPLAIN",
        "class=\"ln here\"",
        "<span class=\"sk\">SELECT</span>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let curl = get(&app, &format!("/silk/requests/{id}/replay.sh"))
        .await
        .text;
    assert!(
        curl.contains(r"'user-agent: Mozilla/5.0 (X11; Linux x86_64) o'\''Brien'"),
        "{curl}"
    );
    assert!(curl.contains("# fill in: header authorization"), "{curl}");
}

#[tokio::test]
async fn malformed_addresses_are_answered_in_words() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    for (path, status, words) in [
        ("/requests?status=abc".to_owned(), 400, "status"),
        ("/requests?cursor=1".to_owned(), 400, "cursor"),
        ("/requests?nonsense=1".to_owned(), 400, "nonsense"),
        ("/requests?sort=x&sort=y".to_owned(), 400, "sort"),
        ("/statements?sort=x".to_owned(), 400, "sort"),
        ("/?window=year".to_owned(), 400, "window"),
        (format!("/requests/{id}?page=0"), 400, "page"),
        (format!("/requests/{id}?statement=zz"), 400, "statement"),
        ("/requests/nope".to_owned(), 404, "id"),
        ("/requests/0193-".to_owned(), 404, "id"),
        (
            "/requests/01934f5e-0000-7000-8000-000000000abc".to_owned(),
            404,
            "not kept",
        ),
        (format!("/requests/{id}/queries/0"), 404, "no query"),
        (format!("/requests/{id}/queries/-1"), 404, "query"),
        (format!("/requests/{id}/queries/99999999999"), 404, "query"),
        ("/statements/zz".to_owned(), 404, "statement"),
        ("/statements/0000000000000000".to_owned(), 404, "statement"),
        ("/plans/zz".to_owned(), 404, "plan"),
        (
            "/plans/01934f5e-0000-7000-8000-000000000abc".to_owned(),
            404,
            "plan",
        ),
        ("/requests/%FF".to_owned(), 400, ""),
        ("/no/such/page".to_owned(), 404, "no page"),
        ("/assets/0/style.css".to_owned(), 404, "file"),
    ] {
        let uri = format!("/silk{path}");
        let answer = get(&app, &uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri}");
        assert!(answer.text.contains(words), "{uri}: {}", answer.text);
        check(&answer.text, "/silk", &uri);
        if !path.starts_with("/assets")
            && !path.starts_with("/?")
            && !path.contains("page=")
            && !path.contains("statement=")
            && !path.contains("/queries/")
            && !path.starts_with("/no")
        {
            let answer = get(&app, &format!("/silk/api{path}")).await;
            assert_eq!(answer.status.as_u16(), status, "api{path}");
            let json: serde_json::Value = serde_json::from_str(&answer.text).expect("is at hand");
            assert!(
                json["error"]["kind"].is_string() && json["error"]["message"].is_string(),
                "{json}"
            );
        }
    }
    assert_eq!(
        post_form(&app, "/silk/requests", "").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_store_that_fails_is_told_with_its_remedy() {
    let store = support::rich();
    store.is_broken.store(true, Relaxed);
    let app = app(&store);
    for uri in ["/silk/", "/silk/requests", "/silk/statements"] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            answer.text.contains("check that the folder exists"),
            "{}",
            answer.text
        );
        check(&answer.text, "/silk", uri);
    }
    // Health is where one looks then, so it answers.
    assert_eq!(get(&app, "/silk/health").await.status, StatusCode::OK);
    assert_eq!(get(&app, "/silk/api/health").await.status, StatusCode::OK);
    assert_eq!(
        get(&app, "/silk/api/requests").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn assets_are_named_by_their_content_and_kept() {
    let app = app(&TestStore::of(Vec::new()));
    let page = get(&app, "/silk/").await.text;
    let style = attributes(&page, "href")
        .into_iter()
        .find(|link| link.ends_with("style.css"))
        .expect("is at hand")
        .to_owned();
    let answer = get(&app, &style).await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/css; charset=utf-8"
    );
    assert_eq!(
        answer.headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert!(
        !answer.text.contains("http://") && !answer.text.contains("@import"),
        "nothing from elsewhere"
    );
    let script = get(&app, &style.replace("style.css", "app.js")).await;
    assert!(!script.text.contains("innerHTML") && !script.text.contains("eval("));
    assert!(
        answer.text.len() + script.text.len() < 37_000,
        "page, style and script stay below 150 kB together"
    );
}

#[tokio::test]
async fn works_beside_state_and_at_the_root() {
    let store = support::rich();
    let root = Router::new().fallback_service(dashboard(config(Arc::clone(&store))));
    let answer = get(&root, "/requests").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("href=\"/statements\""));
    let with_state: Router<u8> = Router::new().nest_service("/silk", dashboard(config(store)));
    assert_eq!(
        get(&with_state.with_state(7), "/silk").await.status,
        StatusCode::OK
    );
}

/// A function may have several names, one per database; its line is one place.
#[tokio::test]
async fn a_line_is_one_call_site() {
    let mut record = support::repeated(1);
    let part = record.statements[0].clone();
    let fingerprint = part.statement.fingerprint;
    for function in ["app::silk_postgres::list", "app::silk_sqlite::list"] {
        let mut again = part.clone();
        again.call_site = Some(support::site(function, "src/routes/lists.rs", 7));
        record.statements.push(again);
    }
    let app = app(&TestStore::of(vec![record]));
    let page = page(&app, &format!("/silk/statements/{fingerprint}?window=24h")).await;
    let sites = page.split("id=\"sites\"").nth(1).expect("has call sites");
    let sites = sites.split("</table>").next().expect("ends");
    assert_eq!(sites.matches(">routes/lists.rs:7<").count(), 1, "{sites}");
    assert!(sites.contains("silk_postgres") && sites.contains("silk_sqlite"));
}

#[tokio::test]
async fn findings_in_the_list_say_how_often() {
    let record = support::repeated(1);
    let mut old = support::repeated(2);
    old.summary.finding_calls.clear();
    let app = app(&TestStore::of(vec![record, old]));
    let list = page(&app, "/silk/requests").await;
    assert_eq!(list.matches("flag\">N+1 query ×100<").count(), 1);
    assert_eq!(list.matches("flag\">N+1 query<").count(), 1, "kept before");
}

#[tokio::test]
async fn routes_are_summed() {
    let app = app(&support::rich());
    let overview = page(&app, "/silk/?window=24h").await;
    let sums = overview.split("<tfoot>").nth(1).expect("has sums");
    let sums = sums.split("</tfoot>").next().expect("ends");
    assert!(
        sums.contains("all routes") && sums.contains(">693<"),
        "{sums}"
    );
    // A route without SQL has no share of it.
    let hello = overview.split(">GET /hello<").nth(1).expect("is there");
    let hello = hello.split("</tr>").next().expect("ends");
    assert!(!hello.contains(">0 %<"), "{hello}");
}
