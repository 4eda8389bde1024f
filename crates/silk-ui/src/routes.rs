//! The map of addresses, and nothing else.

use axum::{
    Router,
    routing::{get, post},
};

use crate::{api, assets, pages};

/// Every address below the mount.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(pages::overview::show))
        .route("/requests", get(pages::requests::show))
        .route("/requests/{id}", get(pages::request::show))
        .route(
            "/requests/{id}/request-body",
            get(pages::request::request_body),
        )
        .route(
            "/requests/{id}/response-body",
            get(pages::request::response_body),
        )
        .route("/requests/{id}/replay.sh", get(pages::request::replay_curl))
        .route("/requests/{id}/replay.rs", get(pages::request::replay_test))
        .route("/requests/{id}/queries/{seq}", get(pages::query::show))
        .route("/requests/{id}/queries/{seq}/sql", get(pages::query::sql))
        .route(
            "/requests/{id}/queries/{seq}/explain",
            post(pages::query::explain),
        )
        .route("/statements", get(pages::statements::show))
        .route("/statements/{fingerprint}", get(pages::statement::show))
        .route("/plans/{id}", get(pages::plan::show))
        .route("/health", get(pages::health::show))
        .route("/health/recording", post(pages::health::switch_recording))
        .route(
            "/health/clear",
            get(pages::health::confirm_clear).post(pages::health::clear),
        )
        .route(
            "/api/requests",
            get(api::requests::list).delete(api::requests::clear),
        )
        .route("/api/requests/{id}", get(api::requests::one))
        .route(
            "/api/requests/{id}/queries/{seq}/explain",
            post(api::plans::explain),
        )
        .route("/api/statements", get(api::statements::list))
        .route("/api/statements/{fingerprint}", get(api::statements::one))
        .route("/api/plans/{id}", get(api::plans::one))
        .route("/api/health", get(api::health::show))
        .route("/assets/{version}/{name}", get(assets::serve))
}
