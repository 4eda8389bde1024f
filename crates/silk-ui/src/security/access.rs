//! Who may see the dashboard: it shows what the app's users sent, so it is never open by accident.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, header, request::Parts};
use subtle::ConstantTimeEq as _;

/// Who gets in, besides whoever holds the token.
#[derive(Clone, Default)]
pub enum Access {
    /// In debug builds, peers on this machine; in release builds, nobody (the default).
    #[default]
    LoopbackInDebug,
    /// Peers on this machine, in debug and release builds.
    Loopback,
    /// Nobody: the token is the only way.
    Token,
    /// Nobody at all, not with the token either.
    Closed,
    /// Whoever the function says; it sees the head of each request to the dashboard.
    Custom(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoopbackInDebug => "LoopbackInDebug",
            Self::Loopback => "Loopback",
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
    token: Option<String>,
    is_debug: bool,
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
    /// A release build in which nobody chose who gets in.
    NoChoice,
    /// Only the token opens, and none (or a wrong one) came.
    TokenNeeded,
    /// The address of the peer is not known to us.
    PeerUnknown,
    /// The peer is on another machine.
    PeerRemote,
    /// A proxy stands between; the peer's address says nothing.
    Forwarded,
    /// The `Host` is not of this machine: another site's name may have been pointed here.
    ForeignHost,
    /// The app's own rule said no.
    CustomRule,
}

const COOKIE: &str = "silk_token";

impl Gate {
    pub(crate) fn new(access: Access, token: Option<String>) -> Self {
        // An empty token would be one that everybody knows.
        let token = token.filter(|token| !token.is_empty());
        Self {
            access,
            token,
            is_debug: cfg!(debug_assertions),
        }
    }

    /// Whether there is a token at all.
    pub(crate) const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Decides on one request.
    pub(crate) fn judge(&self, parts: &Parts) -> Verdict {
        if matches!(self.access, Access::Closed) {
            return Verdict::Refuse(Refusal::Closed);
        }
        let sent = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "token");
        if let Some((_, sent)) = sent {
            return if self.is_token(sent.as_bytes()) {
                Verdict::Exchange
            } else {
                Verdict::Refuse(Refusal::TokenNeeded)
            };
        }
        if self.has_bearer(&parts.headers) || self.has_cookie(&parts.headers) {
            return Verdict::Pass;
        }
        let refusal = match &self.access {
            Access::Closed => Some(Refusal::Closed),
            Access::Token => Some(Refusal::TokenNeeded),
            Access::LoopbackInDebug if !self.is_debug => Some(Refusal::NoChoice),
            Access::LoopbackInDebug | Access::Loopback => not_loopback(parts),
            Access::Custom(rule) => (!rule(parts)).then_some(Refusal::CustomRule),
        };
        refusal.map_or(Verdict::Pass, Verdict::Refuse)
    }

    fn is_token(&self, sent: &[u8]) -> bool {
        self.token
            .as_deref()
            .is_some_and(|token| bool::from(token.as_bytes().ct_eq(sent)))
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::AUTHORIZATION).iter().any(|value| {
            let value = value.as_bytes();
            value.len() > 7
                && value[..7].eq_ignore_ascii_case(b"bearer ")
                && self.is_token(value[7..].trim_ascii())
        })
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = self.cookie_value() else {
            return false;
        };
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .any(|value| bool::from(value.as_bytes().ct_eq(expected.as_bytes())))
    }

    /// The token in hex, since a token may hold what a cookie may not.
    fn cookie_value(&self) -> Option<String> {
        use std::fmt::Write as _;
        self.token.as_deref().map(|token| {
            token.bytes().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        })
    }

    /// The header that lets a browser in from now on: only below the mount, out of script's reach,
    /// never sent along from other sites.
    pub(crate) fn cookie(&self, base: &str) -> Option<HeaderValue> {
        let value = self.cookie_value()?;
        let path = if base.is_empty() { "/" } else { base };
        HeaderValue::from_str(&format!(
            "{COOKIE}={value}; HttpOnly; SameSite=Strict; Path={path}"
        ))
        .ok()
    }
}

fn not_loopback(parts: &Parts) -> Option<Refusal> {
    const FORWARDED: [&str; 12] = [
        "cf-connecting-ip",
        "fly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
    ];
    let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        return Some(Refusal::PeerUnknown);
    };
    if !peer.ip().to_canonical().is_loopback() {
        return Some(Refusal::PeerRemote);
    }
    let is_forwarded = |name: &str| FORWARDED.contains(&name) || name.starts_with("x-forwarded-");
    if parts.headers.keys().any(|name| is_forwarded(name.as_str())) {
        return Some(Refusal::Forwarded);
    }
    match host(parts) {
        Some(host) if is_loopback_host(&host) => None,
        _ => Some(Refusal::ForeignHost),
    }
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

fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn gate(access: Access, is_debug: bool) -> Gate {
        Gate {
            is_debug,
            ..Gate::new(access, Some("s3cret/ü".to_owned()))
        }
    }

    const LOCAL: Option<&str> = Some("127.0.0.1:5000");
    const HOST: (&str, &str) = ("host", "localhost:3000");

    #[test]
    fn loopback_needs_peer_host_and_no_proxy() {
        let gate = gate(Access::Loopback, false);
        let judge = |peer, headers: &[(&str, &str)]| gate.judge(&parts("/", peer, headers));
        assert_eq!(judge(LOCAL, &[HOST]), Verdict::Pass);
        assert_eq!(
            judge(Some("[::1]:9"), &[("host", "[::1]:3000")]),
            Verdict::Pass
        );
        assert_eq!(
            judge(Some("[::ffff:127.0.0.1]:9"), &[("host", "127.0.0.1")]),
            Verdict::Pass
        );
        for (peer, headers, refusal) in [
            (None, vec![HOST], Refusal::PeerUnknown),
            (Some("192.168.1.4:80"), vec![HOST], Refusal::PeerRemote),
            (LOCAL, vec![], Refusal::ForeignHost),
            (LOCAL, vec![HOST, HOST], Refusal::ForeignHost),
            (LOCAL, vec![("host", "evil.example")], Refusal::ForeignHost),
            (
                LOCAL,
                vec![("host", "localhost.evil.example:3000")],
                Refusal::ForeignHost,
            ),
            (
                LOCAL,
                vec![("host", "localhost:80@evil.example")],
                Refusal::ForeignHost,
            ),
            (
                LOCAL,
                vec![("host", "127.0.0.1.nip.io")],
                Refusal::ForeignHost,
            ),
            (
                LOCAL,
                vec![HOST, ("x-forwarded-for", "1.2.3.4")],
                Refusal::Forwarded,
            ),
            (
                LOCAL,
                vec![HOST, ("x-forwarded-anything", "1")],
                Refusal::Forwarded,
            ),
            (
                LOCAL,
                vec![HOST, ("forwarded", "for=1.2.3.4")],
                Refusal::Forwarded,
            ),
            (
                LOCAL,
                vec![HOST, ("x-real-ip", "1.2.3.4")],
                Refusal::Forwarded,
            ),
        ] {
            assert_eq!(
                judge(peer, &headers),
                Verdict::Refuse(refusal),
                "{peer:?} {headers:?}"
            );
        }
    }

    #[test]
    fn access_matrix() {
        let local = parts("/", LOCAL, &[HOST]);
        let token = parts("/", None, &[("authorization", "Bearer s3cret/ü")]);
        for (access, is_debug, local_passes, token_passes) in [
            (Access::LoopbackInDebug, true, true, true),
            (Access::LoopbackInDebug, false, false, true),
            (Access::Loopback, false, true, true),
            (Access::Token, true, false, true),
            (Access::Closed, true, false, false),
            (Access::Custom(Arc::new(|_| true)), false, true, true),
            (Access::Custom(Arc::new(|_| false)), true, false, true),
        ] {
            let gate = gate(access, is_debug);
            assert_eq!(
                gate.judge(&local) == Verdict::Pass,
                local_passes,
                "{gate:?} {is_debug}"
            );
            assert_eq!(
                gate.judge(&token) == Verdict::Pass,
                token_passes,
                "{gate:?} {is_debug}"
            );
        }
    }

    #[test]
    fn token_in_the_address_is_exchanged_for_a_cookie() {
        let gate = gate(Access::Token, false);
        assert_eq!(
            gate.judge(&parts("/?token=s3cret%2F%C3%BC", None, &[])),
            Verdict::Exchange
        );
        assert_eq!(
            gate.judge(&parts("/?token=wrong", LOCAL, &[HOST])),
            Verdict::Refuse(Refusal::TokenNeeded)
        );
        let cookie = gate.cookie("/silk").unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/silk"),
            "{cookie}"
        );
        let pair = format!("a=b; {}", cookie.split(';').next().unwrap());
        assert_eq!(
            gate.judge(&parts("/", None, &[("cookie", &pair)])),
            Verdict::Pass
        );
        assert_ne!(
            gate.judge(&parts("/", None, &[("cookie", "silk_token=00")])),
            Verdict::Pass
        );
        assert_ne!(
            gate.judge(&parts("/", None, &[("authorization", "Bearer ")])),
            Verdict::Pass
        );
    }

    #[test]
    fn an_empty_token_opens_nothing() {
        let gate = Gate::new(Access::Token, Some(String::new()));
        for request in [
            parts("/?token=", None, &[]),
            parts("/", None, &[("authorization", "Bearer ")]),
            parts("/", None, &[("cookie", "silk_token=")]),
        ] {
            assert_eq!(gate.judge(&request), Verdict::Refuse(Refusal::TokenNeeded));
        }
    }
}
