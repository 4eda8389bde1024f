//! Reads what databases print.

mod clean;
mod find;
mod frames;
mod json;
mod left_out;
mod mysql;
mod pasted;
mod postgres;
mod prefixes;
mod refusal;
mod rows;
mod sqlite;
mod tree;

use silk_core::PlanFormat;

use find::find_json;

use crate::{Plan, PlanError};

/// Reads a plan of a known format.
pub(crate) fn parse(format: PlanFormat, raw: &str) -> Result<Plan, PlanError> {
    if raw.trim().is_empty() {
        return Err(PlanError::Empty);
    }
    let text = clean::unframe(raw);
    match format {
        PlanFormat::PostgresJson => {
            let found = find_json(&text, postgres::is_plan)?;
            postgres::from_json(&found)
        }
        PlanFormat::PostgresText => postgres::from_text(&text),
        PlanFormat::MySqlJson => {
            let found = find_json(&text, mysql::is_plan)?;
            mysql::from_json(&found.value)
        }
        PlanFormat::MySqlTree => mysql::from_tree(&text),
        PlanFormat::SqliteRows => sqlite::from_rows(&text),
    }
}

/// Reads a plan in any known format.
pub(crate) fn detect_and_parse(raw: &str) -> Result<Plan, PlanError> {
    if raw.trim().is_empty() {
        return Err(PlanError::Empty);
    }
    let rows = frames::from_python(raw);
    let raw = rows.as_deref().unwrap_or(raw);
    let text = clean::unframe(raw);
    let mut broken = None;
    match find_json(&text, |value| {
        postgres::is_plan(value) || mysql::is_plan(value)
    }) {
        Ok(found) if postgres::is_plan(&found.value) => return postgres::from_json(&found),
        Ok(found) => return mysql::from_json(&found.value),
        Err(PlanError::Unrecognised) => {}
        Err(error) => broken = Some(error),
    }
    if let Some(plan) = from_string(raw) {
        return Ok(plan);
    }
    let plan = if refusal::is_yaml(&text) {
        Err(PlanError::Unrecognised)
    } else if mysql::looks_like_tree(&text) {
        mysql::from_tree(&text)
    } else if postgres::looks_like_text(&text) {
        postgres::from_text(&text)
    } else if sqlite::looks_like_rows(&text) {
        sqlite::from_rows(&text)
    } else {
        Err(broken.unwrap_or(PlanError::Unrecognised))
    };
    plan.map_err(|error| match error {
        PlanError::TooDeep => error,
        other => refusal::why(&text).unwrap_or(other),
    })
}

/// Strings within JSON that are tried: an answer of an API holds one plan or a few.
const MAX_STRINGS: usize = 8;

/// A plan that was put into JSON as a string: `"[{\"Plan\": …"`, `{"plan": "Seq Scan …\n…"}`.
fn from_string(raw: &str) -> Option<Plan> {
    let (value, end) = json::read(raw).ok()?;
    if !raw.get(end..)?.trim().is_empty() {
        return None;
    }
    let mut open = vec![&value];
    let mut tried = 0;
    while let Some(value) = open.pop() {
        if let Some(text) = rows::lines_of(value) {
            let text = clean::unframe(&text);
            let plan = if let Ok(found) = find_json(&text, postgres::is_plan) {
                postgres::from_json(&found)
            } else if mysql::looks_like_tree(&text) {
                mysql::from_tree(&text)
            } else if postgres::looks_like_text(&text) {
                postgres::from_text(&text)
            } else if sqlite::looks_like_rows(&text) {
                sqlite::from_rows(&text)
            } else {
                Err(PlanError::Unrecognised)
            };
            if plan.is_ok() {
                return plan.ok();
            }
        }
        if let Some(text) = value.as_str()
            && (text.contains('\n') || text.contains('{'))
        {
            tried += 1;
            if tried > MAX_STRINGS {
                return None;
            }
            // Once: a string within a string within a string is nobody's.
            let text = clean::unframe(text);
            let found = find_json(&text, |value| {
                postgres::is_plan(value) || mysql::is_plan(value)
            });
            let plan = match found {
                Ok(found) if postgres::is_plan(&found.value) => postgres::from_json(&found).ok(),
                Ok(found) => mysql::from_json(&found.value).ok(),
                Err(_) if mysql::looks_like_tree(&text) => mysql::from_tree(&text).ok(),
                Err(_) if postgres::looks_like_text(&text) => postgres::from_text(&text).ok(),
                Err(_) => None,
            };
            if plan.is_some() {
                return plan;
            }
        }
        open.extend(value.entries().iter().rev().map(|(_, value)| value));
        open.extend(value.items().iter().rev());
    }
    None
}
