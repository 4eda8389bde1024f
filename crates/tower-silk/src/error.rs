//! Why Silk could not be built.

/// A configuration that cannot work. Says what to change.
///
/// A store that is dead, full or locked is none: the app boots, records are counted as lost, and
/// the store is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No store was chosen.
    #[error("no store chosen: call .sqlite(\"silk.db\"), .in_memory() or .store(…) on the builder")]
    NoStore,
    /// A setting has a value that cannot work.
    #[error("{setting} is {value}: {remedy}")]
    Setting {
        /// The builder's method.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A file of findings that are known cannot be read.
    #[error("baseline {}: {problem}", .path.display())]
    Baseline {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong, with the line where there is one.
        problem: String,
    },
    /// The operating system gave no thread.
    #[error("could not start the profiler's threads")]
    Threads(#[source] std::io::Error),
}
