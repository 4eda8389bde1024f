//! Flame graphs: what runs within what, as wide as it is long.

use std::fmt::Write as _;

use askama::filters::Safe;

use crate::filters::{Markup, escape, one_line};

/// Height of a level.
const LEVEL: usize = 22;
/// Narrower cells have no room for words.
const ROOM_FOR_WORDS: f64 = 0.03;

/// One thing in a flame graph; `left` and `width` are parts of the whole, 0 to 1.
pub(crate) struct Cell {
    pub(crate) node: usize,
    pub(crate) left: f64,
    pub(crate) width: f64,
    pub(crate) level: usize,
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) class: &'static str,
}

/// Draws cells, the first level at the top.
pub(crate) fn draw(cells: &[Cell]) -> Markup {
    let levels = cells.iter().map(|cell| cell.level + 1).max().unwrap_or(1);
    let mut svg = format!(
        "<svg class=\"flame\" width=\"100%\" height=\"{}\" role=\"group\" aria-label=\"Flame graph of the plan, the whole at the top\">",
        levels * LEVEL
    );
    for cell in cells {
        let _ = write!(
            svg,
            "<a href=\"{}\" aria-label=\"{}\"><svg x=\"{:.3}%\" y=\"{}\" width=\"{:.3}%\" height=\"{}\"><title>{}</title><rect class=\"{}\" width=\"100%\" height=\"100%\"/>",
            escape(&cell.href),
            escape(&cell.title),
            cell.left * 100.0,
            cell.level * LEVEL,
            (cell.width * 100.0).min(100.0),
            LEVEL - 1,
            escape(&cell.title),
            cell.class,
        );
        if cell.width >= ROOM_FOR_WORDS {
            let _ = write!(
                svg,
                "<text x=\"5\" y=\"15\">{}</text>",
                escape(&one_line(&cell.label, 90))
            );
        }
        svg.push_str("</svg></a>");
    }
    svg.push_str("</svg>");
    Safe(svg)
}
