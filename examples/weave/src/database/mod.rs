//! The database of the app: connecting, tables, first fill, and what differs between the three.
//!
//! Routes are written once and compiled for each database and each tier of capture: see
//! [`per_database`](crate::routes). What they need to know of a database is in `flavor`.

mod fill;
pub(crate) mod flavor;
mod mysql;
mod postgres;
pub(crate) mod schema;
mod sqlite;

use tower_silk::{DatabaseKind, Silk};

/// An app's two pools over one database.
#[derive(Debug, Clone)]
pub struct Pools<P> {
    /// What routes use.
    pub main: P,
    /// One connection only, so that a wait for it can be shown.
    pub single: P,
}

impl<P> Pools<P> {
    /// The same pools, each turned into something else.
    pub(crate) fn map<Q>(self, mut change: impl FnMut(P) -> Q) -> Pools<Q> {
        Pools {
            main: change(self.main),
            single: change(self.single),
        }
    }
}

/// Connected, with tables and content.
#[derive(Debug, Clone)]
pub enum Database {
    /// PostgreSQL.
    Postgres(Pools<sqlx::PgPool>),
    /// MySQL or MariaDB.
    MySql(Pools<sqlx::MySqlPool>),
    /// SQLite.
    Sqlite(Pools<sqlx::SqlitePool>),
}

impl Database {
    /// Adds the index that the newest messages want.
    ///
    /// # Errors
    /// What the database says.
    pub async fn add_index(&self) -> Result<(), sqlx::Error> {
        // MariaDB knows IF NOT EXISTS here, MySQL does not.
        const INDEX: &str = "CREATE INDEX IF NOT EXISTS message_updated ON message (updated)";
        match self {
            Self::Postgres(pools) => {
                sqlx::query(INDEX).execute(&pools.main).await?;
            }
            Self::MySql(pools) => {
                sqlx::query(INDEX).execute(&pools.main).await?;
            }
            Self::Sqlite(pools) => {
                sqlx::query(INDEX).execute(&pools.main).await?;
            }
        }
        Ok(())
    }
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing that weave speaks to.
    #[error("a database is `sqlite:FILE`, `postgres://…` or `mysql://…`")]
    UnknownScheme,
    /// The database said no.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Says what the first start waits for. On standard error: what is on standard output is read by
/// programs.
#[expect(clippy::print_stderr, reason = "a program says what it does")]
fn say(text: impl std::fmt::Display) {
    eprintln!("weave: {text}");
}

/// Which of the three an address leads to.
///
/// # Errors
/// The address names none of them.
pub fn kind_of(url: &str) -> Result<DatabaseKind, OpenError> {
    match url.split(':').next() {
        Some("sqlite") => Ok(DatabaseKind::Sqlite),
        Some("postgres" | "postgresql") => Ok(DatabaseKind::Postgres),
        Some("mysql" | "mariadb") => Ok(DatabaseKind::MySql),
        _ => Err(OpenError::UnknownScheme),
    }
}

/// Connects, makes the tables where they are missing, and fills them where they are empty. With
/// `silk`, connections tell the plans of their runs, where the database can.
///
/// # Errors
/// The address names no known database, or the database cannot be opened or filled.
pub async fn open(url: &str, connections: u32, silk: Option<&Silk>) -> Result<Database, OpenError> {
    match kind_of(url)? {
        DatabaseKind::Sqlite => Ok(Database::Sqlite(sqlite::open(url, connections).await?)),
        DatabaseKind::Postgres => {
            let pools = postgres::open(url, connections, silk).await?;
            Ok(Database::Postgres(pools))
        }
        DatabaseKind::MySql => Ok(Database::MySql(mysql::open(url, connections).await?)),
        DatabaseKind::Unknown => Err(OpenError::UnknownScheme),
    }
}
