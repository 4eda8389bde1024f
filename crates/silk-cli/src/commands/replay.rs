//! `silk replay`: a recorded request, sent again as it was, or not at all.

use http::{HeaderMap, Uri};
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::json;
use silk_core::{
    Body, Header,
    value::REDACTED,
    words::{count, counted},
};

use super::{ids, request};
use crate::{
    api::{Api, Outgoing, send},
    screen::{STRONG, Screen},
    show::one_line,
    trouble::{Result, Trouble},
};

/// Header of an answer that names its record.
const SILK_ID: &str = "silk-id";

#[derive(Debug, Deserialize)]
struct Whole {
    request: Recorded,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    method: String,
    path: String,
    query_string: Option<String>,
    #[serde(default)]
    request_headers: Vec<Header>,
    request_body: Option<Body>,
}

/// What a replay may do, and what it is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Scheme, host and port of the app.
    pub(crate) to: String,
    /// Whether other methods than GET and HEAD are sent.
    pub(crate) allow_writes: bool,
    /// Headers in place of those that were redacted, as `name: value`.
    pub(crate) headers: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) status: u16,
    /// The record of the new request; none if the answer names none.
    pub(crate) id: Option<String>,
    pub(crate) bytes: usize,
}

/// Sends a request again, and prints what came of it.
pub(crate) async fn run(api: &Api, screen: Screen, id: &str, options: &Options) -> Result<()> {
    let replayed = replay(api, id, options).await?;
    let Replayed { status, id, bytes } = &replayed;
    if screen.is_json {
        let json = json!({ "status": status, "request_id": id, "bytes": bytes });
        return screen.bytes(json.to_string().as_bytes());
    }
    screen.text(&format!(
        "{STRONG}{status}{STRONG:#}  {} bytes  {}\n",
        count(u64::try_from(*bytes).unwrap_or(u64::MAX)),
        id.as_deref()
            .map_or_else(String::new, |id| format!("id {}", one_line(id)))
    ))?;
    if id.is_none() {
        screen.note("The answer names no record: is the app's layer on, and this its address?");
    }
    Ok(())
}

/// Sends a request again.
///
/// # Errors
/// It cannot be sent as it was, may not be sent, or nobody answers.
pub(crate) async fn replay(api: &Api, id: &str, options: &Options) -> Result<Replayed> {
    let origin = origin(&options.to)?;
    let id = ids::whole(api, id).await?;
    let whole: Whole = request::answer(api, &id).await?.read()?;
    let recorded = whole.request;
    let (target, headers, body) = prepare(&recorded, options)?;
    let reply = send(Outgoing {
        origin: &origin,
        method: &recorded.method,
        target: &target,
        headers,
        body,
    })
    .await
    .map_err(|trouble| trouble.with_hint("--to takes the address that the app listens on"))?;
    let id = reply.headers.get(SILK_ID);
    Ok(Replayed {
        status: reply.status,
        id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
        bytes: reply.body.len(),
    })
}

fn origin(text: &str) -> Result<Uri> {
    let uri: Option<Uri> = text.parse().ok();
    uri.filter(|uri| {
        uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/") && uri.query().is_none()
    })
    .ok_or_else(|| {
        Trouble::new(format!("“{text}” is no address to send a request to."))
            .with_hint("give scheme, host and port alone: --to http://127.0.0.1:3000")
    })
}

/// Address, headers and body to send.
///
/// # Errors
/// A part of it is not known, or it may change data.
fn prepare(recorded: &Recorded, options: &Options) -> Result<(String, HeaderMap, Bytes)> {
    let method = &*recorded.method;
    if method.is_empty() {
        return Err(Trouble::new(
            "Only an HTTP request can be sent again, and this is none.",
        ));
    }
    if !matches!(method, "GET" | "HEAD") && !options.allow_writes {
        return Err(Trouble::new(format!(
            "{method} may change data, so it is not sent again."
        ))
        .with_hint("--allow-writes sends it all the same"));
    }
    let given = given_headers(&options.headers)?;
    let mut unknown = Vec::new();
    let mut target = recorded.path.clone();
    if let Some(query) = recorded
        .query_string
        .as_deref()
        .filter(|query| !query.is_empty())
    {
        target.push('?');
        target.push_str(query);
    }
    if target.contains(REDACTED) {
        unknown.push("a part of the address was redacted".to_owned());
    }
    let mut headers = HeaderMap::new();
    for header in &recorded.request_headers {
        if silk_ui::NOT_REPLAYED.contains(&&*header.name) || given.contains_key(&header.name) {
            continue;
        }
        if header.is_redacted {
            unknown.push(format!(
                "the header {} was redacted",
                one_line(&header.name)
            ));
            continue;
        }
        let (name, value) = Outgoing::header(&header.name, &header.value)?;
        headers.append(name, value);
    }
    headers.extend(given);
    let body = body(recorded.request_body.as_ref(), &mut unknown);
    if unknown.is_empty() {
        return Ok((target, headers, body));
    }
    Err(Trouble::new(format!(
        "This request cannot be sent as it was: {}.",
        unknown.join("; ")
    ))
    .with_hint(
        "a header can be given: --header 'authorization: Bearer …'; for the rest, take the \
         request as a test and fill it in: silk save-as-test",
    ))
}

