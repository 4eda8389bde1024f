//! What the checks of an SQLite database say.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::sync::Arc;

use silk_core::{
    Explain as _, Redactor,
    explain::{CheckStatus, DatabaseReport},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

async fn report(options: SqliteConnectOptions, schema: &'static str) -> DatabaseReport {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    pool.execute(schema).await.unwrap();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let mut reports = explainer.inspect().await;
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

async fn of(schema: &'static str) -> DatabaseReport {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let report = report(options, schema).await;
    assert_eq!(report.error, None);
    assert!(report.server.starts_with("SQLite 3."), "{}", report.server);
    report
}

/// Status, first cells of the rows, action.
fn check<'a>(report: &'a DatabaseReport, code: &str) -> (CheckStatus, Vec<&'a str>, &'a str) {
    let check = report
        .checks
        .iter()
        .find(|check| check.code == code)
        .unwrap();
    for row in &check.rows {
        assert_eq!(row.len(), check.columns.len(), "{code}");
    }
    (
        check.status,
        check.rows.iter().map(|row| &*row[0]).collect(),
        check.action.as_deref().unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_prefix_index_is_redundant_and_hostile_names_are_quoted() {
    let report = of("CREATE TABLE \"we\"\"ird\" (a INTEGER, b TEXT);
         CREATE INDEX \"i\"\"1\" ON \"we\"\"ird\" (a);
         CREATE INDEX i2 ON \"we\"\"ird\" (a, b);")
    .await;
    let (status, tables, action) = check(&report, "duplicate_indexes");
    assert_eq!((status, tables), (CheckStatus::Warning, vec!["we\"ird"]));
    assert_eq!(action, "DROP INDEX \"i\"\"1\";");
}

#[tokio::test]
async fn indexes_that_differ_in_what_matters_are_left_alone() {
    let report = of("CREATE TABLE t (a INTEGER, b TEXT, c TEXT UNIQUE);
         CREATE INDEX i1 ON t (a);
         CREATE INDEX i2 ON t (a DESC, b);
         CREATE INDEX i3 ON t (b) WHERE a = 1;
         CREATE INDEX i4 ON t (b) WHERE a = 2;
         CREATE INDEX i5 ON t (b COLLATE NOCASE, c);
         CREATE INDEX i6 ON t (lower(b), c);
         CREATE INDEX i7 ON t (upper(b));
         CREATE UNIQUE INDEX i8 ON t (b, a);
         CREATE INDEX i9 ON t (b, a, c);")
    .await;
    assert_eq!(check(&report, "duplicate_indexes").0, CheckStatus::Good);
}

#[tokio::test]
async fn foreign_keys_without_an_index_are_listed_with_what_to_run() {
    let report = of("CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE one (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id));
         CREATE TABLE two (p_id INTEGER REFERENCES p (id), x TEXT);
         CREATE INDEX two_p ON two (p_id, x);
         CREATE TABLE three (id INTEGER PRIMARY KEY REFERENCES p (id));
         CREATE TABLE four (p_id INTEGER REFERENCES p (id));
         CREATE INDEX four_p ON four (p_id) WHERE p_id > 3;")
    .await;
    let (status, tables, action) = check(&report, "unindexed_foreign_keys");
    assert_eq!(
        (status, tables),
        (CheckStatus::Warning, vec!["four", "one"])
    );
    assert!(
        action.contains("CREATE INDEX \"one_p_id\" ON \"one\" (\"p_id\");"),
        "{action}"
    );
}

#[tokio::test]
async fn the_planner_without_statistics_is_told() {
    const SCHEMA: &str = "CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a);
        INSERT INTO t VALUES (1), (2);";
    let report = of(SCHEMA).await;
    let (status, tables, action) = check(&report, "stale_statistics");
    assert_eq!((status, tables), (CheckStatus::Warning, vec!["t"]));
    assert!(action.contains("ANALYZE;"), "{action}");

    let report = of("CREATE TABLE t (a INTEGER); CREATE INDEX t_a ON t (a);
        INSERT INTO t VALUES (1), (2); ANALYZE;
        CREATE TABLE u (a INTEGER); CREATE INDEX u_a ON u (a);")
    .await;
    let (status, tables, _) = check(&report, "stale_statistics");
    assert_eq!((status, tables), (CheckStatus::Warning, vec!["u"]));
}

#[tokio::test]
async fn free_pages_and_a_journal_that_locks_are_told() {
    let report = of("PRAGMA journal_mode = DELETE;
         CREATE TABLE t (a BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16)
         INSERT INTO t SELECT zeroblob(1048576) FROM n;
         DELETE FROM t;")
    .await;
    assert_eq!(check(&report, "bloat").0, CheckStatus::Warning);
    let (status, _, action) = check(&report, "journal");
    assert_eq!(status, CheckStatus::Warning);
    assert!(action.contains("PRAGMA journal_mode = WAL;"), "{action}");
    // What must be mended comes first.
    assert!(report.checks.is_sorted_by_key(|check| check.status));

    let report = of("PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER);").await;
    assert_eq!(check(&report, "journal").0, CheckStatus::Good);
    assert_eq!(check(&report, "bloat").0, CheckStatus::Good);
}

#[tokio::test]
async fn a_private_database_says_why_it_cannot_be_looked_at() {
    let private = SqliteConnectOptions::new();
    let report = report(private, "CREATE TABLE t (a INTEGER)").await;
    assert_eq!(report.checks, []);
    assert!(report.error.unwrap().contains("private"));
}
