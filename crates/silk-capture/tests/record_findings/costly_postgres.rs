//! Recorded on PostgreSQL: queries that are written so that they cost more the more rows there are,
//! requests of very many queries, and what other services and caches do to a request.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use silk_capture::{SilkTracingLayer, sql::pool::PgPool};
use sqlx::{
    AssertSqlSafe, Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: &str = "
    drop schema if exists silk_findings_costly cascade; create schema silk_findings_costly;
    set search_path to silk_findings_costly;
    create table entry(id int primary key, account_id int, kind text, title text, created timestamptz);
    create table account(id int primary key, name text);
    create table blocked(account_id int);
    create table stock(id int primary key, n int);
    insert into entry select i, i % 4000, 'k' || i % 5, 'title ' || md5(i::text), timestamptz '2026-01-01' + i * interval '1 second' from generate_series(1, 600000) i;
    insert into account select i, 'n' || i from generate_series(1, 4000) i;
    insert into blocked select i from generate_series(2, 15000) i;
    insert into stock select i, 10 from generate_series(1, 100) i;
    analyze";

async fn raw_pool() -> sqlx::PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([
        ("search_path", "silk_findings_costly"),
        ("jit", "off"),
        // So that rows of a subquery do not fit into memory soon.
        ("work_mem", "64kB"),
    ]);
    PgPoolOptions::new()
        .max_connections(4)
        .min_connections(4)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs PostgreSQL"]
async fn costly_postgres() {
    let fixture = fixture();
    let raw = raw_pool().await;
    raw.execute(SCHEMA).await.unwrap();
    let pool = PgPool::new(fixture.recorder.clone(), raw);
    // Of what is recorded, only these have spans.
    let traced =
        tracing_subscriber::registry().with(SilkTracingLayer::new(fixture.recorder.clone()));
    record_all(&fixture, &pool, texts()).await;
    record_all(&fixture, &pool, rows()).await;
    record_all(&fixture, &pool, many()).await;
    let _guard = tracing::subscriber::set_default(traced);
    record_all(&fixture, &pool, spans()).await;
}

fn texts() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "costly_offset_bound" "page 20,000 of a list, by two columns" ("search engines read to the end") => ["deep_offset"] |pool| {
            sqlx::query("SELECT id, title FROM entry ORDER BY created DESC, id DESC LIMIT $1 OFFSET $2").bind(20_i64).bind(400_000_i64).fetch_all(&pool).await.unwrap();
        }
        "costly_offset_in_the_text" "OFFSET written by format!, in the order of the key" ("admin list, last page") => ["deep_offset"] |pool| {
            sqlx::query("SELECT id FROM entry ORDER BY id LIMIT 20 OFFSET 590000").fetch_all(&pool).await.unwrap();
        }
        "costly_offset_of_some" "a sort of all rows for the sixth page: not OFFSET costs" ("near miss of deep_offset") => ["slow_query"] |pool| {
            sqlx::query("SELECT id, repeat(title, 20) FROM entry ORDER BY md5(title) LIMIT $1 OFFSET $2").bind(20_i64).bind(100_i64).fetch_all(&pool).await.unwrap();
        }
        "costly_offset_is_quick" "OFFSET 2,000, which takes little" ("near miss of deep_offset") => [] |pool| {
            sqlx::query("SELECT id FROM entry ORDER BY id LIMIT $1 OFFSET $2").bind(20_i64).bind(2_000_i64).fetch_all(&pool).await.unwrap();
        }
        "costly_page_by_key" "the same page by key" ("the fix of deep_offset") => [] |pool| {
            sqlx::query("SELECT id FROM entry WHERE id > $1 ORDER BY id LIMIT $2").bind(590_000).bind(20_i64).fetch_all(&pool).await.unwrap();
        }
        "costly_count_of_all" "how many entries there are" ("page numbers below a list") => ["counts_everything"] |pool| {
            sqlx::query("SELECT count(*) FROM entry").fetch_one(&pool).await.unwrap();
        }
        "costly_count_of_some" "how many entries of a kind there are" ("page numbers below a filtered list") => ["counts_everything"] |pool| {
            sqlx::query("SELECT COUNT(*) AS \"n!\" FROM entry e WHERE e.kind = $1").bind("k1").fetch_one(&pool).await.unwrap();
        }
        "costly_count_capped" "up to a thousand" ("the fix of counts_everything") => [] |pool| {
            sqlx::query("SELECT count(*) FROM (SELECT 1 FROM entry LIMIT 1001) AS capped").fetch_one(&pool).await.unwrap();
        }
        "costly_count_of_few" "200 rows are counted" ("near miss of counts_everything") => [] |pool| {
            sqlx::query("SELECT count(*) FROM entry WHERE id <= $1").bind(200).fetch_one(&pool).await.unwrap();
        }
        "costly_count_of_different" "how many different titles there are" ("near miss of counts_everything") => ["slow_query"] |pool| {
            sqlx::query("SELECT count(DISTINCT title) FROM entry").fetch_one(&pool).await.unwrap();
        }
        "costly_like_bound" "a pattern that is bound: %…%" ("search box") => ["leading_wildcard"] |pool| {
            sqlx::query("SELECT id FROM entry WHERE title ILIKE $1 LIMIT 20").bind("%no such title%").fetch_all(&pool).await.unwrap();
        }
        "costly_like_in_the_text" "'%' || $1 || '%'" ("search box, the other way") => ["leading_wildcard"] |pool| {
            sqlx::query("SELECT id FROM entry WHERE title LIKE '%' || $1 || '%' ORDER BY id").bind("no such title").fetch_all(&pool).await.unwrap();
        }
        "costly_like_prefix" "a pattern that begins with a word, and sleeps" ("near miss of leading_wildcard") => ["slow_query"] |pool| {
            sqlx::query("SELECT id, pg_sleep(0.15) FROM account WHERE name LIKE $1 ORDER BY id LIMIT 1").bind("n399%").fetch_all(&pool).await.unwrap();
        }
        "costly_like_of_few" "a wildcard on 4,000 rows" ("near miss of leading_wildcard") => [] |pool| {
            sqlx::query("SELECT id FROM account WHERE name LIKE $1").bind("%99").fetch_all(&pool).await.unwrap();
        }
        "costly_not_in" "accounts that are in no row of blocked" ("anti-join by hand") => ["not_in_subquery"] |pool| {
            sqlx::query("SELECT id FROM account WHERE id NOT IN (SELECT account_id FROM blocked)").fetch_all(&pool).await.unwrap();
        }
        "costly_not_all" "the same, by <> ALL" ("anti-join by hand") => ["not_in_subquery"] |pool| {
            sqlx::query("SELECT a.id FROM account a WHERE a.id <> ALL (SELECT b.account_id FROM blocked b) ORDER BY a.id").fetch_all(&pool).await.unwrap();
        }
        "costly_not_in_of_few" "a subquery of five rows" ("near miss of not_in_subquery") => [] |pool| {
            sqlx::query("SELECT id FROM stock WHERE id NOT IN (SELECT account_id FROM blocked WHERE account_id < 7)").fetch_all(&pool).await.unwrap();
        }
        "costly_not_exists" "the same by NOT EXISTS" ("the fix of not_in_subquery") => [] |pool| {
            sqlx::query("SELECT id FROM account WHERE NOT EXISTS (SELECT 1 FROM blocked WHERE blocked.account_id = account.id)").fetch_all(&pool).await.unwrap();
        }
    }
}

