//! Calls that change something come from our own pages or from programs, never from another site.

use http::{HeaderMap, Method, header::ORIGIN};

use crate::error::Failure;

/// Looks at where a call that changes something comes from.
///
/// Browsers say it in `Sec-Fetch-Site` (over https and on localhost) and, with POST and DELETE, in
/// `Origin`; programs send neither. The first is the browser's own judgement, and holds where a
/// proxy changed the `Host` that the second is compared with.
///
/// # Errors
/// 403 if it comes from another site, or if its origin is unknown.
pub(crate) fn check(
    method: &Method,
    headers: &HeaderMap,
    host: Option<&str>,
) -> Result<(), Failure> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let mut sites = headers.get_all("sec-fetch-site").iter().peekable();
    if sites.peek().is_some() {
        return if sites.all(|site| site == "same-origin" || site == "none") {
            Ok(())
        } else {
            Err(foreign("This call came from another site."))
        };
    }
    for origin in headers.get_all(ORIGIN) {
        let authority = origin.to_str().ok().and_then(|origin| {
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
        });
        match (authority, host) {
            (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host) => {}
            _ => {
                return Err(foreign(
                    "This call came from another site, or a proxy changed its Host header. Have \
                     the proxy pass Host on (nginx: proxy_set_header Host $http_host).",
                ));
            }
        }
    }
    Ok(())
}

fn foreign(message: &'static str) -> Failure {
    Failure::forbidden("foreign_origin", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pairs: &[(&'static str, &'static str)], host: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        check(&Method::POST, &headers, host).is_ok()
    }

    #[test]
    fn only_our_own_pages_and_programs_pass() {
        let host = Some("localhost:3000");
        assert!(passes(&[], host));
        assert!(passes(&[("origin", "http://localhost:3000")], host));
        assert!(passes(
            &[
                ("origin", "https://LOCALHOST:3000"),
                ("sec-fetch-site", "same-origin")
            ],
            host
        ));
        for bad in [
            ("origin", "null"),
            ("origin", "http://localhost:3001"),
            ("origin", "http://localhost:3000.evil.example"),
            ("origin", "http://evil.example"),
            ("origin", "localhost:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!passes(&[bad], host), "{bad:?}");
        }
        assert!(!passes(&[("origin", "http://localhost:3000")], None));
        // Behind a proxy that changes Host, a browser's own word is enough; over plain http there
        // is none.
        let site = ("origin", "https://shop.example");
        assert!(passes(&[site, ("sec-fetch-site", "same-origin")], host));
        assert!(!passes(&[site, ("sec-fetch-site", "same-site")], host));
        assert!(!passes(&[site], host));
        assert!(!passes(
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "cross-site")
            ],
            host
        ));
        assert!(!passes(
            &[
                ("origin", "http://localhost:3000"),
                ("origin", "http://evil.example")
            ],
            host
        ));
    }
}
