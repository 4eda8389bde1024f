//! A recorded request as something that can be sent again, quoted so that each byte arrives.

use std::fmt::Write as _;

use silk_core::RequestRecord;

/// Stands for what was redacted; fill it in before you send the request.
const PLACEHOLDER: &str = "<redacted: fill in>";

/// Headers that the client computes, or that belong to one connection: no replay sends them.
pub const NOT_REPLAYED: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
];

/// The parts that a replay is made of.
struct Parts<'a> {
    method: &'a str,
    host: &'a str,
    target: String,
    headers: Vec<(&'a str, &'a str)>,
    body: Option<&'a str>,
    /// What the person has to fill in or know first.
    notes: Vec<String>,
}

fn parts(record: &RequestRecord) -> Parts<'_> {
    let (summary, detail) = (&record.summary, &record.detail);
    let mut notes = Vec::new();
    let mut headers = Vec::new();
    let mut host = "localhost";
    for header in &detail.request_headers {
        if header.name == "host" {
            host = &header.value;
        } else if !NOT_REPLAYED.contains(&&*header.name) {
            if header.is_redacted {
                notes.push(format!("fill in: header {}", printable(&header.name)));
                headers.push((&*header.name, PLACEHOLDER));
            } else {
                headers.push((&*header.name, &*header.value));
            }
        }
    }
    let mut target = summary.path.clone();
    if let Some(query) = detail
        .query_string
        .as_deref()
        .filter(|query| !query.is_empty())
    {
        target.push('?');
        target.push_str(query);
    }
    if target.contains(silk_core::value::REDACTED) {
        notes.push("fill in: the redacted part of the address".to_owned());
    }
    let mut body = None;
    if let Some(recorded) = &detail.request_body {
        match &recorded.text {
            Some(text) => {
                body = Some(&**text).filter(|text| !text.is_empty());
                if recorded.is_redacted {
                    notes.push("fill in: the redacted parts of the body".to_owned());
                }
                if recorded.is_truncated {
                    notes.push(format!(
                        "the body is only the beginning of {} bytes",
                        recorded.total_bytes
                    ));
                }
            }
            None if recorded.total_bytes > 0 => {
                notes.push(format!(
                    "the body ({} bytes) was not captured",
                    recorded.total_bytes
                ));
            }
            None => {}
        }
    }
    Parts {
        method: &summary.method,
        host,
        target,
        headers,
        body,
        notes,
    }
}

/// Text for a comment: one line, without control characters.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Quotes a text for a POSIX shell, byte for byte (it cannot hold NUL, nor can any argument).
pub(crate) fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The request as a `curl` command.
pub(crate) fn curl(record: &RequestRecord) -> String {
    let parts = parts(record);
    let mut command = String::new();
    for note in &parts.notes {
        let _ = writeln!(command, "# {note}");
    }
    // Bytes that a terminal, a page or a shell's argument would change go through printf.
    let is_plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
    let piped = parts.body.filter(|body| !is_plain(body));
    if let Some(body) = piped {
        let _ = writeln!(
            command,
            "printf '%b' {} |",
            shell_quote(&printf_escape(body))
        );
    }
    // Globbing would read [ ] and { } in the address as patterns.
    let _ = write!(command, "curl --globoff --path-as-is ");
    if parts.method == "HEAD" {
        command.push_str("--head ");
    } else {
        let _ = write!(command, "-X {} ", shell_quote(parts.method));
    }
    let target = parts.target.replace('\0', "");
    command.push_str(&shell_quote(&format!("http://{}{target}", parts.host)));
    for (name, value) in &parts.headers {
        // An empty value is written with a semicolon; with a colon, curl would leave it out.
        let header = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        let _ = write!(
            command,
            " \\\n  -H {}",
            shell_quote(&header.replace('\0', ""))
        );
    }
    // Headers that curl adds and the request did not have.
    for name in ["accept", "user-agent", "content-type"] {
        let has = parts.headers.iter().any(|(other, _)| *other == name);
        if !has && (name != "content-type" || parts.body.is_some()) {
            let _ = write!(command, " \\\n  -H '{name}:'");
        }
    }
    match (piped, parts.body) {
        (Some(_), _) => command.push_str(" \\\n  --data-binary @-"),
        (None, Some(body)) => {
            let _ = write!(command, " \\\n  --data-raw {}", shell_quote(body));
        }
        (None, None) => {}
    }
    command.push('\n');
    command
}

/// Writes control characters and backslashes as `printf '%b'` reads them.
fn printf_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\r' => out.push_str(r"\r"),
            '\n' => out.push('\n'),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\0{byte:03o}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Quotes a text as a Rust literal: raw with as many hashes as it needs, or escaped where a raw
