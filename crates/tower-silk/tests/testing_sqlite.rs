//! `tower_silk::testing` on SQLite in memory: what is recorded, what fails, and what is said.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panics"
)]

#[path = "support/messages.rs"]
mod messages;

use std::{
    panic::AssertUnwindSafe,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::IntoResponse,
    routing::get,
};
use futures_util::FutureExt as _;
use messages::{assert_snapshot, message_of, text_of};
use sqlx::{Row as _, sqlite::SqlitePoolOptions};
use tower::ServiceExt as _;
use tower_silk::{
    Silk, SqlitePool,
    testing::{self, Recording, SnapshotOptions},
};

/// A database of people and their messages.
async fn raw_pool(messages: u64) -> sqlx::SqlitePool {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    for sql in [
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE message (id INTEGER PRIMARY KEY, person_id INTEGER, text TEXT)",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    add(&pool, messages).await;
    pool
}

async fn add(pool: &sqlx::SqlitePool, messages: u64) {
    for number in 0..messages {
        let name = format!("person {number}");
        let added = sqlx::query("INSERT INTO person (name) VALUES (?)")
            .bind(name)
            .execute(pool)
            .await
            .unwrap();
        sqlx::query("INSERT INTO message (person_id, text) VALUES (?, 'hello')")
            .bind(added.last_insert_rowid())
            .execute(pool)
            .await
            .unwrap();
    }
}

/// The messages, and the sender of each by a query of its own.
async fn slow_list(pool: &SqlitePool) -> usize {
    let messages = sqlx::query("SELECT id, person_id FROM message ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap();
    for message in &messages {
        sqlx::query("SELECT name FROM person WHERE id = ?")
            .bind(message.get::<i64, _>("person_id"))
            .fetch_one(pool)
            .await
            .unwrap();
    }
    messages.len()
}

/// The same in one query.
async fn joined_list(pool: &SqlitePool) -> usize {
    let messages = sqlx::query(
        "SELECT message.id, person.name FROM message JOIN person ON person.id = person_id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    messages.len()
}

fn router(pool: SqlitePool) -> Router {
    Router::new()
        .route(
            "/lists/{list}",
            get(async |State(pool): State<SqlitePool>| slow_list(&pool).await.to_string()),
        )
        .route(
            "/joined",
            get(async |State(pool): State<SqlitePool>| joined_list(&pool).await.to_string()),
        )
        .with_state(pool)
}

fn to(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// A name and a file of debts of the test's own, in a folder of its own.
fn recording(name: &str, folder: &Path) -> Recording {
    Recording::new().name(name).debts(folder.join("debts.toml"))
}

#[tokio::test]
async fn a_future_is_recorded_with_queries_statements_and_lines() {
    let pool = testing::pool(raw_pool(3).await);
    let recorded = testing::record(slow_list(&pool)).await;
    assert_eq!(recorded.output, 3);
    assert_eq!(recorded.queries(), 4);
    let statements = recorded.statements();
    let calls: Vec<u64> = statements.iter().map(|part| part.calls).collect();
    assert_eq!(calls, [1, 3]);
    let sites = recorded.call_sites();
    assert_eq!(sites.len(), 2, "{sites:?}");
    for site in sites {
        assert_eq!(site.file, "crates/tower-silk/tests/testing_sqlite.rs");
        assert!(site.function.ends_with("slow_list"), "{site:?}");
    }
    assert!(
        recorded
            .name()
            .ends_with("a_future_is_recorded_with_queries_statements_and_lines")
    );
    recorded
        .assert_queries(4)
        .assert_max_queries(4)
        .assert_max_repeats(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_in_parallel_do_not_mix() {
    let pool = testing::pool(raw_pool(3).await);
    let tasks: Vec<_> = (0..40_u64)
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let recorded = testing::record(async {
                    for _ in 0..number {
                        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
                    }
                })
                .await;
                // Made on the test's thread, so that zero needs another proof here.
                let is_zero = recorded.details().summary.query_count;
                assert_eq!(is_zero, number);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_router_is_recorded_under_its_route_whether_it_has_a_layer_or_not() {
    let pool = testing::pool(raw_pool(3).await);
    let recorded = testing::request(router(pool.clone()), to("/lists/7")).await;
    assert_eq!(recorded.output.status(), StatusCode::OK);
    assert_eq!(recorded.output.body(), "3");
    assert_eq!(recorded.name(), "GET /lists/{list}");
    recorded.assert_queries(4);

    // As `oneshot` gives it: the body is not read, and the name is the test's.
    let recorded = testing::record(router(pool.clone()).oneshot(to("/lists/7"))).await;
    assert_eq!(recorded.output.as_ref().unwrap().status(), StatusCode::OK);
    recorded.assert_queries(4);

    // Any service.
    let recorded = Recording::new().call(router(pool), to("/joined")).await;
    assert_eq!(recorded.output.as_ref().unwrap().body(), "3");
    recorded.assert_queries(1);
}

#[tokio::test]
async fn what_the_app_records_itself_is_the_tests_while_it_records() {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    let pool = silk.pool(raw_pool(3).await);
    let app = router(pool.clone()).layer(silk.layer());
    testing::request(app.clone(), to("/lists/7"))
        .await
        .assert_queries(4);
    testing::record(app.clone().oneshot(to("/lists/7")))
        .await
        .assert_queries(4);
    let job = silk.job("nightly").run(slow_list(&pool));
    testing::record(job).await.assert_queries(4);
    // Outside of a recording it records as ever.
    app.oneshot(to("/lists/7")).await.unwrap();
    assert!(silk.flush(Duration::from_secs(20)).await);
    let kept = silk.store().requests(&Default::default()).await.unwrap();
    assert_eq!(kept.items.len(), 1, "{kept:?}");
}

#[tokio::test]
async fn what_the_body_runs_counts() {
    let pool = testing::pool(raw_pool(1).await);
    let streaming = async |State(pool): State<SqlitePool>| {
        let pieces = futures_util::stream::iter(0..3).then(move |_| {
            let pool = pool.clone();
            async move {
                sqlx::query("SELECT 1").execute(&pool).await.unwrap();
                Ok::<_, std::io::Error>("piece ")
            }
        });
        Body::from_stream(pieces).into_response()
    };
    use futures_util::StreamExt as _;
    let app = Router::new().route("/", get(streaming)).with_state(pool);
    let recorded = testing::request(app, to("/")).await;
    assert_eq!(recorded.output.body(), "piece piece piece ");
    recorded.assert_queries(3);
}

#[tokio::test]
async fn a_task_that_carries_the_test_is_waited_for() {
    let pool = testing::pool(raw_pool(1).await);
    let recorded = testing::record(async {
        let pool = pool.clone();
        tokio::spawn(tower_silk::in_current_request(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        }));
    })
    .await;
    recorded.assert_queries(1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_cut_a_recording_short() {
    let started = Instant::now();
    let recorded = testing::record(async {
        let held = tower_silk::in_current_request(std::future::pending::<()>());
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(held);
        });
    })
    .await;
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "not the deadline"
    );
    assert!(recorded.details().summary.query_count == 0);
}

#[tokio::test]
#[expect(
    clippy::async_yields_async,
    reason = "the task must outlive what is recorded"
)]
async fn a_holder_that_never_lets_go_is_not_waited_for_without_end() {
    let pool = testing::pool(raw_pool(1).await);
    let recording = Recording::new().linger(Duration::from_millis(50));
    let recorded = recording
        .record(async {
            sqlx::query("SELECT 1").execute(&pool).await.unwrap();
            tokio::spawn(tower_silk::in_current_request(std::future::pending::<()>()))
        })
        .await;
    recorded.assert_queries(1);
    recorded.output.abort();
}

#[test]
fn any_executor_will_do() {
    // No runtime is entered: the future needs none.
    let recorded = futures_util::FutureExt::now_or_never(testing::record(async { 7 })).unwrap();
    assert_eq!(recorded.output, 7);
}

#[tokio::test]
async fn a_panic_goes_on_to_the_test() {
    let pool = testing::pool(raw_pool(1).await);
    let failed = AssertUnwindSafe(testing::record(async {
        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        panic!("as told")
    }))
    .catch_unwind()
    .await;
    assert_eq!(text_of(&*failed.unwrap_err()), "as told");
}

#[tokio::test]
async fn zero_queries_pass_where_one_would_have_been_seen() {
    let _pool = testing::pool(raw_pool(1).await);
    let recorded = testing::record(async {}).await;
    recorded
        .assert_queries(0)
        .assert_no_repeats()
        .assert_no_findings();
}

#[tokio::test]
async fn zero_queries_fail_where_none_could_have_been_seen() {
    let pool = raw_pool(1).await;
    let run = || async { sqlx::query("SELECT 1").execute(&pool).await.unwrap() };
    let recorded = Recording::new().name("blind").record(run()).await;
    for assertion in [
        message_of(|| recorded.assert_queries(0)),
        message_of(|| recorded.assert_max_queries(9)),
        message_of(|| recorded.assert_no_repeats()),
        message_of(|| recorded.assert_no_findings()),
        message_of(|| recorded.sql_snapshot()),
        message_of(|| recorded.queries()),
    ] {
        assert_snapshot("testing-blind", &assertion);
    }
    // A pool of another thread counts as another test's.
    let others = std::thread::spawn({
        let pool = pool.clone();
        move || testing::pool(pool)
    });
    let others = others.join().unwrap();
    let recorded = Recording::new().name("blind").record(run()).await;
    assert_snapshot("testing-blind", &message_of(|| recorded.assert_queries(0)));
    drop(others);
}

#[tokio::test]
async fn zero_queries_fail_where_the_raw_pool_was_lent() {
    let pool = testing::pool(raw_pool(1).await);
    let recorded = Recording::new()
        .name("lent")
        .record(async { sqlx::query("SELECT 1").execute(pool.raw()).await.unwrap() })
        .await;
    assert_snapshot("testing-lent", &message_of(|| recorded.assert_queries(0)));
}

#[tokio::test]
async fn too_many_queries_are_told_with_the_query_to_run_instead() {
    let folder = tempfile::tempdir().unwrap();
    let pool = testing::pool(raw_pool(12).await);
    let recorded = recording("list", folder.path())
        .record(slow_list(&pool))
        .await;
    let message = message_of(|| recorded.assert_max_queries(2));
    let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
    assert_snapshot("testing-max-queries", &message);
    let message = message_of(|| recorded.assert_queries(1));
    assert_snapshot("testing-queries", &message);
    let message = message_of(|| recorded.assert_no_repeats());
    let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
    assert_snapshot("testing-repeats", &message);
    let message = message_of(|| recorded.assert_no_findings());
    let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
    assert_snapshot("testing-findings", &message);

    let recorded = recording("list", folder.path())
        .record(joined_list(&pool))
        .await;
    recorded
        .assert_queries(1)
        .assert_no_repeats()
        .assert_no_findings();
}

#[tokio::test]
async fn the_assertions_name_the_line_that_calls_them() {
    let pool = testing::pool(raw_pool(1).await);
    let recorded = testing::record(slow_list(&pool)).await;
    let place = std::sync::Mutex::new(None);
    let before = std::panic::take_hook();
    // Other tests may fail meanwhile; only this thread's panic is looked at.
    let this = std::thread::current().id();
    let seen = std::sync::Arc::new(place);
    let told = std::sync::Arc::clone(&seen);
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == this {
            *told.lock().unwrap() = info.location().map(|at| (at.file().to_owned(), at.line()));
        } else {
            before(info);
        }
    }));
    let line = line!() + 1;
    let _message = message_of(|| recorded.assert_queries(9));
    let at = seen.lock().unwrap().clone().unwrap();
    assert!(at.0.ends_with("testing_sqlite.rs"), "{at:?}");
    assert_eq!(at.1, line);
}

