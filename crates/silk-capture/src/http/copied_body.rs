//! What is kept of a body that passes, in either direction.

use bytes::Buf;
use http::{HeaderMap, HeaderValue, header};

use crate::record::buffers::Tee;

/// The beginning of what passed, and how much did.
#[derive(Debug, Default)]
pub(super) struct Copied {
    captured: Vec<u8>,
    total_bytes: u64,
    limit: usize,
}

impl Copied {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            captured: Vec::new(),
            total_bytes: 0,
            limit,
        }
    }

    /// Looks at a frame; `charge` says whether there is memory for so many bytes.
    pub(super) fn look(&mut self, data: &impl Buf, charge: impl FnOnce(usize) -> bool) {
        let room = self.limit.saturating_sub(self.captured.len());
        // Only the first part of a segmented buffer can be seen without consuming it.
        let chunk = data.chunk();
        let wanted = chunk.len().min(room);
        let has_room = wanted > 0 && charge(wanted);
        if has_room {
            self.captured.extend_from_slice(&chunk[..wanted]);
        }
        if !has_room && !chunk.is_empty() || wanted < data.remaining() {
            // What follows would not join on to what was kept.
            self.limit = 0;
        }
        self.total_bytes += u64::try_from(data.remaining()).unwrap_or(u64::MAX);
    }

    /// Bytes that have passed.
    pub(super) const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    pub(super) fn take(&mut self) -> Tee {
        Tee {
            captured: std::mem::take(&mut self.captured),
            total_bytes: self.total_bytes,
        }
    }
}

/// Whether a body of this content type is worth keeping as text.
#[cfg(any(test, feature = "axum"))]
pub(super) fn is_text(headers: &HeaderMap) -> bool {
    is_text_of(content_type(headers), headers)
}

/// The same, where the content type was looked for already.
pub(super) fn is_text_of(kind: Option<&[u8]>, headers: &HeaderMap) -> bool {
    kind.is_some_and(names_text) && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The content type of what follows.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes)
}

/// Whether a content type is one of text.
fn names_text(kind: &[u8]) -> bool {
    // Most are known by their beginning.
    if starts(kind, b"text/") {
        return true;
    }
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or(kind);
    let kind = kind.trim_ascii();
    // Of its parts, names and sizes are shown, and the secrets among them are scrubbed.
    if kind.eq_ignore_ascii_case(b"multipart/form-data") || starts(kind, b"text/") {
        return true;
    }
    if ends(kind, b"+json") || ends(kind, b"+xml") {
        return true;
    }
    const APPLICATION: &[u8] = b"application/";
    const OF_TEXT: [&[u8]; 6] = [
        b"json",
        b"x-www-form-urlencoded",
        b"xml",
        b"javascript",
        b"graphql",
        b"x-ndjson",
    ];
    starts(kind, APPLICATION)
        && kind
            .get(APPLICATION.len()..)
            .is_some_and(|kind| OF_TEXT.iter().any(|text| kind.eq_ignore_ascii_case(text)))
}

fn starts(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(start))
}

fn ends(text: &[u8], end: &[u8]) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|text| text.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_worth_keeping() {
        let of = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_text(&headers)
        };
        for kind in [
            "text/html; charset=utf-8",
            "Application/JSON",
            "application/problem+json",
            "image/svg+xml",
            "multipart/form-data; boundary=x",
            " text/plain",
            "application/JSON ;charset=utf-8",
            "application/x-ndjson",
        ] {
            assert!(of(kind), "{kind}");
        }
        for kind in [
            "image/png",
            "application/octet-stream",
            "multipart/mixed",
            "json",
            "application/",
            "application/jsonx",
            "+js",
            "é",
        ] {
            assert!(!of(kind), "{kind}");
        }
        assert!(!is_text(&HeaderMap::new()));
        let mut packed = HeaderMap::new();
        packed.insert(header::CONTENT_TYPE, "text/html".parse().unwrap());
        packed.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(!is_text(&packed));
    }
}
