//! What may be longer than the rest, each with the reason.

/// A file or function that may break a rule of [`super::files`].
#[derive(Debug)]
pub(super) struct Exception {
    /// A file.
    pub(super) path: &'static str,
    /// A function of the file; none for the file itself.
    pub(super) function: Option<&'static str>,
    /// Why.
    pub(super) reason: &'static str,
}

impl Exception {
    /// One function of a file.
    pub(super) const fn function(
        path: &'static str,
        function: &'static str,
        reason: &'static str,
    ) -> Self {
        Self {
            path,
            function: Some(function),
            reason,
        }
    }
}

/// The whole list.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception::function(
        "crates/silk-store/src/contract/filters.rs",
        "filters",
        "a test of the contract: one story, and what every step of it must show",
    ),
    Exception::function(
        "crates/silk-store/src/contract/fixture/maximal.rs",
        "fill",
        "every field of a record once, with a value of its own",
    ),
    Exception::function(
        "crates/silk-store/src/contract/lists.rs",
        "stars_stand_for_any_text",
        "a test of the contract: one story, and what every step of it must show",
    ),
    Exception::function(
        "crates/silk-store/src/contract/sums.rs",
        "statements_are_listed_and_sorted",
        "a test of the contract: one story, and what every step of it must show",
    ),
];
