#!/bin/sh
# sqlx 0.9: `begin_with` within a transaction is refused without a word to the database, and rolls
# the transaction around it back; its commit then says Ok and commits nothing.
#
# Runs sqlx alone on SQLite in memory, in a temporary folder. Exits non-zero if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "refused-begin"
version = "0.0.0"
edition = "2024"

[dependencies]
sqlx = { version = "=0.9.0", default-features = false, features = ["runtime-tokio", "sqlite"] }
tokio = { version = "1", features = ["macros", "rt"] }

[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use sqlx::{Connection as _, Executor as _, SqliteConnection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await?;
    connection.execute("create table t(a)").await?;
    let mut tx = connection.begin().await?;
    tx.execute("insert into t values (1)").await?;
    let refused = tx.begin_with("begin").await.map(drop);
    println!("begin_with within a transaction: {refused:?}");
    let commit = tx.commit().await;
    println!("commit of the transaction around: {commit:?}");
    let rows: i64 = sqlx::query_scalar("select count(*) from t")
        .fetch_one(&mut connection)
        .await?;
    println!("rows: expected 1 (or an error of commit), seen {rows}");
    let is_as_known = refused.is_err() && commit.is_ok() && rows == 0;
    std::process::exit(i32::from(!is_as_known));
}
RUST
echo "sqlx 0.9.0, $(rustc --version)"
cargo run --quiet --manifest-path "$folder/Cargo.toml"
