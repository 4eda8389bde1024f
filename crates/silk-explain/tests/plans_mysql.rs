//! Plans from MariaDB: asked for in the background, and run again on demand.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod plan_lab;

use std::time::{Duration, Instant};

use plan_lab::{lab, nodes, query};
use silk_capture::{Plans, sql::pool::MySqlPool};
use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, PlanSource,
    vitals::CaptureLevel,
};
use sqlx::{
    Executor as _, MySql,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

fn options() -> MySqlConnectOptions {
    std::env::var("SILK_TEST_MYSQL")
        .expect("SILK_TEST_MYSQL names a server")
        .parse()
        .unwrap()
}

/// Tables of the test's own, by their prefix.
async fn set_up(prefix: &str) -> (sqlx::Pool<MySql>, Database, String) {
    let pool = MySqlPoolOptions::new()
        .max_connections(3)
        .connect_with(options())
        .await
        .unwrap();
    let name = format!("plans_{prefix}_{}", std::process::id());
    for sql in [
        format!("drop table if exists {name}, {name}_trace"),
        format!("drop function if exists {name}_writes"),
        format!("create table {name}(id int primary key, word varchar(30), index (word))"),
        format!("create table {name}_trace(note varchar(30)) engine = Aria"),
        format!("insert into {name} select seq, concat('canary-', seq) from seq_1_to_1000"),
        format!(
            "create function {name}_writes(n int) returns int deterministic modifies sql data \
             begin insert into {name}_trace values ('function'); return n; end"
        ),
    ] {
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    let database = Database {
        kind: DatabaseKind::MySql,
        name: options().get_database().unwrap().to_owned(),
    };
    (pool, database, name)
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn plans_are_asked_for_and_run_again_on_demand() {
    let lab = lab(Plans::automatic());
    let (raw, database, name) = set_up("asked").await;
    lab.register(&raw);
    let pool = MySqlPool::new(lab.recorder.clone(), raw);
    let sql = format!("select word from {name} where id between ? and ?");
    let (_, record) = lab
        .record(
            sqlx::query(sqlx::AssertSqlSafe(sql.as_str()))
                .bind(3)
                .bind(5)
                .fetch_all(&pool),
        )
        .await;
    let plan = lab.plan(&record, PlanSource::Estimated).await;
    assert!(plan.output.raw.contains("\"range\""), "{plan:#?}");
    assert!(!nodes(&plan).is_empty() && plan.shape.is_some());

    let values = record.detail.queries[0].values.clone().unwrap();
    let analyzed = lab
        .explainer
        .explain(query(
            &database,
            &sql,
            values,
            ExplainMode::Analyze { confirmed: false },
        ))
        .await
        .unwrap();
    assert!(
        analyzed.analyzed && analyzed.raw.contains("\"r_rows\": 3"),
        "{}",
        analyzed.raw
    );
    for (source, level) in [
        (PlanSource::AutoExplain, CaptureLevel::Off),
        (PlanSource::Estimated, CaptureLevel::Full),
        (PlanSource::Analyzed, CaptureLevel::Full),
    ] {
        let step = lab.step(DatabaseKind::MySql, source).await;
        assert_eq!(step.level, level, "{step:?}");
    }
    let generic = query(&database, &sql, Vec::new(), ExplainMode::Generic);
    let Err(ExplainError::Refused { code, .. }) = lab.explainer.explain(generic).await else {
        panic!("it has none");
    };
    assert_eq!(code, "generic_unsupported");
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn hostile_statements_leave_no_trace() {
    let lab = lab(Plans::on_demand());
    let (app, database, name) = set_up("hostile").await;
    lab.register(&app);
    let trace = format!("{name}_trace");
    let file = std::env::temp_dir().join(format!("{name}.out"));
    let hostile = [
        format!("select 1; insert into {trace} values ('stacked')"),
        format!("insert into {trace} values ('insert')"),
        format!("insert into {trace} select {name}_writes(1)"),
        format!("update {name} set word = 'x' where id = {name}_writes(1)"),
        format!("delete from {name} where id = {name}_writes(1)"),
        format!("replace into {name} values (1, 'replaced')"),
        format!("select {name}_writes(1)"),
        format!("select word from {name} where id = {name}_writes(1)"),
        format!("select * from {name} for update"),
        format!("select * from {name} lock in share mode"),
        format!("select word from {name} into outfile '{}'", file.display()),
        format!(
            "select word from {name} limit 1 into dumpfile '{}'",
            file.display()
        ),
        format!("select word from {name} limit 1 into @x"),
        format!("select @x := word from {name}"),
        "select get_lock('silk', 10)".to_owned(),
        "select sleep(60)".to_owned(),
        format!("select benchmark(1000000000, md5(word)) from {name}"),
        "select load_file('/etc/passwd')".to_owned(),
        format!("select 1 /*! ; insert into {trace} values ('comment') */"),
        format!("select extractvalue(1, concat(0x7e, (select word from {name} limit 1)))"),
    ];
    let state = async || -> (i64, i64, Option<i64>) {
        let sql = format!(
            "select (select count(*) from {trace}), \
             (select count(*) from {name} where word like 'canary-%'), is_used_lock('silk')"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .fetch_one(&app)
            .await
            .unwrap()
    };
    let before = state().await;
    for sql in &hostile {
        for mode in [
            ExplainMode::Estimated,
            ExplainMode::Analyze { confirmed: false },
            ExplainMode::Analyze { confirmed: true },
        ] {
            let mut transaction = app.begin().await.unwrap();
            let started = Instant::now();
            let answer = lab
                .explainer
                .explain(query(&database, sql, Vec::new(), mode))
                .await;
            let took = started.elapsed();
            assert!(took < Duration::from_secs(30), "{sql} took {took:?}");
            transaction.execute("select 1").await.unwrap();
            transaction.commit().await.unwrap();
            let told = match &answer {
                Ok(output) => output.raw.clone(),
                Err(error) => error.to_string(),
            };
            assert!(!told.contains("canary"), "{sql} {mode:?}: {told}");
            assert!(!told.contains("root:"), "{sql} {mode:?}: {told}");
            if mode == (ExplainMode::Analyze { confirmed: false }) {
                assert!(answer.is_err(), "{sql} ran: {told}");
            }
            assert!(!file.exists(), "{sql} {mode:?} wrote a file");
            assert_eq!(state().await, before, "{sql} {mode:?}");
        }
    }
}
