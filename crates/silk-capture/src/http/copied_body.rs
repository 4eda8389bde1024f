//! What is kept of a body that passes, in either direction.

use bytes::Buf;
use http::{HeaderMap, header};

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
pub(super) fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let Some(kind) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
    else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is = |text: &str| kind.eq_ignore_ascii_case(text);
    let ends = |text: &str| {
        kind.len() >= text.len()
            && kind.as_bytes()[kind.len() - text.len()..].eq_ignore_ascii_case(text.as_bytes())
    };
    kind.as_bytes()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"text/"))
        || is("application/json")
        || is("application/x-www-form-urlencoded")
        || is("application/xml")
        || is("application/javascript")
        || is("application/graphql")
        || is("application/x-ndjson")
        // Of its parts, names and sizes are shown, and the secrets among them are scrubbed.
        || is("multipart/form-data")
        || ends("+json")
        || ends("+xml")
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
        ] {
            assert!(of(kind), "{kind}");
        }
        for kind in [
            "image/png",
            "application/octet-stream",
            "multipart/mixed",
            "json",
            "é",
        ] {
            assert!(!of(kind), "{kind}");
        }
        assert!(!is_text(&HeaderMap::new()));
    }
}
