//! Lines that were not understood: they are reported, never dropped silently.

/// What was left out, and where.
#[derive(Default)]
pub(crate) struct LeftOut {
    count: usize,
    first: Option<String>,
}

/// Longest text that a note quotes, in characters.
const MAX_QUOTED: usize = 60;

impl LeftOut {
    /// A line that nothing was taken from; those of a client (its prompt, its timing) are no loss.
    pub(crate) fn add(&mut self, line: &str) {
        if !is_of_client(line) {
            self.count += 1;
            self.first
                .get_or_insert_with(|| line.trim().chars().take(MAX_QUOTED).collect());
        }
    }

    /// What a reader should know of it.
    pub(crate) fn note(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let count = self.count;
        let lines = if count == 1 { "line was" } else { "lines were" };
        Some(format!(
            "{count} {lines} not understood and left out; the first: {first}"
        ))
    }
}

/// A line of a client that is nothing of the plan: a prompt, its own timing, an empty statement.
pub(crate) fn is_of_client(line: &str) -> bool {
    let line = line.trim();
    let prompts = ["=#", "=>", "-#", "(#", "(>", "mysql>", "sqlite>", "]>"];
    let is_prompt = prompts.iter().any(|end| line.ends_with(end)) && !line.contains("  ");
    is_prompt || line.starts_with("Time: ") || line.starts_with("Run Time: ") || line.is_empty()
}
