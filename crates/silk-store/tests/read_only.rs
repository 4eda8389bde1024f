//! A store that only reads: a look changes nothing, whatever the file is and whatever writes to it.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{fs, path::Path, time::Duration};

use silk_core::{
    Store, StoreErrorKind,
    store::{Budget, RequestFilter},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{at, batch, maximal, plan},
};
use sqlx::{Connection, SqliteConnection};

fn look(path: &Path) -> SqliteStore {
    SqliteStore::new(path, SqliteStoreConfig::default().read_only())
}

async fn filled(path: &Path, numbers: std::ops::Range<u64>) -> SqliteStore {
    let store = SqliteStore::new(path, SqliteStoreConfig::default());
    for number in numbers {
        store.write(&batch(vec![maximal(number)])).await.unwrap();
    }
    store
}

async fn count(store: &SqliteStore) -> usize {
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    page.items.len()
}

/// Why the file cannot be looked at; it must be as it was afterwards.
async fn refused(path: &Path) -> (StoreErrorKind, String) {
    let before = fs::read(path).unwrap();
    let store = look(path);
    let error = store.open().await.unwrap_err();
    store.close().await;
    assert!(fs::read(path).unwrap() == before, "a look changes no byte");
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_look_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    filled(&path, 1..4).await.close().await;
    let before = fs::read(&path).unwrap();
    let written_at = fs::metadata(&path).unwrap().modified().unwrap();
    let store = look(&path);
    store.open().await.unwrap();
    assert_eq!(count(&store).await, 3);
    assert_eq!(store.size().await.unwrap().requests, 3);
    store.close().await;
    assert_eq!(count(&store).await, 3, "the next call opens it again");
    store.close().await;
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written_at);
}

#[tokio::test]
async fn a_look_sees_what_an_app_writes_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let app = filled(&path, 1..3).await;
    let store = look(&path);
    assert_eq!(count(&store).await, 2);
    app.write(&batch(vec![maximal(3)])).await.unwrap();
    assert_eq!(count(&store).await, 3);
    // The app ends, and starts again.
    app.close().await;
    assert_eq!(count(&store).await, 3);
    app.write(&batch(vec![maximal(4)])).await.unwrap();
    assert_eq!(count(&store).await, 4);
    app.clear().await.unwrap();
    assert_eq!(count(&store).await, 0);
    app.close().await;
}

#[tokio::test]
async fn what_would_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    filled(&path, 1..3).await.close().await;
    let store = look(&path);
    let budget = Budget {
        max_age: Duration::ZERO,
        max_requests: 0,
        max_bytes: 0,
    };
    let id = maximal(1).summary.id;
    for refused in [
        store.clear().await,
        store.write(&batch(vec![maximal(9)])).await,
        store.add_plan(&plan(1, id, 0)).await,
        store.retain(budget, at(0)).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::ReadOnly);
    }
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn a_file_of_an_older_version_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    for golden in [
        &include_bytes!("golden/first.db.zst")[..],
        include_bytes!("golden/second.db.zst"),
    ] {
        fs::write(&path, zstd::decode_all(golden).unwrap()).unwrap();
        let (kind, told) = refused(&path).await;
        assert_eq!(kind, StoreErrorKind::Incompatible);
        assert!(told.contains("older version"), "{told}");
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    filled(&path, 1..2).await.close().await;
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql(
        "INSERT INTO _silk_migrations SELECT 99999999000001, 'later', installed_on, success, \
         checksum, execution_time FROM _silk_migrations LIMIT 1",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let (kind, told) = refused(&path).await;
    assert_eq!(kind, StoreErrorKind::Incompatible);
    assert!(told.contains("newer version"), "{told}");
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let error = look(&missing).open().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("no such file"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "no database at all, but longer than a header ".repeat(99),
    )
    .unwrap();
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    let other = folder.path().join("other.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", other.display()))
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE requests (id)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    for path in [text, empty, other] {
        let (kind, told) = refused(&path).await;
        assert_eq!(kind, StoreErrorKind::Incompatible, "{told}");
        assert!(told.contains("no store of Silk"), "{told}");
    }
}
