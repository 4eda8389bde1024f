//! The databases that can be explained, by their sqlx type.

use std::sync::Arc;

use silk_capture::sql::pool::PoolDatabase;
use sqlx_core::connection::Connection;

use crate::{target::ExplainTarget, time_limits::ExplainConfig};

/// A database that Silk can open a connection of its own to.
///
/// Implemented for the drivers that Silk knows; not meant to be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "Silk has no connection of its own to `{Self}`",
    label = "PostgreSQL, MySQL and SQLite have one, if their features are on",
    note = "for `sqlx::Any` keep the `AnyPool`: the tracing layer (`silk.init_tracing()`) records its queries; or connect with `PgPool`, `MySqlPool` or `SqlitePool` and pass that"
)]
pub trait ExplainDatabase: PoolDatabase {
    /// A way of Silk's own to the database that the options lead to; `app_connections` is how many
    /// connections the app's pool may have.
    fn target(
        options: &<Self::Connection as Connection>::Options,
        config: ExplainConfig,
        app_connections: u32,
    ) -> Arc<dyn ExplainTarget>;

    /// The same way to the database, on which an index is used wherever one can be: for tests, whose
    /// few rows are read faster without one.
    #[doc(hidden)]
    #[must_use]
    fn preferring_indexes(
        options: <Self::Connection as Connection>::Options,
    ) -> <Self::Connection as Connection>::Options {
        options
    }
}
