//! How calls come by a connection: writing by the one writer, reading from a pool.

use std::{future::Future, sync::PoisonError};

use silk_core::store::StoreFuture;
use sqlx::{Sqlite, pool::PoolConnection};
use tokio::sync::MutexGuard;

use super::{
    SqliteStore,
    error::Fault,
    open::{FileId, Readers, Writer},
};

/// The writer, taken out of its slot: it goes back only after success, so that a failed or
/// cancelled call leaves no half-done transaction behind.
pub(super) struct Lease<'a> {
    slot: MutexGuard<'a, Option<Box<Writer>>>,
    pub(super) writer: Box<Writer>,
}

impl Lease<'_> {
    pub(super) fn give_back(mut self) {
        *self.slot = Some(self.writer);
    }
}

impl SqliteStore {
    pub(super) async fn lease(&self) -> Result<Lease<'_>, Fault> {
        let mut slot = self.writer.lock().await;
        let writer = match slot.take() {
            Some(writer) if FileId::of(&self.path)? == Some(writer.file) => writer,
            gone => {
                if let Some(writer) = gone {
                    // All of the old file is closed before anything of the new one is opened: they
                    // share the names of their write-ahead logs.
                    self.close_readers().await;
                    writer.abandon(&self.path).await;
                }
                Box::new(Writer::open(&self.path, &self.config).await?)
            }
        };
        Ok(Lease { slot, writer })
    }

    /// Gives the writer back, if the file is still the one that was written to.
    pub(super) fn finish(&self, lease: Lease<'_>) -> Result<(), Fault> {
        if FileId::of(&self.path)? != Some(lease.writer.file) {
            let Lease { mut slot, writer } = lease;
            // The next call finds that the file is another one, and closes in order.
            *slot = Some(writer);
            return Err(Fault::Moved);
        }
        lease.give_back();
        Ok(())
    }

    pub(super) async fn close_readers(&self) {
        let readers = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(readers) = readers {
            readers.close().await;
        }
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        match self.try_reader().await {
            // The store was closed meanwhile; it is opened again.
            Err(Fault::Sql(sqlx::Error::PoolClosed)) => self.try_reader().await,
            reader => reader,
        }
    }

    pub(super) async fn try_reader(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        let known = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let readers = match known {
            Some(readers) if FileId::of(&self.path)? == Some(readers.file) => readers,
            _ => {
                // The writer makes the schema and sees to it that an old file is closed.
                let lease = self.lease().await?;
                let file = lease.writer.file;
                let mut slot = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
                let readers = match slot.clone() {
                    Some(readers) if readers.file == file => readers,
                    _ => slot
                        .insert(Readers::new(&self.path, file, &self.config))
                        .clone(),
                };
                drop(slot);
                lease.give_back();
                readers
            }
        };
        Ok(readers.pool.acquire().await?)
    }

    /// Runs a read within the time that reads have.
    pub(super) fn read<'a, T, F>(
        &'a self,
        operation: &'static str,
        read: impl FnOnce(PoolConnection<Sqlite>) -> F + Send + 'a,
    ) -> StoreFuture<'a, T>
    where
        T: 'a,
        F: Future<Output = Result<T, Fault>> + Send,
    {
        Box::pin(async move {
            let limit = self.config.read_timeout;
            let work = async { read(self.reader().await?).await };
            tokio::time::timeout(limit, work)
                .await
                .unwrap_or(Err(Fault::Timeout(limit)))
                .map_err(|fault| fault.during(operation))
        })
    }
}
