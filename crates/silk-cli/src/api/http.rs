//! HTTP/1.1 to a running app: its dashboard, and requests that are sent again.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::Answer;
use crate::trouble::{Result, Trouble};

/// How long a connection may take to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take. Asking a database for a plan takes up to 15 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// The dashboard of a running app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    url: String,
    origin: Uri,
    /// Path of the mount, without a slash at its end.
    mount: String,
    token: Option<String>,
}

impl App {
    pub(super) fn new(url: &str, token: Option<String>) -> Result<Self> {
        let origin = origin(url)?;
        let mount = origin.path().trim_end_matches('/').to_owned();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            origin,
            mount,
            token,
        })
    }

    /// The address of the dashboard, without its token.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks; a body is JSON.
    pub(super) async fn call(
        &self,
        method: &str,
        target: &str,
        body: Option<String>,
    ) -> Result<Answer> {
        let mut headers = HeaderMap::new();
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        if let Some(token) = &self.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                Trouble::new("The token has characters that no header takes.")
                    .with_hint("copy it from the link that the app prints")
            })?;
            headers.insert(header::AUTHORIZATION, value);
        }
        let reply = send(Outgoing {
            origin: &self.origin,
            method,
            target: &format!("{}{target}", self.mount),
            headers,
            body: body.map(Bytes::from).unwrap_or_default(),
        })
        .await
        .map_err(|trouble| {
            trouble.with_hint(
                "is the app running, and on this address? To look into what a stopped one \
                 recorded: --store silk.db",
            )
        })?;
        Ok(Answer {
            status: reply.status,
            body: reply.body,
        })
    }
}

/// An address that can be asked.
fn origin(url: &str) -> Result<Uri> {
    let uri: Uri = url
        .parse()
        .map_err(|_| Trouble::new(format!("“{url}” is no address.")).with_hint(EXAMPLE))?;
    match uri.scheme_str() {
        Some("http") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("https") => Err(
            Trouble::new("`silk` speaks plain HTTP, not HTTPS.").with_hint(
                "reach the app's own port, over an SSH tunnel for instance: ssh -L \
             3000:127.0.0.1:3000 HOST",
            ),
        ),
        _ => Err(Trouble::new(format!("“{url}” is no address of an app.")).with_hint(EXAMPLE)),
    }
}

const EXAMPLE: &str = "write it in full: http://127.0.0.1:3000/silk";

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    /// Scheme, host and port.
    pub(crate) origin: &'a Uri,
    pub(crate) method: &'a str,
    /// Path and query, sent as they are.
    pub(crate) target: &'a str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends one request over a connection of its own, follows no redirect, and reads the answer.
///
/// # Errors
/// Nobody answers in time, or what answers speaks no HTTP.
pub(crate) async fn send(outgoing: Outgoing<'_>) -> Result<Reply> {
    let Outgoing {
        origin,
        method,
        target,
        mut headers,
        body,
    } = outgoing;
    let host = origin.host().unwrap_or_default();
    let port = origin.port_u16().unwrap_or(80);
    let authority = origin
        .authority()
        .map_or(host, |authority| authority.as_str());
    let shown = format!("http://{authority}");
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    let stream = timeout(CONNECT_TIMEOUT, connect)
        .await
        .map_err(|_| Trouble::new(format!("{shown} did not answer within 5 seconds.")))?
        .map_err(|error| Trouble::new(format!("No app answers at {shown}: {error}.")))?;
    let failed = |error: &dyn std::fmt::Display| {
        Trouble::new(format!("{shown} gave no answer in HTTP: {error}."))
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    tokio::spawn(async move {
        // A failure shows in the answer too.
        let _ = connection.await;
    });
    if !headers.contains_key(header::HOST) {
        let host = HeaderValue::from_str(authority).map_err(|error| failed(&error))?;
        headers.insert(header::HOST, host);
    }
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .body(Full::new(body))
        .map_err(|error| Trouble::new(format!("{method} {target} cannot be sent: {error}.")))?;
    *request.headers_mut() = headers;
    let answer = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes().to_vec();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        })
    };
    timeout(ANSWER_TIMEOUT, answer)
        .await
        .map_err(|_| Trouble::new(format!("{shown} did not answer within 60 seconds.")))?
}

impl Outgoing<'_> {
    /// A header as it was recorded.
    ///
    /// # Errors
    /// One that cannot be sent.
    pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
        let cannot = || {
            Trouble::new(format!(
                "The header {name} cannot be sent as it was recorded."
            ))
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| cannot())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| cannot())?;
        Ok((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_asked_are_refused_with_a_hint() {
        for url in [
            "",
            "localhost:3000",
            "127.0.0.1",
            "ftp://x/",
            "https://x/silk",
            "http:///x",
            "/silk",
        ] {
            let trouble = origin(url).unwrap_err();
            assert!(trouble.hint.is_some(), "{url}: {trouble}");
        }
        assert!(origin("http://[::1]:3000/silk").is_ok());
    }

    #[test]
    fn the_mount_is_what_the_address_has_behind_the_host() {
        let mount = |url| App::new(url, None).unwrap().mount;
        assert_eq!(mount("http://x:1/silk/"), "/silk");
        assert_eq!(mount("http://x:1"), "");
        assert_eq!(mount("http://x:1/a/b"), "/a/b");
    }
}
