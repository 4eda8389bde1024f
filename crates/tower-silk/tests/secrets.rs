//! A secret in one place only, and then wherever an app may repeat it: it is kept nowhere. Each
//! case is a request of its own with a secret of its own, so that no case hides behind another.

#![cfg(all(feature = "sqlite", feature = "ui"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::fmt::Write as _;

use axum::{
    Router,
    extract::{Path, RawQuery, Request, State},
    http::HeaderMap,
    routing::any,
};
use silk_core::{RequestRecord, ValueState};
use sqlx::{AssertSqlSafe, sqlite::SqlitePoolOptions};
use support::{App, serve_with};
use tower_silk::{DatabaseKind, Silk, SqlitePool};

/// What an app does with a secret once it has it: all that it should not.
async fn repeat(pool: &SqlitePool, secret: &str) -> (HeaderMap, String) {
    let span = tracing::info_span!("repeating", note = %secret);
    let _entered = span.entered();
    tracing::warn!(seen = %secret, "somebody sent {secret}, how odd");
    drop(_entered);
    let bound: String = sqlx::query_scalar("SELECT ?")
        .bind(secret)
        .fetch_one(pool)
        .await
        .unwrap();
    let text = format!("SELECT '{secret}' AS note");
    let _: String = sqlx::query_scalar(AssertSqlSafe(text))
        .fetch_one(pool)
        .await
        .unwrap();
    let wrong = format!("SELECT x FROM \"{secret}\"");
    let failed = sqlx::query(AssertSqlSafe(wrong)).fetch_all(pool).await;
    let mut headers = HeaderMap::new();
    headers.insert("x-note", secret.parse().unwrap());
    headers.insert("content-type", "text/plain".parse().unwrap());
    (headers, format!("{bound}: {}", failed.unwrap_err()))
}

