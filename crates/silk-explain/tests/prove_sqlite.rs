//! Rewrites proved on SQLite, and everything that is refused or not known.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod proofs;

use std::time::{Duration, Instant};

use proofs::{explainer, proved, refused, request, unknown};
use silk_core::{
    Database, DatabaseKind, PlanFormat, Value, ValueState,
    explain::{DifferenceKind, KeyColumn, MAX_PROOF_KEYS, MAX_PROOF_RUNS, ProofVerdict},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    Executor as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

const ROW: &str = "SELECT id, name FROM person WHERE id = ?";
const ROWS: &str = "SELECT id, name FROM person WHERE id IN (..)";

fn key(number: i64) -> Value {
    proofs::value("INTEGER", &number.to_le_bytes())
}

fn keys(numbers: impl IntoIterator<Item = i64>) -> Vec<Value> {
    numbers.into_iter().map(key).collect()
}

struct App {
    _folder: tempfile::TempDir,
    pool: SqlitePool,
    explainer: Explainer,
    database: Database,
}

async fn app(journal: SqliteJournalMode, config: ExplainConfig) -> App {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .journal_mode(journal)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .connect_with(options.clone())
        .await
        .unwrap();
    pool.execute(
        "create table person(id integer primary key, name text, team integer, at real);
         with recursive n(i) as (values (1) union all select i + 1 from n where i < 1000)
         insert into person select i, 'name ' || i, i % 10, i / 3.0 from n",
    )
    .await
    .unwrap();
    let explainer = explainer(config);
    explainer.register(&pool);
    let name = options.get_filename().to_string_lossy().into_owned();
    App {
        _folder: folder,
        pool,
        explainer,
        database: Database {
            kind: DatabaseKind::Sqlite,
            name,
        },
    }
}

async fn usual() -> App {
    app(SqliteJournalMode::Wal, ExplainConfig::default()).await
}

#[tokio::test]
async fn one_query_gives_the_rows_of_its_hundred() {
    let app = usual().await;
    let mut asked = request(&app.database, ROW, ROWS, keys((1..=95).chain([5_000])));
    // Some of them ran twice.
    asked.runs.extend([0, 0, 3, 95]);
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    let rows = proof.rows.unwrap();
    assert_eq!((rows.keys, rows.equal), (96, 96));
    assert_eq!((proof.before.queries, proof.after.queries), (100, 1));
    assert_eq!((proof.before.rows, proof.after.rows), (98, 95));
    assert!(proof.before.took_us > 0 && proof.after.took_us > 0);
    assert!(proof.after.bytes > 95 * 8, "{}", proof.after.bytes);
    for side in [&proof.before, &proof.after] {
        let plan = side.plan.as_ref().unwrap();
        assert_eq!(plan.format, PlanFormat::SqliteRows);
        assert!(plan.raw.contains("PRIMARY KEY"), "{}", plan.raw);
    }
}

#[tokio::test]
async fn many_rows_a_key_with_and_without_order() {
    let app = usual().await;
    let sql = "SELECT name, at, team FROM person WHERE team = ? ORDER BY at DESC";
    let one = "SELECT team, name, at, team FROM person WHERE team IN (..) ORDER BY at DESC";
    let mut asked = request(&app.database, sql, one, keys(0..12));
    asked.key_column = KeyColumn::InFront;
    asked.is_ordered = true;
    let proof = proved(&app.explainer, asked.clone()).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    assert_eq!(proof.before.rows, 1_000);
    // Another order is noticed where the statement orders, and only there.
    asked.one.sql = asked.one.sql.replace("at DESC", "at");
    let proof = proved(&app.explainer, asked.clone()).await;
    assert_eq!(proof.verdict, ProofVerdict::Reordered);
    asked.is_ordered = false;
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal);
}

