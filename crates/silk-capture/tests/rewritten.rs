//! The forms that findings offer give the same rows as the query that they are offered for: the page by
//! key is the page by OFFSET, NOT EXISTS is NOT IN, and a capped count is the count up to the cap.

use silk_core::{DatabaseKind, sql::habits};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, SqliteConnection,
};

/// 400 rows of 40 days, and five that are blocked.
const SCHEMA: [&str; 4] = [
    "CREATE TABLE entry(id INT PRIMARY KEY, day INT NOT NULL, kind VARCHAR(10) NOT NULL)",
    "CREATE TABLE blocked(entry_id INT NOT NULL, since INT NOT NULL)",
    "INSERT INTO blocked VALUES (3, 1), (7, 2), (8, 3), (21, 4), (399, 5)",
    "CREATE INDEX by_day ON entry(day, id)",
];

fn fill() -> String {
    let rows: Vec<String> = (1..=400)
        .map(|id| format!("({id}, {}, 'k{}')", (id * 7) % 40, id % 3))
        .collect();
    format!("INSERT INTO entry VALUES {}", rows.join(", "))
}

/// Sorts, and the columns that the last row of the page before is asked for.
const PAGES: [(&str, &str); 5] = [
    ("SELECT id, day FROM entry ORDER BY id", "id"),
    (
        "SELECT id, day FROM entry ORDER BY day DESC, id DESC",
        "day, id",
    ),
    ("SELECT id, day FROM entry ORDER BY day, id DESC", "day, id"),
    (
        "SELECT id, day FROM entry WHERE kind = 'k1' OR day < 5 ORDER BY day, id",
        "day, id",
    ),
    (
        "SELECT e.id, e.day FROM entry e JOIN entry o ON o.id = e.id ORDER BY e.kind, e.day DESC, e.id",
        "kind, day, id",
    ),
];

macro_rules! same_rows {
    ($connection:expr, $kind:expr) => {{
        let mut connection = $connection;
        let kind: DatabaseKind = $kind;
        for sql in SCHEMA {
            connection.execute(sql).await.unwrap();
        }
        connection.execute(AssertSqlSafe(fill())).await.unwrap();
        for (sorted, keys) in PAGES {
            for offset in [1, 57, 120] {
                let by_offset = format!("{sorted} LIMIT 20 OFFSET {offset}");
                let by_key = habits::by_key(&by_offset, kind).unwrap();
                let expected: Vec<(i32, i32)> = sqlx::query_as(AssertSqlSafe(by_offset.clone()))
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                // The row before the page.
                let before = format!("{sorted} LIMIT 1 OFFSET {}", offset - 1);
                let (id,): (i32,) = sqlx::query_as(AssertSqlSafe(format!(
                    "SELECT id FROM ({before}) AS last"
                )))
                .fetch_one(&mut connection)
                .await
                .unwrap();
                let (day, kind_of): (i32, String) =
                    sqlx::query_as(AssertSqlSafe(format!("SELECT day, kind FROM entry WHERE id = {id}")))
                        .fetch_one(&mut connection)
                        .await
                        .unwrap();
                // Values stand in place of the placeholders, by number or by order.
                let values: Vec<String> = keys
                    .split(", ")
                    .map(|key| match key {
                        "id" => id.to_string(),
                        "day" => day.to_string(),
                        _ => format!("'{kind_of}'"),
                    })
                    .collect();
                let filled = filled(&by_key, &values);
                let got: Vec<(i32, i32)> = sqlx::query_as(AssertSqlSafe(filled.clone()))
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                assert_eq!(got, expected, "{by_offset}\n{filled}");
            }
        }
        for not_in in [
            "SELECT id FROM entry WHERE id NOT IN (SELECT entry_id FROM blocked) ORDER BY id",
            "SELECT e.id FROM entry e WHERE e.day > 3 AND e.id NOT IN (SELECT b.entry_id FROM blocked b WHERE b.since > 2 OR b.since = 1) ORDER BY 1",
        ] {
            let found = habits::not_in(not_in, kind).unwrap();
            let other = not_in.replace(found.text, &found.not_exists.unwrap());
            let expected: Vec<(i32,)> = sqlx::query_as(not_in).fetch_all(&mut connection).await.unwrap();
            let got: Vec<(i32,)> = sqlx::query_as(AssertSqlSafe(other.clone()))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            assert_ne!(other, not_in);
            assert_eq!(got, expected, "{other}");
        }
        for count in ["SELECT count(*) FROM entry", "SELECT COUNT(*) AS n FROM entry e WHERE e.kind = 'k1'"] {
            let capped = habits::count(count, kind).unwrap().capped.unwrap();
            let (expected,): (i64,) = sqlx::query_as(count).fetch_one(&mut connection).await.unwrap();
            let (got,): (i64,) = sqlx::query_as(AssertSqlSafe(capped.clone()))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            assert_eq!(got, expected, "{capped}");
        }
    }};
}

/// The text with values in place of `$1` or `?`. Of `?`, the first key is compared alone, then the first
/// again with the second, and so on, as the condition is written.
fn filled(sql: &str, values: &[String]) -> String {
    let mut text = sql.to_owned();
    if sql.contains('$') {
        for (number, value) in (1..).zip(values) {
            text = text.replace(&format!("${number}"), value);
        }
        return text;
    }
    let places = sql.matches('?').count();
    let in_order: Vec<&String> = if places == values.len() {
        values.iter().collect()
    } else {
        (1..=values.len()).flat_map(|n| &values[..n]).collect()
    };
    for value in in_order {
        text = text.replacen('?', value, 1);
    }
    text
}

#[tokio::test]
async fn rewritten_queries_give_the_same_rows_on_sqlite() {
    let connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    same_rows!(connection, DatabaseKind::Sqlite);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn rewritten_queries_give_the_same_rows_on_postgres() {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection
        .execute(
            "DROP SCHEMA IF EXISTS silk_rewritten CASCADE; CREATE SCHEMA silk_rewritten; SET search_path TO silk_rewritten",
        )
        .await
        .unwrap();
    same_rows!(connection, DatabaseKind::Postgres);
}

#[tokio::test]
#[ignore = "needs MariaDB or MySQL: run cargo xtask test"]
async fn rewritten_queries_give_the_same_rows_on_mysql() {
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    for sql in [
        "DROP DATABASE IF EXISTS silk_rewritten",
        "CREATE DATABASE silk_rewritten",
        "USE silk_rewritten",
    ] {
        connection.execute(sql).await.unwrap();
    }
    same_rows!(connection, DatabaseKind::MySql);
}
