//! Plans of MySQL and MariaDB, asked for with the values of a query.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{sync::Arc, time::Duration};

use silk_capture::sql::values::mysql;
use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, PlanFormat,
    Redactor, Value,
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{Arguments as _, Executor as _, MySqlPool, mysql::MySqlArguments};

async fn pool() -> MySqlPool {
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let pool = MySqlPool::connect(&url).await.unwrap();
    pool.execute("create table if not exists explain_t(a int primary key, b varchar(50))")
        .await
        .unwrap();
    pool
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn queries_are_explained_with_their_values_and_nothing_is_written() {
    let pool = pool().await;
    let runtime = tokio::runtime::Handle::current();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        runtime,
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let name = pool.connect_options().get_database().unwrap().to_owned();
    let database = Database {
        kind: DatabaseKind::MySql,
        name,
    };
    let query = |sql: &str, values: Vec<Value>, analyze| ExplainQuery {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: Some(values),
        mode: if analyze {
            ExplainMode::Analyze { confirmed: false }
        } else {
            ExplainMode::Estimated
        },
    };
    let mut arguments = MySqlArguments::default();
    arguments.add(7_i32).unwrap();
    let values = mysql::encode(arguments, 4096);
    let plan = explainer
        .explain(query("select b from explain_t where a > ?", values, false))
        .await
        .unwrap();
    assert_eq!((plan.format, plan.analyzed), (PlanFormat::MySqlJson, false));
    assert!(plan.raw.contains("query_block"), "{}", plan.raw);
    assert!(
        plan.raw.contains("> 7"),
        "the values are in the plan: {}",
        plan.raw
    );

    for sql in [
        "insert into explain_t(a) values (99)",
        "update explain_t set b = 'x'",
        "delete from explain_t",
    ] {
        explainer.explain(query(sql, vec![], false)).await.unwrap();
        match explainer.explain(query(sql, vec![], true)).await {
            Err(ExplainError::Refused { code, .. }) => assert_eq!(code, "analyze_refused"),
            other => panic!("{other:?}"),
        }
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from explain_t")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 0);
    let plan = explainer
        .explain(query("select b from explain_t", vec![], true))
        .await
        .unwrap();
    assert!(plan.analyzed && plan.raw.contains("r_rows"), "{}", plan.raw);
    match explainer
        .explain(query("select nothing from explain_t", vec![], false))
        .await
    {
        Err(ExplainError::Failed { message }) => assert!(message.contains("42S22"), "{message}"),
        other => panic!("{other:?}"),
    }
}

/// Deterministic functions of constants are run while the server plans.
#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn slow_planning_is_given_up_at_the_background_limit_which_may_be_raised() {
    const LONG: Duration = Duration::from_secs(60);
    let pool = pool().await;
    for sql in [
        "drop function if exists explain_slow",
        "create function explain_slow(n int) returns int deterministic no sql \
         begin do sleep(1); return n; end",
    ] {
        pool.execute(sql).await.unwrap();
    }
    let database = Database {
        kind: DatabaseKind::MySql,
        name: pool.connect_options().get_database().unwrap().to_owned(),
    };
    let raised = ExplainConfig {
        timeout: LONG,
        background_timeout: LONG,
        ..ExplainConfig::default()
    };
    for (config, is_told) in [(ExplainConfig::default(), true), (raised, false)] {
        let runtime = tokio::runtime::Handle::current();
        let explainer = Explainer::new(Arc::new(Redactor::default()), runtime, config);
        explainer.register(&pool);
        let asked = ExplainQuery {
            database: database.clone(),
            sql: "select b from explain_t where a = explain_slow(7)".to_owned(),
            is_redacted: false,
            values: Some(Vec::new()),
            mode: ExplainMode::Estimated,
        };
        match explainer.explain_quickly(asked).await {
            Ok(plan) => assert!(!is_told, "{}", plan.raw),
            Err(ExplainError::Failed { message }) => {
                assert_eq!(message, "the database did not answer within 500 ms");
                assert!(is_told);
            }
            other => panic!("{other:?}"),
        }
    }
}
