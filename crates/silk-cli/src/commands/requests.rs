//! `silk requests`: the list.

use chrono::Utc;
use silk_core::words::{count, counted, duration};

use super::ids;
use crate::{
    api::{Api, List, Query, RequestRow},
    screen::{BAD, Screen, WARN},
    show::{Cell, Column, Table, clock},
    trouble::Result,
};

/// Prints the list that a query asks for.
pub(crate) async fn list(api: &Api, screen: Screen, query: &Query) -> Result<()> {
    let answer = api.get("api/requests", query).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    let list: List<RequestRow> = answer.read()?;
    let table = table(&list.items, screen.width);
    if table.is_empty() {
        screen.note("No request matches.");
    } else {
        screen.text(&table.draw(screen.width))?;
    }
    say_rest(screen, &list, "request");
    Ok(())
}

/// Says how much of a list is shown, and how to see the rest.
pub(super) fn say_rest<T>(screen: Screen, list: &List<T>, word: &str) {
    let shown = u64::try_from(list.items.len()).unwrap_or(u64::MAX);
    if let Some(total) = list.total.filter(|total| *total > shown) {
        let about = if list.is_total_estimate { "about " } else { "" };
        screen.note(&format!(
            "{} of {about}{}",
            count(shown),
            counted(total, word)
        ));
    }
    if list.is_partial {
        screen.note("The search stopped before all were looked at; the next page goes on.");
    }
    if let Some(next) = &list.next {
        screen.note(&format!("next page: --cursor={next}"));
    }
}

/// Requests as a table.
pub(super) fn table(rows: &[RequestRow], width: Option<usize>) -> Table {
    let now = Utc::now();
    let mut table = Table::new(&[
        Column::words("ID"),
        Column::words("UTC"),
        Column::words("STATUS"),
        Column::long("REQUEST"),
        Column::number("TIME"),
        Column::number("SQL"),
        Column::number("QUERIES"),
        Column::long("FINDINGS"),
    ]);
    for row in rows {
        let name = format!("{} {}", row.method, row.route);
        table.row(vec![
            ids::shown(&row.id, width).into(),
            clock(row.started_at, now).into(),
            status(row),
            name.trim().into(),
            duration(row.duration_us).into(),
            duration(row.query_time_us).into(),
            count(row.query_count).into(),
            Cell::styled(row.findings.join(", "), WARN),
        ]);
    }
    table
}

/// The status, or how it ended where it has none.
pub(super) fn status(row: &RequestRow) -> Cell {
    let is_bad = row.status.is_some_and(|status| status >= 500)
        || matches!(&*row.outcome, "error" | "panicked");
    let text = match (row.status, &*row.outcome) {
        (Some(status), "completed") => status.to_string(),
        (Some(status), outcome) => format!("{status} {outcome}"),
        (None, outcome) => outcome.to_owned(),
    };
    if is_bad {
        Cell::styled(text, BAD)
    } else {
        Cell::new(text)
    }
}
