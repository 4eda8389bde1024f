//! Lines of which nothing was taken: told, never dropped in silence.

use super::is_of_client;

/// What was left out, and where.
#[derive(Default)]
pub(super) struct LeftOut {
    within: usize,
    after: usize,
    first: Option<String>,
}

/// Longest text that a note quotes, in characters.
const MAX_QUOTED: usize = 60;

impl LeftOut {
    /// A line in the midst of the plan.
    pub(super) fn within(&mut self, line: &str) {
        self.add(line);
        self.within += 1;
    }

    /// A line below the end of the plan.
    pub(super) fn after(&mut self, line: &str) {
        if !is_of_client(line) {
            self.add(line);
            self.after += 1;
        }
    }

    fn add(&mut self, line: &str) {
        self.first
            .get_or_insert_with(|| line.trim().chars().take(MAX_QUOTED).collect());
    }

    /// What a reader should know of it.
    pub(super) fn note(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let count = self.within + self.after;
        let lines = if count == 1 { "line was" } else { "lines were" };
        Some(format!(
            "{count} {lines} not understood and left out; the first: {first}"
        ))
    }
}
