//! Passwords in addresses: `scheme://user:password@host`.

use super::{Scan, run_end};

/// How far the password of an address is looked for.
const MAX_USER_INFO: usize = 256;

impl Scan<'_, '_> {
    /// `user:password@host` behind `://`.
    pub(super) fn user_info(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let authority = run_end(bytes, start, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`')
        });
        // A password may hold a slash that nobody encoded: then the `@` comes later, but not by far
        // (a text of nothing but `://` must not be read again and again).
        let bytes = bytes
            .get(..bytes.len().min(authority + MAX_USER_INFO))
            .unwrap_or_default();
        let line = run_end(bytes, start, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'?')
        });
        let in_authority = bytes
            .get(start..authority)
            .and_then(|part| part.iter().rposition(|byte| *byte == b'@'));
        let colon = bytes
            .get(start..authority)
            .and_then(|part| part.iter().position(|byte| *byte == b':'));
        let at = in_authority.or_else(|| {
            let at = bytes
                .get(start..line)?
                .iter()
                .position(|byte| *byte == b'@')?;
            let port = colon.and_then(|colon| bytes.get(start + colon + 1));
            port.is_some_and(|byte| !byte.is_ascii_digit())
                .then_some(at)
        });
        let Some(at) = at else {
            // Cut before the `@`; a port is all digits, and an address in brackets has no user.
            let rest = colon.and_then(|colon| bytes.get(start + colon + 1..authority));
            let is_cut = authority == self.text.len()
                && bytes.get(start) != Some(&b'[')
                && rest.is_some_and(|rest| rest.iter().any(|byte| !byte.is_ascii_digit()));
            return match colon.filter(|_| is_cut) {
                Some(colon) => self.mask(start + colon + 1, authority),
                None => start,
            };
        };
        match colon.filter(|colon| *colon < at) {
            Some(colon) => self.mask(start + colon + 1, start + at),
            None if at >= 16 => self.mask(start, start + at),
            None => start,
        }
    }
}
