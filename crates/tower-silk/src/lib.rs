//! **tower-silk** records every request of an axum app with the SQL it ran through sqlx: values,
//! timings, call sites, waits and plans; a dashboard at `/silk` shows them.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use tower_silk::Silk;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # #[cfg(feature = "store-sqlite")]
//! let silk = Silk::builder().sqlite("silk.db").build().await?;
//! # #[cfg(not(feature = "store-sqlite"))]
//! # let silk = Silk::builder().in_memory().build().await?;
//! silk.init_tracing();
//!
//! let app = Router::new()
//!     .route("/hello", get(async || "hello"))
//!     .nest_service("/silk", silk.dashboard())
//!     .layer(silk.layer());
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! println!("dashboard http://127.0.0.1:3000/silk?token={}", silk.token());
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The line
//!
//! ```text
//! request ─► SilkLayer ─► ActiveRequest ─► Recorder ─► bounded queue ─► Writer ─► Store ─► dashboard
//! ```
//!
//! On the app's side nothing awaits, blocks, or fails because of the profiler. [`Silk`] wires the
//! parts; it is cheap to clone, and the last clone to go flushes what is not yet stored.
//!
//! # Features
//!
//! | feature | brings | default |
//! |---|---|---|
//! | `axum` | route templates from axum's matched path | yes |
//! | `ui` | the dashboard and its JSON API | yes |
//! | `store-sqlite` | a store in an SQLite file | yes |
//! | `postgres`, `mysql`, `sqlite` | the instrumented pool for that database | no |
//! | `testing` | [`testing`](https://docs.rs/tower-silk/latest/tower_silk/testing/): what a test runs, asserted; for `[dev-dependencies]` | no |

mod builder;
mod console;
mod error;
mod job;
mod log_lines;
mod remote;
mod runtime;
mod silk;
pub mod store;
#[cfg(feature = "store-sqlite")]
mod store_path;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
#[cfg(feature = "ui")]
mod vitals;

pub use silk_capture::{
    Plans, RecorderConfig, ShutdownReport, SilkLayer, SilkService, SilkTracingLayer,
    in_current_request,
};
pub use silk_core::{
    DatabaseKind, LossReason, RequestKind, Store,
    finding::{Ignore, Thresholds, rules},
    store::Budget,
};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use silk_explain::ExplainDatabase;
pub use silk_store::MemoryStore;
#[cfg(feature = "store-sqlite")]
pub use silk_store::SqliteStore;
#[cfg(feature = "ui")]
pub use silk_ui::{Access, Dashboard, Editor, InvalidEditor, Targets};

#[cfg(feature = "mysql")]
pub use silk_capture::sql::pool::{MySqlConnection, MySqlPool, MySqlTransaction};
#[cfg(feature = "postgres")]
pub use silk_capture::sql::pool::{PgConnection, PgPool, PgTransaction};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use silk_capture::sql::pool::{Pool, PoolConnection, PoolDatabase, Transaction};
#[cfg(feature = "sqlite")]
pub use silk_capture::sql::pool::{SqliteConnection, SqlitePool, SqliteTransaction};

pub use builder::SilkBuilder;
pub use error::BuildError;
pub use job::Job;
pub use silk::Silk;
