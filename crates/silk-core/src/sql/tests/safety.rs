//! What may be explained, and what only reads.

use super::*;

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