fn rows() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "costly_all_accounts" "4,000 rows for a list" ("findAll()") => ["unbounded_result"] |pool| {
            sqlx::query("SELECT * FROM account ORDER BY name").fetch_all(&pool).await.unwrap();
        }
        "costly_all_since" "20,000 rows since a day" ("feed without an end") => ["unbounded_result"] |pool| {
            sqlx::query("SELECT id, title FROM entry WHERE id > $1").bind(580_000).fetch_all(&pool).await.unwrap();
        }
        "costly_rows_by_limit" "3,000 rows, by LIMIT" ("near miss of unbounded_result") => [] |pool| {
            sqlx::query("SELECT id FROM entry ORDER BY id LIMIT 3000").fetch_all(&pool).await.unwrap();
        }
        "costly_rows_by_list" "2,000 rows, by a list of keys" ("near miss of unbounded_result") => [] |pool| {
            let ids: Vec<i32> = (1..=2_000).collect();
            sqlx::query("SELECT id FROM account WHERE id = ANY($1)").bind(ids).fetch_all(&pool).await.unwrap();
        }
        "costly_rows_of_a_day" "2,000 rows between two times" ("near miss of unbounded_result") => [] |pool| {
            sqlx::query("SELECT id, n FROM (SELECT id, account_id AS n FROM entry) AS e WHERE id BETWEEN $1 AND $2").bind(1_001).bind(3_000).fetch_all(&pool).await.unwrap();
        }
        "costly_rows_as_they_come" "an export: 4,000 rows, each written as it comes" ("near miss of unbounded_result") => [] |pool| {
            let mut rows = sqlx::query("SELECT id, name FROM account").fetch(&pool);
            let mut n = 0_u64;
            while let Some(_row) = rows.try_next().await.unwrap() {
                n += 1;
                if n.is_multiple_of(500) { tokio::time::sleep(Duration::from_millis(10)).await; }
            }
        }
    }
}

/// Statements that differ, as the parts of a page do.
async fn part(pool: &PgPool, n: i32, id: i32, table: &str) {
    let sql = format!("SELECT max(id) AS part{n} FROM {table} WHERE id <= $1");
    sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_all(pool)
        .await
        .unwrap();
}

