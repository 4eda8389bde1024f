//! The dashboard as a tower service.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header, request::Parts};
use silk_core::vitals::OwnResponse;
use tower_service::Service;

use crate::{
    api, assets,
    config::DashboardConfig,
    context::{App, Here},
    error::{AlreadyShown, Failure},
    pages,
    routes::routes,
    security::{
        access::{self, Verdict},
        csp, origin,
    },
};

/// Makes the dashboard: a service to be mounted at any path with `Router::nest_service`.
#[must_use]
pub fn dashboard(config: DashboardConfig) -> Dashboard {
    Dashboard {
        app: Arc::new(App::new(config)),
        router: routes(),
    }
}

/// Pages and JSON API below one path; see [`dashboard`].
///
/// It finds out its own mount path from each request, marks every response with [`OwnResponse`] so
/// that it is not recorded, and answers in words and with the fitting status where it cannot.
#[derive(Debug, Clone)]
pub struct Dashboard {
    app: Arc<App>,
    router: Router,
}

impl Service<Request<Body>> for Dashboard {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { app, router } = self.clone();
        Box::pin(async move { Ok(respond(app, router, request).await) })
    }
}

async fn respond(app: Arc<App>, router: Router, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let here = Here::new(app, &parts);
    let mut response = match admit(&here, &mut parts) {
        Ok(()) => {
            parts.extensions.insert(here.clone());
            forward(router, Request::from_parts(parts, body)).await
        }
        Err(response) => *response,
    };
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    if is_failure && response.extensions_mut().remove::<AlreadyShown>().is_none() {
        response = explain_failure(&here, response);
    }
    csp::protect(response.headers_mut());
    response.extensions_mut().insert(OwnResponse);
    response
}

/// Lets a request pass, or returns the answer to give instead.
fn admit(here: &Here, parts: &mut Parts) -> Result<(), Box<Response>> {
    if assets::is_asset(&here.path) {
        return Ok(());
    }
    match here.app.gate.judge(parts) {
        Verdict::Pass => {}
        Verdict::Exchange => return Err(Box::new(exchange_token(here, &parts.headers))),
        Verdict::Refuse(refusal) => {
            return Err(Box::new(
                pages::error::refusal(here, refusal, parts).into_response(),
            ));
        }
    }
    origin::check(
        &parts.method,
        &parts.headers,
        access::host(parts).as_deref(),
    )
    .map_err(|failure| Box::new(failure.into_response()))
}

/// Sends the browser on to the same page without the token in its address (and its history).
fn exchange_token(here: &Here, sent: &HeaderMap) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&here.address_without_token()) {
        headers.insert(header::LOCATION, location);
    }
    for cookie in here.app.gate.cookies(&here.base, sent) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

async fn forward(mut router: Router, request: Request<Body>) -> Response {
    match router.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Draws what went wrong as a page, or as JSON below `api/`.
fn explain_failure(here: &Here, mut response: Response) -> Response {
    let status = response.status();
    let failure = response
        .extensions_mut()
        .remove::<Failure>()
        .unwrap_or_else(|| Failure::of_status(status));
    let mut drawn = if here.path.starts_with("/api/") {
        api::error::show(&failure)
    } else {
        pages::error::show(here, &failure)
    };
    *drawn.status_mut() = status;
    if let Some(allow) = response.headers().get(header::ALLOW) {
        drawn.headers_mut().insert(header::ALLOW, allow.clone());
    }
    drawn
}
