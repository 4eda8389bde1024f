//! Which words a scan looks at: a few bytes of each settle nearly all.

use super::{bytes::is_name, command, naming, run_end, sentence};

/// Blanks looked over between a name and its sign.
pub(super) const MAX_BLANKS: usize = 4;

/// Of a first byte: its word may name a secret that stands behind a blank.
const NAMING: u8 = 1;
/// Of a first byte: its word may matter on its own.
const SPECIAL: u8 = 2;
/// Of the byte behind a blank that is behind a word: more must be looked at.
const BEHIND: u8 = 4;
/// Of a second byte: it may be that of a word which names a secret.
const SECOND: u8 = 8;

static BYTES: [u8; 256] = flags_of_bytes();

const fn flags_of_bytes() -> [u8; 256] {
    let mut flags = [0; 256];
    let mut byte = 0_u8;
    loop {
        if naming::is_naming(byte, 0) {
            flags[byte as usize] |= NAMING;
        }
        if naming::is_naming(byte, 1) {
            flags[byte as usize] |= SECOND;
        }
        flags[byte as usize] |= match byte {
            b'-'
            | b'A'
            | b'B'
            | b'D'
            | b'b'
            | b'c'
            | b'e'
            | b'g'
            | b'n'
            | b'r'
            | b's'
            | b'w'
            | b'x'
            | b'2'..=b'6'
            | 0xe0.. => SPECIAL,
            _ => 0,
        };
        if matches!(byte, b'=' | b':' | b'%' | b' ' | b'i') {
            flags[byte as usize] |= BEHIND;
        }
        if byte == u8::MAX {
            return flags;
        }
        byte += 1;
    }
}

/// Whether [`super::Scan::word`] could find anything in the word from `start` to `end`, by its
/// first and last bytes and what follows. Must say so wherever it would.
#[inline]
pub(super) fn may_matter(bytes: &[u8], start: usize, end: usize) -> bool {
    let word = &bytes[start..end];
    let &[first, second, ..] = word else {
        return may_follow(bytes, start, end);
    };
    let last = word[word.len() - 1];
    let flags = BYTES[usize::from(first)];
    let next = bytes.get(end).copied().unwrap_or_default();
    // Most words: another one follows.
    let is_next = if next == b' ' {
        let behind = bytes.get(end + 1).copied().unwrap_or_default();
        BYTES[usize::from(behind)] & BEHIND != 0 && may_be_said(bytes, end, behind)
            || flags & NAMING != 0
                && BYTES[usize::from(second)] & SECOND != 0
                && naming::may_begin(word)
    } else {
        may_follow(bytes, start, end)
    };
    // The last letter of `-----BEGIN`.
    is_next || last == b'N' || flags & SPECIAL != 0 && may_be_special(bytes, start, end, word)
}

/// Whether what follows a word may make it matter.
#[inline]
fn may_follow(bytes: &[u8], start: usize, end: usize) -> bool {
    match bytes.get(end) {
        Some(b'/') => may_open(bytes, end),
        Some(b'"' | b'\'' | b'\\' | b']' | b'`' | b'=' | b':' | b'%') => true,
        // `Password("…")`
        Some(b'(') => bytes.get(end + 1) == Some(&b'"'),
        // A word of one byte names nothing on its own.
        Some(b' ') if end == start + 1 => bytes
            .get(end + 1)
            .is_some_and(|behind| may_be_said(bytes, end, *behind)),
        _ => false,
    }
}

/// Whether the byte behind the blank at `end` begins what makes the word before matter.
fn may_be_said(bytes: &[u8], end: usize, behind: u8) -> bool {
    match behind {
        b'=' | b':' | b'%' => true,
        b' ' => is_sign_behind_blanks(bytes, end + 1),
        b'i' => sentence::is_said(bytes, end),
        _ => false,
    }
}

/// Whether a sign follows behind a few blanks.
fn is_sign_behind_blanks(bytes: &[u8], start: usize) -> bool {
    let after = bytes.get(start..).unwrap_or_default();
    let blanks = after
        .iter()
        .take(MAX_BLANKS - 1)
        .take_while(|byte| **byte == b' ')
        .count();
    matches!(after.get(blanks), Some(b'=' | b':' | b'%'))
}

/// Whether a part of a path follows that may be a token.
pub(super) fn may_open(bytes: &[u8], end: usize) -> bool {
    let part = bytes
        .get(end + 1..part_end(bytes, end + 1))
        .unwrap_or_default();
    let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
    // Small numbers are ids.
    let is_number = digits == part.len() && digits < 6;
    part.len() >= 20 || digits > 0 && part.len() >= 4 && !is_number
}

/// Where the part of a path ends that starts at `start`.
pub(super) fn part_end(bytes: &[u8], start: usize) -> usize {
    run_end(bytes, start, |byte| {
        is_name(byte) || matches!(byte, b'%' | b'~' | b'+' | b'=')
    })
}

/// Whether a number that may be that of a payment card begins.
pub(super) fn may_be_card(bytes: &[u8], start: usize, end: usize) -> bool {
    matches!(bytes.get(start), Some(b'2'..=b'6'))
        && match end - start {
            // No date.
            13.. => bytes.get(start + 7).is_some_and(u8::is_ascii_digit),
            4 => {
                bytes.get(end) == Some(&b' ') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
            }
            _ => false,
        }
}

/// Whether a word whose first byte says so matters on its own.
fn may_be_special(bytes: &[u8], start: usize, end: usize, word: &[u8]) -> bool {
    let &[first, second, ..] = word else {
        return false;
    };
    match first {
        b'-' => second == b'-' || command::may_be_flag(word),
        b'A' => matches!(second, b'K' | b'S' | b'I'),
        b'B' | b'b' => matches!(second, b'A' | b'a' | b'E' | b'e'),
        b'c' => word == b"contains",
        b'D' => word == b"Duplicate",
        b'e' => second == b'y',
        b'g' => matches!(second, b'h' | b'i' | b'l'),
        b'n' => second == b'p',
        b'r' | b's' => matches!(second, b'k'),
        b'w' => second == b'h',
        b'x' => second == b'o',
        b'2'..=b'6' => may_be_card(bytes, start, end),
        // Scripts without blanks between words: a value may be part of the word.
        0xe0.. => word.last().is_some_and(u8::is_ascii),
        _ => false,
    }
}
