//! Why a store could not do what it was asked.

use std::{error::Error, fmt};

/// What kind of trouble a store is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached or opened.
    Unavailable,
    /// Somebody else holds its lock.
    Locked,
    /// The disk (or the quota) is full.
    Full,
    /// It cannot be written to.
    ReadOnly,
    /// Its content makes no sense.
    Corrupt,
    /// It was written by a newer version.
    Incompatible,
    /// It did not answer in time.
    Timeout,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unavailable => "check that the folder exists and may be written to",
            Self::Locked => "close the program that holds the store's lock",
            Self::Full => "free disk space or lower the store's budget",
            Self::ReadOnly => "make the store's file and folder writable",
            Self::Corrupt => "move the store's file away; a new one is made by itself",
            Self::Incompatible => "use the version that wrote it, or another file",
            Self::Timeout => "see whether the disk is busy",
            Self::Other => "see the log",
        }
    }
}

/// A call of the store that failed.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    operation: &'static str,
    source: Box<dyn Error + Send + Sync>,
    remedy: Option<&'static str>,
}

impl StoreError {
    /// An error of `kind` while doing `operation` ("list requests"), because of `source`.
    pub fn new(
        kind: StoreErrorKind,
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            operation,
            source: source.into(),
            remedy: None,
        }
    }

    /// The same, with what is left to do where that is not what [its kind](StoreErrorKind::remedy)
    /// says: the store may have done it already.
    #[must_use]
    pub const fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.remedy.unwrap_or_else(|| self.kind.remedy())
    }

    /// What kind of trouble it is.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What was being done.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not {}: {} ({})",
            self.operation,
            self.source,
            self.remedy()
        )
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
