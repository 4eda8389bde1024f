//! Lists as JSON arrays: words in columns, and numbers for `json_each`.

use super::numbers::to_i64;

/// A list of words as a JSON array.
pub(super) fn to_json(words: &[String]) -> String {
    // Strings always serialise.
    serde_json::to_string(words).unwrap_or_default()
}

/// The list of words again; empty where it is no such list.
pub(super) fn from_json(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Numbers as a JSON array, for `json_each`.
pub(super) fn json_numbers(numbers: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for number in numbers {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&number.to_string());
    }
    text.push(']');
    text
}

/// Counts as a JSON array.
pub(super) fn json_counts(numbers: impl IntoIterator<Item = u64>) -> String {
    json_numbers(numbers.into_iter().map(to_i64))
}
