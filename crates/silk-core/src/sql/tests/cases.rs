//! What was read wrongly once, and what is right.

use DatabaseKind::{MySql, Postgres, Sqlite, Unknown};

use super::*;

fn flags(sql: &str, kind: DatabaseKind, count: usize) -> Vec<bool> {
    SqlReader::new(Arc::new(Redactor::default())).sensitive_values(sql, kind, count)
}

fn norm(sql: &str, kind: DatabaseKind) -> String {
    read_as(sql, kind).statement.normalized.clone()
}

fn same(kind: DatabaseKind, one: &str, other: &str) {
    assert_eq!(norm(one, kind), norm(other, kind), "{kind}");
}

fn differ(kind: DatabaseKind, one: &str, other: &str) {
    assert_ne!(norm(one, kind), norm(other, kind), "{kind}");
}

#[test]
fn sql_01_value_is_values_and_partitions_stand_before_columns() {
    for sql in [
        "INSERT INTO a (name,password) VALUE (?,?)",
        "INSERT INTO a PARTITION (p0) (name,password) VALUES (?,?)",
        "INSERT INTO a PARTITION (p0, p1) (name,password) VALUE (?,?)",
        "REPLACE INTO a PARTITION (p0) (name,password) VALUES (?,?)",
        "INSERT IGNORE a (name,password) VALUE (?,?)",
        "INSERT LOW_PRIORITY INTO db.a (name,password) VALUE (?,?)",
        "INSERT INTO a PARTITION (p0) SET name = ?, password = ?",
        "REPLACE a SET name = ?, password = ?",
        "INSERT INTO a (name,password) VALUES (?,?) AS new(n,p) ON DUPLICATE KEY UPDATE password = new.p",
        "INSERT INTO a (name,password) VALUES ROW(?,?)",
        "INSERT INTO a (name,password) VALUE (?,?) ON DUPLICATE KEY UPDATE name = VALUES(name)",
    ] {
        assert_eq!(flags(sql, MySql, 2), [false, true], "{sql}");
    }
    for (sql, expected) in [
        (
            "INSERT INTO a (name,password) VALUE ('bob','hunter2')",
            "INSERT INTO a (name,password) VALUE ('bob','[redacted]')",
        ),
        (
            "INSERT INTO a PARTITION (p0) (name,password) VALUES ('bob','hunter2')",
            "INSERT INTO a PARTITION (p0) (name,password) VALUES ('bob','[redacted]')",
        ),
    ] {
        assert_eq!(&*read_as(sql, MySql).text, expected);
    }
    same(
        MySql,
        "INSERT INTO t (a) VALUE (1),(2)",
        "INSERT INTO t (a) VALUE (1)",
    );
    same(
        MySql,
        "INSERT INTO t (a) VALUE (1)",
        "INSERT INTO t (a) VALUES (1)",
    );
    // A column may be called so.
    assert_eq!(
        norm("SELECT value FROM t WHERE value (1)", MySql),
        "SELECT value FROM t WHERE value(?)"
    );
    assert_eq!(
        norm(
            "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            MySql
        ),
        "INSERT INTO t(a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE a = VALUES (a)"
    );
}

