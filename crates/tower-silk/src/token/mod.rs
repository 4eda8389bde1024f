//! The token that opens the dashboard.

#[cfg(all(feature = "store-sqlite", unix))]
mod kept;

use crate::BuildError;

/// Shortest token that is accepted from the app: below it, guessing becomes a plan.
pub(crate) const MIN_TOKEN_CHARS: usize = 16;

/// Holds a token where the builder was given none.
const VARIABLE: &str = "SILK_TOKEN";

/// A fresh token: 122 random bits, as 32 hex digits.
pub(crate) fn fresh() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The token of the builder, else of the environment.
///
/// # Errors
/// One that is too short.
pub(crate) fn chosen(token: Option<String>) -> Result<Option<String>, BuildError> {
    let from_variable = || std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    check("token", token)?.map_or_else(|| check(VARIABLE, from_variable()), |token| Ok(Some(token)))
}

fn check(setting: &'static str, token: Option<String>) -> Result<Option<String>, BuildError> {
    match token {
        Some(token) if token.chars().count() < MIN_TOKEN_CHARS => Err(BuildError::Setting {
            setting,
            value: format!("{} characters long", token.chars().count()),
            remedy: "give at least 16 characters, or leave it out for a random one",
        }),
        token => Ok(token),
    }
}

/// The token that an earlier start left beside the store's file; a fresh one, left there for the
/// next start, where there is none.
///
/// Never an error: where it cannot be kept, or what is there cannot be trusted, it is new.
#[cfg(all(feature = "store-sqlite", unix))]
pub(crate) fn kept_beside(store: &std::path::Path) -> String {
    kept::beside(store).unwrap_or_else(|trouble| {
        // A folder that cannot be written to is said of the store.
        if let kept::Trouble::Untrusted(path, why) = trouble {
            crate::console::complain(&format!(
                "the dashboard's token is new at every start, since {} {why}. Remove it, and the \
                 next start makes another.",
                path.display()
            ));
        }
        fresh()
    })
}

/// A fresh token: without Unix's rights on files there is no place for one.
#[cfg(all(feature = "store-sqlite", not(unix)))]
pub(crate) fn kept_beside(_: &std::path::Path) -> String {
    fresh()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_refused_with_its_setting() {
        for (setting, token) in [("token", "secret"), (VARIABLE, "fifteen-chars-x")] {
            let error = check(setting, Some(token.to_owned())).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with(setting)
                    && text.contains("16 characters")
                    && !text.contains(token),
                "{text}"
            );
        }
        let ok = check("token", Some("sixteen-chars-xx".to_owned())).unwrap();
        assert_eq!(ok.as_deref(), Some("sixteen-chars-xx"));
        assert_eq!(check("token", None).unwrap(), None);
    }

    #[test]
    fn fresh_tokens_differ() {
        assert_ne!(fresh(), fresh());
        assert_eq!(fresh().len(), 32);
    }
}
