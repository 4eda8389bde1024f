//! Reads what databases print.

mod clean;
mod json;
mod mysql;
mod postgres;
mod sqlite;
mod tree;

use silk_core::PlanFormat;

use json::Json;

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

/// Reads a plan of whichever format it is in.
pub(crate) fn detect_and_parse(raw: &str) -> Result<Plan, PlanError> {
    if raw.trim().is_empty() {
        return Err(PlanError::Empty);
    }
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
    if postgres::looks_like_text(&text) {
        return postgres::from_text(&text);
    }
    if mysql::looks_like_tree(&text) {
        return mysql::from_tree(&text);
    }
    if sqlite::looks_like_rows(&text) {
        return sqlite::from_rows(&text);
    }
    Err(broken.unwrap_or(PlanError::Unrecognised))
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
                Err(_) if postgres::looks_like_text(&text) => postgres::from_text(&text).ok(),
                Err(_) if mysql::looks_like_tree(&text) => mysql::from_tree(&text).ok(),
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

/// The first plan within a value that is none itself: a client's row, a list in a list.
fn within(value: Json, is_plan: &impl Fn(&Json) -> bool) -> Option<Json> {
    let mut open = vec![value];
    while let Some(mut value) = open.pop() {
        if is_plan(&value) {
            return Some(value);
        }
        value.take_parts(&mut open);
    }
    None
}

/// A JSON value found in a text.
struct FoundJson<'a> {
    /// What stood before it.
    before: &'a str,
    value: Json,
}

/// Places in a text that are tried as the start of a plan: keeps odd input linear.
const MAX_STARTS: usize = 16;

/// The first JSON value in the text that is a plan.
fn find_json(text: &str, is_plan: impl Fn(&Json) -> bool) -> Result<FoundJson<'_>, PlanError> {
    let mut failed = None;
    let mut at = 0;
    for _ in 0..MAX_STARTS {
        let Some(offset) = text[at..].find(['{', '[']) else {
            break;
        };
        let start = at + offset;
        at = start + 1;
        match json::read(&text[start..]) {
            Ok((value, end)) => {
                if let Some(value) = within(value, &is_plan) {
                    return Ok(FoundJson {
                        before: &text[..start],
                        value,
                    });
                }
                at = start + end;
            }
            // Only what opens like a plan is worth complaining about.
            Err(error) => {
                let inside = text[start + 1..].trim_start();
                if failed.is_none() && inside.starts_with(['"', '{']) {
                    failed = Some(match error {
                        PlanError::Json { offset, reason } => PlanError::Json {
                            offset: offset + start,
                            reason,
                        },
                        other => other,
                    });
                }
            }
        }
    }
    Err(failed.unwrap_or(PlanError::Unrecognised))
}
