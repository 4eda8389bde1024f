//! Plans from SQLite, and everything that is refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, PlanFormat,
    Redactor, Value, ValueState,
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

fn explainer() -> Explainer {
    let runtime = tokio::runtime::Handle::current();
    Explainer::new(
        Arc::new(Redactor::default()),
        runtime,
        ExplainConfig::default(),
    )
}

async fn in_file() -> (tempfile::TempDir, sqlx::SqlitePool, Explainer, Database) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .connect_with(options.clone())
        .await
        .unwrap();
    pool.execute("create table t(a integer, b text); create index t_a on t(a)")
        .await
        .unwrap();
    let explainer = explainer();
    explainer.register(&pool);
    let name = options.get_filename().to_string_lossy().into_owned();
    (
        folder,
        pool,
        explainer,
        Database {
            kind: DatabaseKind::Sqlite,
            name,
        },
    )
}

fn query(database: &Database, sql: &str) -> ExplainQuery {
    ExplainQuery {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: Some(Vec::new()),
        mode: ExplainMode::Estimated,
    }
}

fn integer(number: i64) -> Value {
    Value {
        type_name: "INTEGER".into(),
        state: ValueState::Bytes(number.to_le_bytes().to_vec()),
    }
}

async fn code(explainer: &Explainer, query: ExplainQuery) -> &'static str {
    match explainer.explain(query).await {
        Err(ExplainError::Refused { code, reason }) => {
            assert!(reason.len() > 20, "{reason}");
            code
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_query_is_explained_with_its_values() {
    let (_folder, _pool, explainer, database) = in_file().await;
    let mut asked = query(&database, "select b from t where a = ?");
    asked.values = Some(vec![integer(5)]);
    let plan = explainer.explain(asked).await.unwrap();
    assert_eq!(plan.format, PlanFormat::SqliteRows);
    assert!(!plan.analyzed);
    let fields: Vec<_> = plan.raw.lines().next().unwrap().splitn(3, '|').collect();
    assert!(
        fields[0].parse::<i64>().is_ok() && fields[1] == "0",
        "{}",
        plan.raw
    );
    assert!(fields[2].contains("t_a"), "{}", plan.raw);
}

#[tokio::test]
async fn what_writes_is_explained_and_not_run() {
    let (_folder, pool, explainer, database) = in_file().await;
    pool.execute("insert into t values (1, 'x')").await.unwrap();
    for sql in [
        "delete from t where a = 1",
        "update t set b = 'y'",
        "insert into t select 2, 'z'",
    ] {
        explainer.explain(query(&database, sql)).await.unwrap();
    }
    let rows: Vec<(i64, String)> = sqlx::query_as("select a, b from t")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows, [(1, "x".to_owned())]);
}

#[tokio::test]
async fn shared_memory_is_explained_and_private_memory_refused() {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    pool.execute("create table t(a)").await.unwrap();
    let explainer = explainer();
    explainer.register(&pool);
    let name = pool
        .connect_options()
        .get_filename()
        .to_string_lossy()
        .into_owned();
    let database = Database {
        kind: DatabaseKind::Sqlite,
        name,
    };
    explainer
        .explain(query(&database, "select * from t"))
        .await
        .unwrap();

    let private = SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new());
    explainer.register(&private);
    let database = Database {
        kind: DatabaseKind::Sqlite,
        name: ":memory:".into(),
    };
    assert_eq!(
        code(&explainer, query(&database, "select 1")).await,
        "private_database"
    );
}

#[tokio::test]
async fn what_cannot_be_told_honestly_is_refused() {
    let (_folder, _pool, explainer, database) = in_file().await;
    let with = |values| ExplainQuery {
        values,
        ..query(&database, "select b from t where a = ?")
    };
    let state = |state| {
        Some(vec![Value {
            type_name: "TEXT".into(),
            state,
        }])
    };
    assert_eq!(code(&explainer, with(None)).await, "values_not_captured");
    assert_eq!(
        code(&explainer, with(state(ValueState::Redacted))).await,
        "redacted_value"
    );
    assert_eq!(
        code(&explainer, with(state(ValueState::Unavailable))).await,
        "values_not_captured"
    );
    let cut = ValueState::Truncated {
        bytes: vec![1],
        total_bytes: 2,
    };
    assert_eq!(code(&explainer, with(state(cut))).await, "value_truncated");

    let mut literal = query(&database, "select '[redacted]'");
    literal.is_redacted = true;
    assert_eq!(code(&explainer, literal).await, "redacted_value");
    assert_eq!(
        code(&explainer, query(&database, "drop table t")).await,
        "not_explainable"
    );
    assert_eq!(
        code(&explainer, query(&database, "select 1; delete from t")).await,
        "not_explainable"
    );
    let analyze = |sql| ExplainQuery {
        mode: ExplainMode::Analyze { confirmed: false },
        ..query(&database, sql)
    };
    assert_eq!(
        code(&explainer, analyze("select 1")).await,
        "analyze_refused"
    );
    assert_eq!(
        code(&explainer, analyze("delete from t")).await,
        "analyze_refused"
    );
    for (kind, name) in [
        (DatabaseKind::Sqlite, "other"),
        (DatabaseKind::Unknown, ""),
        (DatabaseKind::Postgres, ""),
    ] {
        let database = Database {
            kind,
            name: name.into(),
        };
        assert_eq!(
            code(&explainer, query(&database, "select 1")).await,
            "no_connection"
        );
    }
}

#[tokio::test]
async fn the_tracing_tier_finds_the_only_database_of_its_kind() {
    let (_folder, _pool, explainer, mut database) = in_file().await;
    database.name.clear();
    let mut asked = query(&database, "select b from t");
    asked.values = None;
    assert!(explainer.explain(asked).await.is_ok());
    explainer.register(&SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new()));
    assert_eq!(
        code(&explainer, query(&database, "select 1")).await,
        "no_connection",
        "which one?"
    );
}

#[tokio::test]
async fn what_the_database_says_is_told_without_values() {
    let (_folder, _pool, explainer, database) = in_file().await;
    match explainer
        .explain(query(&database, "select missing from t"))
        .await
    {
        Err(ExplainError::Failed { message }) => {
            assert!(message.contains("no such column"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    // The connection was thrown away; the next one works.
    assert!(
        explainer
            .explain(query(&database, "select a from t"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_lock_of_the_app_is_waited_for_as_long_as_the_question_may_take() {
    let (_folder, pool, _explainer, database) = in_file().await;
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig {
            timeout: Duration::from_secs(60),
            background_timeout: Duration::from_millis(200),
            ..ExplainConfig::default()
        },
    );
    explainer.register(&pool);
    let asked = query(&database, "select b from t where a = 1");
    explainer.explain_quickly(asked.clone()).await.unwrap();
    // Without a write-ahead log nobody reads while somebody writes.
    let mut app = pool.acquire().await.unwrap();
    app.execute("begin exclusive").await.unwrap();
    let started = Instant::now();
    match explainer.explain_quickly(asked.clone()).await {
        Err(ExplainError::Failed { message }) => {
            assert!(message.contains("database is locked"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_secs(30));
    // A person's question has more time, and is answered once the app has written.
    let (answer, ()) = tokio::join!(explainer.explain(asked), async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        app.execute("rollback").await.unwrap();
    });
    answer.unwrap();
}
