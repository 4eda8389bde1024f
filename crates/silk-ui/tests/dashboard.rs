//! The dashboard from outside: every page with empty, usual and hostile records, at two mounts;
//! who gets in; what is refused.

mod support;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use silk_core::vitals::OwnResponse;
use silk_ui::{Access, dashboard};
use support::{FakeStore, config};
use tower::ServiceExt as _;

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

fn app(store: &Arc<FakeStore>, mount: &str) -> Router {
    Router::new().nest_service(mount, dashboard(config(Arc::clone(store))))
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app
        .clone()
        .oneshot(request)
        .await
        .expect("answers as a page does");
    assert!(
        response.extensions().get::<OwnResponse>().is_some(),
        "every response is marked as our own"
    );
    let (parts, body) = response.into_parts();
    let bytes = body
        .collect()
        .await
        .expect("answers as a page does")
        .to_bytes();
    let policy = parts.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("answers as a page does");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert_eq!(parts.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(parts.headers[header::REFERRER_POLICY], "same-origin");
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).expect("answers as a page does"),
    }
}

async fn get(app: &Router, uri: &str) -> Answer {
    send(
        app,
        Request::get(uri)
            .body(Body::empty())
            .expect("answers as a page does"),
    )
    .await
}

async fn post_form(app: &Router, uri: &str, form: &str) -> Answer {
    let request =
        Request::post(uri).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(
        app,
        request
            .body(Body::from(form.to_owned()))
            .expect("answers as a page does"),
    )
    .await
}

/// Values of an attribute, wherever it stands in a tag.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&*start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// What must hold of every page, whatever is on it.
fn check_page(answer: &Answer, mount: &str, uri: &str) {
    let html = &answer.text;
    assert!(
        html.starts_with("<!doctype html>"),
        "{uri}: {}",
        &html[..html.len().min(200)]
    );
    assert!(html.len() < 115_000, "{uri} weighs {} bytes", html.len());
    assert_eq!(
        html.matches("<script").count(),
        1,
        "{uri}: only our own script"
    );
    assert!(
        !html.contains("<style") && !html.contains(" style=\""),
        "{uri}: nothing inline"
    );
    assert!(!html.contains("<img") && !html.contains("<iframe"), "{uri}");
    for bad in ["onerror=\"", "onclick=\"", "onload=\"", "javascript:"] {
        assert!(!html.contains(bad), "{uri}: {bad}");
    }
    assert!(
        !html.contains(['\0', '\u{1b}', '\u{202e}']),
        "{uri}: control characters are shown as pictures"
    );
    for link in attributes(html, "href")
        .into_iter()
        .chain(attributes(html, "src"))
        .chain(attributes(html, "action"))
    {
        let is_inside = link == format!("{mount}/")
            || link.starts_with(&format!("{mount}/"))
            || link.starts_with('#');
        assert!(is_inside && !link.starts_with("//"), "{uri}: {link}");
    }
    let mut ids = attributes(html, "id");
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{uri}: ids are unique");
    if let Some(open) = html.find("<main") {
        for tag in [
            "table", "section", "details", "div", "svg", "pre", "tr", "td", "p", "ul", "dl",
        ] {
            let opened = html[open..].matches(&format!("<{tag}>")).count()
                + html[open..].matches(&format!("<{tag} ")).count();
            let closed = html[open..].matches(&format!("</{tag}>")).count();
            assert_eq!(
                opened, closed,
                "{uri}: <{tag}> is closed as often as it is opened"
            );
        }
    }
}

