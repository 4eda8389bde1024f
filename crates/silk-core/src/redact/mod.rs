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
mod shape;
mod text;
mod value;
mod web;

pub use secrets::Secrets;

use self::{
    names::{Answer, Names, Verdict},
    web::Routes,
};
use crate::value::REDACTED;

/// Takes secrets out of everything that is recorded.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    names: Names,
    /// Templates of the routes that were seen.
    routes: Routes,
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
        Redactor {
            names: self.names,
            routes: Routes::default(),
        }
    }
}

impl Redactor {
    /// Starts from the default names: passwords, tokens, secrets, sessions, cookies, keys, one-time
    /// codes, card and social-security numbers.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }

    /// Whether values of this name are secrets, whatever they look like: of `user_password`,
    /// `X-Api-Key`, `accessToken` they are, of `monkey` and `token_type` they are not.
    #[must_use]
    pub fn is_sensitive(&self, name: &str) -> bool {
        self.answer(name).verdict == Verdict::Secret
    }

    /// Whether this value of this name is a secret. Names such as `key`, `code`, `hash`, `card`
    /// leave it to the value: `482913` is a one-time code, `DE` the code of a country.
    #[must_use]
    pub fn is_secret(&self, name: &str, value: &str) -> bool {
        match self.answer(name).verdict {
            Verdict::Secret => !names::is_no_secret(name, value),
            Verdict::Harmless => false,
            Verdict::Judge(judge) => judge.is_secret(value, false),
        }
    }

    /// How many routes with secret parameters were seen so far. What they say of paths holds wherever
    /// a path stands: a text that was found harmless is judged anew once there are more of them.
    #[must_use]
    pub fn secret_routes(&self) -> usize {
        self.routes.secret_count()
    }

    /// All that is known of a name.
    fn answer(&self, name: &str) -> Answer {
        self.names.answer(name)
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
            if self.is_secret(name, value.trim_matches('"')) {
                secrets.add(value.trim_matches('"'));
                REDACTED.clone_into(value);
            } else {
                let safe = if is_of_address(name) {
                    self.address(value, false, secrets)
                } else {
                    self.text_with(value, secrets)
                };
                if safe != *value {
                    *value = safe;
                }
            }
        }
    }
}

/// Whether a field holds the address of a request: `uri`, `http.target`, `url.path`.
fn is_of_address(name: &str) -> bool {
    [
        "path", "uri", "url", "target", "referer", "referrer", "location",
    ]
    .iter()
    .any(|known| name.ends_with(known))
}

#[cfg(test)]
mod tests;
