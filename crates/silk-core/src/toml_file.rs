//! Files of TOML that people review and edit: read with the line of what is wrong, written so that a
//! change is a few lines of a diff.

use std::fmt::Write as _;

use serde::{Deserialize, de::DeserializeOwned};

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TomlError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it, in one line.
    pub problem: String,
}

/// The version alone: a later one may have other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Reads a file that begins with its `version`, `newest` at most.
///
/// # Errors
/// The first line that is wrong, and why.
pub fn read<T: DeserializeOwned>(text: &str, newest: u32) -> Result<T, TomlError> {
    // A broken file is reported below.
    if let Ok(Version { version }) = toml::from_str(text)
        && version > newest
    {
        let line = text.lines().position(|line| line.starts_with("version"));
        return Err(TomlError {
            line: line.unwrap_or(0) + 1,
            problem: format!(
                "version {version} is of a later tower-silk; this one reads up to {newest}"
            ),
        });
    }
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let breaks = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n');
        TomlError {
            line: breaks.count() + 1,
            problem: error.message().replace('\n', ", "),
        }
    })
}

/// A string on one line: in single quotes where it can be, so that quoted names stay readable.
#[must_use]
pub fn quoted(value: &str) -> String {
    let is_plain = |char: char| !char.is_control();
    if value.contains(['"', '\\']) && !value.contains('\'') && value.chars().all(is_plain) {
        return format!("'{value}'");
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for char in value.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            char if char.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(char));
            }
            char => text.push(char),
        }
    }
    text.push('"');
    text
}
