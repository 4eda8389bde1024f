//! The table of accepted prices, as it stands in the documentation.

use crate::Result;

/// Around what the command writes.
const MARKERS: (&str, &str) = ("<!-- instructions -->", "<!-- /instructions -->");
/// Before the compiler's name.
const MADE_WITH: &str = "Counted with ";

/// The price of one path, in instructions per request or query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    /// Added to the threads of the app.
    pub(super) app: f64,
    /// On our own: the writer and its store.
    pub(super) silk: f64,
}

impl Row {
    /// The middle of each price of a path that was counted several times.
    pub(super) fn middle(rows: &[Self]) -> Self {
        let middle = |price: fn(&Self) -> f64| {
            let mut prices: Vec<f64> = rows.iter().map(price).collect();
            prices.sort_by(f64::total_cmp);
            prices.get(prices.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            name: rows.first().map(|row| row.name.clone()).unwrap_or_default(),
            app: middle(|row| row.app),
            silk: middle(|row| row.silk),
        }
    }
}

/// The rows that were accepted.
pub(super) fn read(document: &str) -> Result<Vec<Row>> {
    let (_, table, _) = split(document)?;
    Ok(table.lines().filter_map(row).collect())
}

/// With what compiler they were made.
pub(super) fn compiler(document: &str) -> Option<&str> {
    let line = |line: &'static str| move |text: &str| text.starts_with(line);
    let found = document.lines().find(|text| line(MADE_WITH)(text))?;
    found.strip_prefix(MADE_WITH)?.split(" by ").next()
}

/// The document with other rows.
pub(super) fn write(document: &str, rows: &[Row], compiler: &str) -> Result<String> {
    let (before, _, after) = split(document)?;
    let rows: String = rows
        .iter()
        .map(|row| {
            let (app, silk) = (with_separators(row.app), with_separators(row.silk));
            format!("| {} | {app} | {silk} |\n", row.name)
        })
        .collect();
    Ok(format!(
        "{before}{}\n{MADE_WITH}{compiler} by `cargo xtask bench --instructions --accept`.\n\n\
         | path | added to the app's threads | on our own threads |\n|---|---|---|\n{rows}{}{after}",
        MARKERS.0, MARKERS.1
    ))
}

/// What is before, between and after the markers.
fn split(document: &str) -> Result<(&str, &str, &str)> {
    let parts = document.split_once(MARKERS.0).and_then(|(before, rest)| {
        let (between, after) = rest.split_once(MARKERS.1)?;
        Some((before, between, after))
    });
    parts.ok_or_else(|| format!("no table between {} and {}", MARKERS.0, MARKERS.1).into())
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split(" | ")
        .collect();
    let [name, app, silk] = cells[..] else {
        return None;
    };
    let number = |text: &str| text.replace(',', "").parse().ok();
    Some(Row {
        name: name.to_owned(),
        app: number(app)?,
        silk: number(silk)?,
    })
}

/// A whole number with a comma after each third digit.
fn with_separators(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.as_str()),
    };
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_the_rest_stays() {
        let document = format!("# Title\n\n{}\nold\n{}\nafter\n", MARKERS.0, MARKERS.1);
        let row = |name: &str, app, silk| Row {
            name: name.to_owned(),
            app,
            silk,
        };
        let rows = [
            row("a page, pool", 1_234_567.0, 890.0),
            row("each query", 12.0, 1_000.0),
        ];
        let written = write(&document, &rows, "rustc 1.95.0").unwrap();
        assert!(
            written.contains("| a page, pool | 1,234,567 | 890 |"),
            "{written}"
        );
        assert!(written.starts_with("# Title\n\n") && written.ends_with("\nafter\n"));
        assert_eq!(read(&written).unwrap(), rows);
        assert_eq!(compiler(&written), Some("rustc 1.95.0"));
        assert_eq!(write(&written, &rows, "rustc 1.95.0").unwrap(), written);
        assert!(read("no table").is_err());
        let counted = [row("a", 3.0, 5.0), row("a", 1.0, 9.0), row("a", 2.0, 7.0)];
        assert_eq!(Row::middle(&counted), row("a", 2.0, 7.0));
    }
}