#[tokio::test]
async fn a_count_that_grows_with_the_data_fails() {
    let folder = tempfile::tempdir().unwrap();
    let raw = raw_pool(0).await;
    let pool = testing::pool(raw.clone());
    let slow = AssertUnwindSafe(testing::assert_bounded(async |n| {
        add(&raw, n).await;
        recording("list", folder.path())
            .record(slow_list(&pool))
            .await
    }));
    let message = text_of(&*slow.catch_unwind().await.unwrap_err());
    let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
    assert_snapshot("testing-bounded", &message);

    let joined = testing::assert_bounded(async |n| {
        add(&raw, n).await;
        recording("list", folder.path())
            .record(joined_list(&pool))
            .await
    });
    joined.await.assert_queries(1);
}

#[tokio::test]
async fn known_debts_pass_and_what_is_new_or_worse_fails() {
    let folder = tempfile::tempdir().unwrap();
    let debts = folder.path().join("debts.toml");
    let raw = raw_pool(3).await;
    let pool = testing::pool(raw.clone());
    let test = std::thread::current().name().unwrap().to_owned();
    for (allowed, passes) in [(3, true), (5, true), (2, false)] {
        let name = format!("allowed {allowed}");
        let known = format!(
            "version = 1\n\n[[debt]]\ntest = \"{test}: {name}\"\nkind = \"repeats\"\nstatement = \
             \"SELECT name FROM person WHERE id = ?\"\nplace = \
             \"crates/tower-silk/tests/testing_sqlite.rs testing_sqlite::slow_list\"\nallowed = \
             {allowed}\n"
        );
        std::fs::write(&debts, known).unwrap();
        let recorded = recording(&name, folder.path())
            .record(slow_list(&pool))
            .await;
        if passes {
            recorded.assert_no_repeats();
        } else {
            let message = message_of(|| recorded.assert_no_repeats());
            let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
            assert_snapshot("testing-worse", &message);
        }
    }
    std::fs::write(&debts, "version = 1\n[[debt]]\ntest = 5\n").unwrap();
    let recorded = recording("broken", folder.path())
        .record(slow_list(&pool))
        .await;
    let message = message_of(|| recorded.assert_no_repeats());
    let message = message.replace(&*folder.path().to_string_lossy(), "DIR");
    assert_snapshot("testing-broken-debts", &message);
}

