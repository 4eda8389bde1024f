//! What HTTP carries: headers, paths, query strings, bodies.

mod address;
mod credentials;
mod csv;
mod encoding;
mod multipart;
mod path;
mod routes;

pub(super) use self::{encoding::percent_encode, routes::Routes};

use self::credentials::{authorization, cookies, protocols, set_cookie};
use super::{
    REDACTED, Redactor, Secrets,
    names::{Verdict, is_no_secret, words},
};
use crate::{Body, Header};

impl Redactor {
    /// A header, made safe: of cookies the names stay, of credentials the scheme.
    #[must_use]
    pub fn header(&self, name: &str, value: &str, secrets: &mut Secrets) -> Header {
        let name = name.to_ascii_lowercase();
        let safe = match name.as_str() {
            "cookie" => cookies(value, secrets),
            "set-cookie" => set_cookie(value, secrets),
            "authorization" | "proxy-authorization" => authorization(value, secrets),
            "sec-websocket-protocol" => protocols(value, secrets),
            _ if self.is_secret_header(&name, value) => {
                secrets.add(value);
                if value.is_empty() {
                    String::new()
                } else {
                    REDACTED.to_owned()
                }
            }
            "location" | "content-location" | "referer" => self.address(value, true, secrets),
            _ => self.address(value, false, secrets),
        };
        let is_redacted = safe != value;
        Header {
            name,
            value: safe,
            is_redacted,
        }
    }

    /// Headers that end in `key` are keys, unless the word before says otherwise: `x-cache-key`.
    fn is_secret_header(&self, name: &str, value: &str) -> bool {
        match self.answer(name).verdict {
            Verdict::Secret => !is_no_secret(name, value),
            Verdict::Harmless => false,
            Verdict::Judge(judge) => {
                let is_key = words(name)
                    .last()
                    .is_some_and(|last| matches!(last.as_str(), "key" | "keys"));
                is_key || judge.is_secret(value, true)
            }
        }
    }

    /// A body, made safe. JSON (also cut by the cap) and forms are redacted field by field, other
    /// text as free text; of multipart forms only the parts' names and sizes stay, of binary
    /// nothing. `captured` is what was kept of `total_bytes`.
    #[must_use]
    pub fn body(
        &self,
        content_type: Option<&str>,
        captured: &[u8],
        total_bytes: u64,
        secrets: &mut Secrets,
    ) -> Body {
        let is_truncated = u64::try_from(captured.len()).unwrap_or(u64::MAX) < total_bytes;
        let essence = content_type
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let mut body = Body {
            content_type: content_type.map(|value| self.text(value)),
            total_bytes,
            text: None,
            is_truncated,
            is_redacted: false,
        };
        if captured.is_empty() {
            return body;
        }
        let is_multipart = essence == "multipart/form-data";
        if is_multipart || multipart::is_form(captured) {
            let boundary = content_type
                .filter(|_| is_multipart)
                .and_then(multipart::boundary);
            body.text = boundary
                .or_else(|| multipart::first_boundary(captured))
                .and_then(|boundary| self.multipart(boundary, captured, is_truncated, secrets));
            body.is_redacted = true;
            return body;
        }
        let Some(text) = as_text(captured, is_truncated) else {
            return body;
        };
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        let safe = if essence == "application/x-www-form-urlencoded" && !looks_like_json {
            self.query_string(text, secrets)
        } else if essence.ends_with("json") || essence.ends_with("ndjson") || looks_like_json {
            self.json(text, secrets).0
        } else if essence.ends_with("/csv") || essence.ends_with("tab-separated-values") {
            self.csv(text, secrets)
        } else {
            self.text_with(text, secrets)
        };
        body.is_redacted = safe != text;
        body.text = Some(safe);
        body
    }
}

/// The text of a body, where it is one: UTF-8 but for a character that the cap cut, without NUL.
fn as_text(captured: &[u8], is_truncated: bool) -> Option<&str> {
    let text = match std::str::from_utf8(captured) {
        Ok(text) => text,
        Err(error) if is_truncated && error.error_len().is_none() => {
            std::str::from_utf8(captured.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}
