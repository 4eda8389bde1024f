//! A call site in a few words.

use super::format::one_line;

/// The last two parts of a path and the line: enough to know the place.
pub(crate) fn short_site(file: &str, line: u32) -> String {
    let short = file
        .rmatch_indices('/')
        .nth(1)
        .map_or(file, |(at, _)| &file[at + 1..]);
    format!("{}:{line}", one_line(short, 80))
}