fn body(recorded: Option<&Body>, unknown: &mut Vec<String>) -> Bytes {
    let Some(body) = recorded else {
        return Bytes::new();
    };
    match &body.text {
        None if body.total_bytes > 0 => unknown.push(format!(
            "its body of {} was not captured",
            counted(body.total_bytes, "byte")
        )),
        None => {}
        Some(_) if body.is_redacted => unknown.push("a part of its body was redacted".to_owned()),
        Some(_) if body.is_truncated => unknown.push(format!(
            "only the beginning of its body of {} was kept",
            counted(body.total_bytes, "byte")
        )),
        Some(text) => return Bytes::from(text.clone()),
    }
    Bytes::new()
}

fn given_headers(given: &[String]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for text in given {
        let (name, value) = text.split_once(':').ok_or_else(|| {
            // Its value may be a secret.
            Trouble::new("A header is written as name: value.")
                .with_hint("--header 'authorization: Bearer …'")
        })?;
        let (name, value) = Outgoing::header(name.trim(), value.trim())?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(method: &str) -> Recorded {
        Recorded {
            method: method.to_owned(),
            path: "/people/7".to_owned(),
            query_string: Some("a=b".to_owned()),
            request_headers: vec![header("accept", "*/*", false), header("host", "x", false)],
            request_body: None,
        }
    }

    fn header(name: &str, value: &str, is_redacted: bool) -> Header {
        Header {
            name: name.to_owned(),
            value: value.to_owned(),
            is_redacted,
        }
    }

    fn body_of(text: Option<&str>, total_bytes: u64) -> Body {
        Body {
            content_type: None,
            total_bytes,
            text: text.map(str::to_owned),
            is_truncated: false,
            is_redacted: false,
        }
    }

    #[test]
    fn it_is_sent_as_it_was() {
        let (target, headers, body) = prepare(&recorded("GET"), &Options::default()).unwrap();
        assert_eq!(target, "/people/7?a=b");
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["accept"], "*/*");
        assert!(body.is_empty());
    }

    #[test]
    fn writes_are_sent_only_when_allowed() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "PURGE"] {
            let trouble = prepare(&recorded(method), &Options::default()).unwrap_err();
            assert!(trouble.hint.unwrap().contains("--allow-writes"), "{method}");
            let options = Options {
                allow_writes: true,
                ..Options::default()
            };
            assert!(prepare(&recorded(method), &options).is_ok());
        }
        assert!(prepare(&recorded("HEAD"), &Options::default()).is_ok());
        assert!(prepare(&recorded(""), &Options::default()).is_err());
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let mut cases = Vec::new();
        let mut with_header = recorded("GET");
        with_header
            .request_headers
            .push(header("authorization", "…", true));
        cases.push((with_header, "authorization"));
        let mut with_path = recorded("GET");
        with_path.path = format!("/reset/{REDACTED}");
        cases.push((with_path, "address"));
        let mut with_query = recorded("GET");
        with_query.query_string = Some(format!("token={REDACTED}"));
        cases.push((with_query, "address"));
        for (body, told) in [
            (body_of(None, 3), "not captured"),
            (
                Body {
                    is_truncated: true,
                    ..body_of(Some("a"), 9)
                },
                "beginning",
            ),
            (
                Body {
                    is_redacted: true,
                    ..body_of(Some("a"), 1)
                },
                "redacted",
            ),
        ] {
            let mut with_body = recorded("GET");
            with_body.request_body = Some(body);
            cases.push((with_body, told));
        }
        for (recorded, told) in cases {
            let trouble = prepare(&recorded, &Options::default()).unwrap_err();
            assert!(trouble.message.contains(told), "{trouble}");
        }
    }

    #[test]
    fn a_header_that_is_given_takes_the_place_of_the_redacted_one() {
        let mut recorded = recorded("GET");
        recorded
            .request_headers
            .push(header("authorization", "…", true));
        let options = Options {
            headers: vec!["Authorization: Bearer a:b".to_owned()],
            ..Options::default()
        };
        let (_, headers, _) = prepare(&recorded, &options).unwrap();
        assert_eq!(headers["authorization"], "Bearer a:b");
    }

    #[test]
    fn an_address_to_send_to_has_no_path() {
        for text in ["http://127.0.0.1:3000", "http://localhost:3000/"] {
            assert!(origin(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "127.0.0.1:3000",
            "http://x/silk",
            "http://x/?a",
            "https://x",
            "file:///x",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
