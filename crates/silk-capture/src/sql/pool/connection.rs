//! An instrumented connection, from a pool or of its own.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use futures_core::future::BoxFuture;
use silk_core::{Database as SilkDatabase, DatabaseKind};
use sqlx_core::{
    acquire::Acquire, connection::Connection, database::Database, error::Error, pool,
    sql_str::SqlSafeStr,
};

use super::{
    PoolDatabase, Transaction,
    hide_from_layer::{Cover, CoverSpan},
    plan_runs::Runs,
    pool_holders::Holding,
    pool_shared::PoolShared,
    transaction_fate::Undone,
    within::Within,
};
use crate::{
    record::{ActiveRequest, Recorder, has_tests, lent_connection::Lent, pools_here},
    sql::tracing::is_installed,
};

/// An instrumented connection; derefs to the driver's own.
pub struct Conn<DB: Database> {
    /// Before the connection itself, so that a task that waits for that finds it given back.
    pub(super) holding: Option<Holding>,
    pub(super) raw: Held<DB>,
    pub(super) shared: Arc<PoolShared>,
    /// The innermost recorded transaction that is open on it.
    pub(super) transaction: Option<OpenTransaction>,
    pub(super) runs: Runs,
    /// Whether the app took the driver's own since this was last used.
    pub(super) is_lent: bool,
}

/// Where the driver's connection is kept.
pub(super) enum Held<DB: Database> {
    Pooled(pool::PoolConnection<DB>),
    Own(DB::Connection),
}

/// A transaction that is being recorded.
#[derive(Debug, Clone)]
pub(super) struct OpenTransaction {
    pub(super) active: ActiveRequest,
    pub(super) index: u32,
    pub(super) undone: Undone,
}

impl OpenTransaction {
    /// Its place in the record; none if there was no room for it.
    fn index(&self) -> Option<u32> {
        (self.index != u32::MAX).then_some(self.index)
    }
}

impl<DB: Database> Conn<DB> {
    /// Instruments a connection that belongs to no pool. `name` is that of its database, for the
    /// dashboard.
    pub fn new(recorder: Recorder, raw: DB::Connection, name: impl Into<String>) -> Self
    where
        DB: PoolDatabase,
    {
        let database = Arc::new(SilkDatabase {
            kind: DB::KIND,
            name: name.into(),
        });
        Self {
            raw: Held::Own(raw),
            shared: Arc::new(PoolShared {
                recorder,
                database,
                holders: Arc::default(),
                cover_span: CoverSpan::default(),
                _is_there: pools_here::note(),
            }),
            holding: None,
            transaction: None,
            runs: Runs::default(),
            is_lent: false,
        }
    }

    pub(super) fn pooled(raw: pool::PoolConnection<DB>, shared: Arc<PoolShared>) -> Self {
        let holding = shared
            .recorder
            .is_recording()
            .then(|| ActiveRequest::with_current(|active| Holding::new(&shared.holders, active)));
        Self {
            holding,
            raw: Held::Pooled(raw),
            shared,
            transaction: None,
            runs: Runs::new(),
            is_lent: false,
        }
    }

    /// The driver's own connection, for what we record ourselves.
    pub(super) fn raw_mut(&mut self) -> &mut DB::Connection {
        // SQLite tells of a query after it has given its rows: its transaction's end is waited for.
        if self.shared.database.kind != DatabaseKind::Sqlite {
            self.take_back();
        }
        match &mut self.raw {
            Held::Pooled(connection) => connection,
            Held::Own(connection) => connection,
        }
    }

    /// Notes that the app gets the driver's own connection: what runs there is seen by the tracing
    /// layer alone, and belongs to the transaction that is open here.
    fn lend(&mut self) {
        if !is_installed() && !has_tests() {
            return;
        }
        if let Some(active) = ActiveRequest::current() {
            let open = self.transaction.as_ref();
            active.lend(Lent {
                database: Arc::clone(&self.shared.database),
                transaction: open
                    .filter(|open| open.active.id() == active.id())
                    .and_then(OpenTransaction::index),
            });
            self.is_lent = true;
        }
    }

    /// Notes that it is used through our types again.
    pub(super) fn take_back(&mut self) {
        if std::mem::take(&mut self.is_lent)
            && let Some(active) = ActiveRequest::current()
        {
            active.take_back(&self.shared.database);
        }
    }

    /// What a query made now belongs to; where it belongs to no request it is counted, and what it
    /// runs under is given, if anything.
    pub(super) fn recording(&self) -> Result<Within, Option<Cover>> {
        let (active, open) = match (ActiveRequest::current(), &self.transaction) {
            (Some(active), open) => (active, open.as_ref()),
            // In a task of its own, but within a transaction that a request has begun.
            (None, Some(open)) => (open.active.clone(), Some(open)),
            (None, None) => return Err(self.shared.count_unattributed()),
        };
        Ok(Within {
            transaction: open
                .filter(|open| open.active.id() == active.id())
                .and_then(OpenTransaction::index),
            undone: open.map(|open| open.undone.clone()),
            active,
        })
    }

    /// Closes the connection. A pool that it is of may then open another.
    ///
    /// sqlx's trait `Connection` cannot be implemented for it: that is for the one connection type
    /// of a database. Where the trait is asked for, pass the driver's own, `&mut **connection`.
    ///
    /// # Errors
    /// Whatever sqlx says.
    pub async fn close(self) -> Result<(), Error> {
        match self.raw {
            Held::Pooled(connection) => connection.close().await,
            Held::Own(connection) => connection.close().await,
        }
    }

