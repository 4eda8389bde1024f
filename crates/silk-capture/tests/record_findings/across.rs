//! What the rules about many requests must name, and what only looks like it: each scenario is one
//! route that is asked many times. Recorded on PostgreSQL and SQLite.

use silk_capture::sql::pool::{PgPool, SqlitePool};
use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{Fixture, Handled, fixture, is_wanted, record_one, write};

/// A route that is asked `requests` times; `run` is told which time it is.
pub(super) struct Many<P> {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) source: &'static str,
    pub(super) expected: &'static [&'static str],
    requests: i32,
    run: fn(P, i32) -> Handled,
}

macro_rules! many {
    ($($name:literal $about:literal ($source:literal) => [$($rule:literal),*] $requests:literal |$pool:ident, $n:ident| $body:block)*) => {
        vec![$(Many {
            name: $name,
            about: $about,
            source: $source,
            expected: &[$($rule),*],
            requests: $requests,
            run: |$pool, $n| Box::pin(async move { $body http::StatusCode::OK }),
        }),*]
    };
}

async fn record_many<P: Clone + Send + Sync + 'static>(
    fixture: &Fixture,
    pool: &P,
    scenarios: Vec<Many<P>>,
) {
    for scenario in scenarios {
        if !is_wanted(scenario.name) {
            continue;
        }
        let mut records = Vec::new();
        for number in 0..scenario.requests {
            let (run, one) = (scenario.run, pool.clone());
            let handle = move || run(one.clone(), number);
            records.push(record_one(fixture, scenario.name, handle).await);
        }
        write::many(&scenario, &records);
    }
}

const SCHEMA: &str = "
    drop schema if exists silk_findings_across cascade; create schema silk_findings_across;
    set search_path to silk_findings_across;
    create table customer(id int primary key, name text);
    create table item(id int primary key, customer_id int, product_id int);
    create index on item(customer_id);
    create table product(id int primary key, name text, stock int);
    create table setting(name text primary key, content text);
    insert into customer select i, 'c' || i from generate_series(0, 99) i;
    insert into item select c * 1000 + i, c, c * 1000 + i from generate_series(0, 99) c, lateral generate_series(1, c % 6 + 1) i;
    insert into product select c * 1000 + i, 'p' || i, 5 from generate_series(0, 99) c, generate_series(1, 300) i;
    insert into setting values ('theme', 'dark'), ('locale', 'en'), ('currency', 'EUR');
    analyze";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs PostgreSQL"]
async fn across_postgres() {
    let fixture = fixture();
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([
        ("search_path", "silk_findings_across"),
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
    ]);
    let raw = PgPoolOptions::new()
        .max_connections(2)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(SCHEMA).await.unwrap();
    let pool = PgPool::new(fixture.recorder.clone(), raw);
    record_many(&fixture, &pool, slow_and_not()).await;
    record_many(&fixture, &pool, growing_and_not()).await;
    record_many(&fixture, &pool, identical_and_not()).await;
}

/// Adds up so many rows: a million takes some 100 ms.
async fn report(pool: &PgPool, rows: i32) {
    sqlx::query("SELECT sum(c.id + i) FROM customer c, generate_series(1, $1) i WHERE c.id = 1")
        .bind(rows)
        .fetch_one(pool)
        .await
        .unwrap();
}

fn slow_and_not() -> Vec<Many<PgPool>> {
    many! {
        "report_of_large_customers" "every fourth customer is large" ("the usual tail") => ["slow_route"] 24 |pool, n| {
            report(&pool, if n % 4 == 0 { 8_000_000 } else { 1_000 + n }).await;
        }
        "report_of_everything" "each request takes long" ("the textbook's") => ["slow_route"] 20 |pool, n| {
            report(&pool, 6_000_000 + n).await;
        }
        "report_once_slow" "one request of 40 takes long" ("a cold cache") => [] 40 |pool, n| {
            report(&pool, if n == 17 { 8_000_000 } else { 1_000 + n }).await;
        }
        "report_below_target" "each takes a while, and none too long" ("a route that is as it should be") => [] 24 |pool, n| {
            report(&pool, 100_000 + n).await;
        }
        "report_asked_seldom" "each takes long, of ten" ("too few to say") => [] 10 |pool, n| {
            report(&pool, 6_000_000 + n).await;
        }
    }
}

