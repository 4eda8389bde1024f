//! Strings as they are written.

use std::borrow::Cow;

use crate::redact::text::{ESCAPE, QUOTE, mark};

/// Where the string that starts behind its quote ends, the closing quote included; and the marks
/// of its bytes.
pub(super) fn string_end(bytes: &[u8], start: usize) -> (usize, u8) {
    let mut marks = 0;
    let mut index = start;
    while index < bytes.len() {
        let seen = mark(bytes[index]);
        marks |= seen;
        index += 1;
        if seen & (QUOTE | ESCAPE) != 0 {
            if seen & QUOTE != 0 {
                return (index, marks);
            }
            index += 1;
        }
    }
    (bytes.len(), marks)
}

/// Whether the string from `start` up to `end` was closed (and not cut behind an escaped quote).
pub(super) fn is_closed(bytes: &[u8], start: usize, end: usize) -> bool {
    let escapes = bytes.get(start + 1..end - 1).unwrap_or_default();
    escapes
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 0
}

/// A string's content without escapes; as it stands where they are broken.
pub(in crate::redact) fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // A cut escape at the end is left out.
    let mut end = inner.len();
    for _ in 0..12 {
        let Some(part) = inner.get(..end) else {
            end -= 1;
            continue;
        };
        if let Ok(text) = serde_json::from_str::<String>(&format!("\"{part}\"")) {
            return Cow::Owned(text);
        }
        if end == 0 {
            break;
        }
        end -= 1;
    }
    Cow::Owned(inner.replace('\\', ""))
}
