//! What a word is where it stands: a value, a function, or what an operand follows.

use super::lexer::{Kind, Lexeme};

/// Words that an operand follows wherever they stand.
const BEFORE_OPERANDS: &[&str] = &[
    "SELECT",
    "DISTINCT",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "ON",
    "HAVING",
    "WHEN",
    "THEN",
    "ELSE",
    "CASE",
    "RETURNING",
    "VALUES",
    "INTERVAL",
];

/// Words that an operand follows, unless they stand where one is expected: then they name a column.
const BETWEEN_OPERANDS: &[&str] = &[
    "BETWEEN",
    "IN",
    "LIKE",
    "ILIKE",
    "RLIKE",
    "REGEXP",
    "GLOB",
    "BY",
    "LIMIT",
    "OFFSET",
    "FROM",
    "FOR",
    "ESCAPE",
    "TO",
    "ALL",
    "FETCH",
    "DIV",
    "MOD",
    "XOR",
    "SYMMETRIC",
    "ASYMMETRIC",
    "IS",
];

fn before<'l, 'a>(words: &'l [Lexeme<'a>], index: usize) -> Option<&'l Lexeme<'a>> {
    index.checked_sub(1).and_then(|before| words.get(before))
}

/// Whether an operand follows the word at `index`, so that a sign behind it belongs to a number.
pub(super) fn expects_operand(words: &[Lexeme<'_>], index: usize) -> bool {
    let Some(word) = words.get(index) else {
        return false;
    };
    let before = before(words, index);
    // `t.limit` is a column.
    if word.kind != Kind::Word || before.is_some_and(|before| before.is_sign(".")) {
        return false;
    }
    if word.is_any_word(BEFORE_OPERANDS) {
        return true;
    }
    let is_column = before.is_none_or(|before| match before.kind {
        Kind::Punctuation => !matches!(before.text, ")" | "]" | "*"),
        Kind::Word => {
            before.is_any_word(BEFORE_OPERANDS) && !before.is_any_word(&["DISTINCT", "NOT"])
        }
        _ => false,
    });
    word.is_any_word(BETWEEN_OPERANDS) && !is_column
}

/// Whether the word at `index` is a value by itself: NULL, TRUE or FALSE, where they stand for one.
pub(super) fn is_constant(words: &[Lexeme<'_>], index: usize) -> bool {
    let Some(word) = words.get(index) else {
        return false;
    };
    if !word.is_any_word(&["NULL", "TRUE", "FALSE"]) && word.text != "\\N" {
        return false;
    }
    let before = before(words, index);
    let is_test = before.is_some_and(|before| {
        // `x IS NULL`, `x IS NOT TRUE`, `ON DELETE SET NULL`, `t.null`, `NULL ON NULL`
        before.is_any_word(&["IS", "SET", "AS"])
            || before.is_sign(".")
            || (before.is_any_word(&["NOT", "ON"])
                && (word.is_word("NULL")
                    || index
                        .checked_sub(2)
                        .and_then(|index| words.get(index))
                        .is_some_and(|before| before.is_word("IS"))))
    });
    let is_clause = words
        .get(index + 1)
        .is_some_and(|next| next.is_sign("(") || next.is_sign(".") || next.is_word("ON"))
        && words.get(index + 2).is_none_or(|next| {
            next.is_any_word(&["NULL", "EMPTY", "ERROR", "MISMATCH"])
                || !words[index + 1].is_word("ON")
        });
    !is_test && !is_clause
}

/// Whether `name` could be the name of a column that somebody chose.
pub(super) fn is_simple_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | ' '))
}

/// Whether `"x"` at `index` is a string where the database is not known: MySQL takes it for one,
/// others do not, so that it is one where a value is expected and no column of a table is named.
pub(super) fn may_be_text(words: &[Lexeme<'_>], index: usize, is_element: bool) -> bool {
    let Some(word) = words.get(index).filter(|word| word.text.starts_with('"')) else {
        return false;
    };
    let is_member = words
        .get(index + 1)
        .is_some_and(|next| next.is_sign(".") || next.is_sign("("));
    let Some(before) = before(words, index) else {
        return false;
    };
    if is_member
        || before.is_any_word(&["AS", "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "COLLATE"])
        || before.is_sign(".")
    {
        return false;
    }
    let is_compared = before.is_any_word(&["LIKE", "ILIKE", "RLIKE", "REGEXP", "GLOB"])
        || (before.kind == Kind::Punctuation
            && matches!(
                before.text,
                "=" | "==" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "<=>" | "->" | "->>" | ":="
            ));
    let is_name = super::quoted::unquoted(word)
        .chars()
        .all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | ' ' | '-'));
    is_compared || is_element || !is_name
}

/// Whether the name at `index` is that of a function, which MySQL reads in any case.
pub(super) fn is_function(words: &[Lexeme<'_>], index: usize) -> bool {
    /// Words that the name of a table, a column or an index follows.
    const BEFORE_NAMES: &[&str] = &[
        "INTO",
        "INSERT",
        "REPLACE",
        "IGNORE",
        "DELAYED",
        "LOW_PRIORITY",
        "HIGH_PRIORITY",
        "UPDATE",
        "TABLE",
        "EXISTS",
        "REFERENCES",
        "KEY",
        "INDEX",
        "FROM",
        "JOIN",
        "WITH",
        "RECURSIVE",
        "AS",
        "CONSTRAINT",
        "PARTITION",
    ];
    let is_call = words.get(index + 1).is_some_and(|next| next.is_sign("("));
    is_call
        && before(words, index)
            .is_none_or(|before| !before.is_sign(".") && !before.is_any_word(BEFORE_NAMES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseKind;
    use crate::sql::lexer::{lex, significant};

    #[test]
    fn an_operand_follows_some_words_and_ends_with_others() {
        for (sql, expected) in [
            ("WHERE -", true),
            ("a BETWEEN -", true),
            ("LIMIT 1 OFFSET -", true),
            ("SELECT offset -", false),
            ("t.limit -", false),
            ("CURRENT_DATE -", false),
            ("END -", false),
            ("NULL -", false),
            ("key -", false),
            ("a IS DISTINCT FROM -", true),
            ("a DIV -", true),
            ("a -", false),
        ] {
            let (lexemes, _) = lex(sql, DatabaseKind::Postgres);
            let words = significant(&lexemes);
            assert_eq!(expects_operand(&words, words.len() - 2), expected, "{sql}");
        }
    }
}
