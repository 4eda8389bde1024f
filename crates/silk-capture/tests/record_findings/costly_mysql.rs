//! Recorded on MariaDB: queries that are written so that they cost more the more rows there are.

use silk_capture::sql::pool::MySqlPool;
use sqlx::{Executor as _, mysql::MySqlPoolOptions};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: [&str; 3] = [
    "CREATE OR REPLACE TABLE entry(id INT PRIMARY KEY, kind VARCHAR(10), title VARCHAR(60), created INT)",
    "INSERT INTO entry SELECT seq, CONCAT('k', seq MOD 5), CONCAT('title ', MD5(seq)), seq DIV 3 FROM seq_1_to_300000",
    "ANALYZE TABLE entry",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs MariaDB"]
async fn costly_mysql() {
    let fixture = fixture();
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let raw = MySqlPoolOptions::new()
        .max_connections(2)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("CREATE DATABASE IF NOT EXISTS silk_findings_costly")
                    .await?;
                connection.execute("USE silk_findings_costly").await?;
                Ok(())
            })
        })
        .connect(&url)
        .await
        .unwrap();
    for sql in SCHEMA {
        raw.execute(sql).await.unwrap();
    }
    let pool = MySqlPool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, all()).await;
}

fn all() -> Vec<Scenario<MySqlPool>> {
    scenarios! {
        "costly_mariadb_offset" "LIMIT offset, count, far back" ("pages of an old app") => ["deep_offset"] |pool| {
            sqlx::query("SELECT id, title FROM entry ORDER BY created DESC, id DESC LIMIT ?, ?").bind(200_000).bind(20).fetch_all(&pool).await.unwrap();
        }
        "costly_mariadb_count" "how many entries there are" ("page numbers below a list") => ["counts_everything"] |pool| {
            sqlx::query("SELECT COUNT(*) FROM entry WHERE kind = ?").bind("k1").fetch_one(&pool).await.unwrap();
        }
        "costly_mariadb_like" "CONCAT('%', ?, '%')" ("search box") => ["leading_wildcard"] |pool| {
            sqlx::query("SELECT id FROM entry WHERE title LIKE CONCAT('%', ?, '%')").bind("no such title").fetch_all(&pool).await.unwrap();
        }
        "costly_mariadb_rows" "10,000 rows without LIMIT" ("findAll()") => ["unbounded_result"] |pool| {
            sqlx::query("SELECT id, title FROM entry WHERE id <= ?").bind(10_000).fetch_all(&pool).await.unwrap();
        }
        "costly_mariadb_first_page" "the first page" ("near miss of deep_offset") => [] |pool| {
            sqlx::query("SELECT id, title FROM entry ORDER BY id LIMIT ?, ?").bind(0).bind(20).fetch_all(&pool).await.unwrap();
        }
        "costly_mariadb_like_few" "a wildcard among the rows of a range" ("near miss of leading_wildcard") => [] |pool| {
            sqlx::query("SELECT id FROM entry WHERE id <= ? AND title LIKE ?").bind(500).bind("%no such title%").fetch_all(&pool).await.unwrap();
        }
    }
}
