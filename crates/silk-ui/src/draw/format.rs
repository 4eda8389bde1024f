//! How numbers, times and foreign text look on every page.

use std::fmt::{self, Write as _};

use askama::filters::{Escaper, Safe};
use chrono::{DateTime, SecondsFormat, Utc};

/// Markup made by us: printed as it is, where every other text is escaped.
pub(crate) type Markup = Safe<String>;

/// Escapes text for a page and makes visible what would be invisible or would turn text around.
///
/// What the app's users sent must stay text, and must look like what it is: control characters are
/// shown as their pictures, and the marks that change the direction of text as their code points.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageText;

impl Escaper for PageText {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut from = 0;
        for (at, c) in text.char_indices() {
            let shown: &str = match c {
                '<' => "&#60;",
                '>' => "&#62;",
                '&' => "&#38;",
                '"' => "&#34;",
                '\'' => "&#39;",
                '\n' | '\t' => continue,
                c if is_invisible(c) => "",
                _ => continue,
            };
            dest.write_str(&text[from..at])?;
            if shown.is_empty() {
                write_visible(&mut dest, c)?;
            } else {
                dest.write_str(shown)?;
            }
            from = at + c.len_utf8();
        }
        dest.write_str(&text[from..])
    }
}

fn is_invisible(c: char) -> bool {
    c.is_control() || silk_core::words::is_invisible(c)
}

fn write_visible<W: fmt::Write>(dest: &mut W, c: char) -> fmt::Result {
    let code = u32::from(c);
    match (code, char::from_u32(0x2400 + code)) {
        (0..=0x1f, Some(picture)) => dest.write_char(picture),
        (0x7f, _) => dest.write_char('\u{2421}'),
        _ => write!(dest, "‹U+{code:04X}›"),
    }
}

/// Text as [`PageText`] prints it, for markup that is put together in Rust.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    // Writing to a String cannot fail.
    let _ = PageText.write_escaped_str(&mut escaped, text);
    escaped
}

/// A duration that may have fractions of a microsecond.
pub(crate) fn fine_duration(us: f64) -> String {
    if us < 999.5 {
        three_digits(us.max(0.0), "µs")
    } else {
        three_digits(us / 1e3, "ms")
    }
}

/// A duration with its exact value in the title.
pub(crate) fn duration_cell(us: u64) -> Markup {
    Safe(format!(
        "<span title=\"{} µs\">{}</span>",
        count(us),
        duration(us)
    ))
}

/// A duration, or a dash where there is nothing to measure.
pub(crate) fn duration_or_dash(us: u64) -> Markup {
    if us == 0 { dash() } else { duration_cell(us) }
}

/// What stands where a thing does not apply.
pub(crate) fn dash() -> Markup {
    Safe("<span class=\"q\">–</span>".to_owned())
}

/// A number without its fraction, kept within what fits.
pub(crate) fn whole(n: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of floats saturates, and the number is not negative"
    )]
    let whole = n.max(0.0).round() as u64;
    whole
}

use silk_core::words::three_digits;
pub(crate) use silk_core::words::{bytes, count, duration, percent, ratio};

/// A count, or a dash for none.
pub(crate) fn count_or_dash(n: u64) -> Markup {
    if n == 0 { dash() } else { Safe(count(n)) }
}

/// A count that is an estimate: `about 1.2 M`.
pub(crate) fn about(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let n_f = n as f64;
    match n {
        0..10_000 => format!("about {}", count(n)),
        10_000..999_500 => format!("about {:.0} k", n_f / 1e3),
        _ => format!("about {:.1} M", n_f / 1e6),
    }
}

/// A point in time: the clock in UTC, the whole of it in the title; script makes it local.
pub(crate) fn clock(at: DateTime<Utc>) -> Markup {
    let tenth = at.timestamp_subsec_millis() / 100;
    time_element(at, &format!("{}.{tenth}", at.format("%H:%M:%S")), "clock")
}

/// A point in time within a sentence: `02:10:33 UTC`, with its date where that is not today.
pub(crate) fn clock_in_words(at: DateTime<Utc>) -> String {
    let is_today = at.date_naive() == Utc::now().date_naive();
    let form = if is_today {
        "%H:%M:%S UTC"
    } else {
        "%-d %b %H:%M:%S UTC"
    };
    at.format(form).to_string()
}

/// A point in time at the end of an axis: nobody reads it to the millisecond.
pub(crate) fn minute(at: DateTime<Utc>) -> Markup {
    time_element(at, &at.format("%-d %b %H:%M UTC").to_string(), "minute")
}

/// A point in time with its date.
pub(crate) fn moment(at: DateTime<Utc>) -> Markup {
    time_element(
        at,
        &at.format("%-d %b %H:%M:%S%.3f UTC").to_string(),
        "moment",
    )
}

/// A point in time that script keeps as "3 s ago".
pub(crate) fn ago(at: DateTime<Utc>) -> Markup {
    time_element(at, &at.format("%-d %b %H:%M:%S UTC").to_string(), "ago")
}