#[tokio::test]
async fn counts_lack_the_keys_that_have_no_rows() {
    let app = usual().await;
    let sql = "SELECT count(*), sum(at) FROM person WHERE team = ?";
    let one = "SELECT team, count(*), sum(at) FROM person WHERE team IN (..) GROUP BY team";
    let mut asked = request(&app.database, sql, one, keys([1, 2, 77]));
    asked.key_column = KeyColumn::InFront;
    asked.is_summed = true;
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    let rows = proof.rows.unwrap();
    assert_eq!((rows.equal, rows.empty), (2, 1));
}

#[tokio::test]
async fn what_differs_is_said() {
    let app = usual().await;
    for (one, kinds) in [
        // A condition too many, one too few, and another column.
        (
            "SELECT id, name FROM person WHERE id IN (..) AND team <> 2",
            vec![DifferenceKind::Missing],
        ),
        (
            "SELECT id, upper(name) FROM person WHERE id IN (..)",
            vec![DifferenceKind::Differs; 3],
        ),
        (
            "SELECT id, name FROM person WHERE id IN (..) OR id = 9",
            vec![],
        ),
    ] {
        let asked = request(&app.database, ROW, one, keys([1, 2, 3]));
        let proof = proved(&app.explainer, asked).await;
        assert_eq!(proof.verdict, ProofVerdict::Different, "{one}");
        let rows = proof.rows.unwrap();
        let told: Vec<_> = rows.differences.iter().map(|one| one.kind).collect();
        assert_eq!(told, kinds, "{one}");
        assert_eq!(rows.strangers, u64::from(kinds.is_empty()), "{one}");
    }
}

#[tokio::test]
async fn other_values_stay_where_they_are() {
    let app = usual().await;
    let sql = "SELECT id, name FROM person WHERE at < $2 AND id = $1 AND team <> $3";
    let mut asked = request(
        &app.database,
        sql,
        "SELECT id, name FROM person WHERE at < ? AND id IN (..) AND team <> ?",
        keys([1, 2, 3, 900]),
    );
    asked.values = vec![
        key(1),
        proofs::value("REAL", &100.0_f64.to_le_bytes()),
        key(3),
    ];
    asked.one.values = vec![
        silk_core::explain::OneValue::Shared(1),
        silk_core::explain::OneValue::EachKey,
        silk_core::explain::OneValue::Shared(2),
    ];
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    // 3 is of the team left out, 900 is beyond.
    assert_eq!((proof.before.rows, proof.after.rows), (2, 2));
}

#[tokio::test]
async fn of_more_runs_than_a_thousand_each_key_is_run_once() {
    let app = usual().await;
    let mut asked = request(&app.database, ROW, ROWS, keys(1..=20));
    asked.runs = (0..=MAX_PROOF_RUNS).map(|run| run % 20).collect();
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal);
    assert_eq!(proof.before.queries, 20);
}

