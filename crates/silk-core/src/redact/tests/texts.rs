//! Free text, and the errors of databases.

use super::*;

#[test]
fn free_text_loses_its_secrets() {
    let redactor = redactor();
    for (text, expected) in [
        (
            "login password=hunter2, user=bob",
            "login password=[redacted], user=bob",
        ),
        ("token: abc; monkey: x", "token: [redacted]; monkey: x"),
        (
            "{\"password\":\"a\\\"b\",\"c\":1}",
            "{\"password\":\"[redacted]\",\"c\":1}",
        ),
        (
            "{\\\"password\\\":\\\"abc\\\",\\\"c\\\":1}",
            "{\\\"password\\\":\\\"[redacted]\\\",\\\"c\\\":1}",
        ),
        (
            "User { password: Some(\"x y\"), id: 1 }",
            "User { password: Some(\"[redacted]\"), id: 1 }",
        ),
        (
            "Authorization: Bearer abc def",
            "Authorization: Bearer [redacted] def",
        ),
        ("sent Bearer abcdef-12345", "sent Bearer [redacted]"),
        ("a bearer token is missing", "a bearer token is missing"),
        (
            "postgres://bob:p@ss@db:5432/x",
            "postgres://bob:[redacted]@db:5432/x",
        ),
        ("http://localhost:8080/a@b", "http://localhost:8080/a@b"),
        (
            "jwt eyJhbGciOi1.eyJzdWIiOj2.abc_-9 end",
            "jwt [redacted] end",
        ),
        (
            "Key (email)=(bob@x.y) already exists.",
            "Key (email)=([redacted]) already exists.",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END",
            "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END",
        ),
        ("secret::Module", "secret::Module"),
        ("nothing to see: here", "nothing to see: here"),
        ("password=[redacted]", "password=[redacted]"),
    ] {
        assert_eq!(redactor.text(text), expected);
    }
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let redactor = redactor();
    let started = busy_seconds();
    for piece in [
        "://",
        "eyJ/",
        "eyJ1./",
        ")=(",
        "-----BEGIN ",
        "token",
        "token=[",
        "a''''",
        "://a:b",
        "{\"a\":\"\\\"",
        "[",
        "&a=b",
        "Bearer ",
        "<",
        "<a b='<c d=\"",
        "<token>",
        "<input name=token value=",
        "(\"token\", ",
        "token: A(A(A(",
        "token: |\n ",
        "api key: ",
        "row contains (",
        "{\"value\":\"x\",\"a\":",
        ",\"name\":\"token\"}",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        let mut secrets = Secrets::default();
        let _ = redactor.text(&text);
        let _ = redactor.json(&text, &mut secrets);
        let _ = redactor.query_string(&text, &mut secrets);
        if let (Some(before), Some(now)) = (started, busy_seconds()) {
            assert!(now - before < 20, "{piece}");
        }
    }
}

/// Seconds for which this thread has had a processor, where the system tells: a machine that is
/// busy with something else does not make a text any longer.
fn busy_seconds() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = told.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1_000_000_000)
}

#[test]
fn errors_keep_names_and_lose_values() {
    let redactor = redactor();
    use DatabaseKind::{MySql, Postgres, Sqlite};
    for (kind, message, expected) in [
        (
            Postgres,
            "duplicate key value violates unique constraint \"u_email_key\"",
            "duplicate key value violates unique constraint \"u_email_key\"",
        ),
        (
            Postgres,
            "invalid input syntax for type integer: \"hunt\"er\"",
            "invalid input syntax for type integer: \"[redacted]\"",
        ),
        (
            Postgres,
            "relation \"nope\" does not exist",
            "relation \"nope\" does not exist",
        ),
        (
            Postgres,
            "value \"99999999999\" is out of range for type integer",
            "value \"[redacted]\" is out of range for type integer",
        ),
        (
            Postgres,
            "syntax error at or near \"SELECT\"",
            "syntax error at or near \"SELECT\"",
        ),
        (
            Postgres,
            "syntax error at or near \"hunter2\"",
            "syntax error at or near \"[redacted]\"",
        ),
        (Postgres, "oops\nDETAIL: Key (a)=(hunter2)", "oops"),
        (
            MySql,
            "Duplicate entry 'o'brien's' for key 'u.email'",
            "Duplicate entry '[redacted]' for key 'u.email'",
        ),
        (
            MySql,
            "Incorrect integer value: 'a' b' for column `d`.`t`.`n` at row 1",
            "Incorrect integer value: '[redacted]' for column `d`.`t`.`n` at row 1",
        ),
        (
            MySql,
            "Table 'weave.nope' doesn't exist",
            "Table 'weave.nope' doesn't exist",
        ),
        (
            MySql,
            "Unknown column 'x' in 'field list'",
            "Unknown column 'x' in 'field list'",
        ),
        (
            MySql,
            "right syntax to use near 'hunter2' at line 1",
            "right syntax to use near '[redacted]' at line 1",
        ),
        (
            Sqlite,
            "UNIQUE constraint failed: u.email",
            "UNIQUE constraint failed: u.email",
        ),
        (
            Sqlite,
            "unrecognized token: \"'hunter2\"",
            "unrecognized token: \"[redacted]\"",
        ),
        (
            Sqlite,
            "near \"FORM\": syntax error",
            "near \"[redacted]\": syntax error",
        ),
        (
            Sqlite,
            "near \"FROM\": syntax error",
            "near \"FROM\": syntax error",
        ),
    ] {
        assert_eq!(redactor.query_error(kind, None, message).message, expected);
    }
}