    /// Begins a transaction, or a savepoint within one.
    ///
    /// # Errors
    /// Whatever sqlx says to `BEGIN`.
    pub async fn begin(&mut self) -> Result<Transaction<'_, DB>, Error> {
        Transaction::begin_on(self.into(), None).await
    }

    /// Begins a transaction with a statement of one's own (`BEGIN IMMEDIATE`).
    ///
    /// # Errors
    /// Whatever sqlx says to the statement, or that it did not begin a transaction.
    pub async fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> Result<Transaction<'_, DB>, Error> {
        Transaction::begin_on(self.into(), Some(statement.into_sql_str())).await
    }

    /// Runs `callback` in a transaction: committed where it returns `Ok`, else rolled back.
    ///
    /// # Errors
    /// That of the callback, or whatever sqlx says to `BEGIN` and `COMMIT`.
    pub async fn transaction<F, R, E>(&mut self, callback: F) -> Result<R, E>
    where
        for<'c> F: FnOnce(&'c mut Transaction<'_, DB>) -> BoxFuture<'c, Result<R, E>> + Send + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        let mut transaction = self.begin().await?;
        let result = callback(&mut transaction).await;
        match result {
            Ok(value) => {
                transaction.commit().await?;
                Ok(value)
            }
            Err(error) => {
                transaction.rollback().await?;
                Err(error)
            }
        }
    }
}

impl<DB: Database> fmt::Debug for Conn<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("database", &self.shared.database)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> Deref for Conn<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.raw {
            Held::Pooled(connection) => connection,
            Held::Own(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for Conn<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.lend();
        match &mut self.raw {
            Held::Pooled(connection) => connection,
            Held::Own(connection) => connection,
        }
    }
}

impl<DB: Database> AsRef<DB::Connection> for Conn<DB> {
    fn as_ref(&self) -> &DB::Connection {
        self
    }
}

impl<DB: Database> AsMut<DB::Connection> for Conn<DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        self
    }
}

/// sqlx's trait wants raw connections; what runs on them is seen by the tracing layer only.
impl<'c, DB: Database> Acquire<'c> for &'c mut Conn<DB> {
    type Database = DB;
    type Connection = &'c mut DB::Connection;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        Box::pin(std::future::ready(Ok(&mut **self)))
    }

    fn begin(self) -> BoxFuture<'c, Result<sqlx_core::transaction::Transaction<'c, DB>, Error>> {
        sqlx_core::transaction::Transaction::begin(&mut **self, None)
    }
}

/// An instrumented connection of a pool, returned to it when dropped; derefs to [`Conn`].
pub struct PoolConnection<DB: Database>(pub(super) Conn<DB>);

impl<DB: Database> PoolConnection<DB> {
    /// Begins a transaction.
    ///
    /// # Errors
    /// Whatever sqlx says to `BEGIN`.
    pub async fn begin(&mut self) -> Result<Transaction<'_, DB>, Error> {
        self.0.begin().await
    }

    /// Closes the connection, so that the pool may open another.
    ///
    /// # Errors
    /// Whatever sqlx says.
    pub async fn close(self) -> Result<(), Error> {
        self.0.close().await
    }

    /// Returns the connection to its pool, and waits until that is done. The connection must not be
    /// used afterwards.
    #[doc(hidden)]
    pub fn return_to_pool(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let returned = match &mut self.0.raw {
            Held::Pooled(connection) => Some(connection.return_to_pool()),
            Held::Own(_) => None,
        };
        async move {
            if let Some(returned) = returned {
                returned.await;
            }
        }
    }

    /// Closes the connection when it is dropped, instead of returning it to the pool.
    pub fn close_on_drop(&mut self) {
        if let Held::Pooled(connection) = &mut self.0.raw {
            connection.close_on_drop();
        }
    }

    /// Takes the connection out of the pool, which may then open another. It is no longer
    /// instrumented ([`Conn::new`] does that).
    #[must_use]
    pub fn detach(self) -> DB::Connection {
        match self.0.raw {
            Held::Pooled(connection) => connection.detach(),
            Held::Own(connection) => connection,
        }
    }

    /// Takes the connection out of the pool for ever: the pool becomes smaller by one.
    #[must_use]
    pub fn leak(self) -> DB::Connection {
        match self.0.raw {
            Held::Pooled(connection) => connection.leak(),
            Held::Own(connection) => connection,
        }
    }
}

impl<DB: Database> fmt::Debug for PoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolConnection").field(&self.0).finish()
    }
}

impl<DB: Database> Deref for PoolConnection<DB> {
    type Target = Conn<DB>;

    fn deref(&self) -> &Conn<DB> {
        &self.0
    }
}

impl<DB: Database> DerefMut for PoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Conn<DB> {
        &mut self.0
    }
}

impl<DB: Database> AsRef<DB::Connection> for PoolConnection<DB> {
    fn as_ref(&self) -> &DB::Connection {
        &self.0
    }
}

impl<DB: Database> AsMut<DB::Connection> for PoolConnection<DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        &mut self.0
    }
}

/// sqlx's trait wants raw connections; what runs on them is seen by the tracing layer only.
impl<'c, DB: Database> Acquire<'c> for &'c mut PoolConnection<DB> {
    type Database = DB;
    type Connection = &'c mut DB::Connection;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        (&mut self.0).acquire()
    }

    fn begin(self) -> BoxFuture<'c, Result<sqlx_core::transaction::Transaction<'c, DB>, Error>> {
        Acquire::begin(&mut self.0)
    }
}