async fn items(pool: &PgPool, customer: i32) -> Vec<i32> {
    sqlx::query_scalar("SELECT product_id FROM item WHERE customer_id = $1 ORDER BY id")
        .bind(customer)
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn product(pool: &PgPool, id: i32) -> String {
    sqlx::query_scalar("SELECT name FROM product WHERE id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

fn growing_and_not() -> Vec<Many<PgPool>> {
    many! {
        "product_of_each_item" "a look-up for each of one to six items" ("an N+1 while lists are short") => ["growing_queries"] 24 |pool, n| {
            for id in items(&pool, n).await { product(&pool, id).await; }
        }
        "product_and_stock_of_each_item" "two look-ups for each item" ("two loops over one list") => ["growing_queries", "growing_queries"] 24 |pool, n| {
            for id in items(&pool, n).await {
                product(&pool, id).await;
                sqlx::query("SELECT stock FROM product WHERE id = $1").bind(id).fetch_one(&pool).await.unwrap();
            }
        }
        "products_of_all_items" "one query for what belongs to all items" ("the fix itself") => [] 24 |pool, n| {
            let ids = items(&pool, n).await;
            sqlx::query("SELECT name FROM product WHERE id = ANY($1)").bind(ids).fetch_all(&pool).await.unwrap();
        }
        "three_of_each_list" "always three look-ups, whatever the list" ("a preview") => [] 24 |pool, n| {
            items(&pool, n).await;
            for id in 1..=3 { product(&pool, n * 1000 + id).await; }
        }
        "as_many_as_asked_for" "look-ups follow what was asked for, not the rows of the list" ("ids in the address") => [] 24 |pool, n| {
            items(&pool, n).await;
            for id in 1..=(n * 7 + 3) % 5 + 1 { product(&pool, n * 1000 + 100 + id).await; }
        }
        "chunks_of_fifty" "one query for each fifty rows" ("chunks") => [] 24 |pool, n| {
            let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM product WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(n * 1000).bind((n % 5 + 1) * 50).fetch_all(&pool).await.unwrap();
            for ids in ids.chunks(50) {
                sqlx::query("SELECT name FROM product WHERE id = ANY($1)").bind(ids).fetch_all(&pool).await.unwrap();
            }
        }
    }
}

async fn customer(pool: &PgPool, id: i32) {
    sqlx::query("SELECT name FROM customer WHERE id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap();
}

async fn setting(pool: &PgPool, name: &str) {
    sqlx::query("SELECT content FROM setting WHERE name = $1")
        .bind(name)
        .fetch_one(pool)
        .await
        .unwrap();
}

fn identical_and_not() -> Vec<Many<PgPool>> {
    many! {
        "settings_by_name" "the same three settings with every request" ("a candidate for a cache") => ["identical_reads"] 24 |pool, n| {
            for name in ["theme", "locale", "currency"] { setting(&pool, name).await; }
            customer(&pool, n).await;
        }
        "customers_of_few" "four customers, again and again" ("a hot key") => ["identical_reads"] 24 |pool, n| {
            customer(&pool, n % 4).await;
        }
        "customer_by_id" "another customer each time" ("nothing to cache") => [] 24 |pool, n| {
            customer(&pool, n).await;
        }
        "customers_half_again" "half of the reads were made before" ("a cache would miss every other") => [] 24 |pool, n| {
            customer(&pool, n / 2).await;
        }
        "stock_that_is_sold" "the same row, and every fifth request writes to it" ("a cache would be wrong") => [] 25 |pool, n| {
            sqlx::query("SELECT stock FROM product WHERE id = $1").bind(1001).fetch_one(&pool).await.unwrap();
            if n % 5 == 0 {
                sqlx::query("UPDATE product SET stock = stock - 1 WHERE id = $1").bind(1001).execute(&pool).await.unwrap();
            }
        }
        "settings_in_a_transaction" "the same setting, as part of a transaction" ("it reads what it is to see") => [] 24 |pool, n| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT content FROM setting WHERE name = $1").bind("theme").fetch_one(&mut *tx).await.unwrap();
            sqlx::query("SELECT name FROM customer WHERE id = $1").bind(n).fetch_one(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "what_is_due_now" "the same text asks for another time" ("now()") => [] 24 |pool, n| {
            sqlx::query("SELECT name FROM setting WHERE now() > timestamptz '2026-01-01' AND name <> $1").bind("none").fetch_all(&pool).await.unwrap();
            customer(&pool, n).await;
        }
        "schema_per_tenant" "the same text in the schema of each tenant" ("search_path") => [] 24 |pool, n| {
            let mut connection = pool.acquire().await.unwrap();
            sqlx::query("SELECT set_config('search_path', $1, false)").bind("silk_findings_across").execute(&mut *connection).await.unwrap();
            sqlx::query("SELECT content FROM setting WHERE name = $1").bind("theme").fetch_one(&mut *connection).await.unwrap();
            sqlx::query("SELECT name FROM customer WHERE id = $1").bind(n).fetch_one(&mut *connection).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew"]
async fn across_sqlite() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("across.db"))
        .create_if_missing(true);
    let raw = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(
        "CREATE TABLE comment(id INTEGER PRIMARY KEY, post_id INTEGER, author_id INTEGER);
         CREATE INDEX comment_post ON comment(post_id);
         CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE category(id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 9999)
             INSERT INTO author SELECT n, 'a' || n FROM i;
         WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 399)
             INSERT INTO comment SELECT n, n / 8, CASE WHEN n % 3 > 0 THEN n END FROM i
             WHERE n % 8 <= n / 8 % 7;
         INSERT INTO category VALUES (1, 'books'), (2, 'music'), (3, 'tools')",
    )
    .await
    .unwrap();
    let pool = SqlitePool::new(fixture.recorder.clone(), raw);
    record_many(&fixture, &pool, sqlite()).await;
}

fn sqlite() -> Vec<Many<SqlitePool>> {
    many! {
        "sqlite_author_of_each_comment" "a look-up for each comment that has an author" ("not every row needs one") => ["growing_queries"] 40 |pool, n| {
            let authors: Vec<Option<i64>> = sqlx::query_scalar("SELECT author_id FROM comment WHERE post_id = ? ORDER BY id").bind(n).fetch_all(&pool).await.unwrap();
            for author in authors.into_iter().flatten() {
                sqlx::query("SELECT name FROM author WHERE id = ?").bind(author).fetch_one(&pool).await.unwrap();
            }
        }
        "sqlite_authors_by_join" "comments with their authors in one query" ("the fix itself") => [] 40 |pool, n| {
            sqlx::query("SELECT c.id, a.name FROM comment c LEFT JOIN author a ON a.id = c.author_id WHERE c.post_id = ?").bind(n).fetch_all(&pool).await.unwrap();
        }
        "sqlite_categories" "all categories with every request" ("the menu of every page") => ["identical_reads"] 24 |pool, n| {
            sqlx::query("SELECT id, name FROM category ORDER BY id").fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT name FROM author WHERE id = ?").bind(n).fetch_one(&pool).await.unwrap();
        }
        "sqlite_author_by_id" "another author each time" ("nothing to cache") => [] 24 |pool, n| {
            sqlx::query("SELECT name FROM author WHERE id = ?").bind(n).fetch_one(&pool).await.unwrap();
        }
    }
}
