//! What auto_explain writes, looked at without parsing it: this runs on the app's threads.

/// Longer plans are dropped: 256 KiB.
pub(super) const MAX_PLAN_BYTES: usize = 256 << 10;

/// The run's duration, and where its plan starts; none if the message is not auto_explain's.
pub(super) fn split(message: &str) -> Option<(u64, &str)> {
    let rest = message.strip_prefix("duration: ")?;
    let (duration, rest) = rest.split_once(" ms  plan:")?;
    let rest = rest.trim_start();
    rest.starts_with('{')
        .then(|| Some((microseconds(duration)?, rest)))?
}

/// `12.345` ms in µs. PostgreSQL prints three decimals.
fn microseconds(ms: &str) -> Option<u64> {
    let (whole, part) = ms.split_once('.').unwrap_or((ms, ""));
    let mut us = whole.parse::<u64>().ok()?.checked_mul(1_000)?;
    let mut unit = 100;
    for digit in part.bytes().take(3) {
        us += u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * unit;
        unit /= 10;
    }
    Some(us)
}

/// The text of the query, still escaped as JSON escapes it.
pub(super) fn query_text(plan: &str) -> Option<&str> {
    let at = plan.find("\"Query Text\": \"")? + "\"Query Text\": \"".len();
    let rest = plan.get(at..)?;
    let mut from = 0;
    loop {
        let end = from + rest.get(from..)?.find(['"', '\\'])?;
        if rest.as_bytes().get(end) == Some(&b'"') {
            return rest.get(..end);
        }
        // Past the backslash and what it escapes.
        from = end + 2;
    }
}

/// Whether a text, escaped as PostgreSQL escapes JSON, is `text`.
pub(super) fn is_escaped(escaped: &str, text: &str) -> bool {
    let (mut escaped, mut text) = (escaped.as_bytes(), text.as_bytes());
    loop {
        // Most of SQL needs no escape: compare whole stretches.
        let plain = escaped
            .iter()
            .position(|byte| *byte == b'\\')
            .unwrap_or(escaped.len());
        let Some((head, rest)) = text.split_at_checked(plain) else {
            return false;
        };
        if head != &escaped[..plain] {
            return false;
        }
        (escaped, text) = (&escaped[plain..], rest);
        let Some(code) = escaped.get(1) else {
            return escaped.is_empty() && text.is_empty();
        };
        let (byte, length) = match code {
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'r' => (b'\r', 2),
            b'b' => (8, 2),
            b'f' => (12, 2),
            b'u' => {
                let digits = escaped
                    .get(2..6)
                    .and_then(|hex| std::str::from_utf8(hex).ok());
                let Some(Ok(byte)) = digits.map(|hex| u8::from_str_radix(hex, 16)) else {
                    return false;
                };
                (byte, 6)
            }
            other => (*other, 2),
        };
        if text.first() != Some(&byte) {
            return false;
        }
        (escaped, text) = (escaped.get(length..).unwrap_or_default(), &text[1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "duration: 12.345 ms  plan:\n{\n  \"Query Text\": \"select \\\"a\\\"\\nfrom t\",\n  \"Plan\": {\n    \"Node Type\": \"Seq Scan\",\n    \"Parallel Aware\": false,\n    \"Relation Name\": \"t\",\n    \"Total Cost\": 1.5,\n    \"Filter\": \"(a = 'x'::text)\"\n  }\n}";

    #[test]
    fn the_message_is_taken_apart() {
        let (duration, plan) = split(MESSAGE).unwrap();
        assert_eq!(duration, 12_345);
        let text = query_text(plan).unwrap();
        assert!(is_escaped(text, "select \"a\"\nfrom t"));
        for other in [
            "select \"a\"\nfrom",
            "select \"a\"\nfrom t ",
            "select a\nfrom t",
            "",
        ] {
            assert!(!is_escaped(text, other), "{other}");
        }
        assert_eq!(split("duration: 1.0 ms  statement: select 1"), None);
        assert_eq!(split("duration: x ms  plan:\n{}"), None);
        assert_eq!(split("duration: 1.0 ms  plan:\nSeq Scan"), None);
        assert_eq!(microseconds("0.02"), Some(20));
        assert_eq!(microseconds("7"), Some(7_000));
    }

    #[test]
    fn odd_messages_do_no_harm() {
        for text in [
            "{\"Query Text\": \"",
            "{\"Query Text\": \"a\\",
            "{\"",
            "\\",
            "{\"a\\",
        ] {
            let _ = (query_text(text), is_escaped(text, "a"));
        }
        assert!(is_escaped("", "") && !is_escaped("\\", "") && !is_escaped("\\u00", "é"));
        assert!(is_escaped("\\u0001é", "\u{1}é"));
    }
}
