//! Foreign text, times and places as a terminal may show them.

use chrono::{DateTime, Utc};
use silk_core::CallSite;

/// Text of the app's users for a terminal: what would move the cursor, turn the text around or
/// hide something is shown as a picture or as its code point. Lines stay lines.
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            '\u{7f}' => out.push('\u{2421}'),
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + code).unwrap_or('?')),
            c if hides(c) => out.push_str(&format!("‹U+{code:04X}›")),
            c => out.push(c),
        }
    }
    out
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// The same on one line, spaces single.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    safe(&words.join(" "))
}

/// At most so many characters, the last of them `…` where more follow.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// When: the time of day, with the day where that is not today; UTC.
pub(crate) fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let form = if at.date_naive() == now.date_naive() {
        "%H:%M:%S"
    } else {
        "%-d %b %H:%M:%S"
    };
    at.format(form).to_string()
}

/// A line of the app.
pub(crate) fn site(site: Option<&CallSite>) -> String {
    site.map_or_else(|| "–".to_owned(), |site| one_line(&site.to_string()))
}

/// Milliseconds with three digits.
pub(crate) fn duration_ms(ms: f64) -> String {
    if ms < 1.0 {
        silk_core::words::three_digits(ms * 1e3, "µs")
    } else if ms < 1e3 {
        silk_core::words::three_digits(ms, "ms")
    } else {
        silk_core::words::three_digits(ms / 1e3, "s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_moves_the_cursor() {
        assert_eq!(safe("a\u{1b}[31mb"), "a␛[31mb");
        assert_eq!(safe("a\rb\u{8}\u{7f}\u{9b}2J"), "a␍b␈␡‹U+009B›2J");
        assert_eq!(safe("\u{202e}txet"), "‹U+202E›txet");
        assert_eq!(one_line("a\n  b\t c"), "a b c");
        assert_eq!(one_line("SELECT 1 -- \u{2028}x"), "SELECT 1 -- x");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abcde", 4), "abc…");
        assert_eq!(cut("", 0), "");
    }
}
