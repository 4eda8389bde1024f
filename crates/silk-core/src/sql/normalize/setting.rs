//! `SET name = value`: the value is one `?`, however it is written.

use super::Printer;
use crate::sql::lexer::{Kind, Lexeme};

/// Where in a `SET name = value` the print stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// In no such statement.
    None,
    Name,
    /// Before the value.
    Value,
    /// Behind the first piece of the value.
    Rest,
}

impl Setting {
    pub(super) fn at(lexeme: &Lexeme<'_>) -> Self {
        if lexeme.is_word("SET") {
            Self::Name
        } else {
            Self::None
        }
    }
}

impl Printer {
    /// The value of a setting is one `?`, however it is written. Tells whether the lexeme was
    /// dealt with.
    pub(super) fn is_setting(
        &mut self,
        lexeme: &Lexeme<'_>,
        all: &[Lexeme<'_>],
        index: usize,
    ) -> bool {
        if lexeme.is_sign(";") {
            self.setting = Setting::None;
        }
        match self.setting {
            Setting::None => false,
            Setting::Name => {
                if lexeme.is_sign("=")
                    || lexeme.is_sign(":=")
                    || lexeme.is_any_word(&["TO", "ROLE", "AUTHORIZATION"])
                {
                    self.setting = Setting::Value;
                }
                false
            }
            // What is worked out is not one value.
            Setting::Value
                if lexeme.is_sign("(")
                    || all.get(index + 1).is_some_and(|next| next.is_sign("(")) =>
            {
                self.setting = Setting::None;
                false
            }
            Setting::Value => {
                let is_signed = matches!(lexeme.text, "-" | "+");
                if !is_signed {
                    self.value();
                    self.setting = Setting::Rest;
                }
                true
            }
            // `SET a = 1, b = 2` sets two, `SET a = b, c` a list.
            Setting::Rest if lexeme.is_sign(",") => {
                let ahead = all.get(index + 1..).unwrap_or_default();
                let is_next = ahead
                    .iter()
                    .take(8)
                    .take_while(|word| !word.is_sign(",") && !word.is_sign(";"))
                    .any(|word| word.is_sign("=") || word.is_sign(":="));
                if is_next {
                    self.setting = Setting::Name;
                }
                !is_next
            }
            Setting::Rest => {
                // Anything but names, values and dots means more than a list.
                let is_list = matches!(
                    lexeme.kind,
                    Kind::Word | Kind::Quoted | Kind::Text | Kind::Number | Kind::Placeholder
                ) || lexeme.is_sign(".");
                if !is_list {
                    self.setting = Setting::None;
                }
                is_list
            }
        }
    }
}
