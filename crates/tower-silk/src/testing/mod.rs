//! What a test runs against its database, asserted: the number of queries, repeats, findings,
//! growth with the data, and plans. For `[dev-dependencies]`, with the feature `testing`.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), sqlx::Error> {
//! use tower_silk::testing;
//!
//! # let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
//! // In a test: `#[sqlx::test] async fn counts(pool: sqlx::SqlitePool)`.
//! let pool = testing::pool(pool);
//!
//! let recorded = testing::record(async {
//!     sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_schema")
//!         .fetch_one(&pool)
//!         .await
//! })
//! .await;
//!
//! recorded
//!     .assert_queries(1)
//!     .assert_no_repeats()
//!     .assert_no_findings();
//! assert_eq!(recorded.output?, 0);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! There is no server, no store and no dashboard: what is recorded stays in the test. Each test has
//! a recorder of its own, so tests run in parallel, in one process or in many. A profiler that the
//! app itself sets up records nothing within a recorded test; its queries are the test's.
//!
//! # What is seen
//!
//! | the app's pool | what to do | what is known |
//! |---|---|---|
//! | [`tower_silk::Pool`](crate::Pool) | [`pool`] (or `silk.pool`) | all: lines, values, errors, transactions |
//! | sqlx's own | [`init_tracing`] at the start of the test, or [`tracing_layer`] in the test's own subscriber | SQL, rows and time; lines on PostgreSQL and MySQL |
//!
//! A test that could have seen nothing does not pass with zero queries: the assertion fails and says
//! what to do. Code that spawns tasks carries the test along with
//! [`in_current_request`](crate::in_current_request).
//!
//! # Environment
//!
//! | variable | meaning |
//! |---|---|
//! | `SILK_UPDATE=1` | assertions write what fails to the file of known debts, and pass |
//! | `SILK_DEBTS=FILE` | that file; default `silk-debts.toml` beside the package's `Cargo.toml` |
//! | `SILK_RECORD=DIR` | each recording is left there as a JSON file, for `silk check` |

mod assertions;
mod bounded;
mod debts;
mod exchange;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod explained;
mod leave;
mod message;
mod name;
mod recorded;
mod recording;
mod sight;
mod snapshot;
mod violation;

use std::future::Future;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use silk_capture::sql::pool::{Pool, PoolDatabase};

pub use bounded::{assert_bounded, assert_bounded_between};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use explained::{Explained, StatementPlan};
pub use recorded::Recorded;
pub use recording::Recording;
pub use sight::{init_tracing, tracing_layer};
pub use snapshot::SnapshotOptions;

/// Records what `future` runs, under the name of the test. [`Recording`] has more to choose.
#[track_caller]
pub fn record<F: Future>(future: F) -> impl Future<Output = Recorded<F::Output>> {
    Recording::new().record(future)
}

/// Sends one request to an axum router and reads the response to its end; everything that runs
/// meanwhile is recorded, under method and route.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use tower_silk::testing;
///
/// # testing::init_tracing();
/// let app = Router::new().route("/hello", get(async || "hello"));
/// let request = Request::get("/hello").body(Body::empty()).unwrap();
/// let recorded = testing::request(app, request).await;
/// recorded.assert_max_queries(2);
/// assert_eq!(recorded.output.body(), "hello");
/// # }
/// # #[cfg(not(feature = "axum"))]
/// # fn main() {}
/// ```
///
/// A response that never ends is waited for without end.
#[cfg(feature = "axum")]
#[track_caller]
pub fn request(
    router: axum::Router,
    request: http::Request<axum::body::Body>,
) -> impl Future<Output = Recorded<http::Response<bytes::Bytes>>> {
    Recording::new().request(router, request)
}

/// An instrumented pool around one of sqlx's, for a test: what runs on it within a recording is
/// recorded with values, lines and transactions; outside of one it is sqlx's own.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
#[must_use]
pub fn pool<DB: PoolDatabase>(pool: sqlx_core::pool::Pool<DB>) -> Pool<DB> {
    Pool::new(silk_capture::testing::pool_recorder(), pool)
}
