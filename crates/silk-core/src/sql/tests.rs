use proptest::prelude::*;

use super::*;

fn database(kind: DatabaseKind) -> Arc<Database> {
    Arc::new(Database {
        kind,
        name: "weave".to_owned(),
    })
}

fn read_as(sql: &str, kind: DatabaseKind) -> SqlText {
    SqlReader::new(Arc::new(Redactor::default())).read(sql, &database(kind))
}

fn read(sql: &str) -> SqlText {
    read_as(sql, DatabaseKind::Postgres)
}

fn normal(sql: &str) -> String {
    read(sql).statement.normalized.clone()
}

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

#[test]
fn only_single_statements_are_explained() {
    let explainable = |sql| is_explainable(sql, DatabaseKind::Postgres);
    assert!(explainable("SELECT 1;"));
    assert!(explainable("WITH x AS (SELECT 1) UPDATE t SET a = 1"));
    assert!(explainable("(SELECT 1) UNION SELECT 2"));
    for sql in [
        "SELECT 1; DELETE FROM t",
        "CREATE TABLE t (a int)",
        "BEGIN",
        "",
        ";",
        "EXPLAIN SELECT 1",
        "COPY t FROM STDIN",
        "SELECT 'x",
        "VACUUM",
    ] {
        assert!(!explainable(sql), "{sql}");
    }
    assert!(!is_explainable(
        "SELECT 1 /*! ; DELETE FROM t */",
        DatabaseKind::MySql
    ));
}

#[test]
fn only_what_changes_nothing_is_read_only() {
    let safe = |sql| is_read_only(sql, DatabaseKind::Postgres);
    for sql in [
        "SELECT count(*), max(a) FROM t WHERE a IN (1, 2) AND b = ANY($1)",
        "WITH x(n) AS (SELECT 1) SELECT * FROM x JOIN unnest($1::int[]) AS y(n) ON (x.n = y.n)",
        "SELECT replace(a, 'b', 'c') FROM t ORDER BY (a) LIMIT 5",
        "SELECT CAST(a AS varchar(10)), row_number() OVER (PARTITION BY a) FROM t",
        "VALUES (1), (2)",
    ] {
        assert!(safe(sql), "{sql}");
    }
    for sql in [
        "SELECT 1; SELECT 2",
        "DELETE FROM t",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR SHARE",
        "SELECT * INTO x FROM t",
        "SELECT nextval('s')",
        "SELECT setval('s', 1)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_sleep(9)",
        "SELECT \"pg_sleep\"(9)",
        "SELECT lo_import('x')",
        "SELECT * FROM dblink('x', 'y')",
        "SELECT set_config('a', 'b', false)",
        "SELECT my_function()",
        "SELECT other.count(1)",
        "INSERT INTO t VALUES (1)",
        "SELECT pg_terminate_backend (1)",
        "SELECT pg_sleep/**/(9)",
    ] {
        assert!(!safe(sql), "{sql}");
    }
    for sql in [
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT @a := 1",
        "SELECT sleep(9)",
        "SELECT get_lock('a', 1)",
        "SELECT * FROM t LOCK IN SHARE MODE",
        "REPLACE INTO t VALUES (1)",
    ] {
        assert!(!is_read_only(sql, DatabaseKind::MySql), "{sql}");
    }
}

#[test]
fn formatting_breaks_at_clauses_and_keeps_tokens() {
    let pretty = format(
        "SELECT a, count(*) FROM t LEFT JOIN u ON u.id = t.id WHERE a BETWEEN 1 AND 2 AND b IN (SELECT x FROM y) -- why\nORDER BY a LIMIT 3",
        DatabaseKind::Postgres,
    );
    assert_eq!(
        pretty,
        "SELECT a, count(*)\nFROM t\nLEFT JOIN u ON u.id = t.id\nWHERE a BETWEEN 1 AND 2\n  AND b IN (\n  SELECT x\n  FROM y\n) -- why\nORDER BY a\nLIMIT 3",
    );
    assert_eq!(format("SELECT 'x", DatabaseKind::Postgres), "SELECT 'x");
}

#[test]
fn the_cache_is_bounded_and_right() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let database = database(DatabaseKind::Sqlite);
    let first = reader.read("SELECT 1", &database);
    for number in 0..20_000 {
        let text = reader.read(&std::format!("SELECT {number}"), &database);
        assert!(Arc::ptr_eq(&text.statement, &first.statement));
    }
    assert!(reader.cache.lock().unwrap().len() <= 2 * 4_096);
}

