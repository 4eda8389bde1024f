//! Rewrites proved on PostgreSQL, and everything that is refused or not known.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod proofs;

use std::time::{Duration, Instant};

use proofs::{explainer, proved, refused, request, unknown};
use silk_capture::sql::values::postgres;
use silk_core::{
    Database, DatabaseKind, Explain as _, PlanFormat, Value,
    explain::{DifferenceKind, KeyColumn, ProofVerdict},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{Arguments as _, Executor as _, PgPool, postgres::PgArguments};

/// An enumeration of the database, by name.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::Type)]
#[sqlx(type_name = "prove_mood", rename_all = "lowercase")]
enum Mood {
    Sad,
    Glad,
}

fn values<'q, T>(all: impl IntoIterator<Item = T>) -> Vec<Value>
where
    T: 'q + sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let mut arguments = PgArguments::default();
    for one in all {
        arguments.add(one).unwrap();
    }
    postgres::encode(arguments, 4_096)
}

async fn app(config: ExplainConfig) -> (PgPool, Explainer, Database) {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let pool = PgPool::connect(&url).await.unwrap();
    // Tests share the database, and creating the same thing twice at once fails.
    pool.execute(
        "select pg_advisory_xact_lock(4713);
         do $$ begin create type prove_mood as enum ('sad', 'glad');
         exception when duplicate_object then null; end $$;
         create table if not exists prove_trace(note text);
         create or replace function prove_writes(n int8) returns int8 language plpgsql volatile
         as $$ begin insert into prove_trace values ('function'); return n; end $$;
         create or replace function prove_slow(n int8) returns int8 language plpgsql stable
         as $$ begin perform pg_sleep(0.2); return n; end $$;
         create table if not exists prove_person(
           id int primary key, name varchar(30), team int8, at float8, mood prove_mood, code uuid);
         insert into prove_person select n, 'name ' || n, n % 10, n / 3.0,
           (case when n % 2 = 0 then 'glad' else 'sad' end)::prove_mood,
           md5(n::text)::uuid from generate_series(1, 1000) n
         on conflict do nothing;
         create or replace view prove_viewed as
           select id, prove_writes(id) as written from prove_person",
    )
    .await
    .unwrap();
    let explainer = explainer(config);
    explainer.register(&pool);
    let name = pool.connect_options().get_database().unwrap().to_owned();
    let database = Database {
        kind: DatabaseKind::Postgres,
        name,
    };
    (pool, explainer, database)
}

async fn usual() -> (PgPool, Explainer, Database) {
    app(ExplainConfig::default()).await
}