/// one cannot hold it (carriage returns) or would hide something (controls, direction marks).
pub(crate) fn rust_literal(text: &str) -> String {
    let hides = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if text.chars().any(hides) {
        let mut out = String::with_capacity(text.len() + 16);
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if hides(c) => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out.push('"');
        return out;
    }
    if !text.contains(['"', '\\', '\n']) {
        return format!("\"{text}\"");
    }
    // One more hash than the longest run after a quote.
    let longest = text
        .match_indices('"')
        .map(|(at, _)| {
            1 + text[at + 1..]
                .bytes()
                .take_while(|byte| *byte == b'#')
                .count()
        })
        .max()
        .unwrap_or(0);
    let hashes = "#".repeat(longest);
    format!("r{hashes}\"{text}\"{hashes}")
}

/// The request as a test that sends it to the app with tower's `oneshot`.
pub(crate) fn rust_test(record: &RequestRecord) -> String {
    let parts = parts(record);
    let mut name =
        format!("replays_{}_{}", parts.method, record.summary.route).to_ascii_lowercase();
    name = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    name.truncate(60);
    let name = name.trim_end_matches('_');
    let mut test = String::new();
    for note in &parts.notes {
        let _ = writeln!(test, "// {note}");
    }
    let _ = write!(
        test,
        "#[tokio::test]\nasync fn {name}() {{\n    let app = app(); // the Router of your app\n    \
         let request = axum::http::Request::builder()\n        .method({})\n        .uri({})\n",
        rust_literal(parts.method),
        rust_literal(&parts.target)
    );
    for (name, value) in &parts.headers {
        let _ = writeln!(
            test,
            "        .header({}, {})",
            rust_literal(name),
            rust_literal(value)
        );
    }
    let body = parts.body.map_or_else(
        || "axum::body::Body::empty()".to_owned(),
        |body| format!("axum::body::Body::from({})", rust_literal(body)),
    );
    let _ = write!(
        test,
        "        .body({body})\n        .unwrap();\n    \
         let response = tower::ServiceExt::oneshot(app, request).await.unwrap();\n"
    );
    if let Some(status) = record.summary.status {
        let _ = writeln!(test, "    assert_eq!(response.status(), {status});");
    }
    test.push_str("}\n");
    test
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn shell(script: &str) -> Vec<u8> {
        Command::new("sh")
            .arg("-c")
            .arg(script)
            .output()
            .expect("sh runs")
            .stdout
    }

    /// Reads a Rust string literal back, as the compiler would.
    fn unquote(literal: &str) -> String {
        if let Some(raw) = literal.strip_prefix('r') {
            let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
            let body = &raw[hashes..];
            let close = format!("\"{}", "#".repeat(hashes));
            let inner = body[1..].strip_suffix(&close).expect("closes");
            assert!(!inner.contains(&close), "closes too early: {literal}");
            assert!(
                !inner.contains('\r'),
                "raw literals hold no carriage return"
            );
            return inner.to_owned();
        }
        let inner = literal
            .strip_prefix('"')
            .and_then(|l| l.strip_suffix('"'))
            .expect("is quoted");
        let mut out = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            assert_ne!(c, '"', "closes too early: {literal}");
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next().expect("escape") {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                'u' => {
                    let code: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    out.push(char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap());
                }
                c => out.push(c),
            }
        }
        out
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]

        #[test]
        fn shells_read_back_each_byte(text in "[^\0]*") {
            let out = shell(&format!("printf %s {}", shell_quote(&text)));
            proptest::prop_assert_eq!(out, text.as_bytes());
        }

        #[test]
        fn printf_gives_back_each_byte(text in "(\\PC|\\pC|[\\\\'\"%\0\r\n0-7])*") {
            let out = shell(&format!("printf '%b' {}", shell_quote(&printf_escape(&text))));
            proptest::prop_assert_eq!(out, text.as_bytes());
        }

        #[test]
        fn rust_reads_back_each_character(text in "(\\PC|\\pC|[\"#\\\\\n\r]|\"#+)*") {
            proptest::prop_assert_eq!(unquote(&rust_literal(&text)), text);
        }
    }

    #[test]
    fn literals_take_as_many_hashes_as_they_need() {
        assert_eq!(rust_literal("plain"), "\"plain\"");
        assert_eq!(rust_literal("a\"b"), "r#\"a\"b\"#");
        assert_eq!(rust_literal("a\"##b"), "r###\"a\"##b\"###");
        assert_eq!(rust_literal("a\\b"), "r\"a\\b\"");
        assert_eq!(rust_literal("\u{202e}"), "\"\\u{202e}\"");
    }
}
