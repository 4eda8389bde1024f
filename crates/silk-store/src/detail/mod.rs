//! How the detail of a request becomes one compressed blob, and back.
//!
//! ```text
//! blob = version (1 byte) · method (1 byte: 0 plain, 1 zstd, 2 zstd with the first dictionary) ·
//! body
//! ```
//!
//! The body of versions [1](v1) to [3](v3) is column-wise: all starts, all durations and so on
//! stand side by side, which is why a query costs a few bytes instead of a hundred. Texts without
//! literals and call sites are rows of the store; the blob names them by number. Every version ever
//! written stays readable. Decoding takes any bytes: it never panics, and what it allocates is
//! bounded.

mod column;
mod dictionary;
mod stored;
mod v1;
mod v2;
mod v3;

use std::io::{self, Read};

use silk_core::RequestDetail;

use stored::MAX_BODY;
pub(crate) use stored::{DecodeError, StoredDetail, TextRef};

/// The version that is written.
const VERSION: u8 = 3;

const METHOD_PLAIN: u8 = 0;
const METHOD_ZSTD: u8 = 1;
const METHOD_FIRST_DICTIONARY: u8 = 2;

/// zstd's fastest regular level; 3 costs twice the time for about 5 % of the bytes.
const LEVEL: i32 = 1;

/// Bodies below this are not worth compressing.
const MIN_COMPRESSED: usize = 192;

/// Encodes details; keeps its compressors for the next.
pub(crate) struct Encoder {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    /// For small bodies.
    with_dictionary: Option<zstd::bulk::Compressor<'static>>,
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
            with_dictionary: dictionary::compressor(LEVEL).ok(),
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
        self.body = v3::encode(detail, texts, call_sites, std::mem::take(&mut self.body));
        if self.body.len() > MAX_BODY {
            let slim = without_the_large(detail);
            self.body = v3::encode(&slim, texts, call_sites, Vec::new());
        }
        let blob = self.pack();
        // One huge request must not hold its memory for good.
        self.body.shrink_to(1 << 20);
        blob
    }

    fn pack(&mut self) -> Vec<u8> {
        let (compressor, method) = if self.body.len() < dictionary::MAX_BODY {
            (&mut self.with_dictionary, METHOD_FIRST_DICTIONARY)
        } else {
            (&mut self.compressor, METHOD_ZSTD)
        };
        if self.body.len() >= MIN_COMPRESSED
            && let Some(compressor) = compressor
        {
            let mut blob = vec![0; zstd::zstd_safe::compress_bound(self.body.len()) + 2];
            blob[0] = VERSION;
            blob[1] = method;
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
    let read = match *version {
        1 => v1::decode,
        2 => v2::decode,
        VERSION => v3::decode,
        other => return Err(DecodeError::UnknownVersion(other)),
    };
    match *method {
        METHOD_PLAIN => read(body),
        METHOD_ZSTD => read(&unpacked(zstd::stream::read::Decoder::with_buffer(body))?),
        METHOD_FIRST_DICTIONARY => read(&unpacked(dictionary::decoder(body))?),
        _ => Err(DecodeError::Malformed("its compression is not known")),
    }
}

/// All that a decompressor gives, up to what is allowed.
fn unpacked(decoder: io::Result<impl Read>) -> Result<Vec<u8>, DecodeError> {
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX) + 1;
    let mut plain = Vec::new();
    decoder
        .and_then(|decoder| decoder.take(limit).read_to_end(&mut plain))
        .map_err(DecodeError::Compression)?;
    if plain.len() > MAX_BODY {
        return Err(DecodeError::Malformed("it is too long"));
    }
    Ok(plain)
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
mod samples;
#[cfg(test)]
mod tests;
