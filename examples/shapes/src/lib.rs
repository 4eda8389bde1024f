//! Small apps of the shapes that real ones have, each with Silk in it.
//!
//! Each module is one app, short enough to be read as documentation: how Silk is put into an app of
//! that shape, and in its first lines what is recorded there and what is not. The tests send real
//! requests and look at what was recorded.
//!
//! | module | the app |
//! |---|---|
//! | [`borrowed`] | helpers that take `&sqlx::PgPool` and `&mut sqlx::PgConnection` |
//! | [`orm`] | SeaORM 2, which keeps sqlx's own pool |
//! | [`logged`] | logs with the `log` crate (`env_logger`), no subscriber of its own |
//! | [`generic`] | code that is generic over its database |
//! | [`behind_trait`] | a pool made where no handle of Silk can be given |
//! | [`sessions`] | tower-sessions, with a store on sqlx |
//! | [`grpc`] | tonic: a gRPC service |
//! | [`plain_hyper`] | hyper and tower, without axum |
//! | [`nested`] | a router in `nest_service` |
//! | [`migrated`] | migrates its database at start |

pub mod behind_trait;
pub mod borrowed;
pub mod generic;
pub mod grpc;
pub mod logged;
pub mod migrated;
pub mod nested;
pub mod orm;
pub mod plain_hyper;
pub mod sessions;

/// What goes wrong in these apps is a 500 with its text.
#[derive(Debug)]
pub struct AppError(String);

impl<E: std::error::Error> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl axum::response::IntoResponse for AppError {
    fn into_response(self) -> axum::response::Response {
        (axum::http::StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}
