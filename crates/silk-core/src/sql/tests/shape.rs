//! What makes two texts one statement.

use super::*;

#[test]
fn the_shape_is_the_same_however_it_is_written() {
    let expected = "SELECT name FROM person WHERE id = ? AND age > ?";
    for sql in [
        "SELECT name FROM person WHERE id = $1 AND age > $2",
        "select name from person where id=1 and age>-18",
        "Select  name\n from person -- who\n where /* which */ id = 'x' And age > 0x1F;",
        r#"SELECT "name" FROM "person" WHERE "id" = $$x$$ AND AGE > 1.5e3 ; ;"#,
        "SELECT name FROM Person WHERE id = E'a\\'b' AND age > B'101'",
    ] {
        assert_eq!(normal(sql), expected, "{sql}");
    }
    assert_eq!(
        read("SELECT 1").statement.fingerprint,
        read("select $1").statement.fingerprint
    );
    for kind in [
        DatabaseKind::Sqlite,
        DatabaseKind::MySql,
        DatabaseKind::Unknown,
    ] {
        let text = read_as("select name from person where id = ? and age > 18", kind);
        assert_eq!(text.statement.normalized, expected, "{kind}");
        assert_ne!(
            text.statement.fingerprint,
            read(expected).statement.fingerprint
        );
    }
    let text = read_as(
        "SELECT name FROM person WHERE id = :id AND age > @age",
        DatabaseKind::Sqlite,
    );
    assert_eq!(text.statement.normalized, expected);
    assert_eq!(
        normal("SELECT 'x'::text, $1::int4[]"),
        "SELECT ?::text, ?::int4[]"
    );
}

