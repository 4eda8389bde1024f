//! The contract, over a SQLite file.

use silk_store::{SqliteStore, SqliteStoreConfig};
use tempfile::TempDir;

#[expect(clippy::unwrap_used, reason = "to panic is how a test fails")]
fn empty(_: &str) -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), SqliteStoreConfig::default());
    (store, folder)
}

silk_store::contract_tests!(empty);
