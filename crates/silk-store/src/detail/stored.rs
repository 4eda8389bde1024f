//! A detail as the blob keeps it.

use silk_core::{CallSite, RequestDetail, SqlText};

/// Uncompressed bodies are at most so long, written and read.
pub(super) const MAX_BODY: usize = 128 << 20;

/// At most so many queries, spans or other parts, written and read.
pub(super) const MAX_PARTS: usize = 1_000_000;

/// A text as the blob keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextRef {
    /// A row of the store.
    Stored(u64),
    /// The text itself, because it has literals and will hardly come again.
    Inline {
        /// SQL as run, redacted.
        text: String,
        /// The row of its statement.
        statement: u64,
        /// The row of its database.
        database: u64,
        /// Whether literals stand in it.
        has_literals: bool,
        /// Whether a literal was redacted.
        is_redacted: bool,
    },
}

/// A detail as read, before the store has put in what the blob names by number.
///
/// `detail.texts` and `detail.call_sites` are empty; `texts` and `call_sites` stand for them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredDetail {
    pub(super) detail: RequestDetail,
    /// One for each text of the detail.
    pub(crate) texts: Vec<TextRef>,
    /// The rows of the detail's call sites.
    pub(crate) call_sites: Vec<u64>,
}

impl StoredDetail {
    /// Puts the texts and call sites in; each list stands for the one of references.
    pub(crate) fn resolve(
        self,
        texts: Vec<SqlText>,
        call_sites: Vec<CallSite>,
    ) -> Result<RequestDetail, DecodeError> {
        let mut detail = self.detail;
        let fits = |index: u32, list: usize| usize::try_from(index).is_ok_and(|at| at < list);
        for query in &detail.queries {
            if !fits(query.text, texts.len())
                || query
                    .call_site
                    .is_some_and(|index| !fits(index, call_sites.len()))
            {
                return Err(DecodeError::Malformed("an index points nowhere"));
            }
        }
        detail.texts = texts;
        detail.call_sites = call_sites;
        Ok(detail)
    }
}

/// Why bytes are no detail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Written by a newer version.
    #[error("the detail has version {0}, which this version does not know")]
    UnknownVersion(u8),
    /// Not what any version writes.
    #[error("the detail makes no sense: {0}")]
    Malformed(&'static str),
    /// Not compressed by zstd.
    #[error("the detail does not decompress: {0}")]
    Compression(#[source] std::io::Error),
    /// Not what the version's form says.
    #[error("the detail does not parse: {0}")]
    Parse(#[from] postcard::Error),
}
