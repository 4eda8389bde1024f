//! Addresses: their origin, path, query string and fragment.

use super::{encoding::decode, path::cut};
use crate::redact::{
    REDACTED, Redactor, Secrets,
    names::{Verdict, is_no_secret},
    shape::is_opaque,
};

impl Redactor {
    /// A text that may be an address: its path part by part, its query string field by field, the
    /// rest as free text.
    pub(in crate::redact) fn address(
        &self,
        value: &str,
        is_relative: bool,
        secrets: &mut Secrets,
    ) -> String {
        let is_address = value.contains("://") || value.starts_with('/') || is_relative;
        if !is_address || value.contains(char::is_whitespace) {
            return self.text_with(value, secrets);
        }
        let (rest, fragment) = cut(value, '#');
        let (rest, query) = cut(rest, '?');
        let origin = rest.find("://").map_or(0, |scheme| {
            let host = scheme + 3;
            rest.get(host..)
                .and_then(|rest| rest.find('/'))
                .map_or(rest.len(), |length| host + length)
        });
        let (origin, path) = rest.split_at_checked(origin).unwrap_or((rest, ""));
        let mut safe = format!("{origin}{}", self.parts(path, true, secrets));
        safe = self.text_with(&safe, secrets);
        if let Some(query) = query {
            safe.push('?');
            safe.push_str(&self.query_string(query, secrets));
        }
        if let Some(fragment) = fragment {
            safe.push('#');
            // The path of an app within the page: `#/reset/…`, `#!/reset/…`.
            if fragment.trim_start_matches('!').starts_with('/') {
                safe.push_str(&self.address(fragment, true, secrets));
            } else {
                safe.push_str(&self.query_string(fragment, secrets));
            }
        }
        safe
    }

    /// A query string (without `?`), made safe; order and encoding of the rest stay.
    #[must_use]
    pub fn query_string(&self, query: &str, secrets: &mut Secrets) -> String {
        let mut out = String::with_capacity(query.len());
        // The one-time code of an OAuth callback comes with the state.
        let is_callback = query.split('&').any(|pair| pair.starts_with("state="));
        for (index, pair) in query.split('&').enumerate() {
            if index > 0 {
                out.push('&');
            }
            let Some((name, value)) = pair.split_once('=') else {
                // `?TOKEN`
                if is_opaque(&decode(pair)) {
                    secrets.add(&decode(pair));
                    out.push_str(REDACTED);
                } else {
                    out.push_str(&self.text_with(pair, secrets));
                }
                continue;
            };
            out.push_str(name);
            out.push('=');
            let decoded = decode(value);
            if value.is_empty() {
                continue;
            }
            let name = decode(name);
            let answer = self.answer(&name);
            let is_secret = match answer.verdict {
                Verdict::Secret => !is_no_secret(&name, &decoded),
                Verdict::Judge(judge) => {
                    (is_callback && name == "code") || judge.is_secret(&decoded, true)
                }
                Verdict::Harmless => answer.opens(&name, &decoded),
            };
            if is_secret {
                secrets.add(&decoded);
                out.push_str(REDACTED);
                continue;
            }
            let (safe, is_changed) = self.embedded(&decoded, secrets);
            if is_changed {
                out.extend(form_urlencoded::byte_serialize(safe.as_bytes()));
            } else {
                out.push_str(value);
            }
        }
        out
    }

    /// A value that may be a document or text with secrets of its own.
    fn embedded(&self, value: &str, secrets: &mut Secrets) -> (String, bool) {
        if value.trim_start().starts_with(['{', '[']) {
            return self.json(value, secrets);
        }
        let safe = self.address(value, false, secrets);
        let is_changed = safe != value;
        (safe, is_changed)
    }
}
