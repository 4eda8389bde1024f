//! The one redactor: nothing reaches store, log or page but through it.
//!
//! Names tell what is secret ([`Redactor::is_sensitive`]); the values met under such names are
//! taken out, and remembered for the time of the request as [`Secrets`], so that they can be
//! scrubbed out of every other text of it, wherever they turn up. There is no switch to turn it
//! off.

mod error;
mod json;
mod markup;
mod names;
mod secrets;
mod text;
mod value;
mod web;

pub use secrets::Secrets;

use self::names::Names;

/// What stands for a value that was taken out.
pub const REDACTED: &str = "[redacted]";

/// Takes secrets out of everything that is recorded.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    names: Names,
}

/// Builds a [`Redactor`] from the default names and the app's own.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RedactorBuilder {
    names: Names,
}

impl RedactorBuilder {
    /// Adds a sensitive name, by its words: `loyalty number` stands for `loyalty_number`,
    /// `X-Loyalty-Number`, `loyaltyNumber` and any longer name that has these words in a row.
    pub fn sensitive(mut self, name: impl AsRef<str>) -> Self {
        self.names.add(name.as_ref());
        self
    }

    /// Takes a name out: one of the defaults, or exactly this name where it would match by one of
    /// its words. Less is redacted then; what it holds is stored and shown.
    pub fn not_sensitive(mut self, name: impl AsRef<str>) -> Self {
        self.names.except(name.as_ref());
        self
    }

    /// The redactor.
    #[must_use]
    pub fn build(self) -> Redactor {
        Redactor { names: self.names }
    }
}

impl Redactor {
    /// Starts from the default names: passwords, tokens, secrets, sessions, cookies, keys, one-time
    /// codes, card and social-security numbers.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }

    /// Whether values of this name are secrets: `user_password`, `X-Api-Key`, `accessToken` are,
    /// `monkey` and `token_type` are not.
    #[must_use]
    pub fn is_sensitive(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The words of a name in lower case.
    pub(crate) fn words_of(name: &str) -> Vec<String> {
        names::words(name)
    }

    /// Whether any word of the text is a sensitive name.
    pub(crate) fn names_something_sensitive(&self, text: &str) -> bool {
        text.split(|character: char| {
            !(character.is_alphanumeric() || matches!(character, '_' | '-'))
        })
        .any(|word| self.is_sensitive(word) || word.eq_ignore_ascii_case("identified"))
    }

    /// Named fields (of a span or log event), made safe in place.
    pub fn fields(&self, fields: &mut [(String, String)], secrets: &mut Secrets) {
        for (name, value) in fields {
            if self.is_sensitive(name) {
                secrets.add(value.trim_matches('"'));
                REDACTED.clone_into(value);
            } else {
                let safe = self.text_with(value, secrets);
                if safe != *value {
                    *value = safe;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
