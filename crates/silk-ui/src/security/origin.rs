//! Calls that change something come from our own pages or from programs, never from another site.

use http::{HeaderMap, Method, header::ORIGIN};

use crate::error::Failure;

/// Looks at where a call that changes something comes from.
///
/// Browsers send `Sec-Fetch-Site` and, with POST and DELETE, `Origin`; programs send neither.
///
/// # Errors
/// 403 where it comes from another site.
pub(crate) fn check(
    method: &Method,
    headers: &HeaderMap,
    host: Option<&str>,
) -> Result<(), Failure> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let foreign = || {
        Err(Failure::forbidden(
            "foreign_origin",
            "This call came from another site.",
        ))
    };
    for site in headers.get_all("sec-fetch-site") {
        if site != "same-origin" && site != "none" {
            return foreign();
        }
    }
    for origin in headers.get_all(ORIGIN) {
        let authority = origin.to_str().ok().and_then(|origin| {
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
        });
        match (authority, host) {
            (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host) => {}
            _ => return foreign(),
        }
    }
    Ok(())
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
        assert!(!passes(
            &[
                ("origin", "http://localhost:3000"),
                ("origin", "http://evil.example")
            ],
            host
        ));
    }
}
