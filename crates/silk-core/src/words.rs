//! Numbers with the words that they count, written the same on every page and in every message.

/// A number with separators: `10,112`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 request`, `10,112 requests`, `0 queries`.
#[must_use]
pub fn counted(n: u64, word: &str) -> String {
    if n == 1 {
        format!("1 {word}")
    } else {
        format!("{} {}", count(n), plural(word))
    }
}

/// The plural of a noun, which is the last of several words: `queries`, `other statements`.
#[must_use]
pub fn plural(word: &str) -> String {
    let stem = word
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    let hisses = ["s", "x", "z", "ch", "sh"];
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if hisses.iter().any(|end| word.ends_with(end)) => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// Microseconds with three significant digits, in the unit that fits: `4.71 ms`, `2.99 s`.
///
/// It is rounded once, so that a time is the same wherever it stands.
#[must_use]
pub fn duration(us: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let us_f = us as f64;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..999_500 => three_digits(us_f / 1e3, "ms"),
        999_500..119_500_000 => three_digits(us_f / 1e6, "s"),
        119_500_000..7_170_000_000 => three_digits(us_f / 60e6, "min"),
        7_170_000_000..172_080_000_000 => three_digits(us_f / 3_600e6, "h"),
        _ => three_digits(us_f / 86_400e6, "d"),
    }
}

/// A number with three significant digits, and its unit: `9.99 kB`, `10.0 kB`, `1234 kB`.
#[must_use]
pub fn three_digits(value: f64, unit: &str) -> String {
    if value < 9.995 {
        format!("{value:.2} {unit}")
    } else if value < 99.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A part of a whole, in microseconds: `41.6 of 42.7 ms`; the unit once where it is the same.
#[must_use]
pub fn part_of(part_us: u64, whole_us: u64) -> String {
    let (part, whole) = (duration(part_us), duration(whole_us));
    match (part.rsplit_once(' '), whole.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

/// A share in whole percent; a dash of nothing. What is not nothing is never called 0 %, and what
/// is not all never 100 %.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    match (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole) {
        0 if part > 0 => "under 1 %".to_owned(),
        100 if part < whole => "over 99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// A quotient with one decimal below ten: queries per request.
#[must_use]
pub fn ratio(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let ratio = part as f64 / whole as f64;
    if part.is_multiple_of(whole) || ratio >= 9.95 {
        count((part + whole / 2) / whole)
    } else {
        format!("{ratio:.1}")
    }
}

/// Bytes, in kB from 1,000 on.
#[must_use]
pub fn bytes(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let n_f = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..999_500 => three_digits(n_f / 1e3, "kB"),
        999_500..999_500_000 => three_digits(n_f / 1e6, "MB"),
        _ => three_digits(n_f / 1e9, "GB"),
    }
}

/// Foreign text as a code span of Markdown, on one line and of at most `max_chars`: nothing in it
/// becomes a link, a mention or markup. For a cell of a table, `|` must still be escaped.
#[must_use]
pub fn markdown_code(text: &str, max_chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_chars * 4));
    let (mut run, mut longest_run) = (0_usize, 0_usize);
    let mut chars = 0;
    for c in text.trim().chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c == ' ' && line.ends_with(' ') {
            continue;
        }
        if chars == max_chars {
            line.push('…');
            break;
        }
        chars += 1;
        run = if c == '`' { run + 1 } else { 0 };
        longest_run = longest_run.max(run);
        // What is not seen, or turns text around, is shown as what it is.
        if c.is_control() || is_invisible(c) {
            line.push_str(&format!("‹U+{:04X}›", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    if line.is_empty() {
        return "–".to_owned();
    }
    let fence = "`".repeat(if longest_run == 0 { 1 } else { longest_run + 1 });
    let pad = if line.starts_with('`') || line.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// Whether a character shows nothing, or turns the direction of text.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_unit_where_it_differs() {
        assert_eq!(part_of(41_600, 42_700), "41.6 of 42.7 ms");
        assert_eq!(part_of(245, 42_700), "245 µs of 42.7 ms");
        assert_eq!(part_of(637_000, 1_200_000), "637 ms of 1.20 s");
    }

    #[test]
    fn durations_have_three_digits() {
        for (us, words) in [
            (412, "412 µs"),
            (4_712, "4.71 ms"),
            (140_000, "140 ms"),
            (723_600, "724 ms"),
            (9_996, "10.0 ms"),
            (999_600, "1.00 s"),
            (2_790_000, "2.79 s"),
            // Not by way of 2,995 ms.
            (2_994_600, "2.99 s"),
            (99_949_900, "99.9 s"),
        ] {
            assert_eq!(duration(us), words);
        }
    }

    #[test]
    fn numbers_have_separators_and_words_their_number() {
        assert_eq!(count(999), "999");
        assert_eq!(count(2_896), "2,896");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "query"), "0 queries");
        assert_eq!(counted(10_112, "wait"), "10,112 waits");
        assert_eq!(counted(2, "index"), "2 indexes");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(counted(1, "other statement"), "1 other statement");
        assert_eq!(counted(3_000, "lighter node"), "3,000 lighter nodes");
    }

    #[test]
    fn bytes_have_three_digits() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(2_400), "2.40 kB");
        assert_eq!(bytes(1_073_741_824), "1.07 GB");
    }

    #[test]
    fn foreign_text_in_markdown_stays_code() {
        for (text, code) in [
            ("SELECT 1", "`SELECT 1`"),
            (" a\n  b\t", "`a b`"),
            ("a `b` c", "``a `b` c``"),
            ("`x`", "`` `x` ``"),
            ("``` @all", "```` ``` @all ````"),
            ("", "–"),
            ("\u{202e}evil\0", "`‹U+202E›evil‹U+0000›`"),
            ("abcdefghijklmnop", "`abcdefgh…`"),
        ] {
            assert_eq!(
                markdown_code(text, if text.starts_with("abc") { 8 } else { 40 }),
                code
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn a_code_span_ends_where_it_began(text in "[`a| \\\\<@\n]{0,40}") {
            let code = markdown_code(&text, 60);
            if code != "–" {
                let fence = code.chars().take_while(|c| *c == '`').count();
                let inner = &code[fence..code.len() - fence];
                let longest = inner.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                proptest::prop_assert!(longest < fence, "{}", code);
                proptest::prop_assert!(!inner.starts_with('`') && !inner.ends_with('`'));
                proptest::prop_assert!(!code.contains('\n'));
            }
        }
    }
}
