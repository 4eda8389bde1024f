//! The cookie that a browser gets in exchange for the token.

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What the names of our cookies begin with.
const PREFIX: &str = "silk_";

/// Bytes of a digest that tell the names of two dashboards apart.
const NAME_BYTES: usize = 8;

/// Cookies of other dashboards that a browser may hold for one address.
const MAX_OTHERS: usize = 12;

/// What is derived from the token; the token itself is not kept.
///
/// Browsers share cookies between all ports of a host. So the name depends on the token: two apps
/// on one machine do not log each other out. And the value is not the token: an app on another port
/// that is sent the cookie along does not learn what `Authorization` takes.
#[derive(Clone)]
pub(super) struct Key {
    token: [u8; 32],
    name: String,
    value: String,
}

impl Key {
    pub(super) fn new(token: &str) -> Self {
        let digest = |purpose| digest(purpose, token.as_bytes());
        Self {
            token: digest("token"),
            name: format!("{PREFIX}{}", hex(&digest("name")[..NAME_BYTES])),
            value: hex(&digest("cookie")),
        }
    }

    /// Whether `sent` is the token. Digests are compared, so that neither content nor length shows
    /// in the time it takes.
    pub(super) fn is_token(&self, sent: &[u8]) -> bool {
        bool::from(digest("token", sent).ct_eq(&self.token))
    }

    /// Whether one of the cookies is ours. Another site below the same domain may have added one of
    /// our name; that one does not shut out the right one.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        pairs(headers).any(|(name, value)| {
            name == self.name && bool::from(value.as_bytes().ct_eq(self.value.as_bytes()))
        })
    }

    /// The headers that let a browser in from now on: only below the mount at `base`, out of
    /// script's reach, never sent along from other sites.
    ///
    /// A token that is new at every start leaves a cookie of its own each time; the oldest (which
    /// browsers send first) go, so that they do not add up.
    pub(super) fn set(&self, base: &str, headers: &HeaderMap) -> Vec<HeaderValue> {
        // A path with a semicolon would be read as further attributes.
        let path = if base.is_empty() || base.contains(';') {
            "/"
        } else {
            base
        };
        let others: Vec<&str> = pairs(headers)
            .map(|(name, _)| name)
            .filter(|name| *name != self.name && is_ours(name))
            .collect();
        let too_many = others.len().saturating_sub(MAX_OTHERS);
        let cookie = |name: &str, value: &str, age: &str| {
            let text = format!("{name}={value}; HttpOnly; SameSite=Strict{age}; Path={path}");
            HeaderValue::from_str(&text).ok()
        };
        let removed = others
            .iter()
            .take(too_many)
            .filter_map(|name| cookie(name, "", "; Max-Age=0"));
        cookie(&self.name, &self.value, "")
            .into_iter()
            .chain(removed)
            .collect()
    }
}

/// Whether a cookie's name is one that a dashboard gave.
fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == 2 * NAME_BYTES && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Names and values of all cookies, in the order in which the browser sent them.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn digest(purpose: &str, secret: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(purpose.as_bytes())
        .chain_update([0])
        .chain_update(secret)
        .finalize()
        .into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        headers
    }

    fn text(headers: &[HeaderValue]) -> Vec<&str> {
        headers.iter().map(|h| h.to_str().unwrap()).collect()
    }

    #[test]
    fn two_dashboards_of_one_host_keep_their_cookies() {
        let (one, two) = (Key::new("first token"), Key::new("second token"));
        let set = |key: &Key| {
            let set = key.set("/silk", &HeaderMap::new());
            let text = text(&set);
            assert_eq!(text.len(), 1, "{text:?}");
            text[0].split(';').next().unwrap().to_owned()
        };
        let (of_one, of_two) = (set(&one), set(&two));
        assert_ne!(of_one.split('=').next(), of_two.split('=').next());
        let both = sent(&[&format!("{of_one}; theme=dark; {of_two}")]);
        assert!(one.is_in(&both) && two.is_in(&both));
        assert!(!one.is_in(&sent(&[&of_two])));
    }

    #[test]
    fn a_planted_cookie_of_our_name_shuts_nobody_out() {
        let key = Key::new("the token");
        let right = format!("{}={}", key.name, key.value);
        for cookies in [
            vec![format!("{}=planted; {right}", key.name)],
            vec![format!("{}=planted", key.name), right.clone()],
            vec![right.clone(), format!("{}=", key.name)],
        ] {
            let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
            assert!(key.is_in(&sent(&cookies)), "{cookies:?}");
        }
        for wrong in [
            String::new(),
            key.name.clone(),
            format!("{}=", key.name),
            format!("{}={}", key.name, &key.value[..63]),
            format!("{}={}0", key.name, key.value),
            format!("{}={}", key.name, key.value.to_uppercase()),
            format!("x{right}"),
            format!("silk_token={}", key.value),
            format!("{}=the token", key.name),
        ] {
            assert!(!key.is_in(&sent(&[&wrong])), "{wrong}");
        }
    }

    #[test]
    fn the_cookie_does_not_give_the_token_away() {
        let key = Key::new("a-token-of-the-app");
        let set = key.set("/silk", &HeaderMap::new());
        let set = text(&set)[0];
        assert!(!set.contains("a-token") && !set.contains(&hex(b"a-token-of-the-app")));
        assert!(!key.is_token(key.value.as_bytes()));
        assert!(!set.contains(&hex(&key.token)));
    }

    #[test]
    fn a_mount_cannot_add_attributes() {
        let key = Key::new("the token");
        let set = |base| text(&key.set(base, &HeaderMap::new()))[0].to_owned();
        assert!(set("/silk").ends_with("; HttpOnly; SameSite=Strict; Path=/silk"));
        assert!(set("/a/b%20c").ends_with("; Path=/a/b%20c"));
        assert!(set("").ends_with("; Path=/"));
        assert!(set("/x;Domain=example.org").ends_with("; Path=/"));
    }

    #[test]
    fn cookies_of_earlier_starts_do_not_add_up() {
        let key = Key::new("now");
        let old: Vec<String> = (0..MAX_OTHERS + 3)
            .map(|n| format!("silk_{n:016x}=1"))
            .collect();
        let mut line = old.join("; ");
        line.push_str("; silk_theme=dark; session=1");
        let set = key.set("/silk", &sent(&[&line]));
        let set = text(&set);
        assert_eq!(set.len(), 1 + 3, "{set:?}");
        assert!(set[0].starts_with(&key.name));
        for (n, removed) in set[1..].iter().enumerate() {
            let name = format!("silk_{n:016x}=; ");
            assert!(removed.starts_with(&name) && removed.contains("Max-Age=0"));
        }
    }
}
