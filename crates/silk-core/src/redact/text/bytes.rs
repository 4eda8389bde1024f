//! What a byte tells on its own.

/// What a byte is to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// Part of a name.
    Name,
    /// `<`, `:`, `)` or `$`, with which something may begin.
    Opening,
    /// Anything else.
    Other,
}

static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Other; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'_' | b'-' | b'.' | 0x80.. => Class::Name,
            b'<' | b':' | b')' | b'$' => Class::Opening,
            _ if byte.is_ascii_alphanumeric() => Class::Name,
            _ => Class::Other,
        };
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

pub(super) fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

pub(super) fn is_name(byte: u8) -> bool {
    class(byte) == Class::Name
}

/// Where the word ends that starts at `start`.
#[inline]
pub(super) fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && is_name(bytes[end]) {
        end += 1;
    }
    end
}

/// Whether a byte may be part of a credential.
pub(super) const fn is_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
}

/// A sign that a secret needs beside it, or an escape that may stand for one.
const SIGN: u8 = 1;
const DIGIT: u8 = 2;
const BLANK: u8 = 4;
/// The first letter of `Bearer` and `Basic`.
const SCHEME: u8 = 8;
/// The first byte of a letter of a script without blanks between words.
const WIDE: u8 = 16;

/// The quote that ends a string of JSON, and what takes the meaning from the byte behind it.
pub(in crate::redact) const QUOTE: u8 = 32;
pub(in crate::redact) const ESCAPE: u8 = 64;

/// The shortest credential that is known on its own: the number of a payment card.
const MIN_CREDENTIAL: usize = 13;
/// The shortest sentence that tells a secret: `pin 1234`.
const MIN_SENTENCE: usize = 8;

static MARKS: [u8; 256] = marks();

const fn marks() -> [u8; 256] {
    let mut marks = [0; 256];
    let mut byte = 0_u8;
    loop {
        marks[byte as usize] = match byte {
            b'=' | b':' | b'%' | b'-' | b'(' | b'<' | b'/' | b'$' => SIGN,
            b'\\' => SIGN | ESCAPE,
            b'"' => QUOTE,
            b'0'..=b'9' => DIGIT,
            b' ' => BLANK,
            b'b' | b'B' => SCHEME,
            0xe0.. => WIDE,
            _ => 0,
        };
        if byte == u8::MAX {
            return marks;
        }
        byte += 1;
    }
}

/// What a byte means for [`is_harmless`]; to be joined by `|` over all bytes of a text.
pub(in crate::redact) fn mark(byte: u8) -> u8 {
    MARKS[usize::from(byte)]
}

/// Whether a scan of a text of `length` bytes with these marks would find nothing: the short
/// strings of a document, and there are many.
pub(in crate::redact) const fn is_harmless(marks: u8, length: usize) -> bool {
    let may_be_key = marks & DIGIT != 0 && length >= MIN_CREDENTIAL;
    let may_be_sentence =
        marks & DIGIT != 0 && marks & (BLANK | WIDE) != 0 && length >= MIN_SENTENCE;
    let may_be_scheme = marks & SCHEME != 0 && marks & BLANK != 0;
    marks & SIGN == 0 && !may_be_key && !may_be_sentence && !may_be_scheme
}
