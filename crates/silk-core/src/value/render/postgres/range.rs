//! Ranges and sets of ranges: `[1,5)`, `{[1,3),[5,7)}`.

use super::{
    super::Decoded,
    fixed,
    reader::{Reader, push_quoted},
    scalar,
};

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// What a range is of.
pub(super) fn element(name: &str) -> Option<&'static str> {
    Some(match name {
        "INT4RANGE" | "INT4MULTIRANGE" => "INT4",
        "INT8RANGE" | "INT8MULTIRANGE" => "INT8",
        "NUMRANGE" | "NUMMULTIRANGE" => "NUMERIC",
        "TSRANGE" | "TSMULTIRANGE" => "TIMESTAMP",
        "TSTZRANGE" | "TSTZMULTIRANGE" => "TIMESTAMPTZ",
        "DATERANGE" | "DATEMULTIRANGE" => "DATE",
        _ => return None,
    })
}

/// A set of ranges.
pub(super) fn multirange(element: &str, bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let count = reader.int()?;
    let mut ranges = Vec::new();
    for _ in 0..count {
        ranges.push(range(element, reader.part()??)?);
    }
    reader
        .is_at_end()
        .then(|| format!("{{{}}}", ranges.join(",")))
}

/// One range, in the form that the server gives it: of whole numbers and dates, the lower bound is
/// within and the upper is not.
pub(super) fn range(element: &str, bytes: &[u8]) -> Option<String> {
    let (&flags, rest) = bytes.split_first()?;
    if flags & EMPTY != 0 {
        return Some("empty".to_owned());
    }
    let mut reader = Reader(rest);
    let mut bound = |infinite: u8| -> Option<Option<&[u8]>> {
        if flags & infinite != 0 {
            return Some(None);
        }
        Some(Some(reader.part()??))
    };
    let (lower, upper) = (bound(LOWER_INFINITE)?, bound(UPPER_INFINITE)?);
    if !reader.is_at_end() {
        return None;
    }
    let mut is_lower_in = flags & LOWER_INCLUSIVE != 0 && lower.is_some();
    let mut is_upper_in = flags & UPPER_INCLUSIVE != 0 && upper.is_some();
    let (mut lower, mut upper) = (lower.map(<[u8]>::to_vec), upper.map(<[u8]>::to_vec));
    if let Some(bound) = lower.as_mut().filter(|_| !is_lower_in) {
        is_lower_in = step(element, bound);
    }
    if let Some(bound) = upper.as_mut().filter(|_| is_upper_in) {
        is_upper_in = !step(element, bound);
    }
    let (lower, upper) = (text(element, lower)?, text(element, upper)?);
    if lower.is_some() && lower == upper && !(is_lower_in && is_upper_in) {
        return Some("empty".to_owned());
    }
    let mut out = String::from(if is_lower_in { '[' } else { '(' });
    for (bound, end) in [(lower, ','), (upper, if is_upper_in { ']' } else { ')' })] {
        if let Some(bound) = bound {
            push_quoted(&mut out, &bound, &['(', ')', '[', ']', ','], false);
        }
        out.push(end);
    }
    Some(out)
}

/// Makes a bound the next number or day; whether there is one.
fn step(element: &str, bound: &mut Vec<u8>) -> bool {
    let next = match element {
        "INT8" => fixed(bound)
            .and_then(|bytes| i64::from_be_bytes(bytes).checked_add(1))
            .map(|next| next.to_be_bytes().to_vec()),
        "INT4" => fixed(bound)
            .and_then(|bytes| i32::from_be_bytes(bytes).checked_add(1))
            .map(|next| next.to_be_bytes().to_vec()),
        // The infinities of dates have no next day.
        "DATE" => fixed(bound)
            .map(i32::from_be_bytes)
            .filter(|day| !matches!(*day, i32::MIN | i32::MAX))
            .map(|day| (day + 1).to_be_bytes().to_vec()),
        _ => None,
    };
    let is_there = next.is_some();
    *bound = next.unwrap_or_else(|| std::mem::take(bound));
    is_there
}

#[expect(
    clippy::option_option,
    reason = "no bound, and one that cannot be read, differ"
)]
fn text(element: &str, bytes: Option<Vec<u8>>) -> Option<Option<String>> {
    let Some(bytes) = bytes else {
        return Some(None);
    };
    match scalar(element, &bytes, false)? {
        Decoded::Plain(text) | Decoded::Text(text) | Decoded::Typed(text, _) => Some(Some(text)),
        Decoded::Named(..) | Decoded::Blob(_) | Decoded::Unknown(_) => None,
    }
}
