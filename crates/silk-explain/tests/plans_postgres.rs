//! Plans from PostgreSQL: of the real runs, estimated, generic, and what is in the way of each.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

mod plan_lab;

use chrono::{TimeDelta, Utc};
use futures_util::StreamExt as _;
use plan_lab::{Lab, lab, lab_with, nodes};
use silk_capture::{
    Plans, RecorderConfig,
    sql::{plans::auto_explain_setup, pool::PgPool},
};
use silk_core::{
    DatabaseKind, Outcome, PlanSource, Store as _, store::StatsWindow, vitals::CaptureLevel,
};
use sqlx::{
    Executor as _, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

fn options() -> PgConnectOptions {
    std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server")
        .parse()
        .unwrap()
}

/// A database of the test's own.
async fn database(name: &str) -> PgConnectOptions {
    database_of(options(), name).await
}

async fn database_of(options: PgConnectOptions, name: &str) -> PgConnectOptions {
    let name = format!("plans_{name}_{}", std::process::id());
    let admin = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .unwrap();
    for sql in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    admin.close().await;
    let options = options.database(&name);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .unwrap();
    pool.execute(
        "create table message(id bigint primary key, status text not null, password text); \
         insert into message select i, case when i % 1000 = 0 then 'flagged' else 'read' end, 'pw' || i \
         from generate_series(1, 20000) i; \
         create index message_status on message(status); \
         analyze message",
    )
    .await
    .unwrap();
    pool.close().await;
    options
}

/// A pool whose connections tell plans.
async fn telling(lab: &Lab, options: PgConnectOptions) -> PgPool {
    let pool =
        auto_explain_setup::pool_options(&lab.recorder, PgPoolOptions::new().max_connections(3))
            .connect_with(options)
            .await
            .unwrap();
    lab.register(&pool);
    PgPool::new(lab.recorder.clone(), pool)
}

/// A pool as an app makes it without Silk.
async fn silent(lab: &Lab, options: PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new()
        .max_connections(3)
        .connect_with(options)
        .await
        .unwrap();
    lab.register(&pool);
    PgPool::new(lab.recorder.clone(), pool)
}

fn last_hour() -> StatsWindow {
    StatsWindow {
        since: Utc::now() - TimeDelta::hours(1),
        until: Utc::now() + TimeDelta::hours(1),
        buckets: 4,
    }
}

async fn server_log(pool: &PgPool) -> String {
    let folder: String = sqlx::query_scalar("select current_setting('data_directory')")
        .fetch_one(pool.raw())
        .await
        .unwrap();
    // As `cargo xtask servers` starts it: beside the folder of the data.
    let log = std::path::Path::new(&folder).join("../../postgres.log");
    std::fs::read_to_string(&log).unwrap_or_else(|error| panic!("{}: {error}", log.display()))
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_plan_of_the_run_itself_reaches_the_store() {
    real_runs_are_told(database("real").await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_newest_tells_the_plan_of_the_run_too() {
    let newest = std::env::var("SILK_TEST_POSTGRES_NEWEST")
        .expect("SILK_TEST_POSTGRES_NEWEST names a server");
    real_runs_are_told(database_of(newest.parse().unwrap(), "real").await).await;
}

async fn real_runs_are_told(own: PgConnectOptions) {
    let lab = lab(Plans::automatic());
    let pool = telling(&lab, own).await;
    let (_, record) = lab
        .record(async {
            for id in [7_i64, 8, 9] {
                sqlx::query("select id from message where id = $1 and password <> $2")
                    .bind(id)
                    .bind("canary-hunter2")
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            }
            sqlx::query("update message set status = 'seen' where id = $1")
                .bind(4_i64)
                .execute(&pool)
                .await
                .unwrap();
        })
        .await;
    let shapes: Vec<_> = record
        .detail
        .queries
        .iter()
        .map(|query| query.plan_shape)
        .collect();
    assert_eq!(shapes.len(), 4);
    assert!(shapes.iter().all(Option::is_some), "{shapes:?}");
    assert_eq!(shapes[0], shapes[2]);
    assert_ne!(shapes[0], shapes[3]);

    let plans = lab.plans(&record).await;
    assert_eq!(plans.len(), 2, "one of each form: {plans:#?}");
    for plan in &plans {
        assert_eq!(plan.source, PlanSource::AutoExplain);
        assert!(plan.output.analyzed && plan.duration_us.is_some() && plan.total_cost.is_some());
        let raw = &plan.output.raw;
        assert!(raw.contains("Actual Rows"), "{raw}");
        assert!(
            !raw.contains("Actual Total Time"),
            "the clock is off: {raw}"
        );
        assert!(!raw.contains("canary-hunter2"), "{raw}");
    }
    let read = plans.iter().find(|plan| plan.shape == shapes[0]).unwrap();
    assert_eq!(nodes(read), ["Index Scan"]);
    let history = lab
        .store
        .plan_history(read.fingerprint.unwrap(), last_hour())
        .await
        .unwrap();
    assert_eq!(history.iter().map(|bucket| bucket.count).sum::<u64>(), 3);

    // Told twice it would be estimated, too.
    assert_eq!(lab.status().level, CaptureLevel::Full, "{:?}", lab.status());
    let step = lab
        .step(DatabaseKind::Postgres, PlanSource::AutoExplain)
        .await;
    assert_eq!(step.level, CaptureLevel::Full, "{step:?}");
    let log = lab.log.lock().unwrap().join("\n");
    assert!(!log.contains("plan:"), "in the app's log: {log}");
    let log = server_log(&pool).await;
    assert!(!log.contains("canary-hunter2"), "in the server's log");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_stream_dropped_half_read_gets_its_own_plan() {
    let lab = lab(Plans::automatic());
    let pool = telling(&lab, database("half").await).await;
    const MANY: &str = "select id from message order by id limit 5000";
    let (_, record) = lab
        .record(async {
            let mut connection = pool.acquire().await.unwrap();
            {
                let mut rows = sqlx::query(MANY).fetch(&mut *connection);
                rows.next().await.unwrap().unwrap();
            }
            sqlx::query("select count(*) from message where status = 'flagged'")
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            // Of one text: only the order tells.
            {
                let mut rows = sqlx::query(MANY).fetch(&mut *connection);
                rows.next().await.unwrap().unwrap();
            }
            let rows = sqlx::query(MANY).fetch_all(&mut *connection).await.unwrap();
            assert_eq!(rows.len(), 5_000);
        })
        .await;
    let queries = &record.detail.queries;
    assert_eq!(queries.len(), 4);
    assert_eq!(queries[0].outcome, Outcome::Dropped);
    assert!(
        queries.iter().all(|query| query.plan_shape.is_some()),
        "{queries:#?}"
    );
    assert_eq!(queries[0].plan_shape, queries[3].plan_shape);
    assert_ne!(queries[0].plan_shape, queries[1].plan_shape);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_plan_that_could_be_two_queries_is_dropped_and_counted() {
    let lab = lab(Plans::automatic());
    let pool = telling(&lab, database("two").await).await;
    let (_, record) = lab
        .record(async {
            // Two statements in one text: two plans, and no telling which is meant.
            sqlx::raw_sql("select count(*) from message; select 1")
                .fetch_all(&pool)
                .await
                .unwrap();
            // Left to the pool, which reads it to its end in a task of its own.
            let mut rows = sqlx::query("select id from message").fetch(&pool);
            rows.next().await.unwrap().unwrap();
            drop(rows);
            // The app's own EXPLAIN is no run.
            sqlx::query("explain select count(*) from message")
                .fetch_all(&pool)
                .await
                .unwrap();
        })
        .await;
    for query in &record.detail.queries {
        assert_eq!(query.plan_shape, None, "{query:#?}");
    }
    lab.wait_for("the count", async || {
        let reason = lab.status().reason;
        (reason.contains("2 could be of either of two runs")
            && reason.contains("of no query of a request"))
        .then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_role_without_rights_is_told_what_would_unlock_it() {
    let lab = lab(Plans::on_demand());
    let own = database("rights").await;
    let role = format!("silk_plain_{}", std::process::id());
    let admin = PgPoolOptions::new()
        .connect_with(own.clone())
        .await
        .unwrap();
    for sql in [
        format!("drop role if exists {role}"),
        format!("create role {role} login"),
        format!("grant select on message to {role}"),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let plain = own.clone().username(&role);
    let read = async |pool: &PgPool| {
        let (_, record) = lab
            .record(sqlx::query("select 1 from message where id = 5").fetch_one(pool))
            .await;
        record.detail.queries[0].plan_shape
    };

    let pool = telling(&lab, plain.clone()).await;
    assert_eq!(read(&pool).await, None);
    let step = lab
        .step(DatabaseKind::Postgres, PlanSource::AutoExplain)
        .await;
    assert_eq!(step.level, CaptureLevel::Off, "{step:?}");
    assert!(step.reason.contains(&role), "{step:?}");
    let status = lab.status();
    assert_eq!(status.level, CaptureLevel::Partial);
    assert_eq!(status.remedy, step.remedy);
    // The steps below still work.
    for source in [
        PlanSource::Estimated,
        PlanSource::Generic,
        PlanSource::Analyzed,
    ] {
        let step = lab.step(DatabaseKind::Postgres, source).await;
        assert_eq!(step.level, CaptureLevel::Full, "{step:?}");
    }
    pool.raw().close().await;

    // What it says to run does unlock it.
    let remedy = step.remedy.unwrap();
    admin.execute(sqlx::AssertSqlSafe(remedy)).await.unwrap();
    let pool = telling(&lab, plain).await;
    assert!(read(&pool).await.is_some(), "{:?}", lab.status());
    let step = lab
        .step(DatabaseKind::Postgres, PlanSource::AutoExplain)
        .await;
    assert_eq!(step.level, CaptureLevel::Full, "{step:?}");
    pool.raw().close().await;
    admin
        .execute(sqlx::AssertSqlSafe(format!(
            "drop owned by {role}; drop role {role}"
        )))
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn custom_and_generic_plans_are_both_asked_for() {
    let lab = lab(Plans::automatic());
    let pool = silent(&lab, database("asked").await).await;
    let (_, record) = lab
        .record(
            sqlx::query("select count(*) from message where status = $1 and id > $2")
                .bind("flagged")
                .bind(3_i64)
                .fetch_one(&pool),
        )
        .await;
    assert_eq!(record.detail.queries[0].plan_shape, None);
    let estimated = lab.plan(&record, PlanSource::Estimated).await;
    let generic = lab.plan(&record, PlanSource::Generic).await;
    assert!(estimated.output.raw.contains("flagged"), "{estimated:#?}");
    assert!(generic.output.raw.contains("$1"), "{generic:#?}");
    assert_ne!(estimated.shape, generic.shape, "they differ here");
    assert!(!estimated.output.analyzed && estimated.duration_us.is_none());
    // Once for each statement: the second time nothing is asked.
    let (_, again) = lab
        .record(
            sqlx::query("select count(*) from message where status = $1 and id > $2")
                .bind("read")
                .bind(4_i64)
                .fetch_one(&pool),
        )
        .await;
    let step = lab
        .step(DatabaseKind::Postgres, PlanSource::AutoExplain)
        .await;
    assert_eq!(step.level, CaptureLevel::Off);
    assert!(step.remedy.unwrap().contains("pg_pool_options"));
    assert_eq!(lab.plans(&again).await, []);
    assert!(
        lab.status().reason.contains("1 asked for"),
        "{:?}",
        lab.status()
    );
    // One connection of Silk's own, and none else.
    let own: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() \
         and application_name = 'tower-silk explain'",
    )
    .fetch_one(pool.raw())
    .await
    .unwrap();
    assert!(own <= 1, "{own} connections");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_failed_and_what_hides_its_values_is_asked_about_too() {
    let lab = lab(Plans::automatic().first_sight(false));
    let pool = silent(&lab, database("failed").await).await;
    let (_, record) = lab
        .record(async {
            let mut connection = pool.acquire().await.unwrap();
            connection
                .execute("set statement_timeout = 50")
                .await
                .unwrap();
            let failed = sqlx::query("select count(*) from message a, message b where a.id > $1")
                .bind(1_i64)
                .fetch_one(&mut *connection)
                .await;
            assert!(failed.is_err());
            connection.execute("reset statement_timeout").await.unwrap();
        })
        .await;
    let plan = lab.plan(&record, PlanSource::Estimated).await;
    assert!(nodes(&plan).iter().any(|node| node == "Nested Loop"));

    let hidden =
        "select id from message where password = $1 and pg_sleep(0.02) is not null limit 1";
    let (_, record) = lab
        .record(sqlx::query(hidden).bind("pw77").fetch_optional(&pool))
        .await;
    let plan = lab.plan(&record, PlanSource::Generic).await;
    assert!(!plan.output.raw.contains("pw77"));
    assert!(
        lab.plans(&record)
            .await
            .iter()
            .all(|plan| plan.source == PlanSource::Generic),
        "its value is not kept"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn switched_off_nothing_is_set_and_nothing_asked() {
    let lab = lab(Plans::off());
    let pool = telling(&lab, database("off").await).await;
    let (row, record) = lab
        .record(
            sqlx::query("select current_setting('auto_explain.log_min_duration', true)")
                .fetch_one(&pool),
        )
        .await;
    assert_eq!(row.unwrap().get::<Option<String>, _>(0), None);
    assert_eq!(record.detail.queries[0].plan_shape, None);
    assert_eq!(lab.status().level, CaptureLevel::Off);
    let step = lab
        .step(DatabaseKind::Postgres, PlanSource::Estimated)
        .await;
    assert_eq!(step.level, CaptureLevel::Off);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn no_value_is_in_a_plan_where_none_is_kept() {
    let lab = lab_with(RecorderConfig {
        capture_values: false,
        ..RecorderConfig::default()
    });
    let pool = telling(&lab, database("hidden").await).await;
    let (_, record) = lab
        .record(
            sqlx::query("select id from message where status = $1 limit 1")
                .bind("nobodys-business")
                .fetch_optional(&pool),
        )
        .await;
    let plan = lab.plan(&record, PlanSource::AutoExplain).await;
    assert!(!plan.output.raw.contains("nobodys"), "{}", plan.output.raw);
    assert!(
        plan.output.raw.contains("status = ?"),
        "{}",
        plan.output.raw
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn plans_come_within_limits() {
    let lab = lab(Plans::automatic().per_minute(2));
    let pool = silent(&lab, database("limit").await).await;
    let (_, _) = lab
        .record(async {
            for column in ["id", "status", "password", "1", "2"] {
                let sql = format!("select {column} as c from message where id = 1");
                sqlx::query(sqlx::AssertSqlSafe(sql))
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            }
        })
        .await;
    lab.wait_for("two answers", async || {
        let reason = lab.status().reason;
        (reason.contains("2 asked for") && reason.contains("the limit per minute")).then_some(())
    })
    .await;
}
