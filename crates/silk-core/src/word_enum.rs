//! Enumerations whose variants have a word each, for pages, addresses and the API.

/// Gives an enumeration its words, the list of its variants, and parsing.
macro_rules! word_enum {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// Every variant, in the order of declaration (also the number it is stored as).
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word used in pages, addresses and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::UnknownWord { text: text.to_owned(), expected: &[$($word),*] }),
                }
            }
        }
    };
}
pub(crate) use word_enum;

/// A word that is none of those an enumeration knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {}", expected.join(", "))]
pub struct UnknownWord {
    /// What was given.
    pub text: String,
    /// What would have been understood.
    pub expected: &'static [&'static str],
}
