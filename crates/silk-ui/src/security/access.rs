//! Who may see the dashboard: it shows what the app's users sent, so it is never open by accident.
//!
//! Where a request comes from opens nothing: behind a proxy on the same machine everybody comes
//! from loopback, and which headers tell of a proxy is up to the proxy. Only what the proxy cannot
//! add by itself counts: the token, as it was printed, or the cookie that a browser was given for
//! it.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::cookie::Key;

/// Who gets in.
#[derive(Clone, Default)]
pub enum Access {
    /// Whoever has the token (the default): a browser opens `…?token=…` once and keeps a cookie,
    /// programs send `Authorization: Bearer …`.
    #[default]
    Token,
    /// Nobody at all, not with the token either.
    Closed,
    /// People whom the function lets in, and those who have the token. It sees the head of each
    /// request to the dashboard. Let it look for what only your people can send (a session of the
    /// app): the address of a peer is the proxy's where one stands before the app.
    Custom(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "Token",
            Self::Closed => "Closed",
            Self::Custom(_) => "Custom",
        })
    }
}

/// The rule and the token together.
#[derive(Clone)]
pub(crate) struct Gate {
    access: Access,
    key: Option<Key>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// What becomes of a request to the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may pass.
    Pass,
    /// It brought the token in its address: set a cookie and take the token out of the address.
    Exchange,
    /// It may not, because of this.
    Refuse(Refusal),
}

/// Why somebody may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The dashboard is closed to everybody.
    Closed,
    /// No token came.
    TokenNeeded,
    /// A token came, and it is another one.
    WrongToken,
    /// The app's own rule said no.
    CustomRule,
}

impl Gate {
    pub(crate) fn new(access: Access, token: Option<String>) -> Self {
        // An empty token would be one that everybody knows.
        let token = token.filter(|token| !token.is_empty());
        Self {
            access,
            key: token.as_deref().map(Key::new),
        }
    }

    /// Whether there is a token at all.
    pub(crate) const fn has_token(&self) -> bool {
        self.key.is_some()
    }

    /// Decides on one request.
    pub(crate) fn judge(&self, parts: &Parts) -> Verdict {
        if matches!(self.access, Access::Closed) {
            return Verdict::Refuse(Refusal::Closed);
        }
        let key = self.key.as_ref();
        let is_known = key.is_some_and(|key| {
            key.is_in(&parts.headers) || bearers(&parts.headers).any(|sent| key.is_token(sent))
        });
        let sent = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "token");
        if let Some((_, sent)) = sent {
            // A browser with a valid cookie may open an old link.
            return if is_known || key.is_some_and(|key| key.is_token(sent.as_bytes())) {
                Verdict::Exchange
            } else {
                Verdict::Refuse(Refusal::WrongToken)
            };
        }
        if is_known {
            return Verdict::Pass;
        }
        match &self.access {
            Access::Custom(rule) if rule(parts) => Verdict::Pass,
            _ if bearers(&parts.headers).next().is_some() => Verdict::Refuse(Refusal::WrongToken),
            Access::Custom(_) => Verdict::Refuse(Refusal::CustomRule),
            Access::Token | Access::Closed => Verdict::Refuse(Refusal::TokenNeeded),
        }
    }

    /// The headers that let a browser in from now on, below the mount at `base`.
    pub(crate) fn cookies(&self, base: &str, headers: &HeaderMap) -> Vec<HeaderValue> {
        let key = self.key.as_ref();
        key.map(|key| key.set(base, headers)).unwrap_or_default()
    }
}

/// What stands after `Bearer` in `Authorization`.
fn bearers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .filter_map(|value| {
            let (scheme, token) = value.as_bytes().split_at_checked(7)?;
            scheme
                .eq_ignore_ascii_case(b"bearer ")
                .then(|| token.trim_ascii())
        })
}

