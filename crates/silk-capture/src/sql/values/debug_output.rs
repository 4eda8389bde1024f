//! Reading `Debug` output that is not API, without trusting it.

use std::fmt::{self, Debug, Write};

/// Collects what is written between two marks, at most `max_bytes` of it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
struct Between<'m> {
    from: &'m str,
    to: &'m str,
    max_bytes: usize,
    /// Whether `from` was seen.
    is_inside: bool,
    text: String,
    is_done: bool,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Write for Between<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let mut new = self.text.len();
        self.text.push_str(piece);
        if !self.is_inside {
            if let Some(end) = end_of(self.from, &self.text, new) {
                self.text.drain(..end);
                self.is_inside = true;
                new = 0;
            } else {
                // Only a tail that may begin the mark is needed, and mostly it is short anyway.
                if self.text.len() > 16 * self.from.len() {
                    let mut start = self.text.len() - self.from.len();
                    while !self.text.is_char_boundary(start) {
                        start += 1;
                    }
                    self.text.drain(..start);
                }
                return Ok(());
            }
        }
        if let Some(end) = end_of(self.to, &self.text, new) {
            self.text.truncate(end - self.to.len());
            self.is_done = true;
            // Stops the formatting: what follows may be megabytes.
            return Err(fmt::Error);
        }
        if self.text.len() > self.max_bytes {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// Where `mark` first ends in `text`, if that is behind `new`.
///
/// A few bytes come at a time, so a search that is quick for long texts would be slow.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn end_of(mark: &str, text: &str, new: usize) -> Option<usize> {
    let last = *mark.as_bytes().last()?;
    let bytes = text.as_bytes();
    (new..bytes.len())
        .find(|&at| bytes[at] == last && bytes[..=at].ends_with(mark.as_bytes()))
        .map(|at| at + 1)
}

/// What `{:?}` writes between the first `from` and the `to` after it; none if either is missing, or
/// more than `max_bytes` lie between.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn between(
    value: &impl Debug,
    from: &str,
    to: &str,
    max_bytes: usize,
) -> Option<String> {
    let mut written = Between {
        from,
        to,
        max_bytes,
        is_inside: false,
        text: String::with_capacity(64),
        is_done: false,
    };
    // An error is how it is stopped.
    let _ = write!(written, "{value:?}");
    written.is_done.then_some(written.text)
}

/// Collects at most `max_bytes`.
#[cfg(feature = "sqlite")]
struct AtMost {
    max_bytes: usize,
    text: String,
}

#[cfg(feature = "sqlite")]
impl Write for AtMost {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > self.max_bytes {
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

/// All that `{:?}` writes; none if it is more than `max_bytes`.
#[cfg(feature = "sqlite")]
pub(super) fn whole(value: &impl Debug, max_bytes: usize) -> Option<String> {
    let mut written = AtMost {
        max_bytes,
        text: String::with_capacity(128),
    };
    write!(written, "{value:?}").ok()?;
    Some(written.text)
}

/// Cuts a list at its top-level commas; brackets and quoted texts are kept whole.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn split_list(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for (at, character) in list.char_indices() {
        if in_text {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match character {
            '"' => in_text = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = list[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "read through Debug, which is the point")]
    struct Example {
        bytes: Vec<u8>,
        types: Vec<&'static str>,
        rest: &'static str,
    }

    fn example() -> Example {
        Example {
            bytes: vec![1; 5000],
            types: vec!["a, b", "é"],
            rest: "types: [no]",
        }
    }

    #[test]
    fn finds_what_lies_between() {
        assert_eq!(
            between(&example(), "types: [", "], rest", 100).as_deref(),
            Some(r#""a, b", "é""#)
        );
    }

    #[test]
    fn gives_nothing_where_a_mark_is_missing_or_too_far() {
        assert_eq!(between(&example(), "kinds: [", "]", 100), None);
        assert_eq!(between(&example(), "types: [", "], nothing", 100), None);
        assert_eq!(between(&example(), "bytes: [", "], types", 100), None);
    }

    #[test]
    fn lists_are_cut_at_their_own_commas_only() {
        assert_eq!(
            split_list("a, b(1, 2), {c, [d, e]}, \"f, \\\", g\""),
            ["a", "b(1, 2)", "{c, [d, e]}", "\"f, \\\", g\""]
        );
        assert!(split_list("").is_empty());
        assert_eq!(split_list("))), x"), [")))", "x"]);
    }
}
