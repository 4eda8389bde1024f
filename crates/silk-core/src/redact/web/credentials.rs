//! Headers that carry credentials.

use super::encoding::{base64, decode};
use crate::redact::{REDACTED, Secrets, shape::is_opaque};

/// Cookies of a request: their names stay.
pub(super) fn cookies(value: &str, secrets: &mut Secrets) -> String {
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

/// A cookie of a response: its name and attributes stay.
pub(super) fn set_cookie(value: &str, secrets: &mut Secrets) -> String {
    match value.split_once(';') {
        Some((pair, attributes)) => format!("{};{attributes}", cookie(pair, secrets)),
        None => cookie(value, secrets),
    }
}

/// Credentials: their scheme stays.
pub(super) fn authorization(value: &str, secrets: &mut Secrets) -> String {
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

/// Protocols that a WebSocket offers, among which browsers send tokens, for want of headers of
/// their own: whatever follows `bearer` and the like, and what looks like one.
pub(super) fn protocols(value: &str, secrets: &mut Secrets) -> String {
    let mut is_next = false;
    let parts: Vec<String> = value
        .split(',')
        .map(|part| {
            let word = part.trim();
            let is_taken = is_next && !word.is_empty() || is_opaque(word);
            is_next = INTRODUCING
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known));
            // `base64url.bearer.authorization.k8s.io.…`
            let (word, is_taken) = match word.rsplit_once("authorization.k8s.io.") {
                Some((_, token)) => (token, true),
                None => (word, is_taken),
            };
            if is_taken {
                secrets.add(word);
                part.replacen(word, REDACTED, 1)
            } else {
                part.to_owned()
            }
        })
        .collect();
    parts.join(",")
}

/// Names of protocols behind which a token stands.
const INTRODUCING: &[&str] = &[
    "access_token",
    "accesstoken",
    "access-token",
    "api-key",
    "apikey",
    "auth",
    "authorization",
    "basic",
    "bearer",
    "jwt",
    "token",
];
