//! The app whose requests are counted.

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use silk_capture::sql::pool::Pool;
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqlitePool};
use tracing::{Level, Span};

/// Few rows: how SQLite's thread hands them over is chance in part.
const LIST: &str = "SELECT id, person_id, title FROM thread ORDER BY id DESC LIMIT 10";
const PERSON: &str = "SELECT name FROM person WHERE id = ?";
/// One text for each of the few queries of a usual page.
const FEW: [&str; 4] = [
    "SELECT name, email FROM person WHERE id = ?",
    "SELECT count(*) FROM thread WHERE person_id = ?",
    "SELECT id, title FROM thread WHERE person_id = ? ORDER BY id LIMIT 20",
    "SELECT person.name FROM thread JOIN person ON person.id = person_id WHERE thread.id = ?",
];

/// How the app's queries run.
#[derive(Clone)]
pub(crate) enum Queries {
    Raw(SqlitePool),
    Pool(Pool<Sqlite>),
    /// Not at all: only what sqlx's PostgreSQL driver tells of them is told.
    Events,
}

pub(crate) fn router(queries: Queries) -> Router {
    Router::new()
        .route("/hello", get(async || "Hello, world!"))
        .route("/one", get(one))
        .route("/one/body", get(body))
        .route("/one/rows", get(rows))
        .route("/five", get(five))
        .route("/many", get(many))
        .with_state(queries)
}

pub(crate) async fn fill(pool: &SqlitePool) {
    for statement in [
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL)",
        "CREATE TABLE thread (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, title TEXT NOT NULL)",
        "CREATE INDEX thread_person ON thread (person_id)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
         INSERT INTO person SELECT i, 'Person ' || i, 'p' || i || '@example.com' FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
         INSERT INTO thread SELECT i, 1 + i % 100, 'What people say about number ' || i FROM n",
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(pool)
            .await
            .unwrap();
    }
}

async fn one(State(queries): State<Queries>) -> String {
    list(&queries).await.len().to_string()
}

async fn many(State(queries): State<Queries>) -> String {
    let mut bytes = list(&queries).await.len();
    for person in 1..=100 {
        bytes += look_up(&queries, PERSON, person).await;
    }
    bytes.to_string()
}

async fn five(State(queries): State<Queries>) -> String {
    let mut bytes = list(&queries).await.len();
    for text in FEW {
        bytes += look_up(&queries, text, 7).await;
    }
    bytes.to_string()
}

/// A query of 100 rows, of which only sqlx's PostgreSQL driver tells anything.
async fn rows() -> &'static str {
    tell(LIST, 100);
    "100"
}

/// The list again, with a body of 9 kB.
async fn body(State(queries): State<Queries>) -> Response {
    let first = list(&queries).await.len();
    let items: Vec<String> = (first..first + 100)
        .map(|id| {
            format!(
                r#"{{"id":{id},"title":"What people say about number {id}","author":"Person {id}"}}"#
            )
        })
        .collect();
    let json = format!("[{}]", items.join(",\n"));
    ([("content-type", "application/json")], json).into_response()
}

async fn list(queries: &Queries) -> Vec<i64> {
    let list = sqlx::query(LIST);
    let rows = match queries {
        Queries::Raw(pool) => list.fetch_all(pool).await.unwrap(),
        Queries::Pool(pool) => list.fetch_all(pool).await.unwrap(),
        Queries::Events => {
            tell(LIST, 10);
            return (1..=10).collect();
        }
    };
    rows.iter().map(|row| row.get(1)).collect()
}

async fn look_up(queries: &Queries, text: &'static str, id: i64) -> usize {
    let query = sqlx::query(text).bind(id);
    let row = match queries {
        Queries::Raw(pool) => query.fetch_one(pool).await.unwrap(),
        Queries::Pool(pool) => query.fetch_one(pool).await.unwrap(),
        Queries::Events => {
            tell(text, 1);
            return 1;
        }
    };
    row.len()
}

/// What sqlx does on the app's thread beside the query itself, where its driver is PostgreSQL's: it
/// enters the present span around each row, and tells of the query at its end.
fn tell(text: &str, rows: u64) {
    let span = Span::current();
    for _ in 0..rows {
        let _entered = span.enter();
    }
    if !tracing::enabled!(target: "sqlx::query", Level::DEBUG) {
        return;
    }
    let words: Vec<&str> = text.split_whitespace().take(4).collect();
    let summary = format!("{} …", words.join(" "));
    let statement = format!("\n\n{text}\n");
    let elapsed = std::time::Duration::from_micros(70);
    tracing::event!(
        target: "sqlx::query",
        Level::DEBUG,
        summary,
        db.statement = statement,
        rows_affected = 0_u64,
        rows_returned = rows,
        ?elapsed,
        elapsed_secs = elapsed.as_secs_f64(),
    );
}
