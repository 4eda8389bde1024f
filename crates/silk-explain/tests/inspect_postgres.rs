//! What the checks of a PostgreSQL database say.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{
    str::FromStr as _,
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{
    Explain as _, Redactor,
    explain::{CheckStatus, DatabaseCheck, DatabaseReport},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, postgres::PgConnectOptions,
};

const NEEDS: &str = "SILK_TEST_POSTGRES names no server: run `cargo xtask test`, which starts one";

/// A database of one test, dropped before it is made.
async fn database(name: &str, schema: &'static str) -> (PgConnectOptions, PgPool) {
    let server = std::env::var("SILK_TEST_POSTGRES").expect(NEEDS);
    let options = PgConnectOptions::from_str(&server).unwrap();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for sql in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
    ] {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let options = options.database(name);
    let pool = PgPool::connect_with(options.clone()).await.unwrap();
    pool.execute(schema).await.unwrap();
    (options, pool)
}

async fn look(pool: &PgPool) -> DatabaseReport {
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(pool);
    let report = explainer.inspect().await.remove(0);
    for check in &report.checks {
        for row in &check.rows {
            assert_eq!(row.len(), check.columns.len(), "{}", check.code);
        }
    }
    assert!(report.checks.is_sorted_by_key(|check| check.status));
    report
}

fn check<'a>(report: &'a DatabaseReport, code: &str) -> &'a DatabaseCheck {
    assert_eq!(report.error, None);
    report
        .checks
        .iter()
        .find(|check| check.code == code)
        .unwrap()
}

