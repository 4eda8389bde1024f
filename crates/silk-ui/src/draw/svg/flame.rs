//! Flame graphs: what runs within what, as wide as it is long.

use std::fmt::Write as _;

use askama::filters::Safe;

use crate::draw::format::{Markup, escape, one_line};

/// Height of a level.
const LEVEL: usize = 22;
/// Letters for which a graph as wide as a page has room. A narrower one hides what does not fit.
const LETTERS: f64 = 170.0;
/// Cells from this share on have room for words on a narrow screen too.
const WIDE: f64 = 0.3;
/// Fewer letters tell nothing.
const FEWEST_LETTERS: usize = 5;

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
        if let Some(words) = fitting(&cell.label, cell.width) {
            // On a narrow screen only wide cells have room.
            let class = if cell.width < WIDE {
                " class=\"nw\""
            } else {
                ""
            };
            let _ = write!(
                svg,
                "<text{class} x=\"5\" y=\"15\">{}</text>",
                escape(&words)
            );
        }
        svg.push_str("</svg></a>");
    }
    svg.push_str("</svg>");
    Safe(svg)
}

/// The part of a label that fits a cell; empty if too little fits.
fn fitting(label: &str, width: f64) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of floats saturates, and a width is between 0 and 1"
    )]
    let room = (width.clamp(0.0, 1.0) * LETTERS) as usize;
    let room = room.saturating_sub(1).min(90);
    let length = label.chars().count();
    if length <= room {
        Some(one_line(label, 90))
    } else {
        (room > FEWEST_LETTERS).then(|| {
            let begin: String = label.chars().take(room - 1).collect();
            format!("{}…", begin.trim_end())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn labels_end_where_their_cells_end() {
        assert_eq!(fitting("Seq Scan", 1.0).as_deref(), Some("Seq Scan"));
        assert_eq!(fitting("Seq Scan", 0.055).as_deref(), Some("Seq Scan"));
        assert_eq!(fitting("Nested Loop", 0.055).as_deref(), Some("Nested…"));
        assert_eq!(fitting("Nested Loop", 0.03), None);
        assert_eq!(fitting("Sort", 0.03).as_deref(), Some("Sort"));
        assert_eq!(fitting("", 0.0).as_deref(), Some(""));
    }
}
