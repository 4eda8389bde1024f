//! What stands between quotes.

use std::borrow::Cow;

use super::lexer::{Kind, Lexeme};

/// Whether what follows the operator is a path into JSON.
pub(super) fn is_path_operator(lexeme: &Lexeme<'_>) -> bool {
    lexeme.kind == Kind::Punctuation
        && matches!(lexeme.text, "->" | "->>" | "#>" | "#>>" | "?" | "#-")
}

/// A name without its quotes.
pub(super) fn unquoted<'a>(lexeme: &Lexeme<'a>) -> &'a str {
    if lexeme.kind == Kind::Quoted {
        lexeme
            .text
            .get(1..lexeme.text.len().saturating_sub(1))
            .unwrap_or_default()
    } else {
        lexeme.text
    }
}

/// What stands between the quotes of a literal, as written.
pub(super) fn literal_content(text: &str) -> &str {
    if text.starts_with('$') {
        let tag = text
            .get(1..)
            .and_then(|rest| rest.find('$'))
            .map_or(0, |end| end + 2);
        return text
            .get(tag..text.len().saturating_sub(tag))
            .unwrap_or_default();
    }
    let (Some(start), Some(end)) = (text.find(['\'', '"']), text.rfind(['\'', '"'])) else {
        return text;
    };
    text.get(start + 1..end).unwrap_or_default()
}

/// A literal's content as the database reads it, near enough.
pub(super) fn unescaped(content: &str) -> Cow<'_, str> {
    if content.contains('\\') || content.contains("''") {
        Cow::Owned(content.replace('\\', "").replace("''", "'"))
    } else {
        Cow::Borrowed(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_prefixes_are_taken_off() {
        for (literal, content) in [
            ("'a''b'", "a''b"),
            ("''", ""),
            ("E'x'", "x"),
            ("$$x$$", "x"),
            ("$tag$a$b$tag$", "a$b"),
            ("U&'x'", "x"),
            ("0xff", "0xff"),
        ] {
            assert_eq!(literal_content(literal), content, "{literal}");
        }
    }
}
