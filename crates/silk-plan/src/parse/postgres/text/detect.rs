//! Whether a text is a plan of PostgreSQL at all, and which of its lines are what.

use crate::parse::left_out::is_of_client;
use crate::parse::postgres::figures::{has_numbers, numbers_at};
use crate::parse::postgres::operators::is_operator;

/// Lines that one may be broken into at most.
pub(super) const MAX_PARTS: usize = 40;

/// Whether a line of the text is a node's line with numbers only PostgreSQL prints.
pub(crate) fn looks_like_text(text: &str) -> bool {
    let numbers = |line: &str| {
        (line.contains("(cost=") && (line.contains(" width=") || line.contains("..")))
            && line.contains("..")
            || line.contains("(actual time=")
                && line.contains(" loops=")
                && !line.trim_start().starts_with("-> ")
    };
    let costs = text.lines().any(|line| numbers(line) && !is_mysql(line));
    // COSTS OFF: a known operator on a line of its own, and below it an arrow or a property.
    costs || {
        let plan = text.split_once("plan:").map_or(text, |(_, after)| after);
        let mut lines = plan
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            // The statement, or what a log or a client prints first.
            .skip_while(|line| !is_bare_root(line));
        // What goes on in a quote or bracket may hold anything.
        let (mut before, mut parts) = (String::new(), 0);
        lines.next().is_some()
            && lines.all(|line| {
                if parts < MAX_PARTS && opened(&before) != Opened::Nothing {
                    before.push(' ');
                    before.push_str(line);
                    parts += 1;
                    return true;
                }
                before.clear();
                before.push_str(line);
                parts = 0;
                line.starts_with("->  ")
                    || line.contains(": ")
                    || is_label(line)
                    || is_target(line)
                    || is_of_client(line)
                    || line.ends_with(':')
            })
    }
}

/// MySQL's tree has the same figures, but never a width, and an arrow at the root.
fn is_mysql(line: &str) -> bool {
    !line.contains(" width=")
        && line.trim_start().starts_with("-> ")
        && !line.trim_start().starts_with("->  ")
}

/// `CTE x`, `InitPlan 1 (returns $0)`, `SubPlan 2`, on a line of their own.
pub(super) fn is_label(line: &str) -> bool {
    let mut words = line.split(' ');
    match words.next() {
        Some("CTE") => !line.contains(": ") && !has_numbers(line),
        Some("InitPlan" | "SubPlan") => {
            // Up to 8.3 without a number.
            words.next().is_none_or(|word| !word.is_empty())
                && !line.contains(": ")
                && !has_numbers(line)
        }
        _ => false,
    }
}

/// Whether a line ends before what it opens does: in its numbers, its condition, or at its arrow.
pub(super) fn is_cut_off(line: &str) -> bool {
    matches!(opened(line), Opened::Figures | Opened::Bracket) || line.trim() == "->"
}

/// What a line leaves open at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Nothing,
    /// The figures of a node: `(cost=…`, `(actual …`.
    Figures,
    Bracket,
    Quote,
}

/// What a line leaves open at its end.
pub(super) fn opened(line: &str) -> Opened {
    let mut open: Vec<usize> = Vec::new();
    let mut quote = None;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => open.push(at),
            (None, ')') => {
                open.pop();
            }
            (None, _) => {}
        }
    }
    match open.last() {
        Some(at)
            if ["(cost=", "(actual", "(never"].iter().any(|mark| {
                let rest = &line[*at..];
                rest.starts_with(mark) || (rest.len() < mark.len() && mark.starts_with(rest))
            }) =>
        {
            Opened::Figures
        }
        _ if quote.is_some() => Opened::Quote,
        Some(_) => Opened::Bracket,
        None => Opened::Nothing,
    }
}

/// Whether a line is a root without numbers: an operator, and nothing that SQL would have there.
pub(super) fn is_bare_root(line: &str) -> bool {
    let line = numbers_at(line).map_or(line, |at| &line[..at]).trim_end();
    if !is_operator(line) || line.contains([':', ';', ',', '=']) {
        return false;
    }
    let writes = ["Insert", "Update", "Delete", "Merge"];
    let first = line.split(' ').next().unwrap_or_default();
    let is_write = writes.contains(&first) && line != "Merge Append" && !line.starts_with("Merge ");
    if is_write || line.contains(" using ") || line.contains(" on ") {
        return line.contains(" on ");
    }
    line.split(' ')
        .all(|word| word.starts_with(|c: char| c.is_ascii_uppercase() || c == '('))
}

/// A table of several that a statement writes: `Update on part1 part_1`.
pub(super) fn is_target(line: &str) -> bool {
    [
        "Insert on ",
        "Update on ",
        "Delete on ",
        "Merge on ",
        "Foreign Insert on ",
        "Foreign Update on ",
        "Foreign Delete on ",
    ]
    .iter()
    .any(|words| {
        line.strip_prefix(words)
            .is_some_and(|rest| !rest.is_empty() && rest.split(' ').count() <= 2)
    })
}
