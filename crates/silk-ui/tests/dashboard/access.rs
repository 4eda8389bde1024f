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
            .expect("is at hand");
        request
            .extensions_mut()
            .insert(ConnectInfo(peer.parse::<SocketAddr>().expect("is at hand")));
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