#[test]
fn quoted_names_are_told_apart_where_the_database_does() {
    assert_eq!(
        normal(r#"SELECT "Name" FROM "user""#),
        r#"SELECT "Name" FROM "user""#
    );
    assert_ne!(normal(r#"SELECT "Name""#), normal("SELECT name"));
    let sqlite = |sql| {
        read_as(sql, DatabaseKind::Sqlite)
            .statement
            .normalized
            .clone()
    };
    assert_eq!(
        sqlite(r#"SELECT "Name" FROM [Person]"#),
        sqlite("select name from person")
    );
    let mysql = |sql| {
        read_as(sql, DatabaseKind::MySql)
            .statement
            .normalized
            .clone()
    };
    assert_eq!(
        mysql("SELECT `Name` FROM `Person` WHERE a = \"x\""),
        "SELECT Name FROM Person WHERE a = ?"
    );
}

#[test]
fn a_hash_does_not_take_what_follows_for_its_name() {
    for sql in [
        "VALUES ? # ] (",
        "VALUES (? # )",
        "VALUES ? # , a",
        "VALUES ? # ;",
    ] {
        let once = read_as(sql, DatabaseKind::Unknown)
            .statement
            .normalized
            .clone();
        let twice = read_as(&once, DatabaseKind::Unknown)
            .statement
            .normalized
            .clone();
        assert_eq!(twice, once, "{sql}");
    }
}

#[test]
fn lists_fold_to_one() {
    assert_eq!(
        normal("SELECT * FROM t WHERE id IN (1)"),
        "SELECT * FROM t WHERE id IN (?)"
    );
    assert_eq!(
        normal("SELECT * FROM t WHERE id IN ($1, $2,3 , NULL)"),
        "SELECT * FROM t WHERE id IN (?)"
    );
    assert_eq!(
        normal("SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4))"),
        "SELECT * FROM t WHERE (a, b) IN ((?, ?))"
    );
    assert_eq!(
        normal("SELECT * FROM t WHERE id IN (SELECT 1, 1)"),
        "SELECT * FROM t WHERE id IN (SELECT ?, ?)"
    );
    assert_eq!(
        normal("INSERT INTO t (a, b) VALUES (1, NULL), (2, 'x'), ($1, $2) ON CONFLICT DO NOTHING"),
        "INSERT INTO t(a, b) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    assert_eq!(
        normal("SELECT f(1, 2), ARRAY[1, 2]"),
        "SELECT f(?, ?), ARRAY [?]"
    );
    assert_ne!(normal("SELECT f(1)"), normal("SELECT f(1, 2)"));
    assert_ne!(
        normal("INSERT INTO t VALUES (1)"),
        normal("INSERT INTO t VALUES (1, 2)")
    );
    assert_ne!(normal("SELECT a IS NULL"), normal("SELECT a IS TRUE"));
}

#[test]
fn huge_texts_are_read_in_linear_time() {
    use std::fmt::Write as _;
    let mut sql = String::from("INSERT INTO person (id, name) VALUES ");
    for row in 0..50_000 {
        let comma = if row == 0 { "" } else { ", " };
        write!(sql, "{comma}({row}, 'name {row}')").unwrap();
    }
    let started = std::time::Instant::now();
    let text = read(&sql);
    assert_eq!(
        text.statement.normalized,
        "INSERT INTO person(id, name) VALUES (?, ?)"
    );
    let deep = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let _ = read(&deep);
    let deep = "SELECT * FROM t WHERE a IN (".repeat(30_000);
    let _ = read(&deep);
    let deep = "CASE WHEN ".repeat(60_000);
    let _ = (
        read(&deep),
        format(&deep, DatabaseKind::Postgres),
        is_read_only(&deep, DatabaseKind::MySql),
    );
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn command_and_tables_are_taken_out() {
    for (sql, command, tables) in [
        (
            "SELECT * FROM a, b AS c JOIN public.d ON true LEFT JOIN \"E\" USING (id)",
            "SELECT",
            &["a", "b", "public.d", "E"][..],
        ),
        (
            "WITH x AS (SELECT * FROM a), y(n) AS MATERIALIZED (DELETE FROM b RETURNING 1) INSERT INTO c SELECT * FROM x, y",
            "INSERT",
            &["a", "b", "c"],
        ),
        (
            "UPDATE a SET n = (SELECT max(n) FROM b) FROM c WHERE a.id = c.id",
            "UPDATE",
            &["a", "b", "c"],
        ),
        (
            "DELETE FROM ONLY a USING b WHERE true",
            "DELETE",
            &["a", "b"],
        ),
        (
            "INSERT INTO a (n) VALUES (1) ON CONFLICT (n) DO UPDATE SET n = 2",
            "INSERT",
            &["a"],
        ),
        (
            "SELECT extract(year FROM at), trim(both FROM x) FROM a WHERE x IS DISTINCT FROM y FOR UPDATE OF a",
            "SELECT",
            &["a"],
        ),
        (
            "SELECT * FROM generate_series(1, 9) AS g, lateral (SELECT * FROM a) b",
            "SELECT",
            &["a"],
        ),
        (
            "(SELECT 1 FROM a) UNION (SELECT 2 FROM b ORDER BY 1)",
            "SELECT",
            &["a", "b"],
        ),
        (
            "SELECT * FROM (a JOIN b ON true) WHERE EXISTS (SELECT FROM c)",
            "SELECT",
            &["a", "b", "c"],
        ),
        ("CREATE TABLE IF NOT EXISTS a (id int)", "CREATE", &["a"]),
        ("TRUNCATE TABLE a", "TRUNCATE", &["a"]),
        ("BEGIN", "BEGIN", &[]),
        ("'unclosed", "OTHER", &[]),
        ("", "OTHER", &[]),
    ] {
        let text = read(sql);
        assert_eq!(text.statement.command, command, "{sql}");
        assert_eq!(text.statement.tables, tables, "{sql}");
    }
    let text = read_as(
        "INSERT IGNORE `Person` (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
        DatabaseKind::MySql,
    );
    assert_eq!(text.statement.tables, ["Person"]);
}

#[test]
fn the_other_word_for_null_keeps_its_case() {
    for kind in [DatabaseKind::Unknown, DatabaseKind::MySql] {
        let once = read_as("a IN\\N'q'", kind).statement.normalized.clone();
        assert_eq!(once, "a IN \\N ?");
        assert_eq!(read_as(&once, kind).statement.normalized, once);
    }
}
