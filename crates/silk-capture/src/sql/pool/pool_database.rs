//! What an instrumented pool has to know of each database.

use silk_core::{DatabaseKind, Value};
use sqlx_core::{connection::Connection, database::Database};

/// What a driver does where one row is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneRow {
    /// It reads to the end, and gives the first row.
    ReadsAll,
    /// It stops reading at the first row; the rest is read by whatever runs next.
    Stops,
    /// It has the database stop at the first row; nothing else can be seen.
    Limits,
}

/// What an instrumented pool has to know of a database beyond what sqlx tells.
///
/// Implemented for the drivers that Silk knows; not meant to be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "no instrumented pool exists for `{Self}`",
    label = "PostgreSQL, MySQL and SQLite have one, as far as their features are on",
    note = "for `sqlx::Any` keep the `AnyPool`: the tracing layer (`silk.init_tracing()`) records its queries; or connect with `PgPool`, `MySqlPool` or `SqlitePool` and pass that"
)]
pub trait PoolDatabase: Database<Arguments: Clone> {
    /// Its dialect.
    const KIND: DatabaseKind;

    /// What its driver does where one row is asked for.
    const ONE_ROW: OneRow;

    /// Rows that the database counts for a statement: changed, or for some only given.
    fn rows_affected(result: &Self::QueryResult) -> u64;

    /// Name of the database (or its file) that the options lead to.
    fn name(options: &<Self::Connection as Connection>::Options) -> String;

    /// Bytes held by encoded arguments, as exactly as is known without reading them. Cheap; the
    /// arguments are left as they were.
    fn arguments_bytes(arguments: &mut Self::Arguments) -> usize;

    /// Arguments too large to be cloned, as values cut at `max_bytes` before they are copied; the
    /// arguments are left as they were.
    fn encode_large(arguments: &mut Self::Arguments, max_bytes: usize) -> Vec<Value>;

    /// Arguments as values, each cut at `max_bytes`; called on the writer's thread.
    fn encode(arguments: Self::Arguments, max_bytes: usize) -> Vec<Value>;
}

#[cfg(feature = "postgres")]
impl PoolDatabase for sqlx_postgres::Postgres {
    const KIND: DatabaseKind = DatabaseKind::Postgres;
    const ONE_ROW: OneRow = OneRow::ReadsAll;

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }

    fn name(options: &sqlx_postgres::PgConnectOptions) -> String {
        // PostgreSQL takes the name of the user where none is given.
        options
            .get_database()
            .unwrap_or_else(|| options.get_username())
            .to_owned()
    }

    fn arguments_bytes(arguments: &mut Self::Arguments) -> usize {
        crate::sql::values::postgres::encoded_bytes(arguments)
    }

    fn encode_large(arguments: &mut Self::Arguments, max_bytes: usize) -> Vec<Value> {
        crate::sql::values::postgres::encode_by_ref(arguments, max_bytes)
    }

    fn encode(arguments: Self::Arguments, max_bytes: usize) -> Vec<Value> {
        crate::sql::values::postgres::encode(arguments, max_bytes)
    }
}

#[cfg(feature = "mysql")]
impl PoolDatabase for sqlx_mysql::MySql {
    const KIND: DatabaseKind = DatabaseKind::MySql;
    const ONE_ROW: OneRow = OneRow::Stops;

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }

    fn name(options: &sqlx_mysql::MySqlConnectOptions) -> String {
        options.get_database().unwrap_or_default().to_owned()
    }

    fn arguments_bytes(arguments: &mut Self::Arguments) -> usize {
        crate::sql::values::mysql::encoded_bytes(arguments)
    }

    fn encode_large(arguments: &mut Self::Arguments, _: usize) -> Vec<Value> {
        // Their types can be read only after all bytes have been written out as numbers.
        crate::sql::values::unavailable(sqlx_core::arguments::Arguments::len(arguments))
    }

    fn encode(arguments: Self::Arguments, max_bytes: usize) -> Vec<Value> {
        crate::sql::values::mysql::encode(arguments, max_bytes)
    }
}

#[cfg(feature = "sqlite")]
impl PoolDatabase for sqlx_sqlite::Sqlite {
    const KIND: DatabaseKind = DatabaseKind::Sqlite;
    const ONE_ROW: OneRow = OneRow::Limits;

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }

    fn name(options: &sqlx_sqlite::SqliteConnectOptions) -> String {
        options.get_filename().to_string_lossy().into_owned()
    }

    fn arguments_bytes(arguments: &mut Self::Arguments) -> usize {
        crate::sql::values::sqlite::estimated_bytes(arguments)
    }

    fn encode_large(arguments: &mut Self::Arguments, max_bytes: usize) -> Vec<Value> {
        crate::sql::values::sqlite::encode(arguments, max_bytes)
    }

    fn encode(arguments: Self::Arguments, max_bytes: usize) -> Vec<Value> {
        crate::sql::values::sqlite::encode(&arguments, max_bytes)
    }
}