fn kinds() -> impl Strategy<Value = DatabaseKind> {
    prop::sample::select(DatabaseKind::ALL)
}

/// Texts made of what SQL is made of, sensible or not.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "SELECT", "FROM", "t", "\"a\"", "\"B\"", "'x'", "''", "'it''s'", "1", "-1", "1.5", ".5",
        "1e5", "0xff", "x'ab'", "$1", "?", "?1", ":a", "@b", "(", ")", "[", "]", ",", ";", ".",
        "::", ":", "=", "<>", "-", "+", "*", "/", "||", "->>", "VALUES", "IN", "ARRAY", "CASE",
        "WHEN", "END", "AND", "password", "IS", "NULL", "`c`", "--x\n", "/*y*/", " ", "\n",
        "$$z$$", "E'a'", "e", "_x", "é", "#", "WITH", "AS", "INSERT", "INTO", "JOIN", "!", "~",
        "%", "|", "&", "^", "\\", "{", "}", "N'q'", "U&'w'", "1a", "@@v", "$n",
    ]);
    prop::collection::vec((piece, prop::bool::ANY), 0..30).prop_map(|pieces| {
        pieces
            .iter()
            .map(|(piece, apart)| std::format!("{piece}{}", if *apart { " " } else { "" }))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_pieces_tile(sql in "\\PC{0,60}", kind in kinds()) {
        let _ = read_as(&sql, kind);
        let _ = (is_explainable(&sql, kind), is_read_only(&sql, kind), format(&sql, kind));
        let joined: String = highlight(&sql, kind).iter().map(|(_, text)| *text).collect();
        prop_assert_eq!(joined, sql);
    }

    #[test]
    fn normal_text_is_its_own_normal_text(sql in noise(), kind in kinds()) {
        let joined: String = highlight(&sql, kind).iter().map(|(_, text)| *text).collect();
        prop_assert_eq!(&joined, &sql);
        let _ = (format(&sql, kind), is_read_only(&sql, kind));
        let once = read_as(&sql, kind).statement;
        if once.command != "OTHER" {
            let twice = read_as(&once.normalized, kind).statement;
            prop_assert_eq!(&twice.normalized, &once.normalized, "{}", sql);
        }
    }

    #[test]
    fn literals_do_not_change_the_fingerprint(
        a in "[^'\\\\]{0,20}", b in any::<i64>(), rows in 1_usize..5, kind in kinds(),
    ) {
        let text = |value: &str, number: i64, rows: usize| {
            let row = std::format!("({number}, '{value}')");
            let list = vec![number.to_string(); rows].join(", ");
            let rows = vec![row; rows].join(", ");
            [
                std::format!("INSERT INTO t (a, b) VALUES {rows}"),
                std::format!("SELECT a FROM t WHERE b = '{value}' AND c IN ({list}) LIMIT {}", number.unsigned_abs()),
            ]
        };
        for (one, other) in text(&a, b, rows).iter().zip(text("x", 1, 1)) {
            let one = read_as(one, kind).statement;
            prop_assert_eq!(&one.normalized, &read_as(&other, kind).statement.normalized);
        }
    }

    #[test]
    fn a_secret_never_survives(secret in "[a-zA-Z0-9%_ &=/:{}\"-]{8,30}", kind in kinds(), shape in 0_usize..6) {
        // The double quote ends a string in some dialects; that is another literal then.
        let secret = std::format!("zq{}", secret.replace('"', ""));
        let sql = match shape {
            0 => std::format!("SELECT * FROM u WHERE a = 1 AND password = '{secret}'"),
            1 => std::format!("INSERT INTO u (a, api_key) VALUES (1, '{secret}'), (2, '{secret}')"),
            2 => std::format!("UPDATE u SET a = 1, token = lower('{secret}') WHERE id = 3"),
            3 => std::format!("SELECT * FROM u WHERE password = '{secret}"),
            4 => std::format!("SELECT * FROM u WHERE crypt('{secret}', password) = hash"),
            _ => std::format!("INSERT INTO log (d) VALUES ('{{\"x\": [{{\"password\": \"{secret}\"}}]}}')"),
        };
        let text = read_as(&sql, kind);
        prop_assert!(!text.text.contains(&secret), "{}", text.text);
        prop_assert!(!text.statement.normalized.contains(&secret), "{}", text.statement.normalized);
        prop_assert!(text.is_redacted);
    }
}
