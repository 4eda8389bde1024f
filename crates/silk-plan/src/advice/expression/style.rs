//! How a database writes: texts, names, casts.

use silk_core::DatabaseKind;

use super::reserved::is_reserved;

/// How the databases write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// `"x"` is a text.
    pub(crate) double_quotes_are_texts: bool,
    /// A backslash escapes within every text.
    pub(crate) backslashes_escape: bool,
    /// `x::text`, else `CAST(x AS text)`.
    pub(crate) double_colon: bool,
    /// Names without quotes are lower case.
    pub(crate) folds_names: bool,
    /// What names are quoted with.
    pub(crate) quote: char,
}

impl Style {
    /// The way a database writes.
    pub(crate) const fn of(kind: DatabaseKind) -> Self {
        let is_mysql = matches!(kind, DatabaseKind::MySql);
        let is_postgres = matches!(kind, DatabaseKind::Postgres);
        Self {
            double_quotes_are_texts: is_mysql,
            backslashes_escape: is_mysql,
            double_colon: is_postgres,
            folds_names: is_postgres,
            quote: if is_mysql { '`' } else { '"' },
        }
    }
}

/// A name as it can stand in a statement.
pub(crate) fn quote(name: &str, style: Style) -> String {
    let is_plain = name.bytes().enumerate().all(|(at, byte)| {
        byte == b'_'
            || byte.is_ascii_lowercase()
            || (!style.folds_names && byte.is_ascii_uppercase())
            || (at > 0 && byte.is_ascii_digit())
    });
    if is_plain && !name.is_empty() && !is_reserved(name) {
        return name.to_owned();
    }
    let quote = style.quote;
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push(quote);
    for c in name.chars() {
        if c == quote {
            quoted.push(quote);
        }
        quoted.push(c);
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let postgres = Style::of(DatabaseKind::Postgres);
        for (name, quoted) in [
            ("message", "message"),
            ("_a1", "_a1"),
            ("1a", "\"1a\""),
            ("User", "\"User\""),
            ("user", "\"user\""),
            ("a\"; DROP TABLE x; --", "\"a\"\"; DROP TABLE x; --\""),
            ("", "\"\""),
            ("zahl_ä", "\"zahl_ä\""),
            ("a b", "\"a b\""),
        ] {
            assert_eq!(quote(name, postgres), quoted);
        }
        assert_eq!(quote("Ab", Style::of(DatabaseKind::Sqlite)), "Ab");
        assert_eq!(quote("a`b", Style::of(DatabaseKind::MySql)), "`a``b`");
    }
}
