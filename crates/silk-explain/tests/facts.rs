//! Rules that need to know the tables speak when the database is asked about them, and keep silent
//! where it cannot be.

#![cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{sync::Arc, time::Duration};

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainOutput, ExplainQuery,
    Redactor,
};
use silk_explain::{ExplainConfig, Explainer};
use silk_plan::{JudgeContext, Plan, PlanFinding, findings};
use sqlx::Executor as _;

fn explainer() -> Explainer {
    Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig {
            // Longer than the default, for a busy machine.
            timeout: Duration::from_secs(10),
            ..ExplainConfig::default()
        },
    )
}

async fn plan(explainer: &Explainer, database: &Database, sql: &str, mode: ExplainMode) -> Plan {
    let query = ExplainQuery {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: Some(Vec::new()),
        mode,
    };
    let ExplainOutput { format, raw, .. } = explainer.explain(query).await.unwrap();
    Plan::parse(format, &raw).unwrap()
}

/// What the rules say with what the database knows, and without it.
async fn judged(
    explainer: &Explainer,
    database: &Database,
    sql: &str,
    mode: ExplainMode,
) -> (Vec<PlanFinding>, Vec<PlanFinding>) {
    let plan = plan(explainer, database, sql, mode).await;
    let mut context = JudgeContext::default();
    // However quick it is on this machine.
    context.is_top_statement = true;
    let without = findings::judge(&plan, &context);
    let called = findings::relations(&plan, Some(sql));
    assert!(!called.is_empty(), "{plan:#?}");
    // A busy machine may take longer than a page would wait.
    let mut asked = explainer
        .facts(database, called.values().cloned().collect())
        .await;
    for _ in 0..40 {
        if asked.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        asked = explainer
            .facts(database, called.values().cloned().collect())
            .await;
    }
    let known = asked.unwrap();
    for (called, relation) in &called {
        if let Some(facts) = known.iter().find(|facts| facts.relation == *relation) {
            context.know(called, facts);
        }
    }
    (findings::judge(&plan, &context), without)
}