/// The one `Host` of a request: its header, or the authority of HTTP/2.
pub(crate) fn host(parts: &Parts) -> Option<String> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (Some(_), Some(_)) => None,
        (None, _) => parts.uri.authority().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    use super::*;

    const TOKEN: &str = "s3cret/ü-of-some-length";
    const BEARER: (&str, &str) = ("authorization", "Bearer s3cret/ü-of-some-length");
    const HOST: (&str, &str) = ("host", "localhost:3000");

    fn parts(uri: &str, peer: Option<&str>, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        if let Some(peer) = peer {
            parts
                .extensions
                .insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        }
        parts
    }

    fn gate(access: Access) -> Gate {
        Gate::new(access, Some(TOKEN.to_owned()))
    }

    /// `faults/nginx_default.conf`: a proxy's request is a loopback peer's with a loopback `Host`.
    #[test]
    fn where_a_request_comes_from_opens_nothing() {
        let gate = gate(Access::default());
        for peer in [
            None,
            Some("127.0.0.1:5000"),
            Some("[::1]:9"),
            Some("[::ffff:127.0.0.1]:9"),
            Some("192.168.1.4:80"),
        ] {
            for host in ["localhost:3000", "127.0.0.1:3000", "[::1]", "evil.example"] {
                assert_eq!(
                    gate.judge(&parts("/", peer, &[("host", host)])),
                    Verdict::Refuse(Refusal::TokenNeeded),
                    "{peer:?} {host}"
                );
            }
        }
    }

    #[test]
    fn access_matrix() {
        let local = parts("/", Some("127.0.0.1:5000"), &[HOST]);
        let token = parts("/", None, &[BEARER]);
        for (access, local_passes, token_passes) in [
            (Access::default(), false, true),
            (Access::Token, false, true),
            (Access::Closed, false, false),
            (Access::Custom(Arc::new(|_| true)), true, true),
            (Access::Custom(Arc::new(|_| false)), false, true),
        ] {
            let gate = gate(access);
            let passes = |parts| gate.judge(parts) == Verdict::Pass;
            assert_eq!(passes(&local), local_passes, "{gate:?}");
            assert_eq!(passes(&token), token_passes, "{gate:?}");
        }
    }

    #[test]
    fn only_the_very_token_is_one() {
        let gate = gate(Access::Token);
        for (value, passes) in [
            ("Bearer s3cret/ü-of-some-length", true),
            ("bearer   s3cret/ü-of-some-length ", true),
            ("Bearer s3cret/ü-of-some-lengt", false),
            ("Bearer s3cret/ü-of-some-length1", false),
            ("Bearer S3CRET/ü-OF-SOME-LENGTH", false),
            ("Bearer ", false),
            ("Bearer", false),
            ("Basic s3cret/ü-of-some-length", false),
            ("s3cret/ü-of-some-length", false),
        ] {
            let verdict = gate.judge(&parts("/", None, &[("authorization", value)]));
            assert_eq!(verdict == Verdict::Pass, passes, "{value}");
        }
    }

    #[test]
    fn token_in_the_address_is_exchanged_for_a_cookie() {
        let gate = gate(Access::Token);
        let right = "/?token=s3cret%2F%C3%BC-of-some-length";
        assert_eq!(gate.judge(&parts(right, None, &[])), Verdict::Exchange);
        let wrong = parts("/?token=wrong", Some("127.0.0.1:1"), &[HOST]);
        assert_eq!(gate.judge(&wrong), Verdict::Refuse(Refusal::WrongToken));
        let set = gate.cookies("/silk", &HeaderMap::new());
        let cookie = set[0].to_str().unwrap().split(';').next().unwrap();
        let with = |uri| parts(uri, None, &[("cookie", cookie)]);
        assert_eq!(gate.judge(&with("/")), Verdict::Pass);
        // An old link, opened by somebody who is in.
        assert_eq!(gate.judge(&with("/?token=wrong")), Verdict::Exchange);
    }

    #[test]
    fn an_empty_token_opens_nothing() {
        for gate in [
            Gate::new(Access::Token, Some(String::new())),
            Gate::new(Access::Token, None),
        ] {
            assert!(gate.cookies("", &HeaderMap::new()).is_empty());
            for request in [
                parts("/?token=", None, &[]),
                parts("/", None, &[("authorization", "Bearer ")]),
                parts("/", None, &[("cookie", "silk_token=")]),
                parts("/", None, &[]),
            ] {
                assert!(matches!(gate.judge(&request), Verdict::Refuse(_)));
            }
        }
    }
}