#[tokio::test]
async fn the_sql_of_a_test_is_a_text_that_stays() {
    let pool = testing::pool(raw_pool(2).await);
    let recorded = testing::record(slow_list(&pool)).await;
    assert_snapshot("testing-sql", &recorded.sql_snapshot());
    let all = SnapshotOptions::default().lines(true).values(true);
    assert_snapshot("testing-sql-values", &recorded.sql_snapshot_with(all));
    let again = testing::record(slow_list(&pool)).await;
    assert_eq!(recorded.sql_snapshot(), again.sql_snapshot());
}

/// Run by [`debts_and_recordings_are_written_as_the_environment_says`] in processes of their own.
#[tokio::test]
async fn child_repeats() {
    if std::env::var_os("SILK_TEST_CHILD").is_none() {
        return;
    }
    let raw = raw_pool(3).await;
    let pool = testing::pool(raw);
    let recorded = testing::record(slow_list(&pool)).await;
    recorded.assert_no_repeats().assert_max_queries(1);
    let recorded = Recording::new()
        .name("again")
        .request(router(pool), to("/lists/7"))
        .await;
    recorded.assert_no_repeats();
}

#[tokio::test]
async fn child_joins() {
    if std::env::var_os("SILK_TEST_CHILD").is_none() {
        return;
    }
    let pool = testing::pool(raw_pool(3).await);
    testing::record(joined_list(&pool))
        .await
        .assert_no_repeats();
}

