//! What HTTP carries: headers, paths, query strings, bodies.

use std::borrow::Cow;

use super::{REDACTED, Redactor, Secrets};
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
            _ if self.is_sensitive(&name) => {
                secrets.add(value);
                if value.is_empty() {
                    String::new()
                } else {
                    REDACTED.to_owned()
                }
            }
            _ => self.address(value, secrets),
        };
        let is_redacted = safe != value;
        Header {
            name,
            value: safe,
            is_redacted,
        }
    }

    /// A text that may be an address: its query string field by field, the rest as free text.
    fn address(&self, value: &str, secrets: &mut Secrets) -> String {
        let is_address = value.contains("://") || value.starts_with('/');
        match value.split_once('?') {
            Some((path, query)) if is_address && !value.contains(char::is_whitespace) => {
                let (query, fragment) = query
                    .split_once('#')
                    .map_or((query, ""), |(query, fragment)| (query, fragment));
                let hash = if fragment.is_empty() { "" } else { "#" };
                let query = self.query_string(query, secrets);
                let fragment = self.query_string(fragment, secrets);
                format!("{}?{query}{hash}{fragment}", self.text_with(path, secrets))
            }
            _ => self.text_with(value, secrets),
        }
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
                out.push_str(&self.text_with(pair, secrets));
                continue;
            };
            out.push_str(name);
            out.push('=');
            let decoded = decode(value);
            if value.is_empty() {
                continue;
            }
            if self.is_sensitive(&decode(name)) || (is_callback && name == "code") {
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
        let safe = self.address(value, secrets);
        let is_changed = safe != value;
        (safe, is_changed)
    }

    /// A path, made safe: parameters whose names in the template are sensitive (`/reset/{token}`)
    /// are taken out. Where path and template do not fit together and one is sensitive, whatever
    /// the template does not spell out is.
    #[must_use]
    pub fn path(&self, path: &str, template: Option<&str>, secrets: &mut Secrets) -> String {
        let template = template.unwrap_or_default();
        let parameters: Vec<&str> = template.split('/').collect();
        let is_any = parameters
            .iter()
            .any(|part| parameter(part).is_some_and(|(name, _)| self.is_sensitive(name)));
        if !is_any {
            return self.text_with(path, secrets);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let has_rest = parameters
            .iter()
            .any(|part| parameter(part).is_some_and(|(_, is_rest)| is_rest));
        let is_fit =
            parts.len() == parameters.len() || (has_rest && parts.len() >= parameters.len());
        let mut out: Vec<Cow<'_, str>> = Vec::with_capacity(parts.len());
        let mut in_rest = false;
        for (index, part) in parts.iter().enumerate() {
            let known = parameters.get(index).copied();
            let is_secret = if is_fit {
                match known.and_then(parameter) {
                    Some((name, is_rest)) => {
                        let is_secret = self.is_sensitive(name);
                        in_rest = is_rest && is_secret;
                        is_secret
                    }
                    None => in_rest,
                }
            } else {
                !parameters.contains(part)
            };
            if is_secret && !part.is_empty() {
                secrets.add(&decode(part));
                secrets.add(part);
                out.push(Cow::Borrowed(REDACTED));
            } else {
                out.push(Cow::Owned(self.text_with(part, secrets)));
            }
        }
        out.join("/")
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
        if essence == "multipart/form-data" {
            body.text = content_type
                .and_then(|value| self.multipart(value, captured, is_truncated, secrets));
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
        } else {
            self.text_with(text, secrets)
        };
        body.is_redacted = safe != text;
        body.text = Some(safe);
        body
    }
}