#[test]
fn sql_02_what_cannot_be_read_is_masked_from_the_first_quote_on() {
    for (kind, sql) in [
        (
            Unknown,
            "SELECT 1 FROM t WHERE name = 'it\\'s' AND password = 'hunter2'",
        ),
        (Unknown, "SELECT 1 FROM t WHERE password = 'it\\'s hunter2'"),
        (
            Unknown,
            "SELECT 1 FROM t WHERE name = \"it\\\"s\" AND password = \"hunter2\"",
        ),
        (
            Unknown,
            "SELECT 1 FROM t WHERE name = 'C:\\' AND password = 'hunter2'",
        ),
        (
            Unknown,
            "SELECT 1 # it's\nFROM t WHERE password = 'hunter2' # that's",
        ),
        (
            Postgres,
            "SELECT 1 FROM t WHERE name = 'it\\'s' AND password = 'hunter2'",
        ),
        (
            Sqlite,
            "SELECT 1 FROM t WHERE name = 'it\\'s' AND password = 'hunter2'",
        ),
        (
            MySql,
            "SELECT 1 FROM t WHERE name = 'C:\\' AND password = 'hunter2'",
        ),
        (
            Postgres,
            "SELECT 1 FROM t WHERE password <>/* it's */ 'hunter2' OR a <>/* it's */ 'x'",
        ),
        (
            Postgres,
            "SELECT 1 FROM t WHERE password <>-- it's\n 'hunter2' OR a <>/* it's */ 'x'",
        ),
        (
            Postgres,
            "INSERT INTO users VALUES (E'\\xC3\\xA9', 'hunter2')",
        ),
        (Postgres, "SELECT $a$it's hunter2"),
        (Postgres, "SELECT 'x', hunter2 /* it's"),
    ] {
        let text = read_as(sql, kind);
        assert!(
            !text.text.contains("hunter2"),
            "{kind} {sql}\n{}",
            text.text
        );
        assert!(
            !text.statement.normalized.contains("hunter2"),
            "{kind} {sql}\n{}",
            text.statement.normalized
        );
    }
    assert_eq!(
        &*read_as("SELECT 1 FROM t WHERE password = 'it\\'s hunter2'", Unknown).text,
        "SELECT 1 FROM t WHERE password = '[redacted]'"
    );
    // Numbers before the first quote, and one shape for all values.
    let broken = |number: u32, text: &str| {
        norm(
            &std::format!("SELECT a1 FROM t WHERE b = {number} AND c = '{text}"),
            Postgres,
        )
    };
    assert_eq!(
        broken(1, "it's x"),
        "SELECT a1 FROM t WHERE b = ? AND c = '[redacted]"
    );
    assert_eq!(broken(1, "it's x"), broken(2, "bob's y"));
}

#[test]
fn sql_02_strings_of_postgres_are_read_whatever_their_escapes() {
    let text =
        read("SELECT name FROM person WHERE k = E'\\xC3\\xA9' AND email = 'bob@example.com'");
    assert_eq!(
        text.statement.normalized,
        "SELECT name FROM person WHERE k = ? AND email = ?"
    );
    assert_eq!(text.statement.command, "SELECT");
    assert_eq!(text.statement.tables, ["person"]);
    for sql in [
        "SELECT E'\\303\\251'",
        "SELECT E'\\uD83D\\uDE00'",
        "SELECT E'it\\'s'",
        "SELECT U&'d\\0061t'",
        "SELECT U&'d!0061t' UESCAPE '!'",
        "SELECT N'x'",
        "SELECT B'101'",
        "SELECT x'1f'",
        "SELECT 'a'\n  'b'",
        "SELECT 'a' -- why\n 'b'",
        "SELECT E'a'\n'it\\'s'",
        "SELECT $$it's$$",
        "SELECT $tag$it's $$ $tag$",
        "SELECT 0x1F",
        "SELECT 0o17",
        "SELECT 0b101",
        "SELECT 1_000.5e-3",
        "SELECT 1.",
        "SELECT .5",
    ] {
        assert_eq!(norm(sql, Postgres), "SELECT ?", "{sql}");
    }
    for sql in [
        "SELECT _utf8'x'",
        "SELECT _utf8mb4 'x'",
        "SELECT _binary 0xff",
        "SELECT _latin1 x'4D'",
        "SELECT N'x'",
        "SELECT 0b11",
        "SELECT 'a' 'b'",
        "SELECT \"it\\\"s\"",
        "SELECT 'it''s'",
    ] {
        assert_eq!(norm(sql, MySql), "SELECT ?", "{sql}");
    }
    assert_eq!(norm("SELECT q'x'", Postgres), "SELECT q ?");
    assert_eq!(norm("SELECT _x'x'", MySql), "SELECT _x ?");
}