/// The app knows where the secret is by the case; how it got there is what is tested.
async fn case(
    State(pool): State<SqlitePool>,
    Path(case): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> (HeaderMap, String) {
    // The test tells the secret apart from the place that it is sent in.
    let reversed = request.headers()["x-hint"].to_str().unwrap();
    let secret: String = reversed.chars().rev().collect();
    let statement = match case.as_str() {
        "literal" => Some(format!("UPDATE person SET password = '{secret}'")),
        "unnamed" => Some(format!("INSERT INTO users VALUES (7, '{secret}')")),
        "document" => Some(format!(
            "INSERT INTO note (text) VALUES ('{{\"api_key\":\"{secret}\"}}')"
        )),
        "comment" => Some(format!("SELECT 1 /* token={secret} */")),
        _ => None,
    };
    if let Some(statement) = statement {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    }
    match case.as_str() {
        "unnamed-bound" => {
            let insert = sqlx::query("INSERT INTO users VALUES (8, ?)").bind(&secret);
            insert.execute(&pool).await.unwrap();
        }
        "bound" => {
            let update = sqlx::query("UPDATE person SET password = ?").bind(&secret);
            update.execute(&pool).await.unwrap();
        }
        "message" => tracing::warn!("login failed, password={secret}"),
        "field" => tracing::warn!(api_key = %secret, "no such key"),
        "span" => drop(tracing::info_span!("login", password = %secret).entered()),
        "query" => assert!(query.unwrap().contains(&secret)),
        _ => {}
    }
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await;
    drop(body.unwrap());
    repeat(&pool, &secret).await
}

async fn start() -> App {
    let silk = Silk::builder()
        .in_memory()
        .database(DatabaseKind::Sqlite)
        .slow_query(std::time::Duration::ZERO)
        .build()
        .await
        .unwrap();
    silk.init_tracing();
    let options = sqlx::sqlite::SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let pool = silk.pool(pool);
    sqlx::raw_sql(
        "CREATE TABLE person (id INTEGER, password TEXT); CREATE TABLE note (text TEXT);
         CREATE TABLE users (id INTEGER, password TEXT)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let routes = Router::new()
        .route("/case/{case}", any(case))
        .route("/reset/{case}/{token}", any(case_of_path))
        .with_state(pool);
    serve_with(silk, routes).await
}

async fn case_of_path(
    State(pool): State<SqlitePool>,
    Path((_, token)): Path<(String, String)>,
) -> (HeaderMap, String) {
    repeat(&pool, &token).await
}

/// Everything that a record shows, from the store itself and from each page.
async fn all_of(app: &App, record: &RequestRecord) -> String {
    let mut all = format!("{record:#?}");
    for query in &record.detail.queries {
        for value in query.values.iter().flatten() {
            if let ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. } = &value.state {
                write!(all, "\nvalue: {}", String::from_utf8_lossy(bytes)).unwrap();
            }
        }
    }
    let id = record.summary.id;
    let mut paths = vec![
        format!("/silk/requests/{id}"),
        format!("/silk/api/requests/{id}"),
        format!("/silk/requests/{id}/request-body"),
        format!("/silk/requests/{id}/response-body"),
        format!("/silk/requests/{id}/replay.sh"),
        format!("/silk/requests/{id}/replay.rs"),
    ];
    for query in &record.detail.queries {
        paths.push(format!("/silk/requests/{id}/queries/{}", query.seq));
    }
    for path in paths {
        let answer = app.ask(&format!("GET {path}"), b"").await;
        let is_known = answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.1 404 ");
        assert!(is_known, "{path}: {answer}");
        write!(all, "\n{path}\n{answer}").unwrap();
    }
    all
}

#[tokio::test]
async fn a_secret_in_one_place_is_kept_in_none() {
    let app = start().await;
    let secret = |number: usize| format!("s3cr3t{number:02}kjqvz");
    // A place to send it in: what stands behind the path, headers, and a body.
    let sent: &[(&str, &str, &str, &str)] = &[
        ("literal", "", "", ""),
        ("unnamed", "", "", ""),
        ("unnamed-bound", "", "", ""),
        ("document", "", "", ""),
        ("comment", "", "", ""),
        ("bound", "", "", ""),
        ("message", "", "", ""),
        ("field", "", "", ""),
        ("span", "", "", ""),
        ("query", "?access_token=SECRET", "", ""),
        ("callback", "?state=1&code=SECRET", "", ""),
        ("header", "", "X-Api-Key: SECRET", ""),
        ("bearer", "", "Authorization: Bearer SECRET", ""),
        ("cookie", "", "Cookie: theme=dark; sid=SECRET", ""),
        ("referer", "", "Referer: https://a.b/?token=SECRET", ""),
        (
            "json",
            "",
            "Content-Type: application/json",
            r#"{"a":[{"pin":"SECRET"}]}"#,
        ),
        (
            "form",
            "",
            "Content-Type: application/x-www-form-urlencoded",
            "a=b&user%5Bpassword%5D=SECRET",
        ),
        (
            "xml",
            "",
            "Content-Type: application/xml",
            "<a><password>SECRET</password></a>",
        ),
        (
            "multipart",
            "",
            "Content-Type: multipart/form-data; boundary=XX",
            "--XX\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nSECRET\r\n--XX--\r\n",
        ),
        (
            "text",
            "",
            "Content-Type: text/plain",
            "dear app, my password: SECRET, thanks",
        ),
    ];
    let mut secrets = Vec::new();
    for (number, (case, query, headers, body)) in sent.iter().enumerate() {
        let secret = secret(number);
        let with = |text: &str| text.replace("SECRET", &secret);
        let hint: String = secret.chars().rev().collect();
        let body = with(body);
        let mut head = format!("POST /case/{case}{}\r\nX-Hint: {hint}", with(query));
        if !headers.is_empty() {
            write!(head, "\r\n{}", with(headers)).unwrap();
        }
        write!(head, "\r\nContent-Length: {}", body.len()).unwrap();
        let answer = app.ask(&head, body.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{case}: {answer}");
        assert!(answer.contains(&secret), "the app is untouched: {answer}");
        secrets.push(((*case).to_owned(), secret));
    }
    let in_path = secret(sent.len());
    let answer = app.ask(&format!("GET /reset/path/{in_path}"), b"").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    secrets.push(("path".to_owned(), in_path));

    let records = app.records(secrets.len()).await;
    let mut leaks = String::new();
    for (record, (case, secret)) in records.iter().zip(&secrets) {
        let all = all_of(&app, record).await;
        for line in all.lines().filter(|line| line.contains(secret.as_str())) {
            writeln!(leaks, "{case}: {line}").unwrap();
        }
        // Something was taken out, not everything.
        assert!(
            all.contains("[redacted]") && all.contains("somebody sent"),
            "{case}"
        );
    }
    for path in [
        "/silk",
        "/silk/requests",
        "/silk/statements",
        "/silk/api/statements",
    ] {
        let answer = app.ask(&format!("GET {path}"), b"").await;
        for (case, secret) in &secrets {
            if answer.contains(secret.as_str()) {
                writeln!(leaks, "{case}: {path}").unwrap();
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}

#[tokio::test]
async fn names_of_jobs_are_texts_like_others() {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    silk.job("call https://a.b/?token=s3cr3tkjqvz")
        .run(async {})
        .await;
    assert!(silk.flush(support::PATIENCE).await);
    let requests = silk.store().requests(&Default::default()).await.unwrap();
    assert_eq!(
        requests.items[0].route,
        "call https://a.b/?token=[redacted]"
    );
}

/// A browser names the page it comes from: a token that one request had in its path stands in the
/// `Referer` of all that follow, and the app may redirect to it.
#[tokio::test]
async fn a_token_of_a_path_is_kept_nowhere_when_later_requests_name_it() {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    let routes = Router::new()
        .route("/api/careless/{token}", any(|| async { "done" }))
        .route("/hello", any(|| async { "hello" }))
        .route(
            "/moved",
            any(|| async { [("location", "/api/careless/zq81kkdLm2x9")] }),
        );
    let app = serve_with(silk, routes).await;
    let asked = [
        "GET /api/careless/zq81kkdLm2x9",
        "GET /hello\r\nReferer: http://127.0.0.1/api/careless/zq81kkdLm2x9",
        // Behind a proxy that takes a part of the path away, and of a token like any word.
        "GET /hello\r\nReferer: https://h.example/app/api/careless/swordfishzq",
        "GET /moved",
        // No route: the path itself would name the request.
        "GET /reset-password/rW3n9XbT0qLd",
        "GET /hello\r\nReferer: http://127.0.0.1/reset-password/rW3n9XbT0qLd",
        "GET /hello?key=rW3n9XbT0qLd",
        "GET /hello?rW3n9XbT0qLd",
        "GET /hello\r\nX-User-Key: rW3n9XbT0qLd",
        "GET /hello\r\nSec-WebSocket-Protocol: bearer, rW3n9XbT0qLd",
    ];
    for head in asked {
        let answer = app.ask(head, b"").await;
        assert!(answer.starts_with("HTTP/1.1 "), "{head}: {answer}");
    }
    let records = app.records(asked.len()).await;
    let mut shown = String::new();
    for record in &records {
        shown.push_str(&all_of(&app, record).await);
    }
    for page in [
        "/silk",
        "/silk/requests",
        "/silk/statements",
        "/silk/api/requests?limit=50",
        "/silk/api/routes",
    ] {
        shown.push_str(&app.ask(&format!("GET {page}"), b"").await);
    }
    let leaks: Vec<&str> = shown
        .lines()
        .filter(|line| {
            ["zq81kkdLm2x9", "swordfishzq", "rW3n9XbT0qLd"]
                .iter()
                .any(|token| line.contains(token))
        })
        .collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    assert!(
        shown.contains("/reset-password/[redacted]") && shown.contains("/api/careless/{token}")
    );
}
