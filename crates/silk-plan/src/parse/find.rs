//! Finds JSON in the midst of other text.

use super::json::{self, Json};
use crate::PlanError;

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
pub(super) struct FoundJson<'a> {
    /// What stood before it.
    pub(super) before: &'a str,
    pub(super) value: Json,
    /// What stood after it.
    pub(super) after: &'a str,
}

/// Places in a text that are tried as the start of a plan: keeps odd input linear.
const MAX_STARTS: usize = 16;

/// The first JSON value in the text that is a plan.
pub(super) fn find_json(
    text: &str,
    is_plan: impl Fn(&Json) -> bool,
) -> Result<FoundJson<'_>, PlanError> {
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
                        after: &text[start + end..],
                    });
                }
                at = start + end;
            }
            // Only what opens like a plan is worth complaining about.
            Err(error) => {
                let inside = text[start + 1..].trim_start();
                if failed.is_none() && inside.starts_with(['"', '{']) {
                    let (error, is_cut) = match error {
                        PlanError::Json { offset, reason } => {
                            let offset = offset + start;
                            let error = PlanError::Json { offset, reason };
                            let ends = reason == json::UNENDED_STRING;
                            (error, ends || text[offset..].trim().is_empty())
                        }
                        other => (other, false),
                    };
                    // Well-formed to the end of the text: a part of it would be taken for the whole.
                    if is_cut {
                        return Err(error);
                    }
                    failed = Some(error);
                }
            }
        }
    }
    Err(failed.unwrap_or(PlanError::Unrecognised))
}