fn time_element(at: DateTime<Utc>, shown: &str, style: &str) -> Markup {
    let exact = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let title = at.format("%Y-%m-%d %H:%M:%S%.3f UTC");
    Safe(format!(
        "<time datetime=\"{exact}\" title=\"{title}\" data-time=\"{style}\">{shown}</time>"
    ))
}

/// The beginning of a text, with its whole length where it was cut.
pub(crate) fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((at, _)) => {
            let mut short = text[..at].to_owned();
            let _ = write!(
                short,
                "… ({})",
                bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))
            );
            short
        }
    }
}

/// The beginning of a text on one line, ending in an ellipsis where it was cut.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_chars * 4));
    for (at, word) in text.split_whitespace().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max_chars * 4 {
            break;
        }
    }
    if let Some((at, _)) = line.char_indices().nth(max_chars) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// Words that stand alone, as a sentence: with a capital, unless they begin with a name, and with
/// a full stop.
pub(crate) fn sentence(words: &str) -> String {
    let words = words.trim();
    let first = words.split_whitespace().next().unwrap_or_default();
    let is_word = first
        .trim_end_matches([',', ':', ';'])
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b == b'-');
    let mut text = String::with_capacity(words.len() + 1);
    match words.chars().next() {
        Some(letter) if is_word => {
            text.push(letter.to_ascii_uppercase());
            text.push_str(&words[letter.len_utf8()..]);
        }
        _ => text.push_str(words),
    }
    if !text.is_empty() && !text.ends_with(['.', '!', '?', ';', ':', '…']) {
        text.push('.');
    }
    text
}

/// A span of time as people say it: `7 days`, `3 h`, `12 min`.
pub(crate) fn span(us: u64) -> String {
    const MINUTE: u64 = 60_000_000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match us {
        0..MINUTE => format!("{} s", us / 1_000_000),
        MINUTE..HOUR => format!("{} min", us / MINUTE),
        HOUR..DAY => format!("{} h", us / HOUR),
        _ if us / DAY == 1 => "1 day".to_owned(),
        _ => format!("{} days", count(us / DAY)),
    }
}

/// A share between 0 and `whole`, as a number between 0 and `width`.
pub(crate) fn scaled(part: u64, whole: u64, width: f64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a coordinate on a screen")]
    let share = part as f64 / whole as f64;
    (share * width).clamp(0.0, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        for (us, shown) in [
            (0, "0 µs"),
            (412, "412 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (4_712, "4.71 ms"),
            (9_996, "10.0 ms"),
            (88_213, "88.2 ms"),
            (99_960, "100 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (2_790_000, "2.79 s"),
            (119_499_999, "119 s"),
            (120_000_000, "2.00 min"),
            (7_200_000_000, "2.00 h"),
            (172_800_000_000, "2.00 d"),
        ] {
            assert_eq!(duration(us), shown, "{us}");
        }
    }

    #[test]
    fn bytes_and_shares() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(2_400), "2.40 kB");
        assert_eq!(bytes(1_073_741_824), "1.07 GB");
        assert_eq!(percent(61, 100), "61 %");
        assert_eq!(percent(1, 0), "–");
        assert_eq!((&*percent(0, 9), &*percent(9, 9)), ("0 %", "100 %"));
        assert_eq!(percent(1, 1_000), "under 1 %");
        assert_eq!(percent(999, 1_000), "over 99 %");
        assert_eq!(ratio(10_143, 1), "10,143");
        assert_eq!(ratio(5, 2), "2.5");
        assert_eq!(about(1_234_567), "about 1.2 M");
        assert_eq!(about(12_345), "about 12 k");
    }

    #[test]
    fn foreign_text_stays_text_and_visible() {
        assert_eq!(
            escape("<b a='1'>&\"\0\u{202e}x\n"),
            "&#60;b a=&#39;1&#39;&#62;&#38;&#34;␀‹U+202E›x\n"
        );
        assert_eq!(escape("schön 漢字"), "schön 漢字");
    }

    #[test]
    fn sentences_keep_names_as_they_are() {
        for (words, said) in [
            ("extend it by the column", "Extend it by the column."),
            (
                "message_author is never used",
                "message_author is never used.",
            ),
            ("no plan: this is none", "No plan: this is none."),
            ("ends already.", "Ends already."),
            ("CREATE EXTENSION hypopg;", "CREATE EXTENSION hypopg;"),
            ("", ""),
        ] {
            assert_eq!(sentence(words), said);
        }
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (204, "3 min"),
            (3_600, "1 h"),
            (86_399, "23 h"),
            (86_400, "1 day"),
            (604_800, "7 days"),
        ] {
            assert_eq!(span(seconds * 1_000_000), said);
        }
    }

    #[test]
    fn cut_tells_the_length() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äbcd", 3), "äbc… (5 B)");
        assert_eq!(one_line("a\n  b\tc", 10), "a b c");
        assert_eq!(one_line("abcdef", 3), "abc…");
    }

    proptest::proptest! {
        #[test]
        fn nothing_escapes_the_escaper(text in ".*") {
            let escaped = escape(&text);
            let is_clean = !escaped.contains(['<', '>', '"', '\'', '\0', '\r', '\u{202e}']);
            proptest::prop_assert!(is_clean, "{}", escaped);
        }
    }
}
