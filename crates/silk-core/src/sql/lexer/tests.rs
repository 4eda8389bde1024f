//! Pieces as each database cuts them.

use DatabaseKind::{MySql, Postgres, Sqlite, Unknown};
use Kind::{Number, Placeholder, Punctuation, Quoted, Text, Unread, Word};

use super::*;

fn pieces(sql: &str, database: DatabaseKind) -> Vec<(Kind, &str)> {
    let (lexemes, _) = lex(sql, database);
    significant(&lexemes)
        .iter()
        .map(|lexeme| (lexeme.kind, lexeme.text))
        .collect()
}

#[test]
fn operators_of_postgres_end_before_comments_and_signs() {
    for (sql, expected) in [
        ("<>/* it's */", &["<>"][..]),
        ("a<-1", &["a", "<", "-", "1"]),
        ("a@-1", &["a", "@-", "1"]),
        ("a<=--x\n5", &["a", "<=", "5"]),
        ("a#>>'{b}'", &["a", "#>>", "'{b}'"]),
        ("a::int", &["a", "::", "int"]),
        ("1..2", &["1", "..", "2"]),
        ("a?|b", &["a", "?|", "b"]),
    ] {
        let texts: Vec<&str> = pieces(sql, Postgres)
            .iter()
            .map(|(_, text)| *text)
            .collect();
        assert_eq!(texts, expected, "{sql}");
    }
}

#[test]
fn words_numbers_and_values_are_told_apart() {
    for (sql, kind, expected) in [
        ("1a", MySql, &[(Word, "1a")][..]),
        ("1e5", MySql, &[(Number, "1e5")]),
        (
            "t.2fa",
            MySql,
            &[(Word, "t"), (Punctuation, "."), (Word, "2fa")],
        ),
        ("1a", Postgres, &[(Number, "1a")]),
        ("a$1", Postgres, &[(Word, "a$1")]),
        (
            "$1::x",
            Postgres,
            &[(Placeholder, "$1"), (Punctuation, "::"), (Word, "x")],
        ),
        ("@a", MySql, &[(Word, "@a")]),
        ("@a", Sqlite, &[(Placeholder, "@a")]),
        ("?12", Sqlite, &[(Placeholder, "?12")]),
        ("[a b]", Sqlite, &[(Quoted, "[a b]")]),
        ("\"a\"", MySql, &[(Text, "\"a\"")]),
        ("\"a\"", Unknown, &[(Quoted, "\"a\"")]),
        (
            "a=?",
            Unknown,
            &[(Word, "a"), (Punctuation, "="), (Placeholder, "?")],
        ),
        (
            "5--1",
            MySql,
            &[
                (Number, "5"),
                (Punctuation, "-"),
                (Punctuation, "-"),
                (Number, "1"),
            ],
        ),
        ("5--1", Postgres, &[(Number, "5")]),
        ("/*!40001 a */ b", MySql, &[(Word, "a"), (Word, "b")]),
        ("a # b\nc", MySql, &[(Word, "a"), (Word, "c")]),
        ("\\N", MySql, &[(Word, "\\N")]),
    ] {
        assert_eq!(pieces(sql, kind), expected, "{sql}");
    }
}

#[test]
fn what_only_one_database_can_read_is_read_as_that_one_does() {
    for (sql, expected) in [
        ("'it\\'s' b", &[(Text, "'it\\'s'"), (Word, "b")][..]),
        ("'C:\\' b", &[(Text, "'C:\\'"), (Word, "b")]),
        ("$$it's$$ b", &[(Text, "$$it's$$"), (Word, "b")]),
        (
            "a #>> 'x'",
            &[(Word, "a"), (Punctuation, "#>>"), (Text, "'x'")],
        ),
        ("# it's\nb", &[(Word, "b")]),
        ("b --it's\nc", &[(Word, "b"), (Word, "c")]),
        // Both can read these, and differ.
        (
            "a # it's\n'x' 's",
            &[(Word, "a"), (Unread, "# it's\n'x' 's")],
        ),
        ("a 5--1", &[(Word, "a"), (Number, "5"), (Unread, "--1")]),
    ] {
        assert_eq!(pieces(sql, Unknown), expected, "{sql}");
    }
}
