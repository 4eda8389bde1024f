//! What a panic within a request said, and where it was.

/// What a panic said, and where it was.
#[derive(Debug, Default)]
pub(crate) struct PanicNote {
    pub(crate) message: Option<String>,
    /// File and line.
    pub(crate) place: Option<(String, u32)>,
}
