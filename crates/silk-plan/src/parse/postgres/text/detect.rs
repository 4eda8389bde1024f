//! Whether a text is a plan of PostgreSQL at all, and which of its lines are what.

use crate::parse::postgres::figures::has_numbers;
use crate::parse::postgres::operators::is_operator;

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
        let query = |line: &&str| line.starts_with("Query ") && line.contains(": ");
        let mut lines = plan
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .skip_while(query);
        lines
            .next()
            .is_some_and(|line| is_operator(line) && !line.contains(": "))
            && lines.all(|line| {
                line.starts_with("->  ")
                    || line.contains(": ")
                    || is_label(line)
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
            words.next().is_some_and(|word| !word.is_empty())
                && !line.contains(": ")
                && !has_numbers(line)
        }
        _ => false,
    }
}

/// Whether a line ends before what it opens does: in its numbers, its condition, or at its arrow.
pub(super) fn is_cut_off(line: &str) -> bool {
    let mut open = 0_usize;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => open += 1,
            (None, ')') => open = open.saturating_sub(1),
            (None, _) => {}
        }
    }
    open > 0 || line.trim() == "->"
}
