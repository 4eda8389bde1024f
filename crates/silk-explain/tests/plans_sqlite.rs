//! Plans from SQLite, asked for in the background, and what is chosen to be asked about.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod plan_lab;

use plan_lab::{Lab, lab, nodes};
use silk_capture::{Plans, sql::pool::SqlitePool};
use silk_core::{DatabaseKind, PlanSource, vitals::CaptureLevel};
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

async fn pool(lab: &Lab, folder: &tempfile::TempDir) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let raw = SqlitePoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    raw.execute("create table t(a integer, b text); create index t_a on t(a)")
        .await
        .unwrap();
    lab.register(&raw);
    SqlitePool::new(lab.recorder.clone(), raw)
}

#[tokio::test]
async fn the_plan_of_a_new_statement_is_asked_for_once() {
    let lab = lab(Plans::automatic());
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&lab, &folder).await;
    let read = async || {
        let read = sqlx::query("select b from t where a = ?")
            .bind(7)
            .fetch_all(&pool);
        lab.record(read).await.1
    };
    let first = read().await;
    let plan = lab.plan(&first, PlanSource::Estimated).await;
    assert!(plan.output.raw.contains("USING INDEX t_a"), "{plan:#?}");
    assert!(!nodes(&plan).is_empty());
    assert_eq!(
        plan.fingerprint,
        Some(first.detail.texts[0].statement.fingerprint)
    );
    assert_eq!(plan.query.map(|query| query.seq), Some(1));
    let second = read().await;
    assert_eq!(lab.plans(&second).await, []);
    let status = lab.status();
    assert!(
        status.reason.contains("1 asked for (0 without an answer)"),
        "{status:?}"
    );
}

#[tokio::test]
async fn nothing_is_asked_by_itself_on_demand() {
    let lab = lab(Plans::on_demand());
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&lab, &folder).await;
    let (_, record) = lab.record(sqlx::query("select 1").fetch_all(&pool)).await;
    assert_eq!(lab.plans(&record).await, []);
    assert!(lab.status().reason.contains("0 asked for"));
}

#[tokio::test]
async fn the_ladder_says_what_sqlite_cannot_tell() {
    let lab = lab(Plans::automatic());
    let folder = tempfile::tempdir().unwrap();
    let _pool = pool(&lab, &folder).await;
    for (source, level) in [
        (PlanSource::AutoExplain, CaptureLevel::Off),
        (PlanSource::Estimated, CaptureLevel::Full),
        (PlanSource::Analyzed, CaptureLevel::Off),
    ] {
        let step = lab.step(DatabaseKind::Sqlite, source).await;
        assert_eq!(step.level, level, "{step:?}");
        assert!(!step.reason.is_empty());
    }
}
