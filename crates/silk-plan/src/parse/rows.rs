//! A plan's lines as a driver gives them: one row of a result for each, as JSON.

use super::json::Json;

/// Lines of a plan that a driver could give at most.
const MAX_LINES: usize = 20_000;

/// The lines of a list of rows, each with its one text, whatever its column is called; of SQLite's
/// rows `id|parent|detail`. None if it is something else.
pub(super) fn lines_of(value: &Json) -> Option<String> {
    let rows = value.items();
    if rows.is_empty() || rows.len() > MAX_LINES {
        return None;
    }
    let mut text = String::new();
    for row in rows {
        match row {
            Json::Text(line) => text.push_str(line),
            Json::Array(cells) => match cells.as_slice() {
                [Json::Text(line)] => text.push_str(line),
                [id, parent, .., Json::Text(detail)] => push_row(&mut text, id, parent, detail)?,
                _ => return None,
            },
            Json::Object(cells) => match cells.as_slice() {
                [(_, Json::Text(line))] => text.push_str(line),
                _ => {
                    let detail = row.get("detail")?.as_str()?;
                    push_row(&mut text, row.get("id")?, row.get("parent")?, detail)?;
                }
            },
            _ => return None,
        }
        text.push('\n');
    }
    Some(text)
}

fn push_row(text: &mut String, id: &Json, parent: &Json, detail: &str) -> Option<()> {
    let (Json::Number(id), Json::Number(parent)) = (id, parent) else {
        return None;
    };
    for part in [id, "|", parent, "|", detail] {
        text.push_str(part);
    }
    Some(())
}
