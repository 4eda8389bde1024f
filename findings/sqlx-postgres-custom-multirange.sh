#!/bin/sh
# sqlx 0.9 on PostgreSQL 14 and later: a statement whose result has a multirange is refused while it
# is prepared ("unknown type code 109"), even if the column is never read: those of one's own (each
# `CREATE TYPE … AS RANGE` makes one) and those that are built in. Ranges are taken.
#
# Runs sqlx alone in a temporary folder, on the server that DATABASE_URL names; all it makes there is
# temporary. Exits non-zero if that changes.
set -eu
: "${DATABASE_URL:?set it to a PostgreSQL server, 14 or later}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "custom-multirange"
version = "0.0.0"
edition = "2024"

[dependencies]
sqlx = { version = "=0.9.0", default-features = false, features = ["runtime-tokio", "postgres"] }
tokio = { version = "1", features = ["macros", "rt"] }

[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let mut connection = PgConnection::connect(&url).await?;
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut connection)
        .await?;
    println!("PostgreSQL {version}");
    connection
        .execute("create type pg_temp.seconds_range as range (subtype = float8)")
        .await?;
    let mut seen = Vec::new();
    for sql in [
        "select 1, pg_temp.seconds_range(1, 2)",
        "select 1, pg_temp.seconds_multirange(pg_temp.seconds_range(1, 2))",
        "select 1, '{[1,2)}'::int4multirange",
    ] {
        let first = sqlx::query(sql)
            .fetch_one(&mut connection)
            .await
            .and_then(|row| row.try_get::<i32, _>(0));
        println!("{sql}\n  the first column: expected Ok(1), seen {first:?}");
        seen.push(first);
    }
    let is_refused = |at: usize| {
        matches!(&seen[at], Err(error) if error.to_string().contains("109"))
    };
    // The range is taken; multiranges are not.
    let is_as_known = seen[0].is_ok() && is_refused(1) && is_refused(2);
    std::process::exit(i32::from(!is_as_known));
}
RUST
echo "sqlx 0.9.0, $(rustc --version)"
cargo run --quiet --manifest-path "$folder/Cargo.toml"