#[test]
fn sql_03_a_sign_is_kept_behind_what_ends_an_operand() {
    for (sql, expected) in [
        (
            "SELECT a FROM t WHERE d > CURRENT_DATE - 7",
            "SELECT a FROM t WHERE d > CURRENT_DATE - ?",
        ),
        (
            "SELECT a FROM t WHERE d BETWEEN CURRENT_DATE - 7 AND CURRENT_DATE + 7",
            "SELECT a FROM t WHERE d BETWEEN CURRENT_DATE - ? AND CURRENT_DATE + ?",
        ),
        (
            "SELECT CASE WHEN b THEN 1 END - 1 FROM t",
            "SELECT CASE WHEN b THEN ? END - ? FROM t",
        ),
        ("SELECT NULL - 1, TRUE + 1", "SELECT ? - ?, ? + ?"),
        (
            "SELECT t.limit - 1, key - 1 FROM t",
            "SELECT t.LIMIT - ?, KEY - ? FROM t",
        ),
        ("SELECT LOCALTIMESTAMP - 1", "SELECT LOCALTIMESTAMP - ?"),
        // Where an operand begins, the sign belongs to it.
        (
            "SELECT -1, +1 WHERE a = -1 AND -1 < b",
            "SELECT ?, ? WHERE a = ? AND ? < b",
        ),
        (
            "SELECT a FROM t LIMIT -1 OFFSET -1",
            "SELECT a FROM t LIMIT ? OFFSET ?",
        ),
        (
            "SELECT substring(a FROM -1 FOR -1)",
            "SELECT substring(a FROM ? FOR ?)",
        ),
        ("SELECT a BETWEEN -1 AND -1", "SELECT a BETWEEN ? AND ?"),
        (
            "SELECT CASE -1 WHEN -1 THEN -1 ELSE -1 END",
            "SELECT CASE ? WHEN ? THEN ? ELSE ? END",
        ),
    ] {
        assert_eq!(norm(sql, Postgres), expected, "{sql}");
    }
    differ(
        Postgres,
        "SELECT a FROM t WHERE d > CURRENT_DATE - 7",
        "SELECT a FROM t WHERE d > CURRENT_DATE + 7",
    );
    differ(
        MySql,
        "SELECT offset - 1 FROM t",
        "SELECT offset + 1 FROM t",
    );
    same(MySql, "SELECT a DIV -1", "SELECT a DIV 1");
}

#[test]
fn sql_04_no_literal_or_comment_is_left() {
    assert_eq!(
        norm("SELECT * FROM t WHERE pin = 0b1010", MySql),
        "SELECT * FROM t WHERE pin = ?"
    );
    assert_eq!(
        &*read_as("SELECT * FROM t WHERE pin = 0b1010", MySql).text,
        "SELECT * FROM t WHERE pin = '[redacted]'"
    );
    for sql in [
        "SELECT a FROM t WHERE b <=/* trace 4bf92f35 */5",
        "SELECT a FROM t WHERE b <=-- trace 4bf92f35\n5",
        "SELECT a FROM t WHERE b <= /* /* trace */ 4bf92f35 */ 5",
    ] {
        assert_eq!(norm(sql, Postgres), "SELECT a FROM t WHERE b <= ?", "{sql}");
    }
    for sql in [
        "SELECT 1 FROM t WHERE email = \"bob@example.com\"",
        "SELECT 1 FROM t WHERE email = \"bob\"",
    ] {
        assert_eq!(
            norm(sql, Unknown),
            "SELECT ? FROM t WHERE email = ?",
            "{sql}"
        );
    }
    assert_eq!(
        norm("INSERT INTO t (a, b) VALUES (\"x\", 'y')", Unknown),
        "INSERT INTO t(a, b) VALUES (?, ?)"
    );
    // Names of columns stay where one is named.
    assert_eq!(
        norm(
            "SELECT \"a\".\"x\", \"b\" AS \"c d\" FROM \"t\" AS \"a\" WHERE \"a\".\"x\" = \"u\".\"y\"",
            Unknown
        ),
        "SELECT a.x, b AS \"c d\" FROM t AS a WHERE a.x = u.y"
    );
    assert_eq!(
        norm("SELECT a FROM t WHERE name = \"bob\"", Sqlite),
        "SELECT a FROM t WHERE name = bob"
    );
}

