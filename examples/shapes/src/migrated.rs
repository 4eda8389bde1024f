//! An app that migrates its database at start. Migrations belong to no request: they are counted as
//! unattributed, the Health page says that this is nothing lost, and a job gives them a record.

use axum::{Router, extract::State, routing::get};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

/// As `sqlx::migrate!()` gives them from a folder.
fn migrations() -> Migrator {
    let all = [
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO thing (name) VALUES ('first'), ('second')",
    ];
    let made = all.into_iter().zip(1..).map(|(sql, version)| {
        let sql = sql.into_sql_str();
        Migration::new(version, "step".into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(made.collect())
}

async fn things(State(pool): State<SqlitePool>) -> Result<String, AppError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM thing")
        .fetch_one(&pool)
        .await?; // things
    Ok(count.to_string())
}

/// Migrates; `as_job` gives the migrations a record of their own.
///
/// # Errors
/// Whatever sqlx says.
pub async fn app(silk: &Silk, pool: sqlx::SqlitePool, as_job: bool) -> Result<Router, AppError> {
    let pool = silk.pool(pool);
    let migrator = migrations();
    if as_job {
        silk.job("migrations").run(migrator.run(&pool)).await?;
    } else {
        migrator.run(&pool).await?;
    }
    Ok(Router::new()
        .route("/things", get(things))
        .with_state(pool)
        .layer(silk.layer()))
}
