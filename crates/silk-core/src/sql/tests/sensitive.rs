//! Literals and values that are secrets.

use super::*;

const SECRET: &str = "hunter2-Ünïque";

#[test]
fn literals_of_sensitive_columns_are_taken_out() {
    for sql in [
        "SELECT * FROM u WHERE password = 'S'",
        "SELECT * FROM u WHERE 'S' = u.password",
        "SELECT * FROM u WHERE \"password\" LIKE 'S' AND id = 5",
        "SELECT * FROM u WHERE password IN ('a', 'S')",
        "SELECT * FROM u WHERE password IS DISTINCT FROM 'S'",
        "SELECT * FROM u WHERE 'S' IS DISTINCT FROM password",
        "SELECT * FROM u WHERE password BETWEEN 'S' AND 'S'",
        "SELECT * FROM u WHERE token = ANY(ARRAY['S'])",
        "SELECT * FROM u WHERE (id = 1 OR (password = 'S'))",
        "SELECT * FROM u WHERE password = crypt('S', gen_salt('bf'))",
        "SELECT * FROM u WHERE hash = crypt('S', password)",
        "SELECT * FROM u WHERE lower(password) = lower('S'::text)",
        "SELECT * FROM u WHERE (SELECT password FROM v WHERE id = 1) = 'S'",
        "SELECT * FROM u WHERE data->>'password' = 'S'",
        "UPDATE u SET data = jsonb_set(data, '{password}', '\"S\"')",
        "UPDATE u SET name = 'x', token = 'S' WHERE id = 1",
        "UPDATE u SET token = CASE WHEN id = 1 THEN 'S' ELSE 'S' END",
        "UPDATE u SET (a, token) = ('x', 'S')",
        "UPDATE u SET token = (SELECT 'S')",
        "INSERT INTO u (a, password) VALUES (1, 'S'), (2, concat('S', 'S'))",
        "INSERT INTO u AS v (a, api_key) SELECT 1, 'S'",
        "INSERT INTO u (a, password) VALUES (1, 'x') ON CONFLICT (a) DO UPDATE SET password = 'S'",
        "WITH x AS (UPDATE u SET password = E'S' RETURNING 1) SELECT 1",
        "MERGE INTO u USING v ON true WHEN NOT MATCHED THEN INSERT (a, password) VALUES (1, 'S')",
        "ALTER ROLE bob WITH PASSWORD 'S'",
        "SET password TO 'S'",
        "INSERT INTO log (data) VALUES ('{\"user\": 1, \"password\": \"S\"}')",
        "INSERT INTO log (data) VALUES ($${\"a\": {\"token\": [\"S\"]}}$$)",
        "SELECT 'S' AS password",
        "INSERT INTO password_resets VALUES (1, 'S')",
        "SELECT 1 /* password=S */",
        "SELECT * FROM u WHERE password = $x$S$x$",
        "SELECT * FROM u WHERE password = 'S",
        "SELECT * FROM u WHERE url = 'postgres://bob:S@db/x'",
    ] {
        let sql = sql
            .replace('S', SECRET)
            .replace(&SECRET.replace('S', SECRET), SECRET);
        // Keywords have that letter too.
        let sql = restore(&sql);
        for kind in [DatabaseKind::Postgres, DatabaseKind::Unknown] {
            let text = read_as(&sql, kind);
            assert!(!text.text.contains(SECRET), "{}", text.text);
            assert!(
                !text.statement.normalized.contains(SECRET),
                "{}",
                text.statement.normalized
            );
            assert!(text.is_redacted || sql.contains("/*"), "{sql}");
        }
    }
    for (sql, kind) in [
        ("CREATE USER bob IDENTIFIED BY 'S'", DatabaseKind::MySql),
        (
            "SELECT * FROM u WHERE password = \"S\"",
            DatabaseKind::MySql,
        ),
        (
            "INSERT INTO u SET password = 'it\\'s S'",
            DatabaseKind::MySql,
        ),
        (
            "INSERT INTO log VALUES ('{\\\"password\\\":\\\"S\\\"}')",
            DatabaseKind::MySql,
        ),
        (
            "SELECT * FROM u WHERE password = \"S\"",
            DatabaseKind::Sqlite,
        ),
        ("PRAGMA key = 'S'", DatabaseKind::Sqlite),
    ] {
        let text = read_as(&restore(&sql.replace('S', SECRET)), kind);
        assert!(
            !text.text.contains(SECRET) && text.is_redacted,
            "{}",
            text.text
        );
        assert!(
            !text.statement.normalized.contains(SECRET),
            "{}",
            text.statement.normalized
        );
    }
}

