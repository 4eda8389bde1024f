//! Plans that are asked for are of the tables that the app's connections mean.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod plan_lab;

use plan_lab::{Lab, lab, nodes, query};
use silk_capture::{
    Plans,
    sql::{plans::auto_explain_setup, pool::PgPool},
};
use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, PlanRecord, PlanSource,
};
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const SQL: &str = "select id from message where status = 'flagged'";

/// A database with the same table in two schemas; one has an index.
async fn database(name: &str) -> PgConnectOptions {
    let options: PgConnectOptions = std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server")
        .parse()
        .unwrap();
    let name = format!("session_{name}_{}", std::process::id());
    let admin = connect(options.clone()).await;
    for sql in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    admin.close().await;
    let options = options.database(&name);
    let pool = connect(options.clone()).await;
    for schema in ["public", "tenant"] {
        let sql = format!(
            "create schema if not exists {schema}; \
             create table {schema}.message as select i id, \
               case when i % 1000 = 0 then 'flagged' else 'read' end status \
               from generate_series(1, 20000) i; \
             analyze {schema}.message"
        );
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    pool.execute("create index message_status on tenant.message(status)")
        .await
        .unwrap();
    pool.close().await;
    options
}

async fn connect(options: PgConnectOptions) -> sqlx::PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap()
}

/// A pool with an `after_connect` of the app's own, which ends with the hook.
async fn pool_with(lab: &Lab, options: PgConnectOptions, set: &'static str) -> PgPool {
    let recorder = lab.recorder.clone();
    let raw = PgPoolOptions::new()
        .max_connections(2)
        .after_connect(move |connection, _| {
            let recorder = recorder.clone();
            Box::pin(async move {
                connection.execute(set).await?;
                auto_explain_setup::prepare(&recorder, connection).await;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .unwrap();
    lab.register(&raw);
    PgPool::new(lab.recorder.clone(), raw)
}

fn named(options: &PgConnectOptions) -> Database {
    Database {
        kind: DatabaseKind::Postgres,
        name: options.get_database().unwrap().to_owned(),
    }
}

async fn explain(lab: &Lab, database: &Database, sql: &str) -> Result<String, ExplainError> {
    let query = query(database, sql, Vec::new(), ExplainMode::Estimated);
    lab.explainer.explain(query).await.map(|output| output.raw)
}

/// The code of a refusal, with its words.
fn refused(answer: Result<String, ExplainError>) -> (String, String) {
    match answer.unwrap_err() {
        ExplainError::Refused { code, reason } => (code.to_owned(), reason),
        ExplainError::Failed { message } => ("failed".to_owned(), message),
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_search_path_set_after_connecting_is_followed() {
    let lab = lab(Plans::automatic().real_runs(None));
    let options = database("path").await;
    let pool = pool_with(
        &lab,
        options.clone(),
        "set search_path = tenant; set enable_bitmapscan = off",
    )
    .await;
    let (_, record) = lab.record(sqlx::query(SQL).fetch_all(&pool)).await;
    let plan: PlanRecord = lab.plan(&record, PlanSource::Estimated).await;
    assert_eq!(nodes(&plan), ["Index Scan"], "{}", plan.output.raw);
    assert!(
        plan.output.raw.contains("\"tenant\""),
        "{}",
        plan.output.raw
    );

    let mode = ExplainMode::Analyze { confirmed: true };
    let analyzed = lab
        .explainer
        .explain(query(&named(&options), SQL, Vec::new(), mode))
        .await
        .unwrap();
    assert!(analyzed.raw.contains("\"tenant\""), "{}", analyzed.raw);

    // Another connection that means other tables: which the query read is not known any more.
    let other = pool_with(&lab, options.clone(), "set search_path = public").await;
    let (code, reason) = refused(explain(&lab, &named(&options), SQL).await);
    assert_eq!(code, "ambiguous_table", "{reason}");
    assert!(reason.contains("different search paths"), "{reason}");
    pool.raw().close().await;
    other.raw().close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn where_no_connection_was_seen_a_name_of_two_tables_is_refused() {
    let lab = lab(Plans::on_demand());
    let options = database("unseen").await;
    let raw = connect(options.clone()).await;
    lab.register(&raw);
    let database = named(&options);
    let (code, reason) = refused(explain(&lab, &database, SQL).await);
    assert_eq!(code, "ambiguous_table", "{reason}");
    assert!(
        reason.contains("public, tenant") && reason.contains("prepare_connection"),
        "{reason}"
    );
    // What is named with its schema is one table, and so is what stands in one schema only.
    let sql = "select id from tenant.message where status = 'flagged'";
    assert!(explain(&lab, &database, sql).await.is_ok());
    raw.execute("create table public.single(a int)")
        .await
        .unwrap();
    assert!(
        explain(&lab, &database, "select a from single")
            .await
            .is_ok()
    );
    raw.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_search_path_that_changes_while_the_app_runs_is_seen() {
    let lab = lab(Plans::automatic().real_runs(None));
    let options = database("moving").await;
    let pool = pool_with(&lab, options.clone(), "set search_path = tenant").await;
    let database = named(&options);
    assert!(explain(&lab, &database, SQL).await.is_ok());
    let (set, _) = lab
        .record(sqlx::query("set search_path = public").execute(&pool))
        .await;
    set.unwrap();
    let (code, reason) = lab
        .wait_for("the refusal", async || {
            let answer = explain(&lab, &database, SQL).await;
            answer.is_err().then(|| refused(answer))
        })
        .await;
    assert_eq!(code, "ambiguous_table", "{reason}");
    assert!(reason.contains("while it runs"), "{reason}");
    pool.raw().close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_role_taken_on_after_connecting_is_followed_or_refused() {
    let lab = lab(Plans::automatic().real_runs(None));
    let options = database("role").await;
    let admin = connect(options.clone()).await;
    let (reader, login) = (
        format!("silk_reader_{}", std::process::id()),
        format!("silk_login_{}", std::process::id()),
    );
    for sql in [
        format!("create role {reader}"),
        format!("create role {login} login noinherit in role {reader}"),
        format!("grant usage on schema tenant to {reader}"),
        format!("grant select on tenant.message to {reader}"),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    // Told to the app's own connections only by what it sets: the login may read nothing itself.
    let set: &'static str =
        Box::leak(format!("set search_path = tenant; set role {reader}").into_boxed_str());
    let pool = pool_with(&lab, options.clone().username(&login), set).await;
    let database = named(&options);
    let raw = explain(&lab, &database, SQL).await.unwrap();
    assert!(raw.contains("\"tenant\""), "{raw}");

    // Once the login may not take it on any more, nothing is asked as another role.
    admin
        .execute(sqlx::AssertSqlSafe(format!("revoke {reader} from {login}")))
        .await
        .unwrap();
    let (code, reason) = refused(explain(&lab, &database, SQL).await);
    assert_eq!(code, "session_differs", "{reason}");
    assert!(reason.contains(&reader), "{reason}");
    pool.raw().close().await;
    let clean = format!("drop owned by {reader}, {login}; drop role {login}; drop role {reader}");
    for sql in clean.split("; ") {
        admin
            .execute(sqlx::AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
    }
    admin.close().await;
}