impl Redactor {
    /// Names and sizes of the parts, a line each.
    fn multipart(
        &self,
        content_type: &str,
        captured: &[u8],
        is_truncated: bool,
        secrets: &mut Secrets,
    ) -> Option<String> {
        let boundary = content_type
            .split(';')
            .find_map(|part| part.trim().strip_prefix("boundary="))?;
        let boundary = boundary.trim_matches('"');
        if boundary.is_empty() || boundary.len() > 200 {
            return None;
        }
        let delimiter = format!("--{boundary}");
        let mut lines = Vec::new();
        let mut rest = captured;
        rest = rest.get(find(rest, delimiter.as_bytes())? + delimiter.len()..)?;
        while lines.len() < 100 && !rest.starts_with(b"--") {
            let next = find(rest, delimiter.as_bytes());
            let part = rest.get(..next.unwrap_or(rest.len())).unwrap_or_default();
            let Some(head_end) = find(part, b"\r\n\r\n") else {
                break;
            };
            let head =
                String::from_utf8_lossy(part.get(..head_end).unwrap_or_default()).into_owned();
            let content = part.len().saturating_sub(head_end + 4);
            let size = if next.is_some() {
                content.saturating_sub(2)
            } else {
                content
            };
            let name = attribute(&head, "name").unwrap_or_default();
            if self.is_sensitive(&name)
                && let Some(value) = part.get(head_end + 4..head_end + 4 + size)
                && let Ok(value) = std::str::from_utf8(value)
            {
                secrets.add(value);
            }
            let file = if attribute(&head, "filename").is_some() {
                ", a file"
            } else {
                ""
            };
            let more = if next.is_none() && is_truncated {
                " or more"
            } else {
                ""
            };
            lines.push(format!("{name}: {size} bytes{more}{file}"));
            let Some(next) = next else { break };
            rest = rest.get(next + delimiter.len()..).unwrap_or_default();
        }
        Some(lines.join("\n"))
    }
}

/// Name of a template's parameter, and whether it takes all the rest. A parameter with something
/// before or behind it (`{token}.json`) takes the whole part.
fn parameter(part: &str) -> Option<(&str, bool)> {
    let name = part
        .split_once('{')
        .and_then(|(_, rest)| rest.rsplit_once('}'))
        .map(|(name, _)| name);
    if let Some(name) = name {
        return Some(
            name.strip_prefix('*')
                .map_or((name, false), |name| (name, true)),
        );
    }
    part.strip_prefix(':')
        .map(|name| (name, false))
        .or_else(|| part.strip_prefix('*').map(|name| (name, true)))
}

fn cookies(value: &str, secrets: &mut Secrets) -> String {
    let pairs: Vec<String> = value.split(';').map(|pair| cookie(pair, secrets)).collect();
    pairs.join(";")
}

fn cookie(pair: &str, secrets: &mut Secrets) -> String {
    let Some((name, value)) = pair.split_once('=') else {
        let word = pair.trim();
        if word.is_empty() {
            return pair.to_owned();
        }
        secrets.add(word);
        return pair.replacen(word, REDACTED, 1);
    };
    if value.trim().is_empty() {
        return pair.to_owned();
    }
    let value = value.trim().trim_matches('"');
    secrets.add(value);
    secrets.add(&decode(value));
    format!("{name}={REDACTED}")
}

fn set_cookie(value: &str, secrets: &mut Secrets) -> String {
    match value.split_once(';') {
        Some((pair, attributes)) => format!("{};{attributes}", cookie(pair, secrets)),
        None => cookie(value, secrets),
    }
}

fn authorization(value: &str, secrets: &mut Secrets) -> String {
    let value = value.trim();
    let Some((scheme, credential)) = value.split_once(' ') else {
        secrets.add(value);
        return if value.is_empty() {
            String::new()
        } else {
            REDACTED.to_owned()
        };
    };
    secrets.add(credential);
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(decoded) = base64(credential.trim())
    {
        secrets.add(&decoded);
        if let Some((_, password)) = decoded.split_once(':') {
            secrets.add(password);
        }
    }
    // What is no scheme is part of the credential.
    let is_scheme = scheme.len() <= 20
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if is_scheme {
        format!("{scheme} {REDACTED}")
    } else {
        REDACTED.to_owned()
    }
}

fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    String::from_utf8(bytes).ok()
}

/// `%41+b` as people mean it.
fn decode(text: &str) -> String {
    let pair = format!("={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

/// Every byte that is not unreserved as `%XX`.
pub(super) fn percent_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
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

fn attribute(head: &str, name: &str) -> Option<String> {
    head.split([';', '\r', '\n'])
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"').to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
