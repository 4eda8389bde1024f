//! A client of the dashboard, and what must hold of every page.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use silk_core::vitals::OwnResponse;
use silk_ui::dashboard;
use tower::ServiceExt as _;

use super::{TestStore, config};

/// Bytes that a page may have; the rest of 150 kB is for styles and script.
const MAX_BYTES: usize = 112_000;

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Answer {
    /// Where it sends the browser; empty where it does not.
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |to| to.to_str().expect("is text"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("is JSON")
    }
}

pub fn app(store: &Arc<TestStore>) -> Router {
    app_at(store, "/silk")
}

pub fn app_at(store: &Arc<TestStore>, mount: &str) -> Router {
    Router::new().nest_service(mount, dashboard(config(Arc::clone(store))))
}

pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.expect("never fails");
    assert!(
        response.extensions().get::<OwnResponse>().is_some(),
        "every response is marked as our own"
    );
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("is at hand").to_bytes();
    let policy = parts.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("is text");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert_eq!(parts.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(parts.headers[header::REFERRER_POLICY], "same-origin");
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).expect("is text"),
    }
}

pub async fn get(app: &Router, uri: &str) -> Answer {
    let request = Request::get(uri).body(Body::empty()).expect("is a request");
    send(app, request).await
}

/// A page that is there and in order.
pub async fn page(app: &Router, uri: &str) -> String {
    let answer = get(app, uri).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    check(&answer.text, "/silk", uri);
    answer.text
}

pub async fn post_form(app: &Router, uri: &str, body: &str) -> Answer {
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .expect("is a request");
    send(app, request).await
}

pub fn form(uri: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request::post(uri)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("is a request")
}

pub fn json(uri: &str, body: &serde_json::Value) -> Request<Body> {
    Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("is a request")
}

/// Sends JSON as a program does; without a body where it is empty.
pub async fn send_json(app: &Router, method: http::Method, uri: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .expect("is a request");
    send(app, request).await
}

/// The anti-forgery token of the forms on a page.
pub fn csrf(page: &str) -> String {
    let rest = page.split("name=\"csrf\" value=\"").nth(1);
    let token = rest.and_then(|rest| rest.split('"').next());
    token.expect("has a form").to_owned()
}

/// Values of an attribute, wherever it stands in a tag.
pub fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&*start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// What must hold of every page, whatever is on it.
pub fn check(html: &str, mount: &str, uri: &str) {
    assert!(
        html.starts_with("<!doctype html>"),
        "{uri}: {}",
        html.chars().take(200).collect::<String>()
    );
    assert!(html.len() < MAX_BYTES, "{uri} weighs {} bytes", html.len());
    assert_eq!(html.matches("<script").count(), 1, "{uri}: only our own");
    for bad in [
        "<style",
        " style=\"",
        "<img",
        "<iframe",
        "onerror=\"",
        "onclick=\"",
        "onload=\"",
        "javascript:",
        "NaN",
        "inf ",
        "\0",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!html.contains(bad), "{uri}: {bad:?}");
    }
    for name in ["href", "src", "action"] {
        for link in attributes(html, name) {
            let is_inside = link.starts_with(&format!("{mount}/")) || link.starts_with('#');
            assert!(is_inside && !link.starts_with("//"), "{uri}: {link}");
        }
    }
    let mut ids = attributes(html, "id");
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{uri}: ids are unique");
    for tag in [
        "table", "thead", "tbody", "tfoot", "section", "details", "summary", "div", "svg", "pre",
        "tr", "td", "p", "ul", "dl", "a",
    ] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        let closed = html.matches(&format!("</{tag}>")).count();
        assert_eq!(opened, closed, "{uri}: <{tag}> opened and closed");
    }
}
