//! Rewrites proved on MariaDB, and everything that is refused or not known.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod proofs;

use std::time::{Duration, Instant};

use proofs::{explainer, proved, refused, request, unknown};
use silk_capture::sql::values::mysql;
use silk_core::{
    Database, DatabaseKind, Value,
    explain::{DifferenceKind, KeyColumn, ProofVerdict},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    Arguments as _, Executor as _, MySql,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlPoolOptions},
};

fn values<'q, T>(all: impl IntoIterator<Item = T>) -> Vec<Value>
where
    T: 'q + sqlx::Encode<'q, MySql> + sqlx::Type<MySql>,
{
    let mut arguments = MySqlArguments::default();
    for one in all {
        arguments.add(one).unwrap();
    }
    mysql::encode(arguments, 4_096)
}

struct App {
    pool: sqlx::Pool<MySql>,
    explainer: Explainer,
    database: Database,
    /// Name of the test's own table.
    table: String,
}

async fn app(name: &str, config: ExplainConfig) -> App {
    let options: MySqlConnectOptions = std::env::var("SILK_TEST_MYSQL")
        .expect("SILK_TEST_MYSQL names a server")
        .parse()
        .unwrap();
    let pool = MySqlPoolOptions::new()
        .max_connections(3)
        .connect_with(options.clone())
        .await
        .unwrap();
    let table = format!("prove_{name}_{}", std::process::id());
    for sql in [
        format!("drop table if exists {table}, {table}_trace"),
        format!("drop function if exists {table}_writes"),
        format!(
            "create table {table}(id int primary key, name varchar(30), team bigint unsigned, \
             at double, born datetime(6), price decimal(10, 2), seen tinyint(1), blob_ blob)"
        ),
        format!("create table {table}_trace(note varchar(30))"),
        format!(
            "insert into {table} select seq, concat('name ', seq), seq % 10, seq / 3, \
             '2026-01-01 00:00:00.5' + interval seq minute, seq / 7, seq % 2, repeat('x', seq) \
             from seq_1_to_1000"
        ),
        format!(
            "create function {table}_writes(n int) returns int deterministic modifies sql data \
             begin insert into {table}_trace values ('function'); return n; end"
        ),
    ] {
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    let explainer = explainer(config);
    explainer.register(&pool);
    let database = Database {
        kind: DatabaseKind::MySql,
        name: options.get_database().unwrap().to_owned(),
    };
    App {
        pool,
        explainer,
        database,
        table,
    }
}

impl App {
    /// The statement and the one query on its table, for `columns` and the key `column`.
    fn both(&self, columns: &str, column: &str) -> (String, String) {
        let table = &self.table;
        (
            format!("SELECT {columns} FROM {table} WHERE {column} = ?"),
            format!("SELECT {columns} FROM {table} WHERE {column} IN (..)"),
        )
    }

    async fn gone(self) {
        let table = &self.table;
        let sql = format!("drop table {table}, {table}_trace; drop function {table}_writes");
        self.pool
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn one_query_gives_the_rows_of_its_hundred() {
    let app = app("hundred", ExplainConfig::default()).await;
    let (sql, one) = app.both("id, name, team, at, born, price, seen, blob_", "id");
    // Bound wider than the column is.
    let mut asked = request(
        &app.database,
        &sql,
        &one,
        values((1..=95_i64).chain([5_000])),
    );
    asked.runs.extend([0, 0, 3, 95]);
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    let rows = proof.rows.as_ref().unwrap();
    assert_eq!((rows.keys, rows.equal), (96, 96));
    assert_eq!((proof.before.queries, proof.after.queries), (100, 1));
    assert_eq!((proof.before.rows, proof.after.rows), (98, 95));
    for side in [&proof.before, &proof.after] {
        let plan = side.plan.as_ref().unwrap();
        assert!(plan.analyzed && plan.raw.contains("r_rows"), "{}", plan.raw);
    }
    app.gone().await;
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn sums_orders_and_texts() {
    let app = app("sums", ExplainConfig::default()).await;
    let table = &app.table;
    let sql = format!("SELECT count(*), sum(at), min(name) FROM {table} WHERE team = ?");
    let one = format!(
        "SELECT team, count(*), sum(at), min(name) FROM {table} WHERE team IN (..) GROUP BY team"
    );
    let mut asked = request(&app.database, &sql, &one, values([1_u64, 2, 77]));
    asked.key_column = KeyColumn::InFront;
    asked.is_summed = true;
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    assert_eq!(proof.rows.unwrap().empty, 1);

    let (sql, one) = app.both("name, id", "name");
    let asked = request(&app.database, &sql, &one, values(["name 7", "nobody"]));
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Equal, "{:?}", proof.rows);
    // To the database it is the same name, to the app's map it is another key.
    let asked = request(&app.database, &sql, &one, values(["NAME 7"]));
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Different);
    assert_eq!(proof.rows.unwrap().strangers, 1);
    app.gone().await;
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn what_differs_is_said_and_what_may_write_is_never_run() {
    let app = app("differs", ExplainConfig::default()).await;
    let table = &app.table;
    let (sql, one) = app.both("id, name", "id");
    let asked = request(
        &app.database,
        &sql,
        &format!("{one} AND team <> 2"),
        values([1_i32, 2, 3]),
    );
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(proof.verdict, ProofVerdict::Different);
    assert_eq!(
        proof.rows.unwrap().differences[0].kind,
        DifferenceKind::Missing
    );

    for (sql, one) in [
        (format!("DELETE FROM {table} WHERE id = ?"), one.clone()),
        (format!("{sql} FOR UPDATE"), one.clone()),
        (format!("{sql} LOCK IN SHARE MODE"), one.clone()),
        (
            format!("SELECT id, {table}_writes(id) FROM {table} WHERE id = ?"),
            one.clone(),
        ),
        (
            sql.clone(),
            format!("SELECT id, {table}_writes(id) FROM {table} WHERE id IN (..)"),
        ),
        (
            format!("SELECT id, sleep(1) FROM {table} WHERE id = ?"),
            one.clone(),
        ),
        (
            format!("SELECT id, get_lock('silk', 1) FROM {table} WHERE id = ?"),
            one,
        ),
    ] {
        let asked = request(&app.database, &sql, &one, values([1_i32, 2]));
        let (code, _) = refused(&app.explainer, asked).await;
        assert!(
            matches!(code, "proof_refused" | "not_explainable"),
            "{sql}: {code}"
        );
    }
    let state = format!(
        "select (select count(*) from {table}), (select count(*) from {table}_trace), \
         is_used_lock('silk')"
    );
    let state: (i64, i64, Option<i64>) = sqlx::query_as(sqlx::AssertSqlSafe(state))
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(state, (1_000, 0, None));
    app.gone().await;
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn slow_queries_are_given_up_and_too_many_rows_are_not_known() {
    let app = app(
        "slow",
        ExplainConfig {
            proof: Duration::from_millis(700),
            ..ExplainConfig::default()
        },
    )
    .await;
    let table = &app.table;
    let from = format!("FROM {table} a, {table} b, {table} c, {table} d");
    let asked = request(
        &app.database,
        &format!("SELECT a.id, count(*) {from} WHERE a.id = ? AND b.at * c.at < d.at"),
        &format!("SELECT a.id, count(*) {from} WHERE a.id IN (..) AND b.at * c.at < d.at"),
        values([1_i64, 2]),
    );
    let started = Instant::now();
    let proof = proved(&app.explainer, asked).await;
    assert_eq!(unknown(&proof), "time_limit");
    assert!(started.elapsed() < Duration::from_secs(4));
    let asked = request(
        &app.database,
        &format!("SELECT a.id, b.id FROM {table} a, {table} b WHERE a.id = ?"),
        &format!("SELECT a.id, b.id FROM {table} a, {table} b WHERE a.id IN (..)"),
        values(1..=60_i64),
    );
    let proof = proved(&app.explainer, asked).await;
    assert!(matches!(unknown(&proof), "too_many_rows" | "time_limit"));
    app.gone().await;
}
