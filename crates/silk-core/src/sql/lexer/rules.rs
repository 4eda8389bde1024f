//! What a database takes for a string, a comment or a name.

use crate::DatabaseKind;

/// The rules of one dialect that say where a piece ends.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own, and dialects mix them freely"
)]
#[derive(Debug)]
pub(super) struct Rules {
    /// A backslash escapes the next character of a plain string.
    pub(super) has_escapes: bool,
    /// `"x"` is a string.
    pub(super) double_is_text: bool,
    /// What a `#` is.
    pub(super) hash: Hash,
    /// `--` begins a comment only before white space.
    pub(super) dashes_need_space: bool,
    /// `/* /* */ */` is one comment.
    pub(super) nests_comments: bool,
    /// A comment that is not closed ends with the text.
    pub(super) may_leave_comment: bool,
    /// What stands in `/*! … */` is run.
    pub(super) runs_comments: bool,
    /// `$$x$$`, `$tag$x$tag$`.
    pub(super) has_dollar_quotes: bool,
    /// `` `name` ``
    pub(super) has_backticks: bool,
    /// `[name]`
    pub(super) has_brackets: bool,
    /// Operators are as long as their characters go, as in PostgreSQL.
    pub(super) has_free_operators: bool,
    /// A name may begin with a digit.
    pub(super) has_digit_names: bool,
    /// `$` may begin a name.
    pub(super) has_dollar_names: bool,
    /// `@name` is a word.
    pub(super) has_at_words: bool,
    /// `:name`, `@name` and `$name` are placeholders.
    pub(super) has_named_values: bool,
    /// `?` is a placeholder, not an operator.
    pub(super) has_marks: bool,
    /// `E'x'`, `U&'x'`.
    pub(super) has_marked_strings: bool,
    /// `N'x'`, `b'1'`
    pub(super) has_national_strings: bool,
    /// `_utf8mb4'x'`
    pub(super) has_charsets: bool,
    /// Strings that stand apart by a new line, or by anything, are one.
    pub(super) joins: Joins,
}

/// What a `#` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    /// Part of an operator.
    Operator,
    /// The beginning of a comment.
    Comment,
    /// A comment at the beginning of a line, an operator before `>` and `-`, and otherwise as the
    /// flag says.
    Either {
        /// Whether it begins a comment in doubt.
        is_comment: bool,
    },
}

/// When strings behind each other are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joins {
    Never,
    OverLines,
}

pub(super) const POSTGRES: Rules = Rules {
    has_escapes: false,
    double_is_text: false,
    hash: Hash::Operator,
    dashes_need_space: false,
    nests_comments: true,
    may_leave_comment: false,
    runs_comments: false,
    has_dollar_quotes: true,
    has_backticks: false,
    has_brackets: false,
    has_free_operators: true,
    has_digit_names: false,
    has_dollar_names: false,
    has_at_words: false,
    has_named_values: false,
    has_marks: false,
    has_marked_strings: true,
    has_national_strings: true,
    has_charsets: false,
    joins: Joins::OverLines,
};

pub(super) const MYSQL: Rules = Rules {
    has_escapes: true,
    double_is_text: true,
    hash: Hash::Comment,
    dashes_need_space: true,
    nests_comments: false,
    may_leave_comment: false,
    runs_comments: true,
    has_dollar_quotes: false,
    has_backticks: true,
    has_brackets: false,
    has_free_operators: false,
    has_digit_names: true,
    has_dollar_names: true,
    has_at_words: true,
    has_named_values: false,
    has_marks: true,
    has_marked_strings: false,
    has_national_strings: true,
    has_charsets: true,
    joins: Joins::Never,
};

pub(super) const SQLITE: Rules = Rules {
    has_escapes: false,
    double_is_text: false,
    hash: Hash::Operator,
    dashes_need_space: false,
    nests_comments: false,
    may_leave_comment: true,
    runs_comments: false,
    has_dollar_quotes: false,
    has_backticks: true,
    has_brackets: true,
    has_free_operators: false,
    has_digit_names: false,
    has_dollar_names: false,
    has_at_words: false,
    has_named_values: true,
    has_marks: true,
    has_marked_strings: false,
    has_national_strings: false,
    has_charsets: false,
    joins: Joins::Never,
};

/// Where the database is not known: as PostgreSQL and SQLite read it.
pub(super) const STANDARD: Rules = Rules {
    has_escapes: false,
    double_is_text: false,
    hash: Hash::Either { is_comment: false },
    dashes_need_space: false,
    nests_comments: true,
    may_leave_comment: false,
    runs_comments: false,
    has_dollar_quotes: true,
    has_backticks: true,
    has_brackets: false,
    has_free_operators: false,
    has_digit_names: true,
    has_dollar_names: false,
    has_at_words: false,
    has_named_values: true,
    has_marks: true,
    has_marked_strings: true,
    has_national_strings: true,
    has_charsets: true,
    joins: Joins::OverLines,
};

/// Where the database is not known: as MySQL reads it.
pub(super) const AS_MYSQL: Rules = Rules {
    has_escapes: true,
    hash: Hash::Either { is_comment: true },
    dashes_need_space: true,
    nests_comments: false,
    runs_comments: true,
    ..STANDARD
};

/// The rules of a database; none if it is not known.
pub(super) const fn of(database: DatabaseKind) -> Option<&'static Rules> {
    match database {
        DatabaseKind::Postgres => Some(&POSTGRES),
        DatabaseKind::MySql => Some(&MYSQL),
        DatabaseKind::Sqlite => Some(&SQLITE),
        DatabaseKind::Unknown => None,
    }
}

/// Names that MySQL takes for a character set behind `_`.
pub(super) fn is_charset(name: &str) -> bool {
    const CHARSETS: &[&str] = &[
        "armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850",
        "cp852", "cp866", "cp932", "dec8", "eucjpms", "euckr", "gb18030", "gb2312", "gbk",
        "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2",
        "latin5", "latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis", "utf16",
        "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4",
    ];
    CHARSETS
        .iter()
        .any(|charset| charset.eq_ignore_ascii_case(name))
}
