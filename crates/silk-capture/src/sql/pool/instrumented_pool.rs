//! The instrumented pool itself.

use std::{fmt, ops::Deref, sync::Arc};

use futures_core::future::BoxFuture;
use silk_core::{Database as SilkDatabase, PoolUse};
use sqlx_core::{
    acquire::Acquire, database::Database, error::Error, pool, sql_str::SqlSafeStr,
    transaction as raw_transaction,
};

use super::{
    Conn, PoolConnection, PoolDatabase, Transaction,
    connection_wait::Waiting,
    hide_from_layer::{Cover, CoverSpan},
    pool_shared::PoolShared,
    within::Within,
};
use crate::{
    record::{ActiveRequest, PoolNote, Recorder, has_tests, lent_connection::Lent, pools_here},
    sql::tracing::is_installed,
};

/// An instrumented pool; derefs to sqlx's own.
///
/// Cheap to clone. Where sqlx's own type is wanted by value, [`raw`](Self::raw) gives it, and what
/// runs on that is seen by the tracing layer only.
pub struct Pool<DB: Database> {
    pub(super) raw: pool::Pool<DB>,
    pub(super) shared: Arc<PoolShared>,
}

impl<DB: Database> Pool<DB> {
    /// Instruments a pool for `recorder`.
    #[must_use]
    pub fn new(recorder: Recorder, raw: pool::Pool<DB>) -> Self
    where
        DB: PoolDatabase,
    {
        let database = SilkDatabase {
            kind: DB::KIND,
            name: DB::name(&raw.connect_options()),
        };
        recorder.note_pool(PoolNote {
            kind: database.kind,
            name: database.name.clone(),
            size: raw.options().get_max_connections(),
        });
        Self {
            raw,
            shared: Arc::new(PoolShared {
                recorder,
                database: Arc::new(database),
                holders: Arc::default(),
                cover_span: CoverSpan::default(),
                _is_there: pools_here::note(),
            }),
        }
    }

    /// sqlx's own pool.
    #[must_use]
    pub fn raw(&self) -> &pool::Pool<DB> {
        self.lend();
        &self.raw
    }

    /// Notes that the app gets sqlx's own pool: what runs there is seen by the tracing layer alone.
    fn lend(&self) {
        if is_installed() || has_tests() {
            ActiveRequest::with_current(|active| {
                if let Some(active) = active {
                    active.lend(Lent {
                        database: Arc::clone(&self.shared.database),
                        transaction: None,
                    });
                }
            });
        }
    }

    /// The database, as recorded with each query.
    #[must_use]
    pub fn database(&self) -> &Arc<SilkDatabase> {
        &self.shared.database
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// Whatever sqlx says: `PoolTimedOut`, `PoolClosed`, or that it could not connect.
    pub fn acquire(
        &self,
    ) -> impl Future<Output = Result<PoolConnection<DB>, Error>> + Send + 'static {
        let pool = self.clone();
        async move {
            let raw = match ActiveRequest::current() {
                Some(active) => {
                    let cover = pool.shared.cover();
                    pool.acquire_raw(&active, cover).await?
                }
                None => pool.raw.acquire().await?,
            };
            Ok(PoolConnection(Conn::pooled(raw, pool.shared)))
        }
    }

    /// A connection, if one is idle.
    #[must_use]
    pub fn try_acquire(&self) -> Option<PoolConnection<DB>> {
        let raw = self.raw.try_acquire()?;
        Some(PoolConnection(Conn::pooled(raw, Arc::clone(&self.shared))))
    }

    /// Waits for a connection and begins a transaction; the two are recorded apart.
    ///
    /// # Errors
    /// Whatever sqlx says to either.
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, Error> {
        let connection = self.acquire().await?;
        Transaction::begin_on(connection.into(), None).await
    }

    /// Waits for a connection and begins a transaction with a statement of one's own
    /// (`BEGIN IMMEDIATE`).
    ///
    /// # Errors
    /// Whatever sqlx says to either.
    pub async fn begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<Transaction<'static, DB>, Error> {
        let statement = statement.into_sql_str();
        let connection = self.acquire().await?;
        Transaction::begin_on(connection.into(), Some(statement)).await
    }

    /// Begins a transaction, if a connection is idle.
    ///
    /// # Errors
    /// Whatever sqlx says to `BEGIN`.
    pub async fn try_begin(&self) -> Result<Option<Transaction<'static, DB>>, Error> {
        match self.try_acquire() {
            Some(connection) => Transaction::begin_on(connection.into(), None)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// Begins a transaction with a statement of one's own, if a connection is idle.
    ///
    /// # Errors
    /// Whatever sqlx says to the statement.
    pub async fn try_begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<Option<Transaction<'static, DB>>, Error> {
        let statement = statement.into_sql_str();
        match self.try_acquire() {
            Some(connection) => Transaction::begin_on(connection.into(), Some(statement))
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// What a query made now belongs to; see [`Conn::recording`].
    pub(super) fn recording(&self) -> Result<Within, Option<Cover>> {
        match ActiveRequest::current() {
            Some(active) => Ok(Within {
                active,
                transaction: None,
                undone: None,
            }),
            None => Err(self.shared.count_unattributed()),
        }
    }

    /// What the pool has now.
    pub(super) fn in_use(&self) -> PoolUse {
        let open = self.raw.size();
        PoolUse {
            open,
            // sqlx's own count may go below zero for an instant, which looks like a huge number.
            idle: u32::try_from(self.raw.num_idle())
                .ok()
                .filter(|idle| *idle <= open)
                .unwrap_or(0),
            most: self.raw.options().get_max_connections(),
        }
    }

    /// Waits for a connection of sqlx's own; the wait is recorded.
    pub(super) fn acquire_raw<'r>(
        &'r self,
        active: &'r ActiveRequest,
        cover: Cover,
    ) -> Waiting<'r, impl Future<Output = Result<pool::PoolConnection<DB>, Error>> + use<DB>> {
        let pool = self.in_use();
        // Boxed: it takes 2 kB, which would be copied with each future that it becomes part of.
        Waiting::new(
            active,
            &self.shared,
            cover,
            pool,
            Box::pin(self.raw.acquire()),
        )
    }
}

impl<DB: Database> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<DB: Database> fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("database", &self.shared.database)
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> Deref for Pool<DB> {
    type Target = pool::Pool<DB>;

    fn deref(&self) -> &pool::Pool<DB> {
        self.lend();
        &self.raw
    }
}

/// sqlx's trait wants raw connections; what runs on them is seen by the tracing layer only.
impl<'a, DB: Database> Acquire<'a> for &'_ Pool<DB> {
    type Database = DB;
    type Connection = pool::PoolConnection<DB>;

    fn acquire(self) -> BoxFuture<'static, Result<Self::Connection, Error>> {
        Box::pin(self.raw.acquire())
    }

    fn begin(self) -> BoxFuture<'static, Result<raw_transaction::Transaction<'a, DB>, Error>> {
        let connection = self.raw.acquire();
        Box::pin(async move { raw_transaction::Transaction::begin(connection.await?, None).await })
    }
}
