//! The stores of this process, which may share a file.
//!
//! SQLite keeps one index of the write-ahead log for all connections of a process to a file, and
//! takes it for the index of whatever log a connection opens by name. So when a log was unlinked,
//! or a file is set aside, every connection of this process to it is closed before any is opened:
//! one store that opened a new log beside the old one of another would read and copy rubbish.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use super::{
    open::{FileId, Files, Readers, Writer},
    watch::Written,
};

/// Every store of this process.
static STORES: Mutex<Vec<Weak<Connections>>> = Mutex::new(Vec::new());

/// Held by who opens a file, closes one of several stores, or sets one aside. Never waited for by
/// who holds a writer.
static OPENING: AsyncMutex<()> = AsyncMutex::const_new(());

/// What a store has open.
#[derive(Debug)]
pub(super) struct Connections {
    path: PathBuf,
    /// Empty before the first call and after a failure.
    pub(super) writer: AsyncMutex<Option<Box<Writer>>>,
    readers: Mutex<Option<Readers>>,
    /// The last batch that was written, until it is read back.
    written: Mutex<Option<Written>>,
}

impl Connections {
    /// Nothing is open yet.
    pub(super) fn new(path: PathBuf) -> Arc<Self> {
        let this = Arc::new(Self {
            path,
            writer: AsyncMutex::default(),
            readers: Mutex::default(),
            written: Mutex::default(),
        });
        let mut stores = lock(&STORES);
        stores.retain(|store| store.strong_count() > 0);
        stores.push(Arc::downgrade(&this));
        this
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn readers(&self) -> MutexGuard<'_, Option<Readers>> {
        lock(&self.readers)
    }

    pub(super) fn written(&self) -> Option<Written> {
        *lock(&self.written)
    }

    pub(super) fn set_written(&self, written: Option<Written>) {
        *lock(&self.written) = written;
    }

    /// Closes the connections for reading and waits for them.
    pub(super) async fn close_readers(&self) {
        let readers = self.readers().take();
        if let Some(readers) = readers {
            readers.close().await;
        }
    }

    /// Takes the writer out of its place if it is of such files.
    async fn take_writer(&self, is_meant: impl Fn(Files) -> bool) -> Option<Box<Writer>> {
        let mut slot = self.writer.lock().await;
        slot.take_if(|writer| is_meant(writer.files))
    }

    fn has_readers(&self, is_meant: impl Fn(Files) -> bool) -> bool {
        let readers = self.readers();
        readers
            .as_ref()
            .is_some_and(|readers| is_meant(readers.files))
    }
}

/// The right to open files and to close those of other stores.
#[derive(Debug)]
pub(super) struct Opening(#[expect(dead_code, reason = "it is held")] AsyncMutexGuard<'static, ()>);

/// Waits for a store that opens a file. Must not be called while holding a writer that is in its
/// place.
pub(super) async fn opening() -> Opening {
    Opening(OPENING.lock().await)
}

impl Opening {
    /// Closes whatever this process has open of files that are no longer where they were, and saves
    /// what their logs hold.
    pub(super) async fn close_moved(&self) {
        let mut writers = Vec::new();
        for store in stores() {
            // What cannot be looked at is left to its own store, which tells.
            let Ok(now) = Files::of(&store.path) else {
                continue;
            };
            let is_moved = |files| Some(files) != now;
            if let Some(writer) = store.take_writer(is_moved).await {
                writers.push((Arc::clone(&store), writer, now));
            }
            if store.has_readers(is_moved) {
                store.close_readers().await;
            }
        }
        for (store, writer, now) in writers {
            if now.is_some_and(|now| now.database == writer.files.database) {
                writer.save().await;
            } else {
                writer.abandon(&store.path).await;
            }
        }
    }

    /// Takes a file from all stores: their readers are closed, nothing is expected in it any more,
    /// and their writers are given back for closing.
    pub(super) async fn take(&self, database: FileId) -> Vec<Box<Writer>> {
        let is_it = |files: Files| files.database == database;
        let mut writers = Vec::new();
        for store in stores() {
            let writer = store.take_writer(is_it).await;
            let has_readers = store.has_readers(is_it);
            if has_readers {
                store.close_readers().await;
            }
            if has_readers || writer.is_some() {
                store.set_written(None);
            }
            writers.extend(writer);
        }
        writers
    }
}

fn stores() -> Vec<Arc<Connections>> {
    lock(&STORES).iter().filter_map(Weak::upgrade).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
