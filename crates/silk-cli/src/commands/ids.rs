//! Ids as people type them: whole, or the end of one that a table shows.

use silk_core::{RequestId, words::counted};

use crate::{
    api::{Api, List, RequestRow},
    trouble::{Result, Trouble},
};

/// Digits at the end of an id that are enough.
const LEAST_DIGITS: usize = 6;

/// Digits of an id that a narrow table shows.
pub(crate) const SHOWN_DIGITS: usize = 12;

/// The whole id of the request that is meant.
///
/// # Errors
/// The text is no id, or none of the newest 500 requests ends in it.
pub(crate) async fn whole(api: &Api, text: &str) -> Result<String> {
    if let Ok(id) = text.parse::<RequestId>() {
        return Ok(id.to_string());
    }
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_end = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_end || !(LEAST_DIGITS..32).contains(&digits.len()) {
        return Err(
            Trouble::new(format!("“{text}” is not the id of a request."))
                .with_hint("`silk requests` lists the ids; the last 6 digits or more are enough"),
        );
    }
    let digits = digits.to_ascii_lowercase();
    let newest = vec![("limit", "500".to_owned())];
    let list: List<RequestRow> = api.get("api/requests", &newest).await?.read()?;
    let mut found = list
        .items
        .into_iter()
        .map(|row| row.id)
        .filter(|id| id.replace('-', "").ends_with(&digits));
    match (found.next(), found.count()) {
        (Some(id), 0) => Ok(id),
        (Some(_), more) => Err(Trouble::new(format!(
            "{} end in {text}.",
            counted(u64::try_from(more).unwrap_or(u64::MAX) + 1, "request")
        ))
        .with_hint("give more digits")),
        (None, _) => Err(
            Trouble::new(format!("None of the newest 500 requests ends in {text}."))
                .with_hint("give the whole id, as `silk requests --json` prints it"),
        ),
    }
}

/// An id as a table of that width shows it.
pub(crate) fn shown(id: &str, width: Option<usize>) -> String {
    /// From so many columns on there is room for all of it.
    const WIDE: usize = 110;
    if width.is_none_or(|width| width >= WIDE) {
        return id.to_owned();
    }
    let digits: Vec<char> = id.chars().filter(|c| *c != '-').collect();
    digits[digits.len().saturating_sub(SHOWN_DIGITS)..]
        .iter()
        .collect()
}