const ROW: &str = "SELECT id, name, team, at, mood, code FROM prove_person WHERE id = $1";
const ROWS: &str = "SELECT id, name, team, at, mood, code FROM prove_person WHERE id = ANY($1)";

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn one_query_gives_the_rows_of_its_hundred() {
    let (_pool, explainer, database) = usual().await;
    // Bound wider than the column is.
    let keys = values((1..=95_i64).chain([5_000]));
    let mut asked = request(&database, ROW, ROWS, keys);
    asked.runs.extend([0, 0, 3, 95]);
    let proof = proved(&explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    let rows = proof.rows.unwrap();
    assert_eq!((rows.keys, rows.equal), (96, 96));
    assert_eq!((proof.before.queries, proof.after.queries), (100, 1));
    assert_eq!((proof.before.rows, proof.after.rows), (98, 95));
    for (side, rows) in [(&proof.before, "\"Actual Rows\": 1"), (&proof.after, "")] {
        let plan = side.plan.as_ref().unwrap();
        assert_eq!(plan.format, PlanFormat::PostgresJson);
        assert!(plan.analyzed && plan.raw.contains("Shared Hit Blocks"));
        assert!(plan.raw.contains(rows), "{}", plan.raw);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn keys_of_any_type_go_into_one_array() {
    let (pool, explainer, database) = usual().await;
    let codes: Vec<uuid::Uuid> =
        sqlx::query_scalar("select code from prove_person where id <= 20 order by id")
            .fetch_all(&pool)
            .await
            .unwrap();
    for (column, keys) in [
        ("code", values(codes)),
        ("mood", values([Mood::Sad, Mood::Glad])),
        ("name", values(["name 7", "name 8", "nobody"])),
        ("at", values([1.0_f64, 2.0 / 3.0])),
        ("id", values([Some(3_i32), None, Some(4)])),
    ] {
        let sql = format!("SELECT {column}, team, name FROM prove_person WHERE {column} = $1");
        let one = format!("SELECT {column}, team, name FROM prove_person WHERE {column} = ANY($1)");
        let proof = proved(&explainer, request(&database, &sql, &one, keys)).await;
        assert_eq!(proof.verdict, ProofVerdict::Equal, "{column}: {proof:?}");
        assert!(proof.after.rows > 0, "{column}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn sums_and_orders() {
    let (_pool, explainer, database) = usual().await;
    let sql = "SELECT count(*), avg(at), max(name) FROM prove_person WHERE team = $1";
    let one = "SELECT team, count(*), avg(at), max(name) FROM prove_person \
               WHERE team = ANY($1) GROUP BY team";
    let mut asked = request(&database, sql, one, values([1_i64, 2, 77]));
    asked.key_column = KeyColumn::InFront;
    asked.is_summed = true;
    let proof = proved(&explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    let rows = proof.rows.unwrap();
    assert_eq!((rows.equal, rows.empty), (2, 1));

    let sql = "SELECT team, id FROM prove_person WHERE team = $1 ORDER BY id DESC";
    let one = "SELECT team, id FROM prove_person WHERE team = ANY($1) ORDER BY id";
    let mut asked = request(&database, sql, one, values([1_i64, 2]));
    asked.is_ordered = true;
    let proof = proved(&explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Reordered);
    assert_eq!(proof.rows.unwrap().reordered, 2);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_differs_is_said() {
    let (_pool, explainer, database) = usual().await;
    let one = "SELECT id, name, team, at, mood, code FROM prove_person \
               WHERE id = ANY($1) AND team <> 2";
    let asked = request(&database, ROW, one, values([1_i32, 2, 3]));
    let proof = proved(&explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Different);
    let told = &proof.rows.as_ref().unwrap().differences;
    assert_eq!((told.len(), told[0].key), (1, 1));
    assert_eq!(told[0].kind, DifferenceKind::Missing);

    let one = "SELECT id, upper(name), team, at, mood, code FROM prove_person WHERE id = ANY($1)";
    let asked = request(&database, ROW, one, values([1_i32]));
    let proof = proved(&explainer, asked).await;
    let told = &proof.rows.as_ref().unwrap().differences;
    assert_eq!(told[0].columns, ["name"], "{proof:?}");
}

/// Functions that may write are found in the text and behind a view; a yes does not help.
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_may_write_is_never_run() {
    let (pool, explainer, database) = usual().await;
    let keys = || values([1_i64, 2]);
    for (sql, one) in [
        ("DELETE FROM prove_person WHERE id = $1", ROWS),
        (
            "SELECT id, prove_writes(id) FROM prove_person WHERE id = $1",
            "SELECT id, prove_writes(id) FROM prove_person WHERE id = ANY($1)",
        ),
        (
            "SELECT id, written FROM prove_viewed WHERE id = $1",
            "SELECT id, written FROM prove_viewed WHERE id = ANY($1)",
        ),
        (
            "SELECT id, nextval('prove_seq') FROM prove_person WHERE id = $1",
            ROWS,
        ),
        (
            "SELECT id, name FROM prove_person WHERE id = $1 FOR UPDATE",
            ROWS,
        ),
        (
            ROW,
            "WITH gone AS (DELETE FROM prove_person WHERE id = ANY($1) RETURNING *) \
             SELECT id, name, team, at, mood, code FROM gone",
        ),
        (
            ROW,
            "SELECT pg_sleep(1), id FROM prove_person WHERE id = ANY($1)",
        ),
    ] {
        for is_confirmed in [false, true] {
            let mut asked = request(&database, sql, one, keys());
            asked.is_confirmed = is_confirmed;
            match explainer.prove(asked).await {
                Err(silk_core::ExplainError::Refused { code, .. }) => {
                    assert!(
                        matches!(code, "proof_refused" | "not_explainable"),
                        "{sql}: {code}"
                    );
                }
                // The sequence is not there.
                Err(silk_core::ExplainError::Failed { .. }) if sql.contains("nextval") => {}
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
    let (rows, notes): (i64, i64) = sqlx::query_as(
        "select (select count(*) from prove_person), (select count(*) from prove_trace)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((rows, notes), (1_000, 0));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_superuser_is_asked_first() {
    let (_pool, explainer, database) = usual().await;
    let mut asked = request(&database, ROW, ROWS, values([1_i64]));
    asked.is_confirmed = false;
    let (code, reason) = refused(&explainer, asked).await;
    assert_eq!(code, "needs_confirmation");
    assert!(reason.contains("superuser"), "{reason}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn slow_queries_are_given_up_and_leave_nothing_behind() {
    let limit = Duration::from_millis(700);
    let (pool, explainer, database) = app(ExplainConfig {
        proof: limit,
        ..ExplainConfig::default()
    })
    .await;
    let sql = "SELECT id, name FROM prove_person WHERE id = $1 AND prove_slow(id) > 0";
    let one = "SELECT id, name FROM prove_person WHERE id = ANY($1) AND prove_slow(id) > 0";
    // In the one query, and in the runs.
    for one in [one, "SELECT id, name FROM prove_person WHERE id = ANY($1)"] {
        let asked = request(&database, sql, one, values(1..=100_i64));
        let started = Instant::now();
        let proof = proved(&explainer, asked).await;
        assert_eq!(unknown(&proof), "time_limit");
        let took = started.elapsed();
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
    for attempt in 0..100 {
        let open: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where application_name = 'tower-silk explain' \
               and query like '%prove_slow%' and datname = current_database() \
               and state <> 'idle' and pid <> pg_backend_pid()",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        if open == 0 {
            return;
        }
        assert!(attempt < 99, "{open} are still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn more_rows_than_are_compared_are_not_known() {
    let (_pool, explainer, database) = usual().await;
    let sql = "SELECT p.id, o.name FROM prove_person p, prove_person o WHERE p.id = $1";
    let one = "SELECT p.id, o.name FROM prove_person p, prove_person o WHERE p.id = ANY($1)";
    let asked = request(&database, sql, one, values(1..=60_i64));
    let proof = proved(&explainer, asked).await;
    assert_eq!(unknown(&proof), "too_many_rows");
}

/// The app writes all the while, and both see the same rows.
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn both_see_one_snapshot() {
    let (pool, explainer, database) = usual().await;
    let table = format!("prove_moving_{}", std::process::id());
    let run = async |sql: String| {
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    };
    run(format!(
        "create table {table} as select n as id, 0 as turn from generate_series(1, 300) n"
    ))
    .await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (app, stopped) = (pool.clone(), std::sync::Arc::clone(&stop));
    let update = format!("update {table} set turn = turn + 1");
    let writer = tokio::spawn(async move {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            app.execute(sqlx::AssertSqlSafe(update.clone()))
                .await
                .unwrap();
        }
    });
    for _ in 0..3 {
        let sql = format!("SELECT id, turn FROM {table} WHERE id = $1");
        let one = format!("SELECT id, turn FROM {table} WHERE id = ANY($1)");
        let proof = proved(
            &explainer,
            request(&database, &sql, &one, values(1..=100_i64)),
        )
        .await;
        assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.await.unwrap();
    run(format!("drop table {table}")).await;
}
