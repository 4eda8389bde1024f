//! Who gets in.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{Request, StatusCode, header};
use silk_ui::{Access, dashboard};

use crate::support::{
    self,
    client::{get, send},
    config,
};

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
        .expect("is at hand")
        .to_owned();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.contains("Path=/silk"),
        "{cookie}"
    );
    let request = Request::get("/silk/").header(
        header::COOKIE,
        cookie.split(';').next().expect("is at hand"),
    );
    assert_eq!(
        send(&app, request.body(Body::empty()).expect("is at hand"))
            .await
            .status,
        StatusCode::OK
    );
    let request = Request::get("/silk/api/requests").header(header::AUTHORIZATION, "Bearer t0ken");
    assert_eq!(
        send(&app, request.body(Body::empty()).expect("is at hand"))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        get(&app, "/silk?token=t0ken").await.headers[header::LOCATION],
        "/silk"
    );

    let answer = get(&app, "/silk/").await;
    for words in ["printed when it started", "silk.token()", "SILK_TOKEN"] {
        assert!(
            answer.text.contains(words),
            "says where the link is: {words}"
        );
    }
    let mut request = Request::get("/silk/")
        .header("host", "localhost:3000")
        .body(Body::empty())
        .expect("is at hand");
    let peer: SocketAddr = "127.0.0.1:9".parse().expect("is at hand");
    request.extensions_mut().insert(ConnectInfo(peer));
    assert_eq!(
        send(&app, request).await.status,
        StatusCode::FORBIDDEN,
        "a proxy on this machine is a peer on loopback too"
    );

    let app = with(Access::Closed);
    let answer = get(&app, "/silk/?token=t0ken").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.text.contains("The dashboard is closed") && answer.text.contains("Access::Token")
    );
}

#[tokio::test]
async fn the_exchange_leads_to_our_own_pages_only() {
    let mut config = config(support::rich());
    config.access = Access::Token;
    let dashboard = dashboard(config);
    let at_root = Router::new().fallback_service(dashboard.clone());
    let below = Router::new().nest_service("/a/{tenant}/silk", dashboard);
    for (app, path, location, cookie_path) in [
        (&at_root, "/?token=t0ken", "/", "Path=/"),
        (
            &at_root,
            "//evil.example/?token=t0ken",
            "/evil.example/",
            "Path=/",
        ),
        (
            &at_root,
            "/\\evil.example/?token=t0ken",
            "/evil.example/",
            "Path=/",
        ),
        (
            &at_root,
            "/requests?token=t0ken&a=b",
            "/requests?a=b",
            "Path=/",
        ),
        (
            &below,
            "/a/x/silk?token=t0ken",
            "/a/x/silk",
            "Path=/a/x/silk",
        ),
        (
            &below,
            "/a/x;Domain=example.org/silk/health?token=t0ken",
            "/a/x;Domain=example.org/silk/health",
            "Path=/",
        ),
    ] {
        let answer = get(app, path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.headers[header::LOCATION], location, "{path}");
        let cookie = answer.headers[header::SET_COOKIE].to_str();
        let cookie = cookie.expect("is at hand");
        assert!(
            cookie.ends_with(&format!("; {cookie_path}")),
            "{path}: {cookie}"
        );
    }
}