/// Follows every link within the mount from the start page, up to `most` pages.
async fn crawl(store: &Arc<FakeStore>, mount: &str, most: usize, start: &[String]) -> usize {
    let app = app(store, mount);
    let mut open = vec![format!("{mount}/")];
    open.extend(start.iter().cloned());
    let mut seen: Vec<String> = Vec::new();
    while let Some(uri) = open.pop() {
        // An escaped ampersand has a hash in it: first it, then the fragment.
        let uri = uri.replace("&#38;", "&");
        let uri = uri
            .split('#')
            .next()
            .expect("answers as a page does")
            .to_owned();
        if uri.is_empty() || seen.contains(&uri) || seen.len() >= most {
            continue;
        }
        let answer = get(&app, &uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
        let kind = answer.headers[header::CONTENT_TYPE]
            .to_str()
            .expect("answers as a page does")
            .to_owned();
        if kind.starts_with("text/html") {
            check_page(&answer, mount, &uri);
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
        let start: Vec<String> = ["/requests", "/statements", "/health", "/health/clear"]
            .iter()
            .map(|p| format!("{mount}{p}"))
            .collect();
        assert!(crawl(&store, mount, 120, &start).await > 100);
    }
}

#[tokio::test]
async fn empty_pages_teach() {
    let store = FakeStore::of(Vec::new());
    let app = app(&store, "/silk");
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
        check_page(&answer, "/silk", uri);
    }
}

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    let record = support::hostile(1);
    let id = record.summary.id;
    let store = FakeStore::of(vec![record, support::hostile(2)]);
    let app = app(&store, "/silk");
    for path in [
        "/silk/".to_owned(),
        "/silk/?window=7d".to_owned(),
        "/silk/requests".to_owned(),
        format!("/silk/requests/{id}"),
        format!("/silk/requests/{id}?statement=00000000000000e1"),
        format!("/silk/requests/{id}/queries/1"),
        format!("/silk/requests/{id}/queries/2"),
        "/silk/statements".to_owned(),
        "/silk/statements/00000000000000e1".to_owned(),
        "/silk/statements/00000000000000e2".to_owned(),
        "/silk/requests?route=%3Cscript%3E%22%27".to_owned(),
        "/silk/statements?text=%3Cscript%3E%22%27".to_owned(),
    ] {
        let answer = get(&app, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        check_page(&answer, "/silk", &path);
    }
    // A query whose text is missing is a fault that is told, not a panic.
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
    let app = app(&FakeStore::of(vec![record]), "/silk");
    for query in [
        "",
        "?statement=00000000000000b2",
        "?statement=00000000000000b2&page=100",
    ] {
        let uri = format!("/silk/requests/{id}{query}");
        let answer = get(&app, &uri).await;
        check_page(&answer, "/silk", &uri);
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
    let app = app(&FakeStore::of(vec![record]), "/silk");
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
        "query_string.rs:88",
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
    let app = app(&FakeStore::of(vec![record]), "/silk");
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
        check_page(&answer, "/silk", &uri);
        if !path.starts_with("/assets")
            && !path.starts_with("/?")
            && !path.contains("page=")
            && !path.contains("statement=")
            && !path.contains("/queries/")
            && !path.starts_with("/no")
        {
            let answer = get(&app, &format!("/silk/api{path}")).await;
            assert_eq!(answer.status.as_u16(), status, "api{path}");
            let json: serde_json::Value =
                serde_json::from_str(&answer.text).expect("answers as a page does");
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
    let app = app(&store, "/silk");
    for uri in ["/silk/", "/silk/requests", "/silk/statements"] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            answer.text.contains("check that the folder exists"),
            "{}",
            answer.text
        );
        check_page(&answer, "/silk", uri);
    }
    // Health is where one looks then, so it answers.
    assert_eq!(get(&app, "/silk/health").await.status, StatusCode::OK);
    assert_eq!(get(&app, "/silk/api/health").await.status, StatusCode::OK);
    assert_eq!(
        get(&app, "/silk/api/requests").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

fn csrf(page: &str) -> String {
    page.split("name=\"csrf\" value=\"")
        .nth(1)
        .expect("answers as a page does")
        .split('"')
        .next()
        .expect("answers as a page does")
        .to_owned()
}

#[tokio::test]
async fn explain_goes_by_a_form_with_its_token_only() {
    let (record, other) = (support::repeated(1), support::transaction(2));
    let (id, other) = (record.summary.id, (other.summary.id, other));
    let store = FakeStore::of(vec![record, other.1]);
    let app = app(&store, "/silk");
    let uri = format!("/silk/requests/{id}/queries/2");
    let token = csrf(&get(&app, &uri).await.text);
    for wrong in ["", "csrf=", "csrf=0123", "analyze=1"] {
        assert_eq!(
            post_form(&app, &format!("{uri}/explain"), wrong)
                .await
                .status,
            StatusCode::FORBIDDEN,
            "{wrong}"
        );
    }
    assert!(
        store
            .plans
            .lock()
            .expect("answers as a page does")
            .is_empty()
    );
    let answer = post_form(&app, &format!("{uri}/explain"), &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let plan = answer.headers[header::LOCATION]
        .to_str()
        .expect("answers as a page does")
        .to_owned();
    let page = get(&app, &plan).await;
    check_page(&page, "/silk", &plan);
    for part in [
        "Nested Loop",
        "person_pkey",
        "class=\"sub\"",
        "deleted_at IS NULL",
    ] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(
        get(&app, &uri).await.text.contains(&plan),
        "the query knows its plan"
    );

    // One whose values were not captured is refused, with the reason on the page after.
    let uri = format!("/silk/requests/{}/queries/2", other.0);
    let answer = post_form(&app, &format!("{uri}/explain"), &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let back = answer.headers[header::LOCATION]
        .to_str()
        .expect("answers as a page does")
        .to_owned();
    let page = get(
        &app,
        back.split('#').next().expect("answers as a page does"),
    )
    .await;
    check_page(&page, "/silk", &back);
    assert!(
        page.text
            .contains("Its values were not captured &#60;b&#62;"),
        "{back}"
    );
}

#[tokio::test]
async fn recording_and_clearing_take_the_token_too() {
    let store = support::rich();
    let app = app(&store, "/silk");
    let token = csrf(&get(&app, "/silk/health").await.text);
    assert_eq!(
        post_form(&app, "/silk/health/recording", "recording=off")
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        post_form(&app, "/silk/health/clear", "").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        post_form(
            &app,
            "/silk/health/recording",
            &format!("csrf={token}&recording=maybe")
        )
        .await
        .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        post_form(
            &app,
            "/silk/health/recording",
            &format!("csrf={token}&recording=off")
        )
        .await
        .status,
        StatusCode::SEE_OTHER
    );
    assert!(
        get(&app, "/silk/health")
            .await
            .text
            .contains("Recording is switched off")
    );
    assert!(
        !store
            .records
            .lock()
            .expect("answers as a page does")
            .is_empty()
    );
    let answer = post_form(&app, "/silk/health/clear", &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(
        store
            .records
            .lock()
            .expect("answers as a page does")
            .is_empty()
    );
    let after = get(
        &app,
        answer.headers[header::LOCATION]
            .to_str()
            .expect("answers as a page does"),
    )
    .await;
    assert!(after.text.contains("was removed"));
}

#[tokio::test]
async fn calls_from_other_sites_are_refused() {
    let store = support::rich();
    let app = app(&store, "/silk");
    let delete = |name: &'static str, value: &'static str| {
        Request::builder()
            .method(Method::DELETE)
            .uri("/silk/api/requests")
            .header("host", "localhost:3000")
            .header(name, value)
            .body(Body::empty())
            .expect("answers as a page does")
    };
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = send(&app, delete(name, value)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert!(answer.text.contains("foreign_origin"));
    }
    assert!(
        !store
            .records
            .lock()
            .expect("answers as a page does")
            .is_empty()
    );
    let answer = send(&app, delete("origin", "http://localhost:3000")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(
        store
            .records
            .lock()
            .expect("answers as a page does")
            .is_empty()
    );
}

#[tokio::test]
async fn api_speaks_as_designed() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let app = app(
        &FakeStore::of(vec![record, support::transaction(2)]),
        "/silk",
    );
    let json = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).expect("answers as a page does")
    };
    let list = json(
        &get(&app, "/silk/api/requests?limit=1&sort=-query_count")
            .await
            .text,
    );
    assert_eq!(list["items"][0]["query_count"], 101);
    for field in [
        "id",
        "kind",
        "started_at",
        "method",
        "route",
        "path",
        "status",
        "outcome",
        "duration_us",
        "query_count",
        "query_time_us",
        "findings",
    ] {
        assert!(!list["items"][0][field].is_null(), "{field}");
    }
    let next = list["next"].as_str().expect("answers as a page does");
    let list = json(
        &get(
            &app,
            &format!("/silk/api/requests?limit=1&sort=-query_count&cursor={next}"),
        )
        .await
        .text,
    );
    assert_eq!(
        (
            list["items"]
                .as_array()
                .expect("answers as a page does")
                .len(),
            &list["next"]
        ),
        (1, &serde_json::Value::Null)
    );

    let one = json(&get(&app, &format!("/silk/api/requests/{id}")).await.text);
    assert_eq!(one["request"]["id"], id.to_string());
    assert_eq!(
        one["queries"]
            .as_array()
            .expect("answers as a page does")
            .len(),
        101
    );
    let query = &one["queries"][1];
    assert_eq!(query["fingerprint"], "00000000000000b2");
    assert_eq!(
        (&query["values"][0]["type"], &query["values"][0]["redacted"]),
        (&"INT8".into(), &false.into())
    );
    assert_eq!(query["call_site"]["line"], 88);
    assert_eq!(one["spans"][0]["start_us"], 300);

    let explain = format!("/silk/api/requests/{id}/queries/2/explain");
    assert_eq!(
        post_form(&app, &explain, "analyze=true").await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let post = |body: &'static str| {
        Request::post(&explain)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("answers as a page does")
    };
    assert_eq!(
        send(&app, post("{\"analyse\":true}")).await.status,
        StatusCode::BAD_REQUEST
    );
    let plan = json(&send(&app, post("{\"analyze\":false}")).await.text);
    assert_eq!(plan["root"]["node_type"], "Limit");
    assert_eq!(plan["analyzed"], false);
    let again = json(
        &get(
            &app,
            &format!(
                "/silk/api/plans/{}",
                plan["id"].as_str().expect("answers as a page does")
            ),
        )
        .await
        .text,
    );
    assert_eq!(again["shape"], plan["shape"]);

    let health = json(&get(&app, "/silk/api/health").await.text);
    assert_eq!(health["lost"]["queue_full"], 3);
    assert_eq!(health["queue"]["capacity"], 1_024);
    assert_eq!(health["store"]["kind"], "SQLite file silk.db");
    let statements = json(&get(&app, "/silk/api/statements?sort=-total_us").await.text);
    let fingerprint = statements["items"][0]["fingerprint"]
        .as_str()
        .expect("answers as a page does");
    let one = json(
        &get(&app, &format!("/silk/api/statements/{fingerprint}"))
            .await
            .text,
    );
    assert_eq!(one["statement"]["fingerprint"], fingerprint);
}

#[tokio::test]
async fn nobody_gets_in_by_accident() {
    let store = support::rich();
    let with = |access| {
        let mut config = config(Arc::clone(&store));
        config.access = access;
        Router::new().nest_service("/silk", dashboard(config))
    };
    let app = with(Access::Token);
    for path in [
        "/silk/",
        "/silk/requests",
        "/silk/api/requests",
        "/silk/health",
        "/silk/no",
        "/silk/?token=wrong",
    ] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            !answer.text.contains("weave") && !answer.text.contains("list_some"),
            "{path} tells nothing"
        );
    }
    let answer = get(&app, "/silk/requests?token=t0ken&status=5xx").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.headers[header::LOCATION],
        "/silk/requests?status=5xx"
    );
    let cookie = answer.headers[header::SET_COOKIE]
        .to_str()
        .expect("answers as a page does")
        .to_owned();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.contains("Path=/silk"),
        "{cookie}"
    );
    let request = Request::get("/silk/").header(
        header::COOKIE,
        cookie.split(';').next().expect("answers as a page does"),
    );
    assert_eq!(
        send(
            &app,
            request.body(Body::empty()).expect("answers as a page does")
        )
        .await
        .status,
        StatusCode::OK
    );
    let request = Request::get("/silk/api/requests").header(header::AUTHORIZATION, "Bearer t0ken");
    assert_eq!(
        send(
            &app,
            request.body(Body::empty()).expect("answers as a page does")
        )
        .await
        .status,
        StatusCode::OK
    );
    assert_eq!(
        get(&app, "/silk?token=t0ken").await.headers[header::LOCATION],
        "/silk"
    );

    let app = with(Access::Loopback);
    let answer = get(&app, "/silk/").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.text.contains("into_make_service_with_connect_info"),
        "says what is missing"
    );
    let from = |peer: &str, host: &str| {
        let mut request = Request::get("/silk/")
            .header("host", host)
            .body(Body::empty())
            .expect("answers as a page does");
        request.extensions_mut().insert(ConnectInfo(
            peer.parse::<SocketAddr>().expect("answers as a page does"),
        ));
        request
    };
    assert_eq!(
        send(&app, from("127.0.0.1:9", "localhost:3000"))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        send(&app, from("127.0.0.1:9", "rebound.example"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&app, from("10.0.0.7:9", "localhost:3000"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );

    let app = with(Access::Closed);
    let answer = get(&app, "/silk/?token=t0ken").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.text.contains("The dashboard is closed") && answer.text.contains("Access::Loopback")
    );
}

#[tokio::test]
async fn assets_are_named_by_their_content_and_kept() {
    let app = app(&FakeStore::of(Vec::new()), "/silk");
    let page = get(&app, "/silk/").await.text;
    let style = attributes(&page, "href")
        .into_iter()
        .find(|link| link.ends_with("style.css"))
        .expect("answers as a page does")
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
        answer.text.len() + script.text.len() < 35_000,
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
