//! What recording costs in instructions: a price that repeats to the per cent on a busy machine, unlike
//! times, and is compared with the one that was accepted.
//!
//! Callgrind counts what each thread executes. The example `instructions` of `silk-capture` answers
//! requests of one kind without a network, and lets the writer at them only when it says so, so that
//! nothing depends on time. What the same app executes without us is taken off.

mod callgrind;
mod paths;
mod table;

use std::{fs, path::Path as File};

use self::{paths::Path, table::Row};
use crate::{
    Result, process, root, say,
    services::{Need, provide},
};

/// Where the accepted prices stand.
const TABLE: &str = "docs/reference/instructions.md";
/// By how much of itself a price may grow before somebody has to accept it.
const MOST_GROWTH: f64 = 0.03;

/// How often a path is counted where it matters: what SQLite's thread and the app's do between them is
/// chance in part, a few per cent of the smaller prices.
const TIMES: usize = 3;

/// Counts, and compares with what was accepted, or accepts what is counted.
pub(super) fn run(is_accepted: bool) -> Result {
    provide(&[Need::VALGRIND])?;
    let example = callgrind::build()?;
    let file = root().join(TABLE);
    let before = fs::read_to_string(&file)?;
    let accepted = table::read(&before)?;
    let mut rows = Vec::new();
    for path in paths::all() {
        say(format_args!("counting {}", path.name()));
        let mut row = price(&example, path)?;
        let known = accepted.iter().find(|known| known.name == row.name);
        if is_accepted || known.is_some_and(|known| is_worse(&row, known)) {
            let mut all = vec![row];
            while all.len() < TIMES {
                all.push(price(&example, path)?);
            }
            row = Row::middle(&all);
        }
        rows.push(row);
    }
    rows.extend(paths::per_query(&rows));
    let worse = compare(&accepted, &rows);
    if is_accepted {
        fs::write(&file, table::write(&before, &rows, &compiler()?)?)?;
        say(format_args!("accepted in {TABLE}"));
        return Ok(());
    }
    if worse.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more instructions than {TABLE} allows:\n  {}\nMend it, or accept it with \
         `cargo xtask bench --instructions --accept` and say in the commit what they buy. (The \
         table was made with {}; this is {}.)",
        worse.join("\n  "),
        table::compiler(&before).unwrap_or("an unknown compiler"),
        compiler()?,
    )
    .into())
}

/// What a path adds to the app, and what it takes of our own threads.
fn price(example: &File, path: Path) -> Result<Row> {
    let off = callgrind::count(example, path.without())?;
    let on = callgrind::count(example, path)?;
    Ok(Row {
        name: path.name(),
        app: on.app - off.app,
        silk: on.silk,
    })
}

/// Whether one of its prices has grown by too much.
fn is_worse(row: &Row, accepted: &Row) -> bool {
    let has_grown = |now: f64, before: f64| now / before - 1.0 > MOST_GROWTH;
    has_grown(row.app, accepted.app) || has_grown(row.silk, accepted.silk)
}

/// Prints each price beside the accepted one; what grew by too much.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn compare(accepted: &[Row], rows: &[Row]) -> Vec<String> {
    let mut worse = Vec::new();
    println!("| path | app's threads | accepted | | ours | accepted | |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let known = accepted.iter().find(|known| known.name == row.name);
        let mut cells = Vec::new();
        for (place, now, before) in [
            ("app's threads", row.app, known.map(|known| known.app)),
            ("ours", row.silk, known.map(|known| known.silk)),
        ] {
            let Some(before) = before else {
                cells.push(format!("{now:.0} | – | new"));
                continue;
            };
            let growth = now / before - 1.0;
            cells.push(format!("{now:.0} | {before:.0} | {:+.1} %", growth * 100.0));
            if growth > MOST_GROWTH {
                worse.push(format!(
                    "{}, {place}: {before:.0} → {now:.0} ({:+.1} %)",
                    row.name,
                    growth * 100.0
                ));
            }
        }
        println!("| {} | {} |", row.name, cells.join(" | "));
    }
    worse
}

/// The compiler's own name for itself.
fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = process::run_quietly(std::process::Command::new(rustc).arg("--version"))?;
    // "rustc 1.95.0 (hash date)"
    let words: Vec<&str> = printed.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_may_grow_by_little() {
        let row = |app, silk| Row {
            name: "a page".to_owned(),
            app,
            silk,
        };
        let accepted = [row(1_000.0, 2_000.0)];
        assert!(compare(&accepted, &[row(1_029.0, 1_000.0)]).is_empty());
        assert_eq!(
            compare(&accepted, &[row(1_031.0, 2_061.0)]),
            [
                "a page, app's threads: 1000 → 1031 (+3.1 %)",
                "a page, ours: 2000 → 2061 (+3.0 %)"
            ]
        );
        // One that nobody has accepted yet is no reason to fail.
        assert!(compare(&[], &[row(1.0, 1.0)]).is_empty());
    }
}