/// Puts the letter back into words.
fn restore(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(SECRET) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let tail = &tail[SECRET.len()..];
        let in_word = head.ends_with(|c: char| c.is_ascii_uppercase())
            || tail.starts_with(|c: char| c.is_ascii_uppercase());
        out.push_str(if in_word { "S" } else { SECRET });
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[test]
fn other_literals_stay() {
    for sql in [
        "SELECT * FROM u WHERE monkey = 'x' AND author = 'y'",
        "SELECT password, 'x' FROM u WHERE id = 5 LIMIT 3",
        "SELECT * FROM tokens WHERE id = 5",
        "SELECT * FROM u JOIN sessions s ON s.user_id = 7",
        "UPDATE u SET name = 'x' WHERE kind = 'password_reset'",
        "INSERT INTO t (a, b) VALUES ('{\"monkey\": \"x\"}', 'plain text')",
        "WITH x AS (SELECT password FROM u WHERE id = 5) SELECT 7 FROM x",
    ] {
        let text = read(sql);
        assert_eq!(&*text.text, sql);
        assert!(!text.is_redacted);
    }
    let text = read("SELECT * FROM u WHERE password = 'x' AND name = 'y'");
    assert_eq!(
        &*text.text,
        "SELECT * FROM u WHERE password = '[redacted]' AND name = 'y'"
    );
    let text = read("INSERT INTO u (a, password, b) VALUES (1, 'x', 'y'), (2, 'z', 'w')");
    assert_eq!(
        &*text.text,
        "INSERT INTO u (a, password, b) VALUES (1, '[redacted]', 'y'), (2, '[redacted]', 'w')",
    );
    let text = read("INSERT INTO log (d) VALUES ('{\"a\": 1, \"token\": \"x\"}')");
    assert_eq!(
        &*text.text,
        "INSERT INTO log (d) VALUES ('{\"a\": 1, \"token\": \"[redacted]\"}')"
    );
}

#[test]
fn values_that_meet_sensitive_columns_are_known() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let check = |sql: &str, kind, expected: &[bool]| {
        assert_eq!(
            reader.sensitive_values(sql, kind, expected.len()),
            expected,
            "{sql}"
        );
    };
    let (no, yes) = (false, true);
    use DatabaseKind::{MySql, Postgres, Sqlite};
    check(
        "SELECT * FROM u WHERE id = $1 AND password = $2",
        Postgres,
        &[no, yes],
    );
    check(
        "SELECT * FROM u WHERE password = $2 AND id = $1",
        Postgres,
        &[no, yes],
    );
    check(
        "INSERT INTO u (a, token) VALUES ($1, $2), ($3, $4)",
        Postgres,
        &[no, yes, no, yes],
    );
    check(
        "INSERT INTO u (a, password) SELECT * FROM UNNEST($1::text[], $2::text[])",
        Postgres,
        &[no, yes],
    );
    check(
        "INSERT INTO u (a, password) VALUES (?, ?) ON DUPLICATE KEY UPDATE password = ?",
        MySql,
        &[no, yes, yes],
    );
    check(
        "UPDATE u SET password = ?2, name = ?1 WHERE id = ?",
        Sqlite,
        &[no, yes, no],
    );
    check(
        "UPDATE u SET name = :n, password = :p WHERE old_password = :p AND id = :id",
        Sqlite,
        &[no, yes, no],
    );
    check(
        "UPDATE u SET name = ?, password_hash = crypt(?, gen_salt('bf')) WHERE id = ?",
        Sqlite,
        &[no, yes, no],
    );
    check(
        "SELECT * FROM u WHERE id = $1 LIMIT $2",
        Postgres,
        &[no, no],
    );
    check("SELECT 1", Postgres, &[no, no]);
    check("SELECT * FROM u WHERE password = 'x", Postgres, &[yes, yes]);
}
