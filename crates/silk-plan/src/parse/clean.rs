//! Takes a plan out of what it was copied from: frames, quotes, logs, escapes.

use super::{frames, pasted, prefixes};

/// The text without its frame, line ends unified.
pub(crate) fn unframe(raw: &str) -> String {
    let raw = raw.trim_start_matches('\u{feff}');
    let mut text = raw.replace("\r\n", "\n").replace('\u{a0}', " ");
    if let Some(bare) = frames::without(&text) {
        text = bare;
    }
    if let Some(plain) = pasted::without_entities(&text) {
        // The blanks that lines of a page begin with.
        text = plain.replace('\u{a0}', " ");
    }
    if let Some(cell) = pasted::cell(&text) {
        text = cell;
    }
    if let Some(whole) = unescaped(&text) {
        text = whole;
    }
    if let Some(bare) = prefixes::without(&text) {
        text = bare;
    }
    // As a mail or a page quotes it.
    if all_lines(&text, |line| line.starts_with('>')) {
        let bare = |line: &str| {
            let line = line.trim_start().trim_start_matches('>');
            line.strip_prefix(' ').unwrap_or(line).to_owned()
        };
        text = text.lines().map(bare).collect::<Vec<_>>().join("\n");
    }
    // The borders above and below may not have been copied.
    let boxed = text.lines().any(is_border)
        || all_lines(&text, |line| {
            line.len() >= 2 && line.starts_with(['|', '│']) && line.ends_with(['|', '│'])
        });
    let quoted = pasted::quote_of_lines(&text);
    let continues = |line: &&str| line.ends_with(['+', '↵', '.', '…']);
    let continued = text.lines().filter(continues).count() * 2 > text.lines().count();
    let framed = boxed || text.lines().any(is_rule);
    let mut out = String::with_capacity(text.len());
    // psql's wrapped format marks a line that it broke, and what it goes on with.
    let mut is_broken = false;
    for line in text.lines() {
        let Some(line) = unframed_line(line, boxed, quoted, continued) else {
            continue;
        };
        let mut line = line.as_str();
        if is_broken {
            line = line.strip_prefix(BREAKS).unwrap_or(line);
        }
        is_broken = framed && line.ends_with(BREAKS);
        if is_broken {
            line = line.strip_suffix(BREAKS).unwrap_or(line);
        }
        out.push_str(line);
        if !is_broken {
            out.push('\n');
        }
    }
    pasted::without_tabs(&out).unwrap_or(out)
}

/// What psql ends a broken line with, and begins its rest with.
const BREAKS: [char; 2] = ['.', '…'];

/// One line without frame; `None` where it is nothing but frame.
fn unframed_line(line: &str, boxed: bool, quoted: Option<char>, continued: bool) -> Option<String> {
    let mut line = line.trim_end();
    if continued {
        line = line.strip_suffix(['+', '↵']).map_or(line, str::trim_end);
    }
    if is_border(line) || is_rule(line) {
        return None;
    }
    let unquoted;
    if let Some(quote) = quoted
        && let Some(inner) = pasted::unquoted(line, quote)
    {
        unquoted = inner;
        line = unquoted.trim_end();
    }
    let unified;
    if boxed {
        unified = line.replace(['│', '║'], "|");
        line = unified.trim_end();
        line = line
            .strip_prefix('|')
            .map_or(line, |inner| inner.strip_prefix(' ').unwrap_or(inner));
        line = line.strip_suffix('|').map_or(line, str::trim_end);
        line = line.strip_suffix(['+', '↵']).map_or(line, str::trim_end);
    }
    // The vertical output of the mysql client.
    for header in ["EXPLAIN: ", "ANALYZE: "] {
        let inner = line.trim_start();
        line = inner.strip_prefix(header).unwrap_or(line);
    }
    let bare = line.trim();
    if matches!(bare, "QUERY PLAN" | "EXPLAIN" | "ANALYZE") || is_row_count(bare) {
        return None;
    }
    Some(line.to_owned())
}

/// `+-----+` and its drawn relatives.
fn is_border(line: &str) -> bool {
    let line = line.trim();
    let drawn = line.chars().all(|c| {
        c.is_ascii() && matches!(c, '+' | '-' | '=') || ('\u{2500}'..='\u{257f}').contains(&c)
    });
    line.chars().count() >= 3 && drawn && !line.starts_with(['-', '='])
}

/// `-------` below a header, `*** 1. row ***`, `-[ RECORD 1 ]---`.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    (line.len() >= 3 && line.bytes().all(|byte| matches!(byte, b'-' | b'=' | b'`')))
        || (line.starts_with("***") && line.ends_with("***"))
        || line.starts_with("-[ RECORD")
        || line.starts_with("```")
}

/// `(12 rows)`, `1 row in set (0.00 sec)`.
fn is_row_count(line: &str) -> bool {
    let inner = line
        .strip_prefix('(')
        .and_then(|line| line.strip_suffix(')'))
        .unwrap_or(line);
    let mut words = inner.split_whitespace();
    words
        .next()
        .is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        && matches!(words.next(), Some("row" | "rows"))
        && matches!(words.next(), None | Some("in"))
}

fn all_lines(text: &str, test: impl Fn(&str) -> bool) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .peekable();
    lines.peek().is_some() && lines.all(test)
}

/// The text behind a printed string: `"Seq Scan …\n  Filter: …"`, or a batch output's `{\n  "query…`.
fn unescaped(text: &str) -> Option<String> {
    let escaped_lines = text.matches("\\n  ").count();
    if escaped_lines == 0 || escaped_lines < text.trim().lines().count() / 2 {
        return None;
    }
    let trimmed = text.trim();
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| trimmed.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(trimmed);
    // Within JSON an escaped line end between two strings is the client's; one within a string is not.
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(other) if matches!(other, '"' | '\'' | '\\') => out.push(other),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    Some(out)
}

/// The duration in ms that auto_explain or the slow-query log puts before a plan.
pub(crate) fn logged_duration(before: &str) -> Option<f64> {
    let (_, after) = before.rsplit_once("duration: ")?;
    let (number, _) = after.split_once(" ms")?;
    super::json::number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_frames_away() {
        let plan = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (a > 1)\n";
        for framed in [
            "          QUERY PLAN\n-----------------\n Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n   Filter: (a > 1)\n(2 rows)\n",
            "+----------------+\n| QUERY PLAN |\n+------+\n| Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) |\n|   Filter: (a > 1)   |\n+-----+\n(2 rows)",
            "\"Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\"\n\"  Filter: (a > 1)\"",
            "\"Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\\n  Filter: (a > 1)\"",
            "│ Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) │\n│   Filter: (a > 1)   │\n└──────────────┘",
            "\tSeq Scan on t  (cost=0.00..1.00 rows=1 width=4)\r\n\t  Filter: (a > 1)\r\n",
        ] {
            let clean: Vec<String> = unframe(framed)
                .lines()
                .map(|line| line.trim().to_owned())
                .collect();
            let wanted: Vec<&str> = plan.lines().map(str::trim).collect();
            assert_eq!(clean, wanted, "{framed}");
        }
    }

    #[test]
    fn leaves_a_bare_plan_alone() {
        let plan = "QUERY PLAN of things\n|--SCAN t\n`--SEARCH u\n";
        assert_eq!(unframe(plan), plan);
    }

    #[test]
    fn reads_the_duration() {
        assert_eq!(
            logged_duration("LOG:  duration: 12.500 ms  plan:\n"),
            Some(12.5)
        );
        assert_eq!(logged_duration("no"), None);
    }
}
