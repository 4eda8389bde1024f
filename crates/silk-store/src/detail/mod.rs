//! How the detail of a request becomes one compressed blob, and back.
//!
//! ```text
//! blob = version (1 byte) · method (1 byte: 0 plain, 1 zstd) · body
//! ```
//!
//! The body of [version 1](v1) is column-wise: all starts, all durations and so on stand side by
//! side, which is why a query costs a few bytes instead of a hundred. Texts without literals and
//! call sites are rows of the store; the blob names them by number. Every version ever written
//! stays readable. Decoding takes any bytes: it never panics, and what it allocates is bounded.

mod column;
mod v1;

use std::io::Read;

use silk_core::{CallSite, RequestDetail, SqlText};

/// The version that is written.
const VERSION: u8 = 1;

const METHOD_PLAIN: u8 = 0;
const METHOD_ZSTD: u8 = 1;

/// zstd's fastest regular level; 3 costs twice the time for about 5 % of the bytes.
const LEVEL: i32 = 1;

/// Bodies below this are not worth compressing.
const MIN_COMPRESSED: usize = 192;

/// Uncompressed bodies are at most so long, written and read.
const MAX_BODY: usize = 128 << 20;

/// At most so many queries, spans or other parts, written and read.
const MAX_PARTS: usize = 1_000_000;

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
    detail: RequestDetail,
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

/// Encodes details; keeps its compressor for the next.
pub(crate) struct Encoder {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    body: Vec<u8>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder; plain (and larger) blobs where zstd has no memory.
    pub(crate) fn new() -> Self {
        Self {
            compressor: zstd::bulk::Compressor::new(LEVEL).ok(),
            body: Vec::new(),
        }
    }

    /// The blob of a detail whose texts and call sites are named by `texts` and `call_sites`.
    ///
    /// A detail too large to be read again loses its values and bodies, so that the rest is kept.
    pub(crate) fn encode(
        &mut self,
        detail: &RequestDetail,
        texts: &[TextRef],
        call_sites: &[u64],
    ) -> Vec<u8> {
        self.body.clear();
        self.body = v1::encode(detail, texts, call_sites, std::mem::take(&mut self.body));
        if self.body.len() > MAX_BODY {
            let slim = without_the_large(detail);
            self.body = v1::encode(&slim, texts, call_sites, Vec::new());
        }
        let blob = self.pack();
        // One huge request must not hold its memory for good.
        self.body.shrink_to(1 << 20);
        blob
    }

    fn pack(&mut self) -> Vec<u8> {
        if self.body.len() >= MIN_COMPRESSED
            && let Some(compressor) = &mut self.compressor
        {
            let mut blob = vec![0; zstd::zstd_safe::compress_bound(self.body.len()) + 2];
            blob[0] = VERSION;
            blob[1] = METHOD_ZSTD;
            if let Ok(length) = compressor.compress_to_buffer(&self.body, &mut blob[2..])
                && length < self.body.len()
            {
                blob.truncate(length + 2);
                blob.shrink_to_fit();
                return blob;
            }
        }
        let mut blob = Vec::with_capacity(self.body.len() + 2);
        blob.push(VERSION);
        blob.push(METHOD_PLAIN);
        blob.extend_from_slice(&self.body);
        blob
    }
}

/// Reads what an [`Encoder`] of this or an older version wrote.
pub(crate) fn decode(blob: &[u8]) -> Result<StoredDetail, DecodeError> {
    let [version, method, body @ ..] = blob else {
        return Err(DecodeError::Malformed("it is too short"));
    };
    if *version != VERSION {
        return Err(DecodeError::UnknownVersion(*version));
    }
    match *method {
        METHOD_PLAIN => v1::decode(body),
        METHOD_ZSTD => {
            let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX) + 1;
            let mut plain = Vec::new();
            zstd::stream::read::Decoder::with_buffer(body)
                .and_then(|decoder| decoder.take(limit).read_to_end(&mut plain))
                .map_err(DecodeError::Compression)?;
            if plain.len() > MAX_BODY {
                return Err(DecodeError::Malformed("it is too long"));
            }
            v1::decode(&plain)
        }
        _ => Err(DecodeError::Malformed("its compression is not known")),
    }
}

fn without_the_large(detail: &RequestDetail) -> RequestDetail {
    let mut slim = detail.clone();
    for query in &mut slim.queries {
        query.values = None;
    }
    for body in [&mut slim.request_body, &mut slim.response_body]
        .into_iter()
        .flatten()
    {
        body.text = None;
        body.is_truncated = true;
    }
    slim
}

#[cfg(test)]
mod tests;
