//! A call site in a few words.

use silk_core::CallSite;

use super::format::one_line;

/// The last two parts of a path and the line: enough to know the place. The function where the
/// program was built without lines.
pub(crate) fn short_site(site: &CallSite) -> String {
    if site.file.is_empty() {
        return one_line(&site.function, 80);
    }
    let (file, line) = (&*site.file, site.line);
    let short = file
        .rmatch_indices('/')
        .nth(1)
        .map_or(file, |(at, _)| &file[at + 1..]);
    format!("{}:{line}", one_line(short, 80))
}
