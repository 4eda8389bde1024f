//! The least there is: an axum app on SQLite, recorded.
//!
//! `cargo run -p tower-silk --example quick_start --features sqlite`, then, in another terminal,
//! `curl http://127.0.0.1:3000/people`, and open the link that it prints: it holds the token, and
//! nothing else opens the dashboard.

use std::error::Error;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tower_silk::{Silk, SqlitePool};

async fn people(State(pool): State<SqlitePool>) -> Result<String, StatusCode> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM person ORDER BY id")
        .fetch_all(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let mut names = Vec::new();
    for id in ids {
        // One query for each row: the dashboard says so, and from which line.
        let name: String = sqlx::query_scalar("SELECT name FROM person WHERE id = ?")
            .bind(id)
            .fetch_one(&pool)
            .await
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        names.push(name);
    }
    Ok(names.join("\n"))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example says where to look")]
async fn main() -> Result<(), Box<dyn Error>> {
    let silk = Silk::builder().in_memory().build().await?;
    silk.init_tracing();
    let pool = silk.pool(sqlx::SqlitePool::connect("sqlite::memory:").await?);
    sqlx::raw_sql(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO person (name) WITH RECURSIVE n(i) AS
           (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) SELECT 'person ' || i FROM n",
    )
    .execute(&pool)
    .await?;

    let app = Router::new()
        .route("/people", get(people))
        .with_state(pool)
        .nest_service("/silk", silk.dashboard())
        .layer(silk.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "dashboard http://127.0.0.1:3000/silk?token={}",
        silk.token()
    );
    axum::serve(listener, app).await?;
    Ok(())
}
