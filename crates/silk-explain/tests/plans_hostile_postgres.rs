//! Statements that would do harm if they were explained carelessly, on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

mod plan_lab;

use std::time::{Duration, Instant};

use plan_lab::{Lab, lab, query};
use silk_capture::Plans;
use silk_core::{Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainOutput};
use sqlx::{
    Executor as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const MODES: [ExplainMode; 4] = [
    ExplainMode::Estimated,
    ExplainMode::Generic,
    ExplainMode::Analyze { confirmed: false },
    ExplainMode::Analyze { confirmed: true },
];

/// None may leave a trace in the data, wait beyond its limit, or tell what is in a row.
const HOSTILE: [&str; 22] = [
    // Stacked.
    "select 1; insert into trace values ('stacked')",
    "select 1; commit; insert into trace values ('committed')",
    // Writing in so many words.
    "insert into trace values ('insert')",
    "update secret set word = 'update' where id = 1 returning word",
    "delete from secret",
    "with gone as (delete from secret returning word) select * from gone",
    "with made as (insert into trace values ('cte') returning note) select note from made",
    "select * into trace_copy from secret",
    "explain analyze insert into trace values ('explained')",
    "merge into secret s using (values (1)) v(id) on s.id = v.id when matched then delete",
    // Writing through functions.
    "select writes()",
    "select lies(1)",
    "select * from secret where id = lies(1)",
    "select note from writing_view",
    "select nextval('counter')",
    "select setval('counter', 1000)",
    // Locks, and what a rollback does not undo.
    "select * from secret for update",
    "select pg_advisory_lock(4711)",
    "select set_config('app.user', 'admin', false)",
    // Waiting.
    "select pg_sleep(60)",
    "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b",
    // Telling rows by their errors.
    "select cast(word as int) from secret",
];

const SET_UP: &str = "\
    create table trace(note text); \
    create table secret(id int primary key, word text); \
    insert into secret values (1, 'canary-word'), (2, 'canary-other'); \
    create sequence counter; select nextval('counter'); \
    create function writes() returns int language plpgsql volatile as \
      $$ begin insert into trace values ('function'); return 1; end $$; \
    create function lies(int) returns int language plpgsql immutable as \
      $$ begin insert into trace values ('liar'); return 1; end $$; \
    create view writing_view as select writes()::text as note";

/// What must not change.
const STATE: &str = "\
    select (select count(*) from trace)::text || ' ' || (select string_agg(word, ',' order by id) from secret) \
    || ' ' || (select last_value from counter)::text || ' ' || (select count(*) from pg_class where relname = 'trace_copy')::text \
    || ' ' || (select count(*) from pg_locks where locktype = 'advisory')::text";

fn options() -> PgConnectOptions {
    std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server")
        .parse()
        .unwrap()
}

/// A database, its superuser's pool, and a pool of a role that owns everything in it.
async fn set_up(name: &str) -> (PgPool, PgPool, Database) {
    let role = format!("silk_hostile_{name}_{}", std::process::id());
    let admin = PgPoolOptions::new().connect_with(options()).await.unwrap();
    for sql in [
        format!("drop database if exists {role} with (force)"),
        format!("drop role if exists {role}"),
        format!("create role {role} login"),
        format!("create database {role} owner {role}"),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let own = options().database(&role);
    let admin = PgPoolOptions::new()
        .connect_with(own.clone())
        .await
        .unwrap();
    let app = PgPoolOptions::new()
        .max_connections(3)
        .connect_with(own.username(&role))
        .await
        .unwrap();
    if admin
        .execute("grant all on schema public to public")
        .await
        .is_err()
    {
        panic!("the schema belongs to the superuser from 15 on");
    }
    app.execute(SET_UP).await.unwrap();
    let database = Database {
        kind: DatabaseKind::Postgres,
        name: role,
    };
    (admin, app, database)
}

async fn explain(
    lab: &Lab,
    database: &Database,
    sql: &str,
    mode: ExplainMode,
) -> (Result<ExplainOutput, ExplainError>, Duration) {
    let started = Instant::now();
    let answer = lab
        .explainer
        .explain(query(database, sql, Vec::new(), mode))
        .await;
    (answer, started.elapsed())
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn hostile_statements_leave_no_trace() {
    let lab = lab(Plans::on_demand());
    let (_, app, database) = set_up("trace").await;
    lab.register(&app);
    let state: String = sqlx::query_scalar(STATE).fetch_one(&app).await.unwrap();
    for sql in HOSTILE {
        for mode in MODES {
            // The app is in a transaction meanwhile, and stays in it.
            let mut transaction = app.begin().await.unwrap();
            transaction.execute("select 1").await.unwrap();
            let (answer, took) = explain(&lab, &database, sql, mode).await;
            // The limit is 5 s, and 5 s more to connect.
            assert!(took < Duration::from_secs(30), "{sql} took {took:?}");
            transaction.execute("select 2").await.unwrap();
            transaction.commit().await.unwrap();
            match &answer {
                Err(error) => {
                    let told = error.to_string();
                    assert!(!told.contains("canary"), "{sql}: {told}");
                }
                Ok(output) => assert!(!output.raw.contains("canary"), "{sql}: {}", output.raw),
            }
            if matches!(mode, ExplainMode::Analyze { .. }) {
                match (sql, &answer) {
                    // Confirmed, these do nothing that a rollback and a closed connection leave.
                    (
                        "select pg_advisory_lock(4711)"
                        | "select set_config('app.user', 'admin', false)",
                        _,
                    ) if mode == (ExplainMode::Analyze { confirmed: true }) => {}
                    (_, Ok(output)) => panic!("{sql} ran: {}", output.raw),
                    (_, Err(_)) => {}
                }
            }
            let now: String = sqlx::query_scalar(STATE).fetch_one(&app).await.unwrap();
            assert_eq!(now, state, "{sql} {mode:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_second_confirmation_names_what_it_is_for() {
    let lab = lab(Plans::on_demand());
    let (admin, app, database) = set_up("confirm").await;
    lab.register(&app);
    let reason = async |sql| {
        let unconfirmed = ExplainMode::Analyze { confirmed: false };
        match explain(&lab, &database, sql, unconfirmed).await.0 {
            Err(ExplainError::Refused {
                code: "needs_confirmation",
                reason,
            }) => Some(reason),
            Ok(output) => {
                assert!(output.analyzed && output.raw.contains("Actual Rows"));
                None
            }
            Err(other) => panic!("{sql}: {other}"),
        }
    };
    for (sql, named) in [
        ("select writes()", "public.writes"),
        ("select note from writing_view", "public.writes"),
        ("select nextval('counter')", "nextval"),
        ("select pg_advisory_lock(4711)", "pg_advisory_lock"),
        ("select pg_sleep(60)", "pg_sleep"),
        (
            "select set_config('app.user', 'admin', false)",
            "set_config",
        ),
    ] {
        assert!(reason(sql).await.unwrap().contains(named), "{sql}");
    }
    for sql in [
        "select count(*), lower(max(word)), random(), now() from secret",
        "select word from secret where id in (select generate_series(1, 3))",
        "with x as (select * from secret) select * from x",
        "values (1), (2)",
        "table secret",
    ] {
        assert_eq!(reason(sql).await, None, "{sql}");
    }
    // A superuser is held back by nothing: everything wants a yes.
    lab.register(&admin);
    let told = reason("select count(*) from secret").await.unwrap();
    assert!(told.contains("superuser"), "{told}");
    let yes = ExplainMode::Analyze { confirmed: true };
    assert!(
        explain(&lab, &database, "select count(*) from secret", yes)
            .await
            .0
            .is_ok()
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_lock_is_not_waited_for() {
    let lab = lab(Plans::on_demand());
    let (_, app, database) = set_up("lock").await;
    lab.register(&app);
    let mut holder = app.begin().await.unwrap();
    holder
        .execute("lock table secret in access exclusive mode")
        .await
        .unwrap();
    for mode in MODES {
        let (answer, took) = explain(&lab, &database, "select * from secret", mode).await;
        let Err(ExplainError::Failed { message }) = answer else {
            panic!("{mode:?}: {answer:?}");
        };
        assert!(message.contains("55P03"), "{message}");
        assert!(took < Duration::from_secs(30), "{took:?}");
    }
    holder.execute("select count(*) from secret").await.unwrap();
    holder.commit().await.unwrap();
    let (answer, _) = explain(&lab, &database, "select * from secret", MODES[0]).await;
    answer.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn nothing_stays_with_the_server_afterwards() {
    let lab = lab(Plans::on_demand());
    let (admin, app, database) = set_up("after").await;
    lab.register(&app);
    let yes = ExplainMode::Analyze { confirmed: true };
    for sql in [
        "select pg_advisory_lock(4711)",
        "select set_config('app.user', 'admin', false)",
    ] {
        explain(&lab, &database, sql, yes).await.0.unwrap();
    }
    for mode in [ExplainMode::Estimated, ExplainMode::Generic] {
        explain(&lab, &database, "select * from secret", mode)
            .await
            .0
            .unwrap();
    }
    // At most the one connection, idle and in no transaction.
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "select coalesce(state, ''), backend_xmin::text from pg_stat_activity \
         where datname = current_database() and application_name = 'tower-silk explain'",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    assert!(rows.len() <= 1, "{rows:?}");
    assert!(
        rows.iter()
            .all(|(state, xmin)| state == "idle" && xmin.is_none()),
        "{rows:?}"
    );
}
