//! A lock between the test programs that write one file of debts.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Held while the file is read in order to be written.
#[derive(Debug)]
pub(super) struct Lock {
    /// Let go of when it is closed.
    _file: File,
    _threads: MutexGuard<'static, ()>,
}

impl Lock {
    /// Waits until nobody else holds it. The folder of `file` is locked, since the file itself is
    /// replaced when it is written.
    ///
    /// # Errors
    /// Where the folder cannot be opened or locked.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        static THREADS: Mutex<()> = Mutex::new(());
        let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let lock = open(folder)?;
        lock.lock()?;
        Ok(Self {
            _file: lock,
            _threads: threads,
        })
    }
}

#[cfg(unix)]
fn open(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

/// A folder cannot be opened as a file there: an empty file beside the debts is locked.
#[cfg(not(unix))]
fn open(folder: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(".silk-debts.lock"))
}