fn tables(check: &DatabaseCheck) -> Vec<&str> {
    check.rows.iter().map(|row| &*row[0]).collect()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_is_wrong_with_indexes_and_tables_is_told_with_what_to_run() {
    let (_, pool) = database(
        "silk_inspect_wrong",
        "CREATE TABLE parent (id int PRIMARY KEY);
         CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, \"we\"\"ird\" text);
         CREATE INDEX child_weird ON child (\"we\"\"ird\");
         CREATE INDEX child_weird_id ON child (\"we\"\"ird\", id);
         INSERT INTO parent SELECT i FROM generate_series(1, 100) i;
         INSERT INTO child SELECT i, i % 100 + 1, 'x' || i FROM generate_series(1, 20000) i;
         CREATE SEQUENCE short AS smallint;
         SELECT setval('short', 32000);",
    )
    .await;
    let report = look(&pool).await;
    assert!(
        report.server.starts_with("PostgreSQL 1"),
        "{}",
        report.server
    );

    let duplicate = check(&report, "duplicate_indexes");
    assert_eq!(duplicate.status, CheckStatus::Warning);
    assert_eq!(tables(duplicate), ["public.child"]);
    assert_eq!(
        duplicate.action.as_deref(),
        Some("DROP INDEX CONCURRENTLY public.child_weird;")
    );
    let keys = check(&report, "unindexed_foreign_keys");
    // The planner's row count comes with the first ANALYZE, which a busy server may do by itself.
    if !keys.rows.is_empty() {
        assert_eq!(tables(keys), ["child"]);
    }
    pool.execute("ANALYZE").await.unwrap();
    let report = look(&pool).await;
    let keys = check(&report, "unindexed_foreign_keys");
    assert_eq!(tables(keys), ["child"]);
    // Nobody has missed the index yet, and the check says no more than that.
    assert_eq!(keys.status, CheckStatus::Good, "{keys:?}");
    assert!(keys.summary.contains("none was missed so far"), "{keys:?}");
    assert_eq!(keys.action, None);
    let sequences = check(&report, "sequences");
    assert_eq!(sequences.status, CheckStatus::Problem);
    assert_eq!(tables(sequences), ["public.short"]);
    assert!(check(&report, "settings").rows.len() > 6);
    for code in ["connections", "wraparound", "cache_hits", "bloat"] {
        assert!(
            check(&report, code).status >= CheckStatus::Warning,
            "{code}: {:?}",
            check(&report, code)
        );
    }
    pool.execute("INSERT INTO parent VALUES (1000); DELETE FROM parent WHERE id = 1000")
        .await
        .unwrap();
    // Counters come with some delay.
    let deadline = Instant::now() + Duration::from_secs(60);
    let keys = loop {
        pool.execute("SELECT 1").await.unwrap();
        let report = look(&pool).await;
        let keys = check(&report, "unindexed_foreign_keys");
        if keys.status == CheckStatus::Warning || Instant::now() > deadline {
            break keys.clone();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(keys.status, CheckStatus::Warning, "{keys:?}");
    assert_eq!(
        keys.action.as_deref(),
        Some("CREATE INDEX CONCURRENTLY ON child (parent_id);")
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_sound_database_is_left_in_peace() {
    let (_, pool) = database(
        "silk_inspect_sound",
        "CREATE TABLE parent (id int PRIMARY KEY, name text UNIQUE);
         CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, x text);
         CREATE INDEX ON child (parent_id, x);
         CREATE INDEX ON child (x) WHERE parent_id = 1;
         CREATE INDEX ON child (x) WHERE parent_id = 2;
         CREATE INDEX ON child (lower(x));
         CREATE INDEX ON child (x DESC, id);
         CREATE INDEX ON child (x text_pattern_ops);
         CREATE INDEX ON child USING hash (x);",
    )
    .await;
    let report = look(&pool).await;
    for code in [
        "invalid_indexes",
        "duplicate_indexes",
        "unused_indexes",
        "unindexed_foreign_keys",
        "sequential_reads",
        "stale_statistics",
        "vacuum",
        "long_transactions",
        "sequences",
        "bloat",
    ] {
        let check = check(&report, code);
        assert_eq!(check.status, CheckStatus::Good, "{check:?}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn an_invalid_index_and_a_transaction_that_is_waited_for_come_first() {
    let (options, pool) = database(
        "silk_inspect_trouble",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1);",
    )
    .await;
    // Fails, and leaves the index behind.
    pool.execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")
        .await
        .unwrap_err();
    let mut holder = PgConnection::connect_with(&options).await.unwrap();
    holder
        .execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let waits = tokio::spawn(async move {
        let mut waiter = PgConnection::connect_with(&options).await.unwrap();
        waiter.execute("SELECT * FROM t").await.unwrap();
    });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let report = loop {
        let report = look(&pool).await;
        let is_seen = !check(&report, "long_transactions").rows.is_empty();
        if is_seen || tokio::time::Instant::now() > deadline {
            break report;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    holder.execute("ROLLBACK").await.unwrap();
    waits.await.unwrap();

    let transactions = check(&report, "long_transactions");
    assert_eq!(transactions.status, CheckStatus::Problem);
    // The catalogue says nothing about a locked table; the rest is reported all the same.
    assert_eq!(check(&report, "connections").status, CheckStatus::Good);
    let report = look(&pool).await;
    let invalid = check(&report, "invalid_indexes");
    assert_eq!(invalid.status, CheckStatus::Problem);
    assert_eq!(
        invalid.action.as_deref(),
        Some("Drop them and build them again:\nDROP INDEX CONCURRENTLY public.t_a;")
    );
    assert_eq!(report.checks[0].status, CheckStatus::Problem);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_role_without_rights_is_told_what_it_can_see() {
    let (options, pool) = database(
        "silk_inspect_poor",
        "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE INDEX i ON t (b); CREATE INDEX j ON t (b);
         DO $$ BEGIN CREATE ROLE silk_inspect_poor LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;",
    )
    .await;
    let poor = PgPool::connect_with(options.username("silk_inspect_poor"))
        .await
        .unwrap();
    let report = look(&poor).await;
    assert_eq!(
        check(&report, "duplicate_indexes").status,
        CheckStatus::Warning
    );
    assert!(report.checks.len() > 8);
    drop(pool);
}
