//! What statements are called.

use std::sync::Arc;

use crate::{
    Database, DatabaseKind, Redactor,
    sql::{SqlReader, called, statement_count, tables_named},
};

fn name(sql: &str, kind: DatabaseKind) -> (String, usize) {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let database = Arc::new(Database {
        kind,
        name: String::new(),
    });
    let statement = reader.read(sql, &database).statement;
    (called(&statement), statement_count(&statement))
}

#[test]
fn the_verb_of_one_never_stands_with_the_table_of_another() {
    use DatabaseKind::{MySql, Postgres, Sqlite};
    for (sql, kind, expected, count) in [
        (
            "DROP TABLE IF EXISTS sessions, orders, users; CREATE TABLE users (id int); CREATE TABLE orders (id int); INSERT INTO users VALUES (1);",
            Postgres,
            "4 statements, first DROP TABLE sessions",
            4,
        ),
        (
            "BEGIN; UPDATE orders SET a = 1; COMMIT",
            Postgres,
            "3 statements, with UPDATE on orders",
            3,
        ),
        (
            "SET search_path = a; SELECT * FROM t",
            Postgres,
            "2 statements, with SELECT on t",
            2,
        ),
        (
            "SELECT * FROM a; INSERT INTO b VALUES (1)",
            MySql,
            "2 statements, first SELECT on a",
            2,
        ),
        ("SET a = 1; SET b = 2", MySql, "2 statements, first SET", 2),
        (
            "WITH x AS (SELECT * FROM a) INSERT INTO b SELECT * FROM x",
            Postgres,
            "INSERT on b",
            1,
        ),
        (
            "WITH x AS (SELECT * FROM a), y AS (DELETE FROM b RETURNING 1) SELECT * FROM y",
            Postgres,
            "DELETE on b",
            1,
        ),
        (
            "WITH x AS (SELECT * FROM a) DELETE FROM b USING x WHERE b.id = x.id",
            Postgres,
            "DELETE on b",
            1,
        ),
        (
            "INSERT INTO a SELECT * FROM b ON CONFLICT DO UPDATE SET n = 1",
            Postgres,
            "INSERT on a",
            1,
        ),
        ("CREATE INDEX i ON t (a)", Postgres, "CREATE INDEX", 1),
        (
            "CREATE OR REPLACE VIEW v AS SELECT * FROM t",
            Postgres,
            "CREATE VIEW",
            1,
        ),
        (
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE u SET a = 1; DELETE FROM w; END",
            Sqlite,
            "CREATE TRIGGER",
            1,
        ),
        ("ALTER TABLE t ADD COLUMN a int", MySql, "ALTER TABLE t", 1),
        ("TRUNCATE TABLE t", Postgres, "TRUNCATE on t", 1),
        (
            "SELECT * FROM person WHERE a = ';'",
            Postgres,
            "SELECT on person",
            1,
        ),
        ("SELECT 1;", Postgres, "SELECT", 1),
    ] {
        assert_eq!(name(sql, kind), (expected.to_owned(), count), "{sql}");
    }
}

#[test]
fn without_a_table_the_function_is_named() {
    use DatabaseKind::{MySql, Postgres, Sqlite};
    for (sql, kind, expected) in [
        ("SELECT pg_sleep(1.2)", Postgres, "SELECT pg_sleep"),
        (
            "select pg_catalog.pg_sleep($1)",
            Postgres,
            "SELECT pg_catalog.pg_sleep",
        ),
        ("SELECT 1 FROM pg_sleep(1)", Postgres, "SELECT pg_sleep"),
        ("SELECT * FROM report($1, $2)", Postgres, "SELECT report"),
        ("SELECT SLEEP(1)", MySql, "SELECT sleep"),
        ("CALL nightly(?)", MySql, "CALL nightly"),
        ("SELECT 1", Sqlite, "SELECT"),
        ("SELECT a IN (1, 2)", Sqlite, "SELECT"),
        ("VALUES (1), (2)", Postgres, "VALUES"),
        (
            "SELECT lower(name) FROM person",
            Postgres,
            "SELECT on person",
        ),
    ] {
        assert_eq!(name(sql, kind).0, expected, "{sql}");
    }
}

#[test]
fn a_statement_that_writes_is_named_after_what_it_writes_to() {
    use DatabaseKind::{MySql, Postgres, Sqlite};
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let named = |sql: &str, kind| {
        let database = Arc::new(Database {
            kind,
            name: String::new(),
        });
        let statement = reader.read(sql, &database).statement;
        format!(
            "{} {}",
            statement.command,
            tables_named(&statement).join(", ")
        )
    };
    for (sql, kind, expected) in [
        (
            "WITH src AS (SELECT * FROM person) INSERT INTO archive SELECT * FROM src",
            Postgres,
            "INSERT archive",
        ),
        (
            "WITH gone AS (DELETE FROM person RETURNING *) INSERT INTO archive SELECT * FROM gone",
            Postgres,
            "INSERT archive",
        ),
        (
            "WITH gone AS (DELETE FROM person USING team WHERE team.id = team_id RETURNING *) SELECT * FROM gone JOIN room ON true",
            Postgres,
            "DELETE person",
        ),
        (
            "WITH a AS (SELECT id FROM person) UPDATE archive SET n = 1 WHERE id IN (SELECT id FROM a)",
            Sqlite,
            "UPDATE archive",
        ),
        (
            "WITH a AS (SELECT id FROM person) DELETE archive FROM archive JOIN a USING (id)",
            MySql,
            "DELETE archive",
        ),
        (
            "INSERT INTO archive SELECT * FROM person",
            MySql,
            "INSERT archive",
        ),
        (
            "INSERT INTO archive SELECT * FROM person ON CONFLICT DO UPDATE SET n = 1",
            Postgres,
            "INSERT archive",
        ),
        (
            "MERGE INTO archive USING person ON true WHEN MATCHED THEN UPDATE SET n = 1",
            Postgres,
            "MERGE archive",
        ),
        // Near misses: what only reads names all that it reads.
        (
            "WITH a AS (SELECT * FROM person) SELECT * FROM a JOIN team ON true",
            Postgres,
            "SELECT person, team",
        ),
        (
            "SELECT * FROM person JOIN team ON true FOR UPDATE",
            Postgres,
            "SELECT person, team",
        ),
    ] {
        assert_eq!(named(sql, kind), expected, "{sql}");
    }
}
