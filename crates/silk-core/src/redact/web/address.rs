//! Paths and query strings.

use std::borrow::Cow;

use super::encoding::decode;
use crate::redact::{REDACTED, Redactor, Secrets};

impl Redactor {
    /// A text that may be an address: its query string field by field, the rest as free text.
    pub(super) fn address(&self, value: &str, secrets: &mut Secrets) -> String {
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
