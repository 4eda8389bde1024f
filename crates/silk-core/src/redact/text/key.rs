//! Private keys in their armour, and passwords as they are stored.

use super::{Scan, bytes::is_name, run_end};
use crate::redact::shape::is_password_hash;

/// The longest name of an algorithm before the first `$`: `pbkdf2_sha256`.
const MAX_ALGORITHM: usize = 24;

impl Scan<'_, '_> {
    /// Masks what lies between `-----BEGIN … PRIVATE KEY-----` at `start` and its end.
    pub(super) fn private_key(&mut self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let header = rest
            .get(11..)
            .and_then(|rest| rest.find("-----"))
            .map(|end| end + 16);
        let Some(header) = header.filter(|end| {
            rest.get(..*end)
                .is_some_and(|head| head.contains("PRIVATE KEY"))
        }) else {
            return start + 11;
        };
        let end = rest
            .get(header..)
            .and_then(|rest| rest.find("-----END"))
            .map_or(rest.len(), |end| header + end);
        self.mask(start + header, start + end)
    }

    /// Masks a password as it is stored, whose first `$` stands at `index`: `$2b$12$…`,
    /// `$argon2id$…`, `pbkdf2_sha256$…`; returns from where to go on.
    pub(super) fn password_hash(&mut self, index: usize) -> usize {
        let bytes = self.text.as_bytes();
        let is_part = |byte: u8| {
            is_name(byte) && byte.is_ascii() || matches!(byte, b'$' | b'/' | b'+' | b'=' | b',')
        };
        // Most are a placeholder (`$1`), a price, a variable (`${x}`).
        let second = run_end(bytes, index + 1, |byte| is_part(byte) && byte != b'$');
        if bytes.get(second) != Some(&b'$') {
            return index + 1;
        }
        let end = run_end(bytes, index, is_part);
        let before = bytes.get(..index).unwrap_or_default();
        let algorithm = before
            .iter()
            .rev()
            .take(MAX_ALGORITHM)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = self.text.get(index - algorithm..index).unwrap_or_default();
        let start = if [
            "pbkdf2", "argon2", "scrypt", "bcrypt", "sha1", "sha256", "md5",
        ]
        .iter()
        .any(|known| name.starts_with(known))
        {
            index - algorithm
        } else {
            index
        };
        let hash = self.text.get(index..end).unwrap_or_default();
        // The salt and the digest have digits and letters in turn.
        let is_hash = is_password_hash(hash) && hash.bytes().any(|byte| byte.is_ascii_digit());
        if is_hash {
            self.mask(start.max(self.masked_to()), end)
        } else {
            end.max(index + 1)
        }
    }
}
