//! The lists, read: `names.txt` and `context.txt` beside this file are their data.

use super::words::words;
use crate::redact::shape::Judge;

/// How a name of the list is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Its words stand in a row anywhere in the name.
    Name,
    /// The same, and longer words end with it or, in some scripts, have it anywhere.
    Part,
    /// The name ends with it, and the value decides.
    Value(Judge),
}

/// The names of secrets: language, how each is matched, and its words.
pub(super) fn names() -> impl Iterator<Item = (&'static str, By, &'static str)> {
    lines(include_str!("names.txt")).filter_map(|line| {
        let (language, rest) = line.split_once(' ')?;
        let (how, name) = rest.split_once(' ')?;
        let by = match how {
            "name" => By::Name,
            "part" => By::Part,
            "key" => By::Value(Judge::Key),
            "code" => By::Value(Judge::Code),
            "digest" => By::Value(Judge::Digest),
            "number" => By::Value(Judge::Number),
            _ => return None,
        };
        Some((language, by, name))
    })
}

/// The entries of a section of the other list, as words joined by blanks.
pub(super) fn section(name: &str) -> impl Iterator<Item = String> {
    let text: Vec<&str> = lines(include_str!("context.txt"))
        .skip_while(|line| {
            line.strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
                != Some(name)
        })
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .collect();
    let text = text.join(" ");
    let has_commas = text.contains(',');
    let entries: Vec<String> = text
        .split(|character| {
            if has_commas {
                character == ','
            } else {
                character == ' '
            }
        })
        .map(|entry| words(entry).join(" "))
        .filter(|entry| !entry.is_empty())
        .collect();
    entries.into_iter()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}