#[tokio::test]
async fn what_may_write_is_never_run() {
    let app = usual().await;
    let of = |sql: &str, one: &str| request(&app.database, sql, one, keys([1, 2]));
    for (sql, one) in [
        ("DELETE FROM person WHERE id = ?", ROWS),
        (
            ROW,
            "DELETE FROM person WHERE id IN (..) RETURNING id, name",
        ),
        (
            ROW,
            "SELECT id, name FROM person WHERE id IN (..); DELETE FROM person",
        ),
        (
            "SELECT id, load_extension(name) FROM person WHERE id = ?",
            ROWS,
        ),
        (
            "SELECT id, own_function(name) FROM person WHERE id = ?",
            ROWS,
        ),
        ("PRAGMA user_version = 7", ROWS),
    ] {
        let (code, _) = refused(&app.explainer, of(sql, one)).await;
        assert!(
            matches!(code, "proof_refused" | "not_explainable"),
            "{sql} {one}: {code}"
        );
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from person")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(rows, 1_000);
}

#[tokio::test]
async fn values_that_are_not_kept_are_refused() {
    let app = usual().await;
    let of = |state| {
        let mut asked = request(&app.database, ROW, ROWS, keys([1, 2]));
        asked.keys[1].state = state;
        asked
    };
    for (state, wanted) in [
        (ValueState::Redacted, "redacted_value"),
        (ValueState::Unavailable, "values_not_captured"),
        (
            ValueState::Truncated {
                bytes: vec![1],
                total_bytes: 9_000,
            },
            "value_truncated",
        ),
    ] {
        assert_eq!(refused(&app.explainer, of(state)).await.0, wanted);
    }
    let mut redacted = of(ValueState::Null);
    redacted.is_redacted = true;
    assert_eq!(refused(&app.explainer, redacted).await.0, "redacted_value");
    let mut mixed = request(&app.database, ROW, ROWS, keys([1, 2]));
    mixed.keys[1].type_name = "TEXT".to_owned();
    assert_eq!(refused(&app.explainer, mixed).await.0, "proof_refused");
    let none = request(&app.database, ROW, ROWS, Vec::new());
    assert_eq!(refused(&app.explainer, none).await.0, "values_not_captured");
    let count = i64::try_from(MAX_PROOF_KEYS).unwrap() + 1;
    let many = request(&app.database, ROW, ROWS, keys(0..count));
    assert_eq!(refused(&app.explainer, many).await.0, "too_many_values");
    let mut elsewhere = request(&app.database, ROW, ROWS, keys([1]));
    elsewhere.database.name = "elsewhere.db".to_owned();
    assert_eq!(refused(&app.explainer, elsewhere).await.0, "no_connection");
}

/// A NULL finds no row, alone and in a list.
#[tokio::test]
async fn null_is_a_key_without_rows() {
    let app = usual().await;
    let mut asked = request(&app.database, ROW, ROWS, keys([1, 2]));
    asked.keys[1] = Value {
        type_name: "NULL".to_owned(),
        state: ValueState::Null,
    };
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
}

const ENDLESS: &str = "SELECT id, (WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 \
     FROM n WHERE i < 900000000) SELECT max(i) FROM n) FROM person WHERE id";

#[tokio::test]
async fn a_query_without_end_is_given_up() {
    for (journal, least, most) in [
        (SqliteJournalMode::Wal, 2_000, 4_000),
        // Without a write-ahead log a reader keeps the app from writing: not for long.
        (SqliteJournalMode::Delete, 900, 1_900),
    ] {
        let config = ExplainConfig {
            proof: Duration::from_millis(2_000),
            ..ExplainConfig::default()
        };
        let app = app(journal, config).await;
        let sql = format!("{ENDLESS} = ?");
        let one = format!("{ENDLESS} IN (..)");
        let asked = request(&app.database, &sql, &one, keys([1, 2]));
        let started = Instant::now();
        let proof = proved(&app.explainer, asked).await;
        let took = started.elapsed().as_millis();
        assert_eq!(unknown(&proof), "time_limit");
        assert!((least..most).contains(&took), "{journal:?}: {took} ms");
        // Nothing of it stays: the app can write.
        app.pool.execute("delete from person").await.unwrap();
    }
}

#[tokio::test]
async fn more_rows_than_are_compared_are_not_known() {
    let app = usual().await;
    let sql = "SELECT person.id, other.name FROM person, person other WHERE person.id = ?";
    let one = "SELECT person.id, other.name FROM person, person other WHERE person.id IN (..)";
    let asked = request(&app.database, sql, one, keys(1..=60));
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(unknown(&proof), "too_many_rows");
    assert_eq!((proof.after.queries, proof.before.queries), (1, 0));
    assert!(proof.rows.is_none());
    app.pool.execute("delete from person").await.unwrap();
}

/// The app writes between the one query and the runs, and both see the same rows all the same.
#[tokio::test]
async fn both_see_one_snapshot() {
    let app = usual().await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (pool, stopped) = (app.pool.clone(), std::sync::Arc::clone(&stop));
    let writer = tokio::spawn(async move {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            pool.execute("update person set name = name || '!'")
                .await
                .unwrap();
        }
    });
    for _ in 0..5 {
        let asked = request(&app.database, ROW, ROWS, keys(1..=300));
        let proof = proved(&app.explainer, asked).await;
        assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.await.unwrap();
}
