//! How calls come by a connection: writing by the one writer, reading from a pool.

use std::{
    fs,
    future::Future,
    sync::{MutexGuard as MutexGuardOf, PoisonError},
};

use silk_core::store::StoreFuture;
use sqlx::{Sqlite, pool::PoolConnection};
use tokio::sync::MutexGuard;

use super::{
    SqliteStore,
    error::Fault,
    open::{self, FileId, Files, Readers, Writer},
    peers::{self, Opening},
    watch::{self, Stamp},
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
        if self.config.is_read_only {
            return Err(Fault::OpenedToRead);
        }
        if let Some(lease) = self.lease_open().await? {
            return Ok(lease);
        }
        let opening = peers::opening().await;
        // Another call may have opened it meanwhile.
        if let Some(lease) = self.lease_open().await? {
            return Ok(lease);
        }
        // All of an old file is closed before anything of a new one is opened: they share the names
        // of their write-ahead logs.
        opening.close_moved().await;
        let writer = self.open_writer(&opening).await?;
        let slot = self.connections.writer.lock().await;
        Ok(Lease { slot, writer })
    }

    /// The writer that is open, if its files are where they were.
    async fn lease_open(&self) -> Result<Option<Lease<'_>>, Fault> {
        let mut slot = self.connections.writer.lock().await;
        let files = Files::of(self.path())?;
        let Some(mut writer) = slot.take_if(|writer| files == Some(writer.files)) else {
            return Ok(None);
        };
        writer.is_touched |= Stamp::of(self.path()) != writer.stamp;
        Ok(Some(Lease { slot, writer }))
    }

    async fn open_writer(&self, opening: &Opening) -> Result<Box<Writer>, Fault> {
        match Writer::open(self.path(), &self.config).await {
            Ok(writer) => {
                *self.opened() = Some(writer.files.database);
                Ok(Box::new(writer))
            }
            Err(fault) if fault.is_damage() && self.is_ours()? => {
                if let Some(file) = FileId::of(self.path())? {
                    for writer in opening.take(file).await {
                        writer.close().await;
                    }
                }
                Err(self.move_aside(fault))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Gives the writer back, if the file is still the one that was written to.
    pub(super) fn finish(&self, mut lease: Lease<'_>) -> Result<(), Fault> {
        let is_there = FileId::of(self.path())? == Some(lease.writer.files.database);
        lease.writer.stamp = Stamp::of(self.path());
        // Where it is another one, the next call finds out, and closes in order.
        lease.give_back();
        if is_there { Ok(()) } else { Err(Fault::Moved) }
    }

    /// Reads back what was written last.
    pub(super) async fn check_file(&self) -> Result<(), Fault> {
        let Some(written) = self.connections.written() else {
            return Ok(());
        };
        let mut lease = self.lease().await?;
        let readers = self.readers_of(lease.writer.files);
        let is_touched = lease.writer.is_touched;
        let found = match readers.pool.acquire().await {
            Ok(mut reader) => watch::look(&mut reader, self.path(), written, is_touched).await,
            Err(error) => Err(error.into()),
        };
        match found {
            Ok(()) => {
                lease.writer.is_touched = false;
                lease.writer.stamp = Stamp::of(self.path());
                lease.give_back();
                Ok(())
            }
            Err(fault) if fault.is_damage() => Err(self.set_aside(lease, false).await),
            Err(fault) => {
                lease.give_back();
                Err(fault)
            }
        }
    }

    /// Lets go of a file that does not hold what it should, and moves it aside unless it is whole
    /// by itself, as an older copy is. What another store of this process has open of it is closed
    /// as well.
    pub(super) async fn set_aside(&self, lease: Lease<'_>, is_certain: bool) -> Fault {
        let Lease { slot, writer } = lease;
        // Others wait for the right to open with their writer in its place.
        drop(slot);
        let opening = peers::opening().await;
        self.connections.set_written(None);
        let is_done = Files::of(self.path()).ok().flatten() != Some(writer.files);
        self.connections.close_readers().await;
        let mut writers = if is_done {
            Vec::new()
        } else {
            opening.take(writer.files.database).await
        };
        writers.push(writer);
        // The log belongs to what was there before: it must not be copied over what is there now,
        // as the last connection does that can write.
        let holder = open::hold(self.path(), &self.config).await;
        for writer in writers {
            writer.close().await;
        }
        drop(holder);
        if is_done {
            return Fault::Moved;
        }
        open::remove_log(self.path());
        if !is_certain && open::is_sound(self.path(), &self.config).await {
            Fault::Overwritten
        } else {
            self.move_aside(Fault::Overwritten)
        }
    }

    /// Moves a damaged file aside; one that was moved before makes room for it.
    fn move_aside(&self, fault: Fault) -> Fault {
        let aside = watch::aside(self.path());
        open::remove_log(self.path());
        *self.opened() = None;
        match fs::rename(self.path(), &aside) {
            Ok(()) => Fault::Damaged(aside.display().to_string()),
            Err(_) => fault,
        }
    }

    /// Whether the file is the one that this store has opened before.
    fn is_ours(&self) -> Result<bool, Fault> {
        let known = *self.opened();
        Ok(known.is_some() && FileId::of(self.path())? == known)
    }

    fn opened(&self) -> MutexGuardOf<'_, Option<FileId>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        match self.try_reader().await {
            // The store was closed meanwhile; it is opened again.
            Err(Fault::Sql(sqlx::Error::PoolClosed)) => self.try_reader().await,
            reader => reader,
        }
    }

    pub(super) async fn try_reader(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        let known = self.connections.readers().clone();
        let readers = match known {
            Some(readers) if Files::of(self.path())? == Some(readers.files) => readers,
            _ if self.config.is_read_only => self.look().await?,
            _ => {
                // The writer makes the schema and sees to it that an old file is closed.
                let lease = self.lease().await?;
                let readers = self.readers_of(lease.writer.files);
                lease.give_back();
                readers
            }
        };
        Ok(readers.pool.acquire().await?)
    }

    /// Opens the file for reading alone.
    async fn look(&self) -> Result<Readers, Fault> {
        let opening = peers::opening().await;
        opening.close_moved().await;
        let known = self.connections.readers().clone();
        if let Some(readers) = known {
            // Another call has opened it meanwhile.
            return Ok(readers);
        }
        let readers = Readers::look(self.path(), &self.config).await?;
        *self.connections.readers() = Some(readers.clone());
        Ok(readers)
    }

    /// The readers of files that the writer has open.
    fn readers_of(&self, files: Files) -> Readers {
        let mut slot = self.connections.readers();
        match slot.clone() {
            Some(readers) if readers.files == files => readers,
            _ => slot
                .insert(Readers::new(self.path(), files, &self.config))
                .clone(),
        }
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