fn many() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "costly_page_of_parts" "60 queries of 20 kinds" ("dashboard of widgets") => ["too_many_queries"] |pool| {
            for round in 0..3 { for n in 0..20 { part(&pool, n, round, "stock").await; } }
        }
        "costly_loops_of_seven" "9 loops of 7" ("a list of seven, nine look-ups for each") => ["too_many_queries"] |pool| {
            for id in 0..7 { for n in 0..9 { part(&pool, n, id, "account").await; } }
        }
        "costly_page_of_thirty" "30 queries of 30 kinds" ("near miss of too_many_queries") => [] |pool| {
            for n in 0..30 { part(&pool, n, n, "stock").await; }
        }
        "costly_loop_and_some" "a loop of 60, and 20 others" ("near miss of too_many_queries") => ["repeated_statement"] |pool| {
            for id in 1..=60 { sqlx::query("SELECT name FROM account WHERE id = $1").bind(id).fetch_one(&pool).await.unwrap(); }
            for n in 0..20 { part(&pool, n, n, "stock").await; }
        }
        "costly_migration" "60 settings, which read no table" ("near miss of too_many_queries") => [] |pool| {
            for n in 0..60 { sqlx::query(AssertSqlSafe(format!("SET silk.part{n} = '{n}'"))).execute(&pool).await.unwrap(); }
        }
    }
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

fn spans() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "foreign_http" "a payment is asked for within a transaction" ("reqwest-tracing") => ["foreign_wait"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE stock SET n = n - 1 WHERE id = $1").bind(1).execute(&mut *tx).await.unwrap();
            let call = tracing::info_span!("HTTP request", http.request.method = "POST", server.address = "pay.example", otel.kind = "client");
            pause(150).instrument(call).await;
            sqlx::query("UPDATE stock SET n = n + 1 WHERE id = $1").bind(2).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "foreign_grpc" "two calls of 30 ms before COMMIT" ("tonic with OpenTelemetry's names") => ["foreign_wait"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE stock SET n = n - 1 WHERE id = $1").bind(1).execute(&mut *tx).await.unwrap();
            for _ in 0..2 {
                let call = tracing::info_span!("rpc", rpc.system = "grpc", rpc.service = "mail.Mail", rpc.method = "Send", otel.kind = "Client");
                pause(30).instrument(call).await;
            }
            tx.commit().await.unwrap();
        }
        "foreign_after_commit" "the call comes after COMMIT" ("the fix of foreign_wait") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE stock SET n = n - 1 WHERE id = $1").bind(1).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            let call = tracing::info_span!("HTTP request", http.request.method = "POST", server.address = "pay.example", otel.kind = "client");
            pause(150).instrument(call).await;
        }
        "foreign_beside_a_query" "a call while a query of the transaction runs" ("near miss of foreign_wait") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            let call = tracing::info_span!("HTTP request", http.request.method = "GET", server.address = "rates.example", otel.kind = "client");
            let query = sqlx::query("SELECT pg_sleep(0.08) FROM stock WHERE id = $1").bind(1).execute(&mut *tx);
            let (done, ()) = tokio::join!(query, pause(60).instrument(call));
            done.unwrap();
            tx.commit().await.unwrap();
        }
        "foreign_is_the_app" "the app works 150 ms in a function of its own" ("near miss of foreign_wait") => ["idle_in_transaction"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE stock SET n = n - 1 WHERE id = $1").bind(1).execute(&mut *tx).await.unwrap();
            pause(150).instrument(tracing::info_span!("render_invoice", pages = 3)).await;
            tx.commit().await.unwrap();
        }
        "cache_of_nothing" "38 of 40 look-ups miss" ("cache.get, by Sentry's names") => ["cache_misses"] |pool| {
            sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_one(&pool).await.unwrap();
            for n in 0..40 {
                let span = tracing::info_span!("cache.get", cache.key = "account", cache.hit = tracing::field::Empty);
                async { pause(1).await; tracing::Span::current().record("cache.hit", n >= 38); }.instrument(span).await;
            }
        }
        "cache_redis_misses" "all of 20 look-ups in Redis miss" ("a key with the time in it") => ["cache_misses"] |pool| {
            sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_one(&pool).await.unwrap();
            for _ in 0..20 {
                let span = tracing::info_span!("GET", db.system.name = "redis", otel.kind = "client", cache.hit = false);
                pause(1).instrument(span).await;
            }
        }
        "cache_hits" "36 of 40 look-ups hit" ("near miss of cache_misses") => [] |pool| {
            sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_one(&pool).await.unwrap();
            for n in 0..40 {
                let span = tracing::info_span!("cache.get", cache.key = "account", cache.hit = n % 10 != 0);
                pause(1).instrument(span).await;
            }
        }
        "cache_says_nothing" "40 GETs of Redis, which do not tell what came" ("near miss of cache_misses") => [] |pool| {
            sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_one(&pool).await.unwrap();
            for _ in 0..40 {
                let span = tracing::info_span!("GET", db.system.name = "redis", otel.kind = "client");
                pause(1).instrument(span).await;
            }
        }
        "cache_looked_up_twice" "two look-ups miss" ("near miss of cache_misses") => [] |pool| {
            sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_one(&pool).await.unwrap();
            for _ in 0..2 {
                let span = tracing::info_span!("cache.get", cache.key = "account", cache.hit = false);
                pause(3).instrument(span).await;
            }
        }
    }
}
