//! What zstd knows of details before it sees one: the names and values that most of them share, and
//! how often which byte comes. Without it, most of the time that a small detail takes goes into
//! counting its bytes, and most of its bytes into saying so.
//!
//! The dictionary was trained with zstd's own program on details such as apps have (`samples/`):
//!
//! ```console
//! $ SILK_SAMPLES=/tmp/samples cargo test -p silk-store --lib write_samples -- --ignored
//! $ zstd --train -1 --dictID=1 --maxdict=8192 /tmp/samples/* -o crates/silk-store/src/detail/first.dict
//! ```
//!
//! Frozen once released, as blobs are read by it: another one is another file and another method.

use std::{
    io::{self, BufRead, Read},
    sync::OnceLock,
};

use zstd::{bulk::Compressor, dict::DecoderDictionary, stream::read::Decoder};

/// The first dictionary.
const FIRST: &[u8] = include_bytes!("first.dict");

/// Larger bodies tell enough about themselves.
pub(super) const MAX_BODY: usize = 16 << 10;

/// A compressor that knows it.
pub(super) fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_dictionary(level, FIRST)?;
    // The method of a blob says which one it is.
    compressor.set_parameter(zstd::zstd_safe::CParameter::DictIdFlag(false))?;
    Ok(compressor)
}

/// Reads what that compressor wrote.
pub(super) fn decoder<'r>(body: impl BufRead + 'r) -> io::Result<impl Read + 'r> {
    static KNOWN: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| DecoderDictionary::copy(FIRST));
    Decoder::with_prepared_dictionary(body, known)
}
