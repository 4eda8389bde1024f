//! Tables: aligned, and no wider than the terminal.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::text::one_line;
use crate::screen::FAINT;

/// Spaces between columns.
const GAP: usize = 2;
/// What a column that gives way keeps.
const LEAST: usize = 10;

/// A column, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    is_number: bool,
    /// Whether it is cut where the table is too wide.
    gives_way: bool,
}

impl Column {
    /// Words, whole.
    pub(crate) const fn words(name: &'static str) -> Self {
        Self {
            name,
            is_number: false,
            gives_way: false,
        }
    }

    /// Long text, cut where there is no room.
    pub(crate) const fn long(name: &'static str) -> Self {
        Self {
            gives_way: true,
            ..Self::words(name)
        }
    }

    /// Numbers, their ends aligned.
    pub(crate) const fn number(name: &'static str) -> Self {
        Self {
            is_number: true,
            ..Self::words(name)
        }
    }
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text that is made safe for a terminal.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: one_line(text.as_ref()),
            style: Style::new(),
        }
    }

    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            style,
            ..Self::new(text)
        }
    }
}

impl Cell {
    /// By itself, outside a table.
    pub(crate) fn draw(&self) -> String {
        let (style, text) = (self.style, &self.text);
        format!("{style}{text}{style:#}")
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As text with styles; lines are no longer than `width`, if there is one, as far as the
    /// columns that give way allow.
    pub(crate) fn draw(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let heads: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::styled(column.name, FAINT))
            .collect();
        let mut out = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for (at, ((cell, column), width)) in
                row.iter().zip(&self.columns).zip(&widths).enumerate()
            {
                let text = fit(&cell.text, *width);
                let room = " ".repeat(width.saturating_sub(text.width()));
                if at > 0 {
                    line.push_str(&" ".repeat(GAP));
                }
                let style = cell.style;
                if column.is_number {
                    line.push_str(&format!("{room}{style}{text}{style:#}"));
                } else if at + 1 == row.len() {
                    line.push_str(&format!("{style}{text}{style:#}"));
                } else {
                    line.push_str(&format!("{style}{text}{style:#}{room}"));
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// How wide each column is.
    fn widths(&self, most: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                let widest = cells.map(|cell| cell.text.width()).max().unwrap_or(0);
                widest.max(self.columns[at].name.width())
            })
            .collect();
        let Some(most) = most else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
        while over > 0 {
            // The widest gives way first, down to the next one's width.
            let widest = (0..widths.len())
                .filter(|at| self.columns[*at].gives_way && widths[*at] > LEAST)
                .max_by_key(|at| widths[*at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
            over -= 1;
        }
        widths
    }
}

/// Text within so many columns, `…` at its end where something was cut.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let next = c.encode_utf8(&mut [0; 4]).width();
        if out.width() + next + 1 > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[
            Column::words("METHOD"),
            Column::long("ROUTE"),
            Column::number("TIME"),
        ]);
        table.row(vec!["GET".into(), "/a".into(), "1.20 ms".into()]);
        table.row(vec![
            "DELETE".into(),
            "/a/very/long/路径/{id}".into(),
            "13 µs".into(),
        ]);
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            plain(&table().draw(None)),
            "METHOD  ROUTE                      TIME\n\
             GET     /a                      1.20 ms\n\
             DELETE  /a/very/long/路径/{id}    13 µs\n"
        );
    }

    #[test]
    fn a_table_is_no_wider_than_the_terminal() {
        let drawn = plain(&table().draw(Some(30)));
        assert!(drawn.lines().all(|line| line.width() <= 30), "{drawn}");
        assert!(
            drawn.contains("/a/very/long…") && drawn.contains("13 µs"),
            "{drawn}"
        );
        // What may not be cut stays whole, at whatever width.
        assert!(plain(&table().draw(Some(3))).contains("1.20 ms"));
    }

    #[test]
    fn colours_are_left_out_where_they_are_not_understood() {
        let mut table = Table::new(&[Column::words("STATUS")]);
        table.row(vec![Cell::styled("500", crate::screen::BAD)]);
        assert!(table.draw(None).contains("\u{1b}["));
        assert_eq!(plain(&table.draw(None)), "STATUS\n500\n");
    }
}
