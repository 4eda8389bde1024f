//! Plans of PostgreSQL, asked for with the values of a query.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{sync::Arc, time::Duration};

use silk_capture::sql::values::postgres;
use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, PlanFormat,
    Redactor, Value,
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{Arguments as _, Executor as _, PgPool, postgres::PgArguments};

/// An enumeration of the database, by name.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::Type)]
#[sqlx(type_name = "explain_mood", rename_all = "lowercase")]
enum Mood {
    Glad,
}

async fn pool() -> PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let pool = PgPool::connect(&url).await.unwrap();
    // Tests share the database, and creating the same thing twice at once fails.
    pool.execute(
        "select pg_advisory_xact_lock(4712);
         do $$ begin create type explain_mood as enum ('sad', 'glad');
         exception when duplicate_object then null; end $$;
         create table if not exists explain_t(a int primary key, b text, m explain_mood)",
    )
    .await
    .unwrap();
    pool
}

fn explainer(pool: &PgPool) -> (Explainer, Database) {
    explainer_with(pool, ExplainConfig::default())
}

fn explainer_with(pool: &PgPool, config: ExplainConfig) -> (Explainer, Database) {
    let runtime = tokio::runtime::Handle::current();
    let explainer = Explainer::new(Arc::new(Redactor::default()), runtime, config);
    explainer.register(pool);
    let name = pool.connect_options().get_database().unwrap().to_owned();
    (
        explainer,
        Database {
            kind: DatabaseKind::Postgres,
            name,
        },
    )
}

fn query(database: &Database, sql: &str, values: Vec<Value>, analyze: bool) -> ExplainQuery {
    ExplainQuery {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: Some(values),
        mode: if analyze {
            // The servers of tests are reached as a superuser, which has to be confirmed.
            ExplainMode::Analyze { confirmed: true }
        } else {
            ExplainMode::Estimated
        },
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn queries_are_explained_with_their_values_and_nothing_is_written() {
    let pool = pool().await;
    let (explainer, database) = explainer(&pool);
    let mut arguments = PgArguments::default();
    arguments.add(7_i32).unwrap();
    arguments.add(Mood::Glad).unwrap();
    arguments.add(vec![Mood::Glad]).unwrap();
    let values = postgres::encode(arguments, 4096);
    let sql = "select b from explain_t where a = $1 and m = $2 and m = any($3)";
    let plan = explainer
        .explain(query(&database, sql, values.clone(), false))
        .await
        .unwrap();
    assert_eq!(
        (plan.format, plan.analyzed),
        (PlanFormat::PostgresJson, false)
    );
    assert!(plan.raw.contains("Index"), "{}", plan.raw);
    assert!(
        plan.raw.contains("glad"),
        "the values are in the plan: {}",
        plan.raw
    );
    assert!(!plan.raw.contains("Actual"), "{}", plan.raw);

    let plan = explainer
        .explain(query(&database, sql, values.clone(), true))
        .await
        .unwrap();
    assert!(
        plan.analyzed && plan.raw.contains("Actual Rows"),
        "{}",
        plan.raw
    );

    for sql in [
        "insert into explain_t(a) values (99)",
        "update explain_t set b = 'x'",
        "delete from explain_t",
    ] {
        let plan = explainer
            .explain(query(&database, sql, vec![], false))
            .await
            .unwrap();
        assert!(plan.raw.contains("ModifyTable"), "{}", plan.raw);
        match explainer.explain(query(&database, sql, vec![], true)).await {
            Err(ExplainError::Refused { code, .. }) => assert_eq!(code, "analyze_refused"),
            other => panic!("{other:?}"),
        }
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from explain_t where a = 99")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn slow_plans_end_and_leave_nothing_behind() {
    let pool = pool().await;
    let (explainer, database) = explainer(&pool);
    let sql = "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b";
    let started = std::time::Instant::now();
    match explainer.explain(query(&database, sql, vec![], true)).await {
        Err(ExplainError::Failed { message }) => {
            assert_eq!(message, "the database did not answer within 2000 ms");
        }
        other => panic!("{other:?}"),
    }
    // The limit is 2 s; the query would take minutes.
    assert!(started.elapsed() < Duration::from_secs(30));
    // Other tests ask meanwhile, and are between two statements for a moment.
    let mut open = i64::MAX;
    for _ in 0..100 {
        open = sqlx::query_scalar(
            "select count(*) from pg_stat_activity \
             where application_name = 'tower-silk explain' \
               and state like 'idle in transaction%' and datname = current_database()",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(open, 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn errors_are_told_without_values() {
    let pool = pool().await;
    let (explainer, database) = explainer(&pool);
    let asked = query(&database, "select 'secret-7731'::int", vec![], false);
    match explainer.explain(asked).await {
        Err(ExplainError::Failed { message }) => {
            assert!(
                message.contains("22P02") && !message.contains("7731"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// Functions that never change are run while the planner folds constants.
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn slow_planning_is_given_up_at_the_background_limit_which_may_be_raised() {
    const LONG: Duration = Duration::from_secs(60);
    let pool = pool().await;
    pool.execute(
        "select pg_advisory_xact_lock(4712);
         create or replace function explain_slow(int) returns int language plpgsql immutable
         as $$ begin perform pg_sleep(1); return $1; end $$",
    )
    .await
    .unwrap();
    let with = |background_timeout, timeout| ExplainConfig {
        timeout,
        background_timeout,
        ..ExplainConfig::default()
    };
    let usual = ExplainConfig::default();
    for (config, told) in [
        (usual, Some("the database did not answer within 500 ms")),
        // What a person waits for has its own limit.
        (
            with(usual.background_timeout, LONG),
            Some("the database did not answer within 500 ms"),
        ),
        (with(LONG, LONG), None),
        // Nobody's limit is beyond what one plan may take.
        (
            with(LONG, Duration::from_millis(300)),
            Some("the database did not answer within 300 ms"),
        ),
    ] {
        let (explainer, database) = explainer_with(&pool, config);
        let sql = "select b from explain_t where a = explain_slow(7)";
        let asked = query(&database, sql, vec![], false);
        let answer = explainer.explain_quickly(asked).await;
        match (told, answer) {
            (None, Ok(plan)) => assert!(plan.raw.contains("explain_t"), "{}", plan.raw),
            (Some(told), Err(ExplainError::Failed { message })) => {
                assert_eq!(message, told, "{config:?}");
            }
            (_, other) => panic!("{config:?}: {other:?}"),
        }
    }
}
