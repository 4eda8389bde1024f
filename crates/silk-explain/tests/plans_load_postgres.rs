//! An app under load with automatic plans: no connection beyond Silk's own one, no waiting for
//! locks, nobody held up.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod plan_lab;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use plan_lab::lab;
use silk_capture::{
    Plans, run_job,
    sql::{plans::auto_explain_setup, pool::PgPool},
};
use silk_core::RequestKind;
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Connections of the app.
const POOL: u32 = 4;
/// Requests at the same time: more than there are connections.
const CLIENTS: usize = 8;
/// Plans that have to have been asked for before the load ends.
const ENOUGH: usize = 40;

#[derive(Debug, Default)]
struct Watched {
    looks: AtomicU32,
    /// Most connections at once: the app's, and Silk's.
    most: (AtomicU32, AtomicU32),
    /// Sights of one of Silk's that waits for a lock, or that somebody waits for.
    trouble: AtomicU32,
}

/// Looks at the server from outside until asked to stop.
async fn watch(options: PgConnectOptions, app: &str, watched: &Watched, is_over: &AtomicBool) {
    const LOOK: &str = "select \
         count(*) filter (where application_name = $1)::int4, \
         count(*) filter (where application_name = 'tower-silk explain')::int4, \
         count(*) filter (where application_name = 'tower-silk explain' \
           and (wait_event_type = 'Lock' or cardinality(pg_blocking_pids(pid)) > 0))::int4, \
         count(*) filter (where exists (select from pg_stat_activity s \
           where s.application_name = 'tower-silk explain' \
             and s.pid = any(pg_blocking_pids(a.pid))))::int4 \
         from pg_stat_activity a where datname = current_database()";
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.application_name("watcher"))
        .await
        .unwrap();
    while !is_over.load(Ordering::Relaxed) {
        let (apps, silks, waiting, blocking): (i32, i32, i32, i32) = sqlx::query_as(LOOK)
            .bind(app)
            .fetch_one(&pool)
            .await
            .unwrap();
        let count = |number: i32| u32::try_from(number).unwrap();
        watched.looks.fetch_add(1, Ordering::Relaxed);
        watched.most.0.fetch_max(count(apps), Ordering::Relaxed);
        watched.most.1.fetch_max(count(silks), Ordering::Relaxed);
        watched
            .trouble
            .fetch_add(count(waiting) + count(blocking), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pool.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn plans_under_load_take_one_connection_and_wait_for_nobody() {
    let lab = lab(Plans::automatic()
        // Plans are asked for: those that come by themselves need nothing of the server.
        .real_runs(None)
        .slower_than(Duration::ZERO)
        .every(Duration::ZERO)
        .per_minute(u32::MAX));
    let admin: PgConnectOptions = std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server")
        .parse()
        .unwrap();
    let name = format!("load_{}", std::process::id());
    let server = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(admin.clone())
        .await
        .unwrap();
    for sql in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
    ] {
        server.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let options = admin.clone().database(&name);
    let raw = auto_explain_setup::pool_options(&lab.recorder, PgPoolOptions::new())
        .max_connections(POOL)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(options.clone().application_name("the app"))
        .await
        .unwrap();
    raw.execute(
        "create table message(id int primary key, author int, body text); \
         insert into message select i, i % 50, 'b' || i from generate_series(1, 5000) i; \
         create table counter(n int); insert into counter values (0); analyze",
    )
    .await
    .unwrap();
    lab.register(&raw);
    let pool = PgPool::new(lab.recorder.clone(), raw);

    let watched = Arc::new(Watched::default());
    let is_over = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn({
        let (options, watched, is_over) = (options, Arc::clone(&watched), Arc::clone(&is_over));
        async move { watch(options, "the app", &watched, &is_over).await }
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (pool, recorder) = (pool.clone(), lab.recorder.clone());
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut turn = 0_i32;
                while !is_over.load(Ordering::Relaxed) {
                    turn += 1;
                    let work = async {
                        sqlx::query("select body from message where author = $1")
                            .bind(turn % 50)
                            .fetch_all(&pool)
                            .await?;
                        // Clients wait for each other here, as in any app.
                        let mut transaction = pool.begin().await?;
                        sqlx::query("update counter set n = n + $1")
                            .bind(turn)
                            .execute(&mut *transaction)
                            .await?;
                        sqlx::query("select count(*) from message where id > $1")
                            .bind(turn)
                            .fetch_one(&mut *transaction)
                            .await?;
                        transaction.commit().await
                    };
                    let name = format!("client {client}");
                    run_job(&recorder, RequestKind::Job, name, work)
                        .await
                        .unwrap();
                }
            })
        })
        .collect();

    let plans_come = async |how_many: usize, looks: u32| {
        let started = Instant::now();
        let (before, seen) = (
            asked(&lab.status().reason),
            watched.looks.load(Ordering::Relaxed),
        );
        while asked(&lab.status().reason) < before + how_many
            || watched.looks.load(Ordering::Relaxed) < seen + looks
        {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "{}, {watched:?}",
                lab.status().reason
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    plans_come(ENOUGH, 100).await;
    assert_eq!(watched.trouble.load(Ordering::Relaxed), 0, "{watched:?}");

    // Whoever changes a table needs it for itself for a moment, and gets it: a plan that is being
    // asked for holds it for no longer than it takes to plan.
    for number in 0..10 {
        let mut connection = pool.raw().acquire().await.unwrap();
        let alter = format!(
            "set lock_timeout = '20s'; alter table message add column c{number} int; \
             reset lock_timeout"
        );
        connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(alter)))
            .await
            .unwrap();
        drop(connection);
        plans_come(1, 1).await;
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    watching.await.unwrap();

    assert!(
        watched.most.0.load(Ordering::Relaxed) <= POOL,
        "{watched:?}"
    );
    assert_eq!(watched.most.1.load(Ordering::Relaxed), 1, "{watched:?}");
    pool.raw().close().await;
    server.close().await;
}

/// How many plans were asked for, as Health has it.
fn asked(status: &str) -> usize {
    let before = status.split(" asked for").next().unwrap_or_default();
    let number = before.rsplit(' ').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}
