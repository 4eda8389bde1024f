//! What the checks of a MariaDB database say.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{str::FromStr as _, sync::Arc};

use silk_core::{
    Explain as _, Redactor,
    explain::{CheckStatus, DatabaseCheck, DatabaseReport},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, MySqlPool,
    mysql::MySqlConnectOptions,
};

const NEEDS: &str = "SILK_TEST_MYSQL names no server: run `cargo xtask test`, which starts one";

async fn look(name: &str, schema: &'static str) -> DatabaseReport {
    let server = std::env::var("SILK_TEST_MYSQL").expect(NEEDS);
    let options = MySqlConnectOptions::from_str(&server).unwrap();
    let mut connection = MySqlConnection::connect_with(&options).await.unwrap();
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let pool = MySqlPool::connect_with(options.database(name))
        .await
        .unwrap();
    pool.execute(sqlx::raw_sql(schema)).await.unwrap();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let report = explainer.inspect().await.remove(0);
    assert_eq!(report.error, None);
    assert!(report.server.starts_with('M'), "{}", report.server);
    for check in &report.checks {
        for row in &check.rows {
            assert_eq!(row.len(), check.columns.len(), "{}", check.code);
        }
    }
    report
}

fn check<'a>(report: &'a DatabaseReport, code: &str) -> &'a DatabaseCheck {
    report
        .checks
        .iter()
        .find(|check| check.code == code)
        .unwrap()
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn what_is_wrong_is_told_with_what_to_run() {
    let report = look(
        "silk_inspect_wrong",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT);
         CREATE INDEX `t``a` ON t (a);
         CREATE INDEX t_ab ON t (a, b);
         CREATE TABLE u (a INT);",
    )
    .await;
    let duplicate = check(&report, "duplicate_indexes");
    assert_eq!(duplicate.status, CheckStatus::Warning);
    assert_eq!(
        duplicate.action.as_deref(),
        Some("ALTER TABLE `t` DROP INDEX `t``a`;")
    );
    let keys = check(&report, "primary_keys");
    assert_eq!(keys.status, CheckStatus::Warning);
    assert_eq!(keys.rows[0][0], "u");
    // Whatever the role may see: nothing is missing from the list.
    for code in [
        "unused_indexes",
        "long_transactions",
        "cache_hits",
        "sequential_reads",
        "connections",
        "bloat",
    ] {
        check(&report, code);
    }
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn a_sound_database_is_left_in_peace() {
    let report = look(
        "silk_inspect_sound",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c VARCHAR(200), UNIQUE (b));
         CREATE INDEX t_a ON t (a);
         CREATE INDEX t_ba ON t (b, a);
         CREATE INDEX t_c ON t (c(10));
         CREATE INDEX t_ca ON t (c(20), a);",
    )
    .await;
    for code in ["duplicate_indexes", "primary_keys", "bloat"] {
        let check = check(&report, code);
        assert_eq!(check.status, CheckStatus::Good, "{check:?}");
    }
}