/// Runs the two tests above in one process, with these variables.
fn children(variables: &[(&str, &Path)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["child_", "--nocapture"])
        .env("SILK_TEST_CHILD", "1");
    command.env_remove("SILK_UPDATE").env_remove("SILK_RECORD");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

#[test]
fn debts_and_recordings_are_written_as_the_environment_says() {
    let folder = tempfile::tempdir().unwrap();
    let debts = folder.path().join("debts.toml");
    let records = folder.path().join("deep/records");
    let known = ("SILK_DEBTS", &*debts);
    let update = ("SILK_UPDATE", Path::new("1"));

    let (passed, said) = children(&[known]);
    assert!(!passed && said.contains("ran more than once"), "{said}");
    assert!(!debts.exists());

    // Two processes at once, and once more.
    let writers = [(); 2].map(|()| {
        let debts = debts.clone();
        std::thread::spawn(move || {
            children(&[("SILK_DEBTS", &debts), ("SILK_UPDATE", Path::new("1"))])
        })
    });
    for writer in writers {
        let (passed, said) = writer.join().unwrap();
        assert!(passed, "{said}");
    }
    let written = std::fs::read_to_string(&debts).unwrap();
    assert_snapshot("testing-debts", &written);
    assert!(children(&[known, update]).0);
    assert_eq!(
        std::fs::read_to_string(&debts).unwrap(),
        written,
        "it stays as it is"
    );

    let (passed, said) = children(&[known, ("SILK_RECORD", &records)]);
    assert!(passed, "{said}");
    assert!(
        said.contains("silk: child_repeats: known debt: 3 repeats: SELECT name"),
        "{said}"
    );
    let mut read: Vec<_> = std::fs::read_dir(&records)
        .unwrap()
        .map(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            silk_core::recording::Recording::read(&text).unwrap()
        })
        .collect();
    read.sort_by(|a, b| a.test.cmp(&b.test));
    let names: Vec<_> = read
        .iter()
        .map(|one| (&*one.test, &*one.route, one.queries))
        .collect();
    assert_eq!(
        names,
        [
            ("child_joins", "child_joins", 1),
            ("child_repeats", "child_repeats", 4),
            ("child_repeats: again", "/lists/{list}", 4),
        ]
    );
    assert_eq!(
        (&*read[0].package, &*read[0].target),
        ("tower-silk", "testing_sqlite")
    );

    // Paid: the entry must go; better: the number must be lowered.
    std::fs::write(
        &debts,
        written
            .replace("allowed = 3", "allowed = 7")
            .replace("\"child_repeats\"", "\"child_joins\""),
    )
    .unwrap();
    let (passed, said) = children(&[known]);
    assert!(
        !passed,
        "the debts of another test are not this one's: {said}"
    );
    assert!(
        said.contains("silk: child_joins: a debt is paid, remove it"),
        "{said}"
    );
}
