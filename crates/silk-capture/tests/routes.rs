//! On an axum router: templates of routes, bodies of requests, and where the layer may sit.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use silk_capture::RecorderConfig;
use silk_core::Outcome;
use support::{Fixture, fixture, query};
use tower::{Layer as _, ServiceExt as _};

async fn ask(app: Router, request: Request<Body>) -> Response {
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Response::from_parts(parts, Body::from(bytes))
}

fn to(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn route_of(silk: &Fixture, app: Router, path: &str) -> (String, Option<u16>) {
    let before = silk.records().len();
    ask(app, to(path)).await;
    let records = silk.records();
    assert_eq!(records.len(), before + 1, "{path}");
    (
        records[before].summary.route.clone(),
        records[before].summary.status,
    )
}

#[tokio::test]
async fn routes_are_named_by_their_templates() {
    let silk = fixture();
    let users = Router::new().route(
        "/{id}",
        get(|| async {
            query("SELECT 1");
            "user"
        }),
    );
    let app = Router::new()
        .route("/threads/{id}", get(|| async { "thread" }))
        .nest("/users", users)
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(silk.layer());
    assert_eq!(
        route_of(&silk, app.clone(), "/threads/7").await,
        ("/threads/{id}".into(), Some(200))
    );
    assert_eq!(
        route_of(&silk, app.clone(), "/users/9").await,
        ("/users/{id}".into(), Some(200))
    );
    assert_eq!(
        route_of(&silk, app, "/nowhere").await,
        ("/nowhere".into(), Some(404))
    );
}

#[tokio::test]
async fn a_layer_on_a_route_or_twice_records_once() {
    let silk = fixture();
    let inner = Router::new()
        .route("/a/{id}", get(|| async { "a" }))
        .route_layer(silk.layer());
    assert_eq!(route_of(&silk, inner.clone(), "/a/1").await.0, "/a/{id}");
    // Outside of the router no template is known, unless an inner layer tells it.
    let outer = Router::new().fallback_service(silk.layer().layer(inner));
    assert_eq!(route_of(&silk, outer, "/a/2").await.0, "/a/{id}");
    let bare = Router::new().route("/b/{id}", get(|| async { "b" }));
    let outer = Router::new().fallback_service(silk.layer().layer(bare));
    assert_eq!(route_of(&silk, outer, "/b/2").await.0, "/b/{id}");
}

/// axum keeps to itself what a router in `nest_service` matched: ids make no routes all the same,
/// and a layer on the inner router tells the template.
#[tokio::test]
async fn a_router_in_nest_service_makes_no_route_of_each_path() {
    let silk = fixture();
    let api = || {
        Router::new()
            .route("/things/{name}", get(|| async { "thing" }))
            .route("/things/{name}/parts/{number}", get(|| async { "part" }))
    };
    let app = Router::new()
        .nest_service("/api", api())
        .layer(silk.layer());
    for id in 1..=3 {
        let path = format!("/api/things/{id}/parts/0190a3c4-7e1f-7c3a-9b1e-2f6d8a4b5c6{id}");
        assert_eq!(
            route_of(&silk, app.clone(), &path).await.0,
            "/api/things/{id}/parts/{id}"
        );
    }
    let routes = |silk: &Fixture| {
        let captures = silk.vitals().captures;
        captures
            .into_iter()
            .find(|said| said.what == "routes")
            .unwrap()
    };
    let said = routes(&silk);
    assert!(said.reason.starts_with("3 requests had no route template"));
    let known = Router::new()
        .route("/", get(|| async { "home" }))
        .nest_service("/api", api())
        .layer(silk.layer());
    assert_eq!(route_of(&silk, known, "/").await.0, "/");
    let said = routes(&silk);
    assert!(said.reason.contains("nest_service"), "{}", said.reason);
    assert!(said.remedy.unwrap().contains("api.layer(silk.layer())"));
    // As it says.
    let app = Router::new()
        .nest_service("/api", api().layer(silk.layer()))
        .layer(silk.layer());
    for path in ["/api/things/anna/parts/7", "/api/things/bert/parts/8"] {
        assert_eq!(
            route_of(&silk, app.clone(), path).await.0,
            "/api/things/{name}/parts/{number}"
        );
    }
    assert_eq!(routes(&silk).reason, said.reason);
}

#[tokio::test]
async fn bodies_of_requests_are_copied_as_they_are_read() {
    let silk = fixture();
    let app = Router::new()
        .route("/echo", post(|body: Bytes| async move { body }))
        .route(
            "/part",
            post(|request: Request<Body>| async move {
                let mut body = request.into_body();
                let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
                first.into_response()
            }),
        )
        .route(
            "/length",
            post(|request: Request<Body>| async move {
                use http_body::Body as _;
                request
                    .body()
                    .size_hint()
                    .exact()
                    .unwrap_or_default()
                    .to_string()
            }),
        )
        .layer(silk.layer());
    let text = "a=1&b=2";
    let form = |path: &str, body: Body| {
        Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .unwrap()
    };
    let response = ask(app.clone(), form("/echo", text.into())).await;
    assert_eq!(to_bytes(response.into_body(), 99).await.unwrap(), text);
    let records = silk.records();
    let kept = records[0].detail.request_body.as_ref().unwrap();
    assert_eq!((kept.total_bytes, kept.is_truncated), (7, false));
    assert_eq!(kept.text.as_deref(), Some(text));
    let response = ask(app, form("/length", text.into())).await;
    assert_eq!(to_bytes(response.into_body(), 99).await.unwrap(), "7");
    assert_eq!(
        silk.records()[1].detail.request_body,
        None,
        "nobody read it"
    );
}

#[tokio::test]
async fn binary_bodies_pass_and_only_their_size_is_kept() {
    let silk = fixture();
    let app = Router::new()
        .route("/echo", post(|body: Bytes| async move { body }))
        .layer(silk.layer());
    let sent: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let request = Request::post("/echo")
        .header("content-type", "image/png")
        .body(Body::from(sent.clone()))
        .unwrap();
    let mut app = app;
    app = app.layer(axum::extract::DefaultBodyLimit::disable());
    let response = ask(app, request).await;
    assert!(to_bytes(response.into_body(), usize::MAX).await.unwrap() == sent);
    let record = silk.record();
    let kept = record.detail.request_body.unwrap();
    assert_eq!((kept.total_bytes, kept.text), (300_000, None));
}

#[tokio::test]
async fn head_requests_are_complete_and_server_timing_is_kept() {
    let silk = fixture();
    let app = Router::new()
        .route(
            "/",
            get(|| async { ([("server-timing", "app;dur=1")], "text") }),
        )
        .layer(silk.layer());
    let response = ask(app, Request::head("/").body(Body::empty()).unwrap()).await;
    let timings: Vec<_> = response.headers().get_all("server-timing").iter().collect();
    assert_eq!(timings.len(), 2);
    assert_eq!(timings[0], "app;dur=1");
    assert_eq!(silk.record().summary.outcome, Outcome::Completed);
}

/// In release builds nothing tells strangers how many queries ran, unless the app asks for it.
#[tokio::test]
async fn apps_04_server_timing_tells_strangers() {
    let is_debug = cfg!(debug_assertions);
    let by_default = RecorderConfig::default().response_headers;
    assert_eq!(by_default, is_debug);
    for is_on in [by_default, true, false] {
        let silk = support::fixture_with(RecorderConfig {
            response_headers: is_on,
            ..RecorderConfig::default()
        });
        let login = || async {
            query("SELECT 1");
            StatusCode::UNAUTHORIZED
        };
        let app = Router::new().route("/", get(login)).layer(silk.layer());
        let response = ask(app, to("/")).await;
        for name in ["silk-id", "server-timing"] {
            assert_eq!(response.headers().contains_key(name), is_on, "{name}");
        }
        let text = format!("{:?}", response.headers()).to_lowercase();
        assert!(is_on || !text.contains("silk") && !text.contains("quer"));
        assert_eq!(
            silk.record().summary.query_count,
            1,
            "recorded all the same"
        );
    }
}

#[tokio::test]
async fn the_layer_fits_plain_services_and_routers() {
    fn is_send<T: Send>(_: &T) {}
    let silk = fixture();
    let service = silk
        .layer()
        .layer(Router::new().route("/", get(|| async { "x" })));
    is_send(&service);
    // Any type of body, any error that can be shown.
    let plain = silk
        .layer()
        .layer(tower::service_fn(|_: Request<String>| async {
            Ok::<_, std::io::Error>(http::Response::new(http_body_util::Full::new(Bytes::new())))
        }));
    let future = plain.oneshot(Request::new("text".to_owned()));
    is_send(&future);
    is_send(&future.await.unwrap());
    let response = service.oneshot(to("/")).await.unwrap();
    is_send(&response);
    drop(response);
    assert_eq!(silk.records().len(), 2);
}