fn rules(found: &[PlanFinding]) -> Vec<&str> {
    found.iter().map(|finding| finding.rule).collect()
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn postgres_tells_what_is_visible_and_what_is_indexed() {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    let options: PgConnectOptions = std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server")
        .parse()
        .unwrap();
    let connect = async |options: PgConnectOptions| {
        PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap()
    };
    // A database of its own: a transaction beside it would keep vacuum from marking pages.
    let name = format!("facts_{}", std::process::id());
    let server = connect(options.clone()).await;
    for sql in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
    ] {
        server.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let pool = connect(options.database(&name)).await;
    let schema = "app";
    for sql in [
        format!("create schema {schema}"),
        format!(
            "create table {schema}.seen with (autovacuum_enabled = off) as \
             select i a, i % 7 b, repeat('x', 200) pad from generate_series(1, 50000) i"
        ),
        format!("create index on {schema}.seen(a)"),
        format!("create index on {schema}.seen(b) where a > 0"),
        format!(
            "create table {schema}.unseen with (autovacuum_enabled = off) as \
             select * from {schema}.seen"
        ),
        format!("create index on {schema}.unseen(a)"),
        format!("analyze {schema}.unseen"),
    ] {
        pool.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    // Vacuum passes over a page that something else holds at that moment: again, until it has all.
    let is_seen = "select relallvisible = relpages from pg_class where oid = 'app.seen'::regclass";
    let started = std::time::Instant::now();
    loop {
        pool.execute("vacuum (freeze, analyze) app.seen")
            .await
            .unwrap();
        if sqlx::query_scalar::<_, bool>(is_seen)
            .fetch_one(&pool)
            .await
            .unwrap()
        {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "never all seen"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let explainer = explainer();
    explainer.register(&pool);
    let database = Database {
        kind: DatabaseKind::Postgres,
        name: name.clone(),
    };
    let read = async |table: &str| {
        let sql = format!("select b from {schema}.{table} where a between 1 and 9000");
        judged(&explainer, &database, &sql, ExplainMode::Estimated).await
    };
    let (with, without) = read("seen").await;
    assert!(rules(&with).contains(&"covering_index"), "{with:#?}");
    assert!(!rules(&without).contains(&"covering_index"), "{without:#?}");
    // Where no page is known to be visible to all there is nothing to gain.
    let (with, _) = read("unseen").await;
    assert!(!rules(&with).contains(&"covering_index"), "{with:#?}");

    let plan = plan(
        &explainer,
        &database,
        &format!("select * from {schema}.seen"),
        ExplainMode::Estimated,
    )
    .await;
    let called = findings::relations(&plan, None);
    let known = explainer
        .facts(&database, called.into_values().collect())
        .await
        .unwrap();
    assert_eq!(known[0].rows, Some(50_000.0));
    assert_eq!(known[0].all_visible, Some(1.0));
    // An index of some rows only serves some queries only.
    assert_eq!(known[0].leading_columns, ["a"]);
    assert_eq!(known[0].column_types["pad"], "text");
    pool.close().await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn mysql_tells_what_is_indexed() {
    use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};

    let options: MySqlConnectOptions = std::env::var("SILK_TEST_MYSQL")
        .expect("SILK_TEST_MYSQL names a server")
        .parse()
        .unwrap();
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .unwrap();
    let table = format!("facts_{}", std::process::id());
    for sql in [
        format!("drop table if exists {table}"),
        format!(
            "create table {table}(id int primary key, word varchar(30), bare varchar(30), \
             index (word))"
        ),
        format!(
            "insert into {table} select seq, concat('w', seq), concat('w', seq) \
             from seq_1_to_20000"
        ),
        format!("analyze table {table}"),
    ] {
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    let explainer = explainer();
    explainer.register(&pool);
    let database = Database {
        kind: DatabaseKind::MySql,
        name: options.get_database().unwrap().to_owned(),
    };
    // The plan names the table as the query does.
    let read = async |column: &str| {
        let sql =
            format!("select id from {table} as m ignore index (word) where m.{column} = 'w7'");
        judged(
            &explainer,
            &database,
            &sql,
            ExplainMode::Analyze { confirmed: true },
        )
        .await
    };
    let exists = |found: &[PlanFinding]| {
        found
            .iter()
            .any(|finding| finding.title.starts_with("An index on word exists"))
    };
    let (with, without) = read("word").await;
    assert!(exists(&with), "{with:#?}");
    assert!(!exists(&without), "{without:#?}");
    let (with, _) = read("bare").await;
    assert!(!exists(&with), "{with:#?}");
    pool.execute(sqlx::AssertSqlSafe(format!("drop table {table}")))
        .await
        .unwrap();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_tells_how_big_a_table_is() {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    for sql in [
        "create table message(id integer primary key, body text, author int, spam int)",
        "create table setting(name text, value text)",
        "create index author on message(author)",
        "create index spam on message(spam) where spam = 1",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) \
         insert into message select i, 'b' || i, i % 7, 0 from n",
        "insert into setting values ('a', 'b')",
    ] {
        pool.execute(sql).await.unwrap();
    }
    let explainer = explainer();
    explainer.register(&pool);
    let database = Database {
        kind: DatabaseKind::Sqlite,
        name: file.to_string_lossy().into_owned(),
    };
    let read = async |sql: &str| judged(&explainer, &database, sql, ExplainMode::Estimated).await;
    let (with, without) = read("select id from message m where m.body = 'b7'").await;
    assert_eq!(rules(&with), ["full_scan"], "{with:#?}");
    assert_eq!(rules(&without), [""; 0]);
    // A small table is read whole in no time.
    let (with, _) = read("select value from setting s where s.name = 'a'").await;
    assert_eq!(rules(&with), [""; 0]);

    let message = silk_core::explain::Relation {
        schema: None,
        name: "message".to_owned(),
    };
    let none = silk_core::explain::Relation {
        schema: None,
        name: "none".to_owned(),
    };
    let known = explainer
        .facts(&database, vec![message.clone(), none])
        .await
        .unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].leading_columns, ["author", "id"]);
    assert_eq!(known[0].column_types["body"], "text");
    // An answer is believed for a while.
    pool.execute("drop table message").await.unwrap();
    let again = explainer.facts(&database, vec![message]).await.unwrap();
    assert_eq!(again, known);
}

#[tokio::test]
async fn nothing_is_known_of_a_database_without_a_way_to_it() {
    let database = Database {
        kind: DatabaseKind::Postgres,
        name: "elsewhere".to_owned(),
    };
    let asked = explainer().facts(&database, Vec::new()).await;
    assert!(
        matches!(
            asked,
            Err(ExplainError::Refused {
                code: "no_connection",
                ..
            })
        ),
        "{asked:?}"
    );
}
