//! SQL and source as markup.

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{
    DatabaseKind,
    sql::{self, SqlTokenClass},
};

use super::format::{Markup, escape};

/// More SQL than this is not worth formatting, and not worth its weight on a page; the whole of it
/// has an address of its own.
const MAX_SHOWN: usize = 16_000;

/// Lines of SQL before the fold.
const LINES_BEFORE_FOLD: usize = 12;

/// SQL as a page shows it.
pub(crate) struct SqlView {
    /// The first lines.
    pub(crate) head: Markup,
    /// What is folded away.
    pub(crate) rest: Option<Markup>,
    /// Lines folded away.
    pub(crate) rest_lines: usize,
    /// Length of the whole in bytes, where only the beginning is shown.
    pub(crate) cut_from: Option<usize>,
}

/// Formats, highlights and folds SQL.
pub(crate) fn sql_view(text: &str, kind: DatabaseKind) -> SqlView {
    let (shown, cut_from) = if text.len() > MAX_SHOWN {
        let end = (0..=MAX_SHOWN)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        (text[..end].to_owned(), Some(text.len()))
    } else {
        (sql::format(text, kind), None)
    };
    let fold_at = shown
        .match_indices('\n')
        .nth(LINES_BEFORE_FOLD - 1)
        .map(|(at, _)| at);
    // A fold that hides two lines only costs a click.
    let rest_lines = fold_at.map_or(0, |at| shown[at..].matches('\n').count());
    let fold_at = fold_at.filter(|_| rest_lines > 2);
    let tokens = sql::highlight(&shown, kind);
    let mut head = String::with_capacity(shown.len() * 2);
    let mut rest = String::new();
    let mut at = 0;
    for (class, token) in tokens {
        let end = at + token.len();
        match fold_at {
            Some(fold) if at > fold => push(&mut rest, class, token),
            Some(fold) if end > fold => {
                push(&mut head, class, &token[..fold - at]);
                push(&mut rest, class, &token[fold + 1 - at..]);
            }
            _ => push(&mut head, class, token),
        }
        at = end;
    }
    SqlView {
        head: Safe(head),
        rest: fold_at.map(|_| Safe(rest)),
        rest_lines: if fold_at.is_some() { rest_lines } else { 0 },
        cut_from,
    }
}

fn push(out: &mut String, class: SqlTokenClass, token: &str) {
    let token = escape(token);
    match token_class(class) {
        Some(class) => {
            let _ = write!(out, "<span class=\"{class}\">{token}</span>");
        }
        None => out.push_str(&token),
    }
}

/// The class that a token is coloured by; none for names, operators and spaces.
pub(crate) const fn token_class(class: SqlTokenClass) -> Option<&'static str> {
    match class {
        SqlTokenClass::Keyword => Some("sk"),
        SqlTokenClass::Literal => Some("sl"),
        SqlTokenClass::Number => Some("sn"),
        SqlTokenClass::Placeholder => Some("sp"),
        SqlTokenClass::Comment => Some("sc"),
        _ => None,
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
        out
    }

    #[test]
    fn nothing_is_lost_at_the_fold() {
        // A literal keeps its line breaks, so the fold goes through the middle of a token.
        let text =
            (0..40).fold("SELECT '".to_owned(), |sql, n| format!("{sql}line {n}\n")) + "' FROM a";
        let view = sql_view(&text, DatabaseKind::Postgres);
        let rest = view.rest.expect("is folded");
        let whole = format!("{}\n{}", strip(&view.head.0), strip(&rest.0));
        let squeeze = |t: &str| t.split_whitespace().collect::<String>();
        assert_eq!(squeeze(&whole), squeeze(&escape(&text)));
        assert_eq!(rest.0.lines().count(), view.rest_lines);
    }

    #[test]
    fn a_megabyte_is_cut_and_hostile_text_stays_text() {
        let text = format!("SELECT '<script>', {}", "ü".repeat(1 << 20));
        let view = sql_view(&text, DatabaseKind::Sqlite);
        assert_eq!(view.cut_from, Some(text.len()));
        assert!(view.head.0.len() < 80_000 && !view.head.0.contains("<script"));
    }
}
