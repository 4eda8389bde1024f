//! The map of addresses, and nothing else.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{delete, get, post},
};

use crate::{api, assets, pages};

/// Every address below the mount.
pub(crate) fn routes() -> Router {
    page_routes().merge(api_routes())
}

fn page_routes() -> Router {
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
        .route(
            "/requests/{id}/request.md",
            get(pages::request::markdown::request),
        )
        .route(
            "/requests/{id}/finding.md",
            get(pages::request::markdown::finding),
        )
        .route("/requests/{id}/replay.sh", get(pages::request::replay_curl))
        .route("/requests/{id}/replay.rs", get(pages::request::replay_test))
        .route("/requests/{id}/queries/{seq}", get(pages::query::show))
        .route("/requests/{id}/queries/{seq}/sql", get(pages::query::sql))
        .route(
            "/requests/{id}/queries/{seq}/explain",
            post(pages::plan_analyze::ask),
        )
        .route(
            "/requests/{id}/queries/{seq}/analyze",
            get(pages::plan_analyze::confirm),
        )
        .route(
            "/requests/{id}/queries/{seq}/indexes",
            get(pages::advice::show),
        )
        .route("/findings", get(pages::findings::show))
        .route("/findings/accept", post(pages::findings::accept))
        .route("/findings/withdraw", post(pages::findings::withdraw))
        .route("/route", get(pages::route::show))
        .route("/hotspots", get(pages::hotspots::show))
        .route(
            "/requests/{id}/prove/{fingerprint}",
            get(pages::prove::show).post(pages::prove::run),
        )
        .route("/statements", get(pages::statements::show))
        .route("/statements/{fingerprint}", get(pages::statement::show))
        .route("/compare", get(pages::compare::show))
        .route("/compare.md", get(pages::compare::markdown))
        .route("/plans/compare", get(pages::compare_plans::show))
        .route("/plans/{id}", get(pages::plan::show))
        .route("/plans/{id}/raw", get(pages::plan::raw))
        .route(
            "/paste",
            get(pages::paste::show)
                .post(pages::paste::read)
                .layer(DefaultBodyLimit::max(pages::paste::MAX_FORM_BYTES)),
        )
        .route("/paste/{id}", get(pages::plan::pasted::show))
        .route("/paste/{id}/raw", get(pages::plan::pasted::raw))
        .route("/paste/{id}/keep", post(pages::plan::pasted::keep))
        .route("/database", get(pages::database::show))
        .route("/health", get(pages::health::show))
        .route("/health/recording", post(pages::health::switch_recording))
        .route(
            "/health/clear",
            get(pages::health::confirm_clear).post(pages::health::clear),
        )
        .route("/assets/{version}/{name}", get(assets::serve))
}

fn api_routes() -> Router {
    Router::new()
        .route(
            "/api/requests",
            get(api::requests::list).delete(api::requests::clear),
        )
        .route("/api/requests/{id}", get(api::requests::one))
        .route(
            "/api/requests/{id}/queries/{seq}/explain",
            post(api::plans::explain),
        )
        .route("/api/compare", get(api::compare::show))
        .route("/api/live", get(api::live::listen))
        .route("/api/findings", get(api::lives::list))
        .route(
            "/api/acceptances",
            get(api::lives::acceptances).post(api::lives::accept),
        )
        .route("/api/acceptances/{id}", delete(api::lives::withdraw))
        .route("/api/routes", get(api::routes::list))
        .route("/api/route", get(api::routes::one))
        .route("/api/hotspots", get(api::routes::hotspots))
        .route("/api/statements", get(api::statements::list))
        .route("/api/statements/{fingerprint}", get(api::statements::one))
        .route(
            "/api/statements/{fingerprint}/plans",
            get(api::plan_history::of_statement),
        )
        .route(
            "/api/plans",
            post(api::plans::paste).layer(DefaultBodyLimit::max(pages::paste::MAX_FORM_BYTES)),
        )
        .route("/api/plans/{id}", get(api::plans::one))
        .route("/api/prove", post(api::prove::run))
        .route("/api/databases", get(api::databases::list))
        .route("/api/health", get(api::health::show))
        .route("/api/openapi.json", get(api::openapi::show))
}
