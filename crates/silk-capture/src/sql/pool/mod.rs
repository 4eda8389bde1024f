//! Instrumented sqlx pools: the same calls as on sqlx's own, with values, errors, rows, call sites,
//! transactions and connection waits recorded.
//!
//! A [`Pool`] derefs to sqlx's, a [`PoolConnection`] and a [`Transaction`] to a [`Conn`], and that to
//! the driver's own connection. So `&pool`, `&mut *conn`, `&mut *tx` and every macro work unchanged,
//! and whatever asks for a raw connection gets one (such queries are seen by the tracing layer).
//!
//! A query belongs to the request whose code is being polled when it is made (or to that of its
//! transaction, when it is made from a task of its own). Outside of any request, or while nothing
//! records, calls go straight to sqlx.

mod captured_values;
mod connection;
mod connection_wait;
#[cfg(feature = "postgres")]
mod copy;
mod executor;
mod hide_from_layer;
mod instrumented_pool;
mod plan_runs;
mod pool_database;
mod pool_holders;
mod pool_shared;
mod replayed_query;
mod running_query;
mod tracked_stream;
mod transaction;
mod transaction_fate;
mod within;

pub use connection::{Conn, PoolConnection};
#[cfg(feature = "postgres")]
pub use copy::CopyIn;
pub use instrumented_pool::Pool;
pub use pool_database::{OneRow, PoolDatabase};
pub use transaction::Transaction;

/// An instrumented pool of PostgreSQL connections.
#[cfg(feature = "postgres")]
pub type PgPool = Pool<sqlx_postgres::Postgres>;
/// An instrumented PostgreSQL connection.
#[cfg(feature = "postgres")]
pub type PgConnection = Conn<sqlx_postgres::Postgres>;
/// An instrumented PostgreSQL transaction.
#[cfg(feature = "postgres")]
pub type PgTransaction<'c> = Transaction<'c, sqlx_postgres::Postgres>;

/// An instrumented pool of MySQL or MariaDB connections.
#[cfg(feature = "mysql")]
pub type MySqlPool = Pool<sqlx_mysql::MySql>;
/// An instrumented MySQL or MariaDB connection.
#[cfg(feature = "mysql")]
pub type MySqlConnection = Conn<sqlx_mysql::MySql>;
/// An instrumented MySQL or MariaDB transaction.
#[cfg(feature = "mysql")]
pub type MySqlTransaction<'c> = Transaction<'c, sqlx_mysql::MySql>;

/// An instrumented pool of SQLite connections.
#[cfg(feature = "sqlite")]
pub type SqlitePool = Pool<sqlx_sqlite::Sqlite>;
/// An instrumented SQLite connection.
#[cfg(feature = "sqlite")]
pub type SqliteConnection = Conn<sqlx_sqlite::Sqlite>;
/// An instrumented SQLite transaction.
#[cfg(feature = "sqlite")]
pub type SqliteTransaction<'c> = Transaction<'c, sqlx_sqlite::Sqlite>;
