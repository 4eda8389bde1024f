//! Recorded on PostgreSQL: a shop and its worker, five faults and five requests that only look like
//! them. Written when the rules were done, to be held against them.

use std::time::Duration;

use silk_capture::sql::pool::PgPool;
use sqlx::{
    Executor as _, Postgres, QueryBuilder,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: &str = "
    drop schema if exists silk_findings_fresh cascade; create schema silk_findings_fresh;
    set search_path to silk_findings_fresh;
    create table product(id int primary key, code text);
    create table translation(product_id int, locale text, title text, primary key (product_id, locale));
    create table follow(follower int, followed int, primary key (follower, followed));
    create table notice(id int primary key, member_id int, is_read bool, at timestamptz, body text);
    create index on notice(member_id);
    create table task(id int primary key, state text, tries int);
    create table flag(name text primary key, is_on bool);
    create table allowance(name text primary key, n int);
    insert into product select i, 'p' || i from generate_series(1, 500) i;
    insert into translation select i, 'en', 't' || i from generate_series(1, 500) i;
    insert into translation select i, 'de', 'd' || i from generate_series(1, 500, 2) i;
    insert into follow select 7, i from generate_series(1, 400, 3) i;
    insert into notice select i, i % 10, i % 3 = 0, timestamptz '2026-01-01' + i * interval '1 minute', repeat('b', 40) from generate_series(1, 60000) i;
    insert into task select i, 'new', 0 from generate_series(1, 100) i;
    insert into flag select 'f' || i, i % 2 = 0 from generate_series(1, 20) i;
    insert into allowance values ('second', 0), ('minute', 0), ('hour', 0);
    analyze";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs PostgreSQL"]
async fn fresh_postgres() {
    let fixture = fixture();
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("search_path", "silk_findings_fresh"), ("jit", "off")]);
    let raw = PgPoolOptions::new()
        .max_connections(4)
        .min_connections(4)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(SCHEMA).await.unwrap();
    let pool = PgPool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, faults()).await;
    record_all(&fixture, &pool, harmless()).await;
}

/// The ids of products.
async fn products(pool: &PgPool, n: i64) -> Vec<i32> {
    sqlx::query_scalar("SELECT id FROM product ORDER BY id LIMIT $1")
        .bind(n)
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn title(pool: &PgPool, product: i32, locale: &str) -> Option<String> {
    sqlx::query_scalar("SELECT title FROM translation WHERE product_id = $1 AND locale = $2")
        .bind(product)
        .bind(locale)
        .fetch_optional(pool)
        .await
        .unwrap()
}

async fn default_title(pool: &PgPool, product: i32) -> String {
    sqlx::query_scalar("SELECT title FROM translation WHERE product_id = $1 AND locale = 'en'")
        .bind(product)
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn follows(pool: &PgPool, followed: i32) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM follow WHERE follower = $1 AND followed = $2)")
        .bind(7)
        .bind(followed)
        .fetch_one(pool)
        .await
        .unwrap()
}

fn faults() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "fresh_title_or_default" "the title of each of 60 products, and another look where there is none in German: one statement from two places" ("translations with a fallback") => ["repeated_statement"] |pool| {
            for product in products(&pool, 60).await {
                if title(&pool, product, "de").await.is_none() { default_title(&pool, product).await; }
            }
        }
        "fresh_followed_by_me" "whether I follow each of 50 members" ("button of a list of people") => ["repeated_statement"] |pool| {
            for member in products(&pool, 50).await { follows(&pool, member).await; }
        }
        "fresh_takes_a_task_and_works" "a task is locked, 200 ms of work, then it is done" ("worker of a queue") => ["idle_in_transaction"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            let id: i32 = sqlx::query_scalar("SELECT id FROM task WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED").fetch_one(&mut *tx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            sqlx::query("UPDATE task SET tries = tries + 1 WHERE id = $1").bind(id).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "fresh_counts_in_the_app" "4,000 unread notices are fetched for their number" ("badge of a menu") => ["unbounded_result"] |pool| {
            let unread = sqlx::query("SELECT * FROM notice WHERE member_id = $1 AND NOT is_read").bind(4).fetch_all(&pool).await.unwrap();
            assert!(unread.len() > 3_000);
        }
        "fresh_latest_notice" "the latest notice of a member, without LIMIT" ("fetch_optional and ORDER BY") => ["rows_unread"] |pool| {
            sqlx::query("SELECT id, body FROM notice WHERE member_id = $1 ORDER BY at DESC").bind(4).fetch_optional(&pool).await.unwrap();
        }
    }
}

fn harmless() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "fresh_titles_by_rows" "the titles of 60 products by rows of keys, 20 at a time" ("the fix of fresh_title_or_default") => [] |pool| {
            for some in products(&pool, 60).await.chunks(20) {
                let mut query = QueryBuilder::<Postgres>::new("SELECT product_id, title FROM translation WHERE (product_id, locale) IN ");
                query.push_tuples(some, |mut row, product| { row.push_bind(*product).push_bind("de"); });
                query.build().fetch_all(&pool).await.unwrap();
            }
        }
        "fresh_followed_of_three" "whether I follow each of three members" ("near miss of fresh_followed_by_me") => [] |pool| {
            for member in products(&pool, 3).await { follows(&pool, member).await; }
        }
        "fresh_task_of_queries" "a task is locked, and three queries of 50 ms are its work" ("near miss of fresh_takes_a_task_and_works") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            let id: i32 = sqlx::query_scalar("SELECT id FROM task WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED").fetch_one(&mut *tx).await.unwrap();
            sqlx::query("UPDATE task SET tries = tries + 1, state = 'at ' || pg_sleep(0.05)::text WHERE id = $1").bind(id).execute(&mut *tx).await.unwrap();
            sqlx::query("UPDATE task SET state = 'mid' || pg_sleep(0.05)::text WHERE id = $1").bind(id).execute(&mut *tx).await.unwrap();
            sqlx::query("UPDATE task SET state = 'end' || pg_sleep(0.05)::text WHERE id = $1").bind(id).execute(&mut *tx).await.unwrap();
            tx.rollback().await.unwrap();
        }
        "fresh_export_by_key" "6,000 notices of a member, 1,000 at a time by key" ("near miss of fresh_counts_in_the_app") => [] |pool| {
            let mut last = 0;
            for _ in 0..6 {
                let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM notice WHERE member_id = $1 AND id > $2 ORDER BY id LIMIT 1000").bind(4).bind(last).fetch_all(&pool).await.unwrap();
                last = ids.last().copied().unwrap_or(last);
            }
        }
        "fresh_flags_and_limits" "six flags, three limits counted, one member" ("near miss of small_writes and repeated_statement") => [] |pool| {
            for n in 1..=6 { sqlx::query("SELECT is_on FROM flag WHERE name = $1").bind(format!("f{n}")).fetch_one(&pool).await.unwrap(); }
            for name in ["second", "minute", "hour"] { sqlx::query("UPDATE allowance SET n = n + 1 WHERE name = $1").bind(name).execute(&pool).await.unwrap(); }
            sqlx::query("SELECT id, body FROM notice WHERE id = $1").bind(4).fetch_optional(&pool).await.unwrap();
        }
    }
}