#[test]
fn sql_05_what_is_equal_has_one_fingerprint() {
    same(MySql, "SELECT COUNT(*) FROM t", "SELECT count(*) FROM t");
    differ(
        MySql,
        "INSERT INTO Person(a) VALUES (1)",
        "INSERT INTO person(a) VALUES (1)",
    );
    differ(MySql, "SELECT A FROM t", "SELECT a FROM t");
    same(
        Postgres,
        "UPDATE t SET a = NULL WHERE id = 1",
        "UPDATE t SET a = 1 WHERE id = 1",
    );
    same(
        Postgres,
        "SELECT a FROM t WHERE active = TRUE",
        "SELECT a FROM t WHERE active = FALSE",
    );
    same(
        Postgres,
        "SET search_path = tenant_1",
        "SET search_path = tenant_2",
    );
    same(Postgres, "SET search_path TO a, b", "SET search_path TO c");
    same(
        Postgres,
        "SET LOCAL app.tenant = 'x'",
        "SET LOCAL app.tenant = y",
    );
    same(Postgres, "SET ROLE tenant_1", "SET ROLE tenant_2");
    same(
        MySql,
        "SET @a = 1, sql_mode = 'x'",
        "SET @a = b, sql_mode = ANSI",
    );
    same(
        Postgres,
        "INSERT INTO t VALUES (1,2),(3,DEFAULT)",
        "INSERT INTO t VALUES (1,2)",
    );
    for (one, other) in [
        ("SELECT a IS NULL", "SELECT a IS TRUE"),
        ("SELECT a IS NOT NULL", "SELECT a IS NOT TRUE"),
        ("SET search_path = a", "SET role = a"),
        ("SET LOCAL a = 1", "SET SESSION a = 1"),
        ("UPDATE t SET a = DEFAULT", "UPDATE t SET a = 1"),
        (
            "CREATE TABLE t (a int NULL)",
            "CREATE TABLE t (a int NOT NULL)",
        ),
        (
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE SET NULL",
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE SET DEFAULT",
        ),
        (
            "SELECT json_object('a': b NULL ON NULL)",
            "SELECT json_object('a': b ABSENT ON NULL)",
        ),
        (
            "COPY t FROM STDIN WITH (HEADER true)",
            "COPY t FROM STDIN WITH (HEADER false)",
        ),
    ] {
        differ(Postgres, one, other);
    }
}

#[test]
fn apps_05_a_with_that_writes_is_called_by_what_it_writes() {
    let text = read(
        "with inserted as (insert into thing(id, name) values ($1, $2) returning id) select inserted.* from inserted",
    );
    assert_eq!(text.statement.command, "INSERT");
    assert_eq!(
        text.statement.normalized,
        "WITH inserted AS (INSERT INTO thing(id, name) VALUES (?, ?) RETURNING id) SELECT inserted.* FROM inserted"
    );
    assert_eq!(text.statement.tables, ["thing"]);
    for (sql, command) in [
        (
            "WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
            "DELETE",
        ),
        (
            "WITH x AS MATERIALIZED (UPDATE t SET a = 1 RETURNING a) TABLE x",
            "UPDATE",
        ),
        (
            "WITH x AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING a) SELECT 1",
            "MERGE",
        ),
        (
            "WITH x AS (SELECT 1), y AS (INSERT INTO t SELECT * FROM x RETURNING a) SELECT * FROM y",
            "INSERT",
        ),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "SELECT"),
        (
            "WITH x AS (SELECT 'INSERT' AS insert) SELECT * FROM x",
            "SELECT",
        ),
        (
            "WITH x AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT * FROM x",
            "INSERT",
        ),
        ("/* a */ (WITH x AS (SELECT 1) SELECT 1)", "SELECT"),
        ("SELECT 1; INSERT INTO t VALUES (1)", "INSERT"),
        ("SET LOCAL a = 1; SELECT 1", "SET"),
        ("SELECT count(*), t.* FROM t", "SELECT"),
    ] {
        assert_eq!(read(sql).statement.command, command, "{sql}");
    }
    assert_eq!(norm("SELECT t . * FROM t", Postgres), "SELECT t.* FROM t");
}
