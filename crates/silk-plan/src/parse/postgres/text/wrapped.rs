//! Lines that a terminal, a mail or a page broke: put together again.
//!
//! What belongs to a node is set off from it by at least two columns, and the next node has an
//! arrow. A line that has neither goes on with the one before, and so does one that follows an open
//! bracket or quote.

use super::detect::MAX_PARTS;
use super::{Opened, opened};
use crate::parse::postgres::figures::has_numbers;
use crate::parse::postgres::operators::is_operator;

/// Words that lines about the whole plan start with.
const SUMMARIES: [&str; 12] = [
    "Planning",
    "Execution",
    "Total runtime",
    "JIT",
    "Settings",
    "Trigger ",
    "Query ",
    "Serialization",
    "Time:",
    "Optimizer",
    "Memory",
    "Slice",
];

/// The text with one line for each that the database printed; none if no line was broken.
pub(super) fn joined(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_root = |at: usize| {
        let bare = lines[at].trim_start().trim_start_matches("->").trim_start();
        let next = lines.get(at + 1).map(|line| line.trim_start());
        let figures_follow =
            || next.is_some_and(|line| line.starts_with("(cost=") || line.starts_with("(actual "));
        is_operator(bare) && (has_numbers(bare) || figures_follow())
    };
    let root = (0..lines.len()).find(|at| is_root(*at))?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let margin = indent(lines[root]);
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let mut out: Vec<String> = lines[..root]
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    let mut is_changed = false;
    let mut at = root;
    while let Some(line) = lines.get(at) {
        let mut whole = (*line).to_owned();
        let mut last = *line;
        let mut parts = 1;
        at += 1;
        while let Some(next) = lines.get(at) {
            let bare = next.trim();
            if bare.is_empty()
                || parts > MAX_PARTS
                || !goes_on(&whole, next, margin, indent(next))
                || !was_full(&whole, last, bare, width)
            {
                break;
            }
            glue(&mut whole, last, next, (width, margin));
            last = next;
            parts += 1;
            is_changed = true;
            at += 1;
        }
        out.push(whole);
    }
    is_changed.then(|| {
        let mut text = out.join("\n");
        text.push('\n');
        text
    })
}

/// Whether a line goes on with the one before.
fn goes_on(before: &str, line: &str, margin: usize, indent: usize) -> bool {
    let bare = line.trim();
    let is_new = bare.starts_with("->")
        || SUMMARIES.iter().any(|word| bare.starts_with(word))
        || (is_operator(bare) && has_numbers(bare));
    if is_new || before.trim().is_empty() {
        return false;
    }
    if opened(before) != Opened::Nothing {
        return !is_property(bare) || opened(before) == Opened::Figures;
    }
    // Behind a node's figures nothing goes on but figures.
    let end = before.trim_end();
    let is_figure =
        end.ends_with(|c: char| c.is_ascii_digit()) || end.ends_with("ms") || end.ends_with("kB");
    let goes_on_so = bare.contains(|c: char| c.is_ascii_digit() || c == ')' || c == '=');
    let is_ended = (has_numbers(before) && end.ends_with(')')) || (is_figure && !goes_on_so);
    // A node whose name was broken before its figures.
    let is_broken_name =
        before.trim_start().starts_with("->") && !has_numbers(before) && has_numbers(bare);
    is_broken_name
        || bare.starts_with("(cost=")
        || bare.starts_with("(actual ")
        || (!is_ended
            && indent < margin + 2
            && !is_property(bare)
            && !has_numbers(bare)
            && !bare.starts_with('('))
            && !is_mark(bare)
}

/// Whether the line that another goes on with was too full for its first word: what is broken is
/// broken at the edge. What is open goes on in any case.
fn was_full(whole: &str, last: &str, next: &str, width: usize) -> bool {
    let first_word = next.split(' ').next().unwrap_or_default().chars().count();
    opened(whole) != Opened::Nothing
        || has_numbers(next)
        || last.chars().count() + 1 + first_word >= width
}

/// A prompt, a count of rows, a fence: nothing of the plan.
fn is_mark(bare: &str) -> bool {
    bare.ends_with("=#")
        || bare.ends_with("=>")
        || bare.starts_with("```")
        || bare.contains("=# ")
        || bare.contains("=> ")
}

/// `Sort Key: …`: words that start with a capital, before a colon.
fn is_property(bare: &str) -> bool {
    let Some((key, _)) = bare.split_once(':') else {
        return false;
    };
    key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_uppercase())
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '_' | '(' | ')' | '.'))
}

/// Puts a broken line's next part behind it, with the blank that was lost or without one.
fn glue(whole: &mut String, last: &str, next: &str, (width, margin): (usize, usize)) {
    let kept = whole.trim_end().len();
    let had_blank = kept < whole.len() || next.len() - next.trim_start().len() > margin;
    whole.truncate(kept);
    let bare = next.trim_end();
    let part = bare.trim_start();
    let before = whole.chars().next_back().unwrap_or(' ');
    let after = part.chars().next().unwrap_or(' ');
    let is_figure = |c: char| c.is_ascii_digit() || c == '.';
    let blank = if opened(whole) == Opened::Figures {
        // Within figures a blank stands before a word and never before a digit.
        let ends_word = ["actual", "never"].iter().any(|word| whole.ends_with(word));
        after.is_ascii_alphabetic() && (is_figure(before) || ends_word)
    } else if part.starts_with("(cost=")
        || part.starts_with("(actual ")
        || part.starts_with("(never")
    {
        true
    } else {
        had_blank || (last.chars().count() < width && !is_figure(before) && before != '_')
    };
    if blank {
        whole.push(' ');
    }
    whole.push_str(part);
}
