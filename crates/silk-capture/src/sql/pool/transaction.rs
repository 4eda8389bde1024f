use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Instant,
};

use futures_core::future::BoxFuture;
use silk_core::TransactionEnd;
use sqlx_core::{
    acquire::Acquire, database::Database, error::Error, sql_str::SqlStr,
    transaction::TransactionManager,
};

use super::{Conn, PoolConnection, connection::OpenTransaction, cover::Cover};
use crate::recorder::ActiveRequest;

/// An instrumented transaction (or savepoint), rolled back when dropped; derefs to [`Conn`].
pub struct Transaction<'c, DB: Database> {
    connection: MaybeOwned<'c, DB>,
    /// Whether a rollback is due when it is dropped.
    is_open: bool,
    recorded: Option<Recorded>,
}

/// What a transaction runs on.
pub(super) enum MaybeOwned<'c, DB: Database> {
    Owned(Conn<DB>),
    Borrowed(&'c mut Conn<DB>),
}

/// A transaction that a request sees.
struct Recorded {
    open: OpenTransaction,
    /// The one around it, which is the connection's again afterwards.
    outer: Option<OpenTransaction>,
    /// Since when `COMMIT` or `ROLLBACK` has been running.
    ending: Option<Instant>,
}

impl<'c, DB: Database> Transaction<'c, DB> {
    /// Begins one, as sqlx's own does.
    pub(super) async fn begin_on(
        connection: MaybeOwned<'c, DB>,
        statement: Option<SqlStr>,
    ) -> Result<Self, Error> {
        let active = ActiveRequest::current();
        // Made before `BEGIN` is sent: if that fails or is given up, the drop rolls back what may
        // have begun.
        let mut transaction = Self {
            connection,
            is_open: true,
            recorded: None,
        };
        let Some(active) = active else {
            DB::TransactionManager::begin(&mut transaction, statement).await?;
            return Ok(transaction);
        };
        let depth = DB::TransactionManager::get_transaction_depth(&transaction);
        let depth = u32::try_from(depth).unwrap_or(u32::MAX).saturating_add(1);
        let started = Instant::now();
        let runs = transaction.connection.runs.clone();
        let cover = transaction.cover();
        let result = runs
            .watched(cover.over(DB::TransactionManager::begin(&mut transaction, statement)))
            .await;
        let begun = Instant::now();
        let index = active.begin_transaction(started, begun, depth);
        if let Err(error) = result {
            active.end_transaction(index, begun, begun, TransactionEnd::Unknown);
            return Err(error);
        }
        let open = OpenTransaction { active, index };
        let outer = transaction.connection.transaction.replace(open.clone());
        transaction.recorded = Some(Recorded {
            open,
            outer,
            ending: None,
        });
        Ok(transaction)
    }

    /// Begins a savepoint within this transaction.
    ///
    /// # Errors
    /// Whatever sqlx says to `SAVEPOINT`.
    pub async fn begin(&mut self) -> Result<Transaction<'_, DB>, Error> {
        // Boxed: a transaction within a transaction makes a future within a future.
        Box::pin(Transaction::begin_on((&mut *self.connection).into(), None)).await
    }

    /// Commits it.
    ///
    /// # Errors
    /// Whatever sqlx says to `COMMIT`; it is rolled back then.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.start_ending();
        if self.recorded.is_some() {
            let runs = self.connection.runs.clone();
            let cover = self.cover();
            runs.watched(cover.over(DB::TransactionManager::commit(&mut self)))
                .await?;
        } else {
            DB::TransactionManager::commit(&mut self).await?;
        }
        self.end(TransactionEnd::Committed);
        Ok(())
    }

    /// Rolls it back.
    ///
    /// # Errors
    /// Whatever sqlx says to `ROLLBACK`.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.start_ending();
        if self.recorded.is_some() {
            let runs = self.connection.runs.clone();
            let cover = self.cover();
            runs.watched(cover.over(DB::TransactionManager::rollback(&mut self)))
                .await?;
        } else {
            DB::TransactionManager::rollback(&mut self).await?;
        }
        self.end(TransactionEnd::RolledBack);
        Ok(())
    }

    fn cover(&self) -> Cover {
        Cover::new(self.connection.shared.database.kind)
    }

    fn start_ending(&mut self) {
        if let Some(recorded) = &mut self.recorded {
            recorded.ending = Some(Instant::now());
        }
    }

    fn end(&mut self, end: TransactionEnd) {
        self.is_open = false;
        let Some(Recorded {
            open,
            outer,
            ending,
        }) = self.recorded.take()
        else {
            return;
        };
        self.connection.transaction = outer;
        let now = Instant::now();
        open.active
            .end_transaction(open.index, ending.unwrap_or(now), now, end);
    }
}

impl<DB: Database> Drop for Transaction<'_, DB> {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        match &self.recorded {
            Some(recorded) => {
                // Dropped while ending: whether the database did it is not known.
                let end = match recorded.ending {
                    Some(_) => TransactionEnd::Unknown,
                    None => TransactionEnd::Dropped,
                };
                self.cover()
                    .run(|| DB::TransactionManager::start_rollback(self));
                self.end(end);
            }
            None => DB::TransactionManager::start_rollback(self),
        }
    }
}

impl<DB: Database> fmt::Debug for Transaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("connection", &**self)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> Deref for Transaction<'_, DB> {
    type Target = Conn<DB>;

    fn deref(&self) -> &Conn<DB> {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Transaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Conn<DB> {
        &mut self.connection
    }
}

impl<DB: Database> AsMut<DB::Connection> for Transaction<'_, DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

/// sqlx's trait wants raw connections; what runs on them is seen by the tracing layer only.
impl<'t, DB: Database> Acquire<'t> for &'t mut Transaction<'_, DB> {
    type Database = DB;
    type Connection = &'t mut DB::Connection;

    fn acquire(self) -> BoxFuture<'t, Result<Self::Connection, Error>> {
        Acquire::acquire(&mut *self.connection)
    }

    fn begin(self) -> BoxFuture<'t, Result<sqlx_core::transaction::Transaction<'t, DB>, Error>> {
        Acquire::begin(&mut *self.connection)
    }
}

impl<DB: Database> Deref for MaybeOwned<'_, DB> {
    type Target = Conn<DB>;

    fn deref(&self) -> &Conn<DB> {
        match self {
            Self::Owned(connection) => connection,
            Self::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for MaybeOwned<'_, DB> {
    fn deref_mut(&mut self) -> &mut Conn<DB> {
        match self {
            Self::Owned(connection) => connection,
            Self::Borrowed(connection) => connection,
        }
    }
}

impl<'c, DB: Database> From<&'c mut Conn<DB>> for MaybeOwned<'c, DB> {
    fn from(connection: &'c mut Conn<DB>) -> Self {
        Self::Borrowed(connection)
    }
}

impl<DB: Database> From<PoolConnection<DB>> for MaybeOwned<'_, DB> {
    fn from(connection: PoolConnection<DB>) -> Self {
        Self::Owned(connection.0)
    }
}
