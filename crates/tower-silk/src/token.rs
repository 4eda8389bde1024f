//! The token that opens the dashboard.

/// A fresh token: 122 random bits, as 32 hex digits.
pub(crate) fn fresh() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Shortest token that is accepted from the app: below it, guessing becomes a plan.
pub(crate) const MIN_TOKEN_CHARS: usize = 16;
