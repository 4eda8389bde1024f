//! The API. Every route is written once and compiled for each database and each tier of capture.
//!
//! `per_database` repeats its items in one module per database and pool, where `Db`, `Pool` and
//! `PLACEHOLDERS` stand for that database; lines in stack traces stay those of the source.

/// Repeats the items in a module per database and pool.
macro_rules! per_database {
    (@in $name:ident { $($code:item)* }) => {
        pub(crate) mod $name {
            use super::*;
            use crate::database::flavor::$name::*;
            $($code)*
        }
    };
    ($($code:item)*) => {
        per_database!(@in postgres { $($code)* });
        per_database!(@in mysql { $($code)* });
        per_database!(@in sqlite { $($code)* });
        per_database!(@in silk_postgres { $($code)* });
        per_database!(@in silk_mysql { $($code)* });
        per_database!(@in silk_sqlite { $($code)* });
    };
}

mod careless;
mod errors;
mod hello;
mod messages;
mod parallel;
mod pool_wait;
mod stream;
mod threads;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use tower_silk::Silk;

use crate::database::Database;

macro_rules! routes_of {
    ($name:ident, $pools:expr) => {
        Router::new()
            .merge(careless::$name::routes())
            .merge(errors::$name::routes())
            .merge(messages::$name::routes())
            .merge(parallel::$name::routes())
            .merge(pool_wait::$name::routes())
            .merge(stream::$name::routes())
            .merge(threads::$name::routes())
            .with_state($pools)
    };
}

/// All routes, on sqlx's own pools, or on Silk's where `silk` is given.
pub fn router(database: Database, silk: Option<&Silk>) -> Router {
    let routes: Router = match (database, silk) {
        (Database::Postgres(pools), None) => routes_of!(postgres, pools),
        (Database::MySql(pools), None) => routes_of!(mysql, pools),
        (Database::Sqlite(pools), None) => routes_of!(sqlite, pools),
        (Database::Postgres(pools), Some(silk)) => {
            routes_of!(silk_postgres, pools.map(|pool| silk.pool(pool)))
        }
        (Database::MySql(pools), Some(silk)) => {
            routes_of!(silk_mysql, pools.map(|pool| silk.pool(pool)))
        }
        (Database::Sqlite(pools), Some(silk)) => {
            routes_of!(silk_sqlite, pools.map(|pool| silk.pool(pool)))
        }
    };
    routes.route("/hello", get(hello::hello))
}

/// What a route answers instead of what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// The database said no; the reason goes to the log, not to the client.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The request names something that is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request cannot be.
    #[error("{0}")]
    Invalid(&'static str),
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Database(error) => {
                tracing::error!(%error, "the database failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (
            status,
            Json(serde_json::json!({ "error": self.to_string() })),
        )
            .into_response()
    }
}
