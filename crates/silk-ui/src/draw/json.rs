//! JSON as people read it: what fits on a line stays on one, the rest is indented.
//!
//! It works on tokens, so that the beginning of a body (all that was kept of a long one) reads as
//! well as a whole one, and no number or string is changed on its way.

use std::fmt::Write as _;

use askama::filters::Safe;

use super::format::{Markup, bytes, escape};

/// Columns that a line may take.
const WIDTH: usize = 140;
/// Deeper nesting is not indented any further.
const DEEPEST: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Open(&'a str),
    Close(&'a str),
    Comma,
    Colon,
    /// A string, with its quotes.
    Text(&'a str),
    /// A number, `true`, `null`, or the cut-off rest of one.
    Word(&'a str),
}

/// Highlighted and indented; `None` if the text is not exactly one JSON value.
///
/// At most about `most` characters are shown.
pub(crate) fn pretty(text: &str, most: usize) -> Option<Markup> {
    let tokens = tokens(text)?;
    let widths = widths(&tokens)?;
    let mut printer = Printer {
        tokens: &tokens,
        widths: &widths,
        out: String::with_capacity(text.len().min(most) * 2),
        shown: 0,
        most,
    };
    let is_whole = printer.print();
    let mut out = printer.out;
    if !is_whole {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let _ = write!(out, "… ({})", bytes(length));
    }
    Some(Safe(out))
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::with_capacity(text.len() / 6);
    let raw = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' | b'[' => tokens.push(Token::Open(&text[start..at])),
            b'}' | b']' => tokens.push(Token::Close(&text[start..at])),
            b',' => tokens.push(Token::Comma),
            b':' => tokens.push(Token::Colon),
            b'"' => {
                while let Some(byte) = raw.get(at) {
                    at += 1;
                    match byte {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                }
                at = at.min(raw.len());
                // A backslash may have stood before the first byte of a longer character.
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                tokens.push(Token::Text(&text[start..at]));
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                while raw
                    .get(at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
                {
                    at += 1;
                }
                tokens.push(Token::Word(&text[start..at]));
            }
            // The mark of a redacted or cut text may stand anywhere; nothing else may.
            _ => return None,
        }
    }
    matches!(tokens.first(), Some(Token::Open(_))).then_some(tokens)
}

/// For each opening token, the width of what it opens on one line; `None` if brackets do not
/// match, or something follows the value. What was cut off counts as too wide.
fn widths(tokens: &[Token<'_>]) -> Option<Vec<usize>> {
    let mut widths = vec![usize::MAX; tokens.len()];
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut width = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && open.is_empty() {
            return None;
        }
        width += match token {
            Token::Open(_) => {
                open.push((at, width));
                1
            }
            Token::Close(close) => {
                let (start, before) = open.pop()?;
                let is_pair = matches!(
                    (tokens[start], *close),
                    (Token::Open("{"), "}") | (Token::Open("["), "]")
                );
                if !is_pair {
                    return None;
                }
                widths[start] = width + 1 - before;
                1
            }
            Token::Comma | Token::Colon => 2,
            Token::Text(text) | Token::Word(text) => text.len(),
        };
    }
    Some(widths)
}

struct Printer<'a> {
    tokens: &'a [Token<'a>],
    widths: &'a [usize],
    out: String,
    shown: usize,
    most: usize,
}

impl Printer<'_> {
    /// Prints until the end, or until enough is shown; whether it came to the end.
    fn print(&mut self) -> bool {
        // For each open bracket, whether it is broken over lines.
        let mut broken: Vec<bool> = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if self.shown >= self.most {
                return false;
            }
            let is_broken = broken.last().copied().unwrap_or(false);
            match token {
                Token::Open(text) => {
                    self.plain(text);
                    let is_empty = matches!(self.tokens.get(at + 1), Some(Token::Close(_)));
                    let is_wide = self.widths[at].saturating_add(broken.len() * 2) > WIDTH;
                    broken.push(is_wide && !is_empty);
                    if is_wide && !is_empty {
                        self.line(broken.len());
                    }
                }
                Token::Close(text) => {
                    broken.pop();
                    if is_broken {
                        self.line(broken.len());
                    }
                    self.plain(text);
                }
                Token::Comma => {
                    self.plain(",");
                    if is_broken {
                        self.line(broken.len());
                    } else {
                        self.plain(" ");
                    }
                }
                Token::Colon => self.plain(": "),
                Token::Text(text) => {
                    let is_key = matches!(self.tokens.get(at + 1), Some(Token::Colon));
                    self.marked(if is_key { "jk" } else { "sl" }, text);
                }
                Token::Word(text) => self.marked("sn", text),
            }
        }
        true
    }

    fn plain(&mut self, text: &str) {
        self.shown += text.len();
        self.out.push_str(text);
    }

    fn marked(&mut self, class: &str, text: &str) {
        let rest = self.most.saturating_sub(self.shown);
        let end = text
            .char_indices()
            .nth(rest)
            .map_or(text.len(), |(at, _)| at);
        self.shown += end;
        let text = escape(&text[..end]);
        let _ = write!(self.out, "<span class=\"{class}\">{text}</span>");
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        for _ in 0..depth.min(DEEPEST) {
            self.out.push_str("  ");
        }
        self.shown += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(markup: &str) -> String {
        let mut out = String::new();
        let mut inside = false;
        for c in markup.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out.replace("&#34;", "\"")
    }

    #[test]
    fn what_fits_on_a_line_stays_on_one() {
        let text = r#"{"count":2,"results":[{"id":1,"title":"a"},{"id":2,"title":"b, {c}"}],"none":[],"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
        let markup = pretty(text, 6_000).unwrap().0;
        assert_eq!(
            strip(&markup),
            "{\n  \"count\": 2,\n  \"results\": [{\"id\": 1, \"title\": \"a\"}, {\"id\": 2, \"title\": \"b, {c}\"}],\n  \"none\": [],\n  \"long\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n}"
        );
        assert!(markup.contains("<span class=\"jk\">&#34;count&#34;</span>"));
    }

    #[test]
    fn a_beginning_reads_as_well() {
        let markup = pretty(r#"{"a":[1,2,{"b":"cut o"#, 6_000).unwrap().0;
        assert_eq!(
            strip(&markup),
            "{\n  \"a\": [\n    1,\n    2,\n    {\n      \"b\": \"cut o"
        );
        let long = format!("[{}1]", "12345,".repeat(2_000));
        assert!(pretty(&long, 500).unwrap().0.ends_with("… (12.0 kB)"));
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        for text in ["", "plain", "{]", "{}{}", "[1]\n[2]", "\"a\"", "<p>", "[1}"] {
            assert!(pretty(text, 100).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_never_fails_and_nothing_escapes(text in "[\\[{]([\\[\\]{},:\"\\\\a-c1 <é]|\"a\":)*") {
            if let Some(markup) = pretty(&text, 200) {
                proptest::prop_assert!(!strip(&markup.0).contains('<'));
            }
        }

        #[test]
        fn tokens_come_back_unchanged(numbers in proptest::collection::vec(proptest::num::i32::ANY, 0..200)) {
            let text = serde_json::to_string(&numbers).unwrap();
            let shown = strip(&pretty(&text, 1 << 20).unwrap().0);
            let again: Vec<i32> = serde_json::from_str(&shown).unwrap();
            proptest::prop_assert_eq!(again, numbers);
        }
    }
}
