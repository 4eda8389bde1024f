//! The print of a plan, compressed: JSON of a database shrinks to a tenth.
//!
//! ```text
//! packed = method (1 byte: 0 plain, 1 zstd) · text
//! ```

use std::io::Read;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// Plans come seldom, so that a slower level than for details pays.
const LEVEL: i32 = 3;

/// Longer prints are not read back: no database prints them.
const MAX_BYTES: u64 = 64 << 20;

/// The bytes that are kept of a print.
pub(super) fn pack(text: &str) -> Vec<u8> {
    let (method, body) = match zstd::bulk::compress(text.as_bytes(), LEVEL) {
        Ok(body) if body.len() < text.len() => (ZSTD, body),
        _ => (PLAIN, text.as_bytes().to_vec()),
    };
    let mut packed = Vec::with_capacity(body.len() + 1);
    packed.push(method);
    packed.extend(body);
    packed
}

/// The print again; none if the bytes are not what [`pack`] made.
pub(super) fn unpack(packed: &[u8]) -> Option<String> {
    match packed.split_first()? {
        (&PLAIN, body) => Some(str::from_utf8(body).ok()?.to_owned()),
        (&ZSTD, body) => {
            let mut text = String::new();
            zstd::stream::read::Decoder::with_buffer(body)
                .ok()?
                .take(MAX_BYTES)
                .read_to_string(&mut text)
                .ok()?;
            Some(text)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_small() {
        for text in ["", "x", "\0é", &"[{\"Plan\":{}}]".repeat(1000)] {
            let packed = pack(text);
            assert!(packed.len() <= text.len() + 1);
            assert_eq!(unpack(&packed).as_deref(), Some(text));
        }
        assert!(pack(&"[{\"Plan\":{}}]".repeat(1000)).len() < 200);
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&[][..], &[7, 1], &[ZSTD, 1, 2, 3], &[PLAIN, 0xff]] {
            assert_eq!(unpack(bytes), None);
        }
    }
}
