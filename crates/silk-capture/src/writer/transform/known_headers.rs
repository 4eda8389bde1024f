//! Headers that hold nothing secret, as they were found: a browser sends the same ones with each
//! request, and an app answers with the same.

use std::{collections::HashMap, hash::BuildHasher as _};

use http::HeaderMap;
use silk_core::{Header, Redactor, redact::Secrets};

/// Headers remembered; when there are more, all are forgotten.
const MAX_HEADERS: usize = 512;
/// Longer values are looked at each time.
const MAX_BYTES: usize = 512;

/// Headers that hold nothing secret, by what is hashed of them.
#[derive(Default)]
pub(super) struct KnownHeaders {
    harmless: HashMap<u64, Header, foldhash::fast::RandomState>,
    /// How many routes with secret parameters the redactor knew then.
    secret_routes: usize,
}

impl KnownHeaders {
    /// Headers, made safe.
    pub(super) fn safe(
        &mut self,
        headers: &HeaderMap,
        redactor: &Redactor,
        secrets: &mut Secrets,
    ) -> Vec<Header> {
        let secret_routes = redactor.secret_routes();
        if self.secret_routes != secret_routes {
            self.secret_routes = secret_routes;
            self.harmless.clear();
        }
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_bytes()));
        pairs
            .map(|(name, value)| self.header(name, value, redactor, secrets))
            .collect()
    }

    fn header(
        &mut self,
        name: &str,
        value: &[u8],
        redactor: &Redactor,
        secrets: &mut Secrets,
    ) -> Header {
        let hash = self.harmless.hasher().hash_one((name, value));
        if let Some(known) = self.harmless.get(&hash)
            && known.name == name
            && known.value.as_bytes() == value
        {
            return known.clone();
        }
        let mut found = Secrets::default();
        let text = String::from_utf8_lossy(value);
        let header = redactor.header(name, &text, &mut found);
        secrets.extend(&found);
        let is_harmless = !header.is_redacted && found.is_empty();
        if is_harmless && header.value.as_bytes() == value && value.len() <= MAX_BYTES {
            if self.harmless.len() >= MAX_HEADERS {
                self.harmless.clear();
            }
            self.harmless.insert(hash, header.clone());
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<HeaderMap>()
    }

    #[test]
    fn a_header_is_the_same_whether_it_is_known_or_not() {
        let redactor = Redactor::default();
        let of = headers(&[
            ("accept", "text/html"),
            ("user-agent", "Mozilla/5.0"),
            ("cookie", "session=0123456789abcdef"),
            ("x-api-key", "0123456789abcdef"),
            ("x-note", "password=hunter2hunter2"),
        ]);
        let mut known = KnownHeaders::default();
        let mut first = Secrets::default();
        let new = known.safe(&of, &redactor, &mut first);
        assert_eq!(known.harmless.len(), 2);
        for _ in 0..2 {
            let mut secrets = Secrets::default();
            assert_eq!(known.safe(&of, &redactor, &mut secrets), new);
            assert_eq!(format!("{secrets:?}"), format!("{first:?}"));
        }
    }

    #[test]
    fn a_route_that_is_seen_later_is_heeded() {
        let redactor = Redactor::default();
        let of = headers(&[("x-from", "see /reset/summer-of-69 there")]);
        let mut known = KnownHeaders::default();
        let mut secrets = Secrets::default();
        let before = known.safe(&of, &redactor, &mut secrets);
        assert!(!before[0].is_redacted, "{before:?}");
        let _ = redactor.path("/reset/x", Some("/reset/{token}"), &mut secrets);
        let after = known.safe(&of, &redactor, &mut secrets);
        assert!(after[0].is_redacted, "{after:?}");
    }

    #[test]
    fn what_never_comes_again_does_not_fill_the_memory() {
        let redactor = Redactor::default();
        let mut known = KnownHeaders::default();
        for number in 0..2 * MAX_HEADERS {
            let of = headers(&[("x-number", &number.to_string())]);
            known.safe(&of, &redactor, &mut Secrets::default());
        }
        assert!(known.harmless.len() <= MAX_HEADERS);
        let long = "a ".repeat(MAX_BYTES);
        let count = known.harmless.len();
        let of = headers(&[("x-long", long.trim())]);
        known.safe(&of, &redactor, &mut Secrets::default());
        assert_eq!(known.harmless.len(), count);
    }
}
