//! An instrumented transaction: its begin, its end, and who asked for it.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Instant,
};

use futures_core::future::BoxFuture;
use silk_core::{DatabaseKind, TransactionEnd};
use sqlx_core::{
    acquire::Acquire, database::Database, error::Error, sql_str::SqlStr,
    transaction::TransactionManager,
};

use super::{
    Conn, PoolConnection, captured_values::captured_error, connection::OpenTransaction,
    hide_from_layer::Cover,
};
use crate::record::{ActiveRequest, CapturedError, buffers::TransactionError};

/// The error of a transaction whose `BEGIN` was dropped before it was answered: the database may
/// have begun it, and it is then open until the connection is used next.
const BEGIN_GIVEN_UP: &str = "given up while BEGIN was running";

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
            DB::TransactionManager::begin(transaction.connection.raw_mut(), statement).await?;
            return Ok(transaction);
        };
        let depth = DB::TransactionManager::get_transaction_depth(&transaction);
        let depth = u32::try_from(depth).unwrap_or(u32::MAX).saturating_add(1);
        let kind = transaction.connection.shared.database.kind;
        let runs = transaction.connection.runs.clone();
        let cover = transaction.cover();
        let beginning = Beginning {
            active: &active,
            kind,
            depth,
            started: Instant::now(),
            is_over: false,
        };
        let result = runs
            .watched(cover.over(DB::TransactionManager::begin(
                transaction.connection.raw_mut(),
                statement,
            )))
            .await;
        let started = beginning.over();
        if let Err(Error::InvalidSavePointStatement) = &result {
            // Nothing was sent. sqlx rolls the transaction around back as this one is dropped.
            if depth == 2
                && let Some(outer) = &transaction.connection.transaction
            {
                outer.undone.undo();
            }
        }
        let begun = Instant::now();
        if let Err(error) = result {
            if !matches!(error, Error::InvalidSavePointStatement) {
                let index = active.begin_transaction(started, begun, depth);
                let failed = TransactionError {
                    kind,
                    error: captured_error(&error),
                };
                let end = TransactionEnd::Failed;
                active.end_transaction_with(index, begun, begun, end, Some(failed));
            }
            return Err(error);
        }
        let index = active.begin_transaction(started, begun, depth);
        let around = transaction.connection.transaction.as_ref();
        let open = OpenTransaction {
            active,
            index,
            undone: around.map(|outer| outer.undone.clone()).unwrap_or_default(),
        };
        let outer = transaction.connection.transaction.replace(open.clone());
        if let Some(holding) = &transaction.connection.holding {
            holding.in_transaction(true);
        }
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
        if !self.start_ending() {
            DB::TransactionManager::commit(self.connection.raw_mut()).await?;
            self.is_open = false;
            return Ok(());
        }
        let runs = self.connection.runs.clone();
        let cover = self.cover();
        let result = runs
            .watched(cover.over(DB::TransactionManager::commit(self.connection.raw_mut())))
            .await;
        let (end, error) = match &self.recorded {
            Some(recorded) if result.is_ok() => recorded.open.undone.committed(),
            _ => (TransactionEnd::Committed, None),
        };
        self.ended(result, end, error)
    }

    /// Rolls it back.
    ///
    /// # Errors
    /// Whatever sqlx says to `ROLLBACK`.
    pub async fn rollback(mut self) -> Result<(), Error> {
        if !self.start_ending() {
            DB::TransactionManager::rollback(self.connection.raw_mut()).await?;
            self.is_open = false;
            return Ok(());
        }
        let runs = self.connection.runs.clone();
        let cover = self.cover();
        let result = runs
            .watched(cover.over(DB::TransactionManager::rollback(self.connection.raw_mut())))
            .await;
        self.ended(result, TransactionEnd::RolledBack, None)
    }

    fn cover(&self) -> Cover {
        self.connection.shared.cover()
    }

    /// Notes that `COMMIT` or `ROLLBACK` is being sent; `false` where nothing records.
    fn start_ending(&mut self) -> bool {
        if let Some(recorded) = &mut self.recorded {
            recorded.ending = Some(Instant::now());
            // While COMMIT runs, the connection is not idle.
            if let (Some(holding), None) = (&self.connection.holding, &recorded.outer) {
                holding.in_transaction(false);
            }
        }
        self.recorded.is_some()
    }

    /// `COMMIT` or `ROLLBACK` was answered. Where that was an error, the drop rolls back.
    fn ended(
        &mut self,
        result: Result<(), Error>,
        end: TransactionEnd,
        error: Option<CapturedError>,
    ) -> Result<(), Error> {
        match &result {
            Ok(()) => {
                self.is_open = false;
                self.note_end(end, error);
            }
            Err(error) => self.note_end(TransactionEnd::Failed, Some(captured_error(error))),
        }
        result
    }

    fn note_end(&mut self, end: TransactionEnd, error: Option<CapturedError>) {
        let Some(Recorded {
            open,
            outer,
            ending,
        }) = self.recorded.take()
        else {
            return;
        };
        // A savepoint takes what failed after it along; where it could not be released, the drop
        // rolls back to it.
        if outer.is_some() && end != TransactionEnd::Committed {
            open.undone.healed();
        }
        self.connection.take_back();
        self.connection.transaction = outer;
        if let (Some(holding), None) = (&self.connection.holding, &self.connection.transaction) {
            holding.in_transaction(false);
        }
        let kind = self.connection.shared.database.kind;
        let now = Instant::now();
        open.active.end_transaction_with(
            open.index,
            ending.unwrap_or(now),
            now,
            end,
            error.map(|error| TransactionError { kind, error }),
        );
    }
}

/// A `BEGIN` under way; recorded as given up where it is dropped.
struct Beginning<'r> {
    active: &'r ActiveRequest,
    kind: DatabaseKind,
    depth: u32,
    started: Instant,
    is_over: bool,
}

impl Beginning<'_> {
    /// It was answered; when it was sent.
    fn over(mut self) -> Instant {
        self.is_over = true;
        self.started
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let now = Instant::now();
        let index = self.active.begin_transaction(self.started, now, self.depth);
        let error = TransactionError {
            kind: self.kind,
            error: CapturedError {
                code: None,
                message: BEGIN_GIVEN_UP.to_owned(),
            },
        };
        self.active
            .end_transaction_with(index, now, now, TransactionEnd::Unknown, Some(error));
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
                    .run(|| DB::TransactionManager::start_rollback(self.connection.raw_mut()));
                self.note_end(end, None);
            }
            None => DB::TransactionManager::start_rollback(self.connection.raw_mut()),
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
