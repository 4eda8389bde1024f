//! Recorded on PostgreSQL.

use std::time::Duration;

use futures_util::{StreamExt as _, future::try_join_all};
use silk_capture::sql::pool::PgPool;
use sqlx::{
    Executor as _, Postgres, QueryBuilder, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: &str = "
    drop schema if exists silk_findings cascade; create schema silk_findings;
    set search_path to silk_findings;
    create table person(id int primary key, name text, email text, active bool);
    create table message(id int primary key, person_id int, body text);
    create table attachment(id int primary key, message_id int, name text);
    create table setting(name text primary key, content text);
    create table job(id int primary key, state text);
    create table node(id int primary key, parent_id int, name text);
    create table thing(id int primary key, name text, n int);
    create table stock(id int primary key, n int);
    create table photo(id int primary key); create table video(id int primary key);
    create table note(id int primary key); create table page(id int primary key);
    create table album(id int primary key); create table story(id int primary key);
    create function pause(text) returns text language sql volatile as
        $$ select pg_sleep(case $1 when 'half' then 0.06 else 0.12 end)::text $$;
    insert into person select i, 'n' || i, 'e' || i, i % 2 = 0 from generate_series(1, 2000) i;
    insert into message select i, i, 'body ' || i from generate_series(1, 2000) i;
    insert into attachment select i, i / 3, 'a' from generate_series(1, 3000) i;
    insert into setting values ('theme', 'dark'), ('locale', 'de');
    insert into job values (1, 'running');
    insert into node select i, nullif(i - 1, 0), 'n' from generate_series(1, 200) i;
    insert into stock select i, 0 from generate_series(1, 200) i;
    analyze";

async fn pool(fixture: &super::Fixture) -> PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("search_path", "silk_findings"), ("jit", "off")]);
    let raw = PgPoolOptions::new()
        .max_connections(10)
        .min_connections(10)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(SCHEMA).await.unwrap();
    for tenant in 1..=12 {
        let sql = format!(
            "drop schema if exists silk_findings_{tenant} cascade; create schema silk_findings_{tenant};
             create table silk_findings_{tenant}.member(id int primary key, name text);
             insert into silk_findings_{tenant}.member select i, 'm' from generate_series(1, 500) i"
        );
        raw.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    PgPool::new(fixture.recorder.clone(), raw)
}

async fn people(pool: &PgPool, n: i32) -> Vec<i32> {
    sqlx::query_scalar("SELECT id FROM message ORDER BY id LIMIT $1")
        .bind(n)
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn person(pool: &PgPool, id: i32) -> Option<String> {
    sqlx::query_scalar("SELECT name FROM person WHERE id = $1")
        .bind(id)
        .fetch_optional(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs PostgreSQL"]
async fn postgres() {
    let fixture = fixture();
    let pool = pool(&fixture).await;
    record_all(&fixture, &pool, loops()).await;
    record_all(&fixture, &pool, more_loops()).await;
    record_all(&fixture, &pool, harmless()).await;
    record_all(&fixture, &pool, others()).await;
}

fn loops() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "classic_100_rows" "100 messages, and the person of each" ("the textbook's; peers all have it") => ["repeated_statement"] |pool| {
            for id in people(&pool, 100).await { person(&pool, id).await; }
        }
        "two_in_one_loop" "each row asks two tables" ("getsentry/sentry#41219") => ["repeated_statement", "repeated_statement"] |pool| {
            for id in people(&pool, 60).await {
                person(&pool, id).await;
                sqlx::query("SELECT id, name FROM attachment WHERE message_id = $1").bind(id).fetch_all(&pool).await.unwrap();
            }
        }
        "interleaved_with_pings" "a ping before each" ("getsentry/sentry#93090") => ["repeated_statement"] |pool| {
            for id in people(&pool, 60).await { sqlx::query("SELECT 1").execute(&pool).await.unwrap(); person(&pool, id).await; }
        }
        "concurrent_50" "50 at once over 10 connections" ("getsentry/sentry#50079") => ["repeated_statement"] |pool| {
            let ids = people(&pool, 50).await;
            try_join_all(ids.into_iter().map(|id| sqlx::query("SELECT name, pg_sleep(0.01) FROM person WHERE id = $1").bind(id).fetch_all(&pool))).await.unwrap();
        }
        "concurrent_pairs" "two at a time" ("getsentry/sentry#49805") => ["repeated_statement"] |pool| {
            for pair in people(&pool, 60).await.chunks(2) { tokio::join!(person(&pool, pair[0]), person(&pool, pair[1])); }
        }
        "several_sources" "three queries before the loop" ("getsentry/sentry#38862") => ["repeated_statement"] |pool| {
            sqlx::query("SELECT name, content FROM setting").fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT count(*) FROM person").fetch_all(&pool).await.unwrap();
            for id in people(&pool, 40).await { person(&pool, id).await; }
        }
        "literals_in_the_text" "values written into the text, no binds" ("jazzband/django-silk#398") => ["repeated_statement", "built_sql"] |pool| {
            for id in people(&pool, 100).await {
                let sql = format!("SELECT name FROM person WHERE id = {id}");
                sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            }
        }
        "literal_and_constant_bind" "the literal varies, the bound value is always 7" ("case 06") => ["repeated_statement"] |pool| {
            for id in people(&pool, 60).await {
                let sql = format!("SELECT name FROM person WHERE id = {id} AND id > $1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(7).fetch_all(&pool).await.unwrap();
            }
        }
        "two_sites_of_one_query" "6 calls here and 6 there" ("case 06") => ["repeated_statement"] |pool| {
            for id in 1..=6 { sqlx::query("SELECT email FROM person WHERE id = $1").bind(id).fetch_all(&pool).await.unwrap(); }
            for id in 7..=12 { sqlx::query("SELECT email FROM person WHERE id = $1").bind(id).fetch_all(&pool).await.unwrap(); }
        }
        "count_per_row" "a COUNT for each row" ("flyerhzm/bullet#642") => ["repeated_statement"] |pool| {
            for id in people(&pool, 50).await { sqlx::query("SELECT count(*) FROM attachment WHERE message_id = $1").bind(id).fetch_one(&pool).await.unwrap(); }
        }
        "nothing_found" "20 look-ups that find nothing" ("jmcarp/nplusone#13") => ["repeated_statement"] |pool| {
            for id in people(&pool, 20).await { person(&pool, id + 100_000).await; }
        }
        "prefetch_per_row" "a short list for each row, of other lengths" ("jmcarp/nplusone#50") => ["repeated_statement"] |pool| {
            for id in people(&pool, 40).await {
                let mut query = QueryBuilder::<Postgres>::new("SELECT id FROM attachment WHERE message_id IN (");
                let mut list = query.separated(", ");
                for k in 0..=(id % 4) { list.push_bind(id + k); }
                query.push(")");
                query.build().fetch_all(&pool).await.unwrap();
            }
        }
        "prefetch_any_per_row" "a short array for each row" ("taobojlen/django-zeal#57") => ["repeated_statement"] |pool| {
            for id in people(&pool, 40).await {
                let ids: Vec<i32> = (0..=(id % 3)).map(|k| id + k).collect();
                sqlx::query("SELECT id FROM attachment WHERE message_id = ANY($1)").bind(ids).fetch_all(&pool).await.unwrap();
            }
        }
        "search_path_per_tenant" "another search_path, the same text" ("apartment; PostgreSQL 18") => ["repeated_statement"] |pool| {
            let mut connection = pool.acquire().await.unwrap();
            for tenant in 1..=12 {
                let set = format!("SET search_path = silk_findings_{tenant}");
                sqlx::query(sqlx::AssertSqlSafe(set)).execute(&mut *connection).await.unwrap();
                sqlx::query("SELECT id, name FROM member").fetch_all(&mut *connection).await.unwrap();
            }
            sqlx::query("SET search_path = silk_findings").execute(&mut *connection).await.unwrap();
        }
        "tenant_in_the_table" "the tenant stands in the table's name" ("apartment") => ["repeated_statement"] |pool| {
            for tenant in 1..=12 {
                let sql = format!("SELECT id, name FROM silk_findings_{tenant}.member");
                sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            }
        }
        "booleans_in_the_text" "9 with TRUE, 9 with FALSE" ("Relay connections") => ["repeated_statement"] |pool| {
            for id in 1..=9 {
                sqlx::query("SELECT name FROM person WHERE id = $1 AND active = TRUE").bind(id).fetch_all(&pool).await.unwrap();
                sqlx::query("SELECT name FROM person WHERE id = $1 AND active = FALSE").bind(id).fetch_all(&pool).await.unwrap();
            }
        }
    }
}

fn more_loops() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "cache_hits_40_of_100" "a cache answers 60 of 100" ("peers: counts less than rows") => ["repeated_statement"] |pool| {
            let mut seen = std::collections::HashSet::new();
            for id in people(&pool, 100).await { if seen.insert(id % 40) { person(&pool, id % 40 + 1).await; } }
        }
        "source_with_fewer_rows" "10 rows, three look-ups for each" ("peers") => ["repeated_statement"] |pool| {
            for id in people(&pool, 10).await { for k in 0..3 { person(&pool, id * 3 + k).await; } }
        }
        "loop_over_a_stream" "a query for each row of a stream" ("getsentry/sentry#6576") => ["repeated_statement"] |pool| {
            let mut rows = sqlx::query("SELECT id FROM message ORDER BY id LIMIT 40").fetch(&pool);
            while let Some(row) = rows.next().await { person(&pool, row.unwrap().get(0)).await; }
        }
        "sqlcommenter" "a comment of its own on each" ("google/sqlcommenter") => ["repeated_statement"] |pool| {
            for id in people(&pool, 40).await {
                let sql = format!("SELECT name FROM person WHERE id = $1 /*traceparent='00-{id:032x}-{id:016x}-01'*/");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(&pool).await.unwrap();
            }
        }
        "five_rows_in_development" "five rows, by setting" ("prosopite and zeal flag 2, Sentry 5") => ["repeated_statement"] { min_calls: 5, min_lost_us: 0 } |pool| {
            for id in people(&pool, 5).await { person(&pool, id).await; }
        }
        "top_3_of_each" "the last attachments of each message" ("the textbook's LATERAL") => ["repeated_statement"] |pool| {
            for id in people(&pool, 30).await { sqlx::query("SELECT id FROM attachment WHERE message_id = $1 ORDER BY id DESC LIMIT 3").bind(id).fetch_all(&pool).await.unwrap(); }
        }
        "insert_per_row" "30 INSERTs in a transaction" ("cases/apps/03") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=30 { sqlx::query("INSERT INTO thing(id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING").bind(id).bind(format!("t{id}")).execute(&mut *tx).await.unwrap(); }
            tx.rollback().await.unwrap();
        }
        "insert_returning_per_row" "INSERT … RETURNING, each committed by itself" ("peers: SELECT only") => ["small_writes"] |pool| {
            for id in 1000..1030 { sqlx::query("INSERT INTO thing(id, name) VALUES ($1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y' RETURNING id").bind(id).fetch_one(&pool).await.unwrap(); }
        }
        "update_per_row" "an UPDATE for each row" ("peers: SELECT only") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=40 { sqlx::query("UPDATE stock SET n = $2 WHERE id = $1").bind(id).bind(id * 2).execute(&mut *tx).await.unwrap(); }
            tx.commit().await.unwrap();
        }
        "same_values_100" "the same settings 100 times" ("jazzband/django-silk#738") => ["same_query"] |pool| {
            for _ in 0..100 { sqlx::query("SELECT content FROM setting WHERE name = $1").bind("theme").fetch_all(&pool).await.unwrap(); }
        }
        "same_text_without_values" "nothing in the text can vary" ("django-debug-toolbar#995") => ["same_query"] |pool| {
            for _ in 0..40 { sqlx::query("SELECT name, content FROM setting").fetch_all(&pool).await.unwrap(); }
        }
        "two_values_100_times" "two different values, 100 calls" ("laravel/telescope#1148") => ["same_query"] |pool| {
            for n in 0..100 { person(&pool, n % 2 + 1).await; }
        }
        "independent_slow_queries" "three reports of a dashboard, one after the other" ("getsentry/sentry#41565") => ["serial_queries", "slow_query", "slow_query", "slow_query"] |pool| {
            sqlx::query("SELECT count(*), pause('dashboard') FROM setting").fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT max(id), pause('dashboard') FROM person").fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT max(id), pause('dashboard') FROM message").fetch_all(&pool).await.unwrap();
        }
        "independent_by_the_same_key" "two lists of one person" ("getsentry/sentry#41943") => ["serial_queries"] |pool| {
            sqlx::query("SELECT id, body, pause('half') FROM message WHERE person_id < $1 LIMIT 1").bind(9).fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT id, name, pause('half') FROM attachment WHERE message_id < $1 LIMIT 1").bind(9).fetch_all(&pool).await.unwrap();
        }
    }
}

fn harmless() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "pings_alone" "40 pings" ("getsentry/sentry#101217") => [] |pool| {
            for _ in 0..40 { sqlx::query("SELECT 1").execute(&pool).await.unwrap(); }
        }
        "takes_no_time" "12 short look-ups in a second of work" ("getsentry/sentry#49998") => [] |pool| {
            for id in 1..=12 { person(&pool, id).await; }
            tokio::time::sleep(Duration::from_millis(2500)).await;
        }
        "find_1_find_2" "two look-ups" ("laravel/telescope#1148") => [] |pool| {
            person(&pool, 1).await; person(&pool, 2).await;
        }
        "chunks_of_100" "12 chunks, ANY with 100 ids each" ("charkost/prosopite#64") => [] |pool| {
            let ids: Vec<i32> = (1..=1200).collect();
            for chunk in ids.chunks(100) { sqlx::query("SELECT id, name FROM person WHERE id = ANY($1)").bind(chunk).fetch_all(&pool).await.unwrap(); }
        }
        "chunks_in_lists" "12 chunks, IN with 50 ids each" ("case 06") => [] |pool| {
            let ids: Vec<i32> = (1..=580).collect();
            for chunk in ids.chunks(50) {
                let mut query = QueryBuilder::<Postgres>::new("SELECT id, name FROM person WHERE id IN (");
                let mut list = query.separated(", ");
                for id in chunk { list.push_bind(id); }
                query.push(")");
                query.build().fetch_all(&pool).await.unwrap();
            }
        }
        "one_of_three" "one of three loaded" ("flyerhzm/bullet#324") => [] |pool| {
            people(&pool, 3).await; person(&pool, 2).await;
        }
        "one_and_one" "a row, and what belongs to it" ("flyerhzm/bullet#416, jmcarp/nplusone#10") => [] |pool| {
            sqlx::query("SELECT id FROM message WHERE id = $1").bind(1).fetch_all(&pool).await.unwrap(); person(&pool, 1).await;
        }
        "singly_and_in_a_list" "one record by itself and in a list" ("jmcarp/nplusone#11, #15") => [] |pool| {
            person(&pool, 1).await; people(&pool, 20).await; person(&pool, 1).await;
        }
        "helper_twice" "the same helper twice" ("beyondcode/laravel-query-detector#85") => [] |pool| {
            person(&pool, 4).await; person(&pool, 4).await;
        }
        "helper_three_times" "one helper for three people" ("beyondcode/laravel-query-detector#80") => [] |pool| {
            for id in 1..=3 { person(&pool, id).await; }
        }
        "bulk_inserts" "12 INSERTs of many rows, other counts" ("Percona; Rails") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 1..=12 {
                let mut query = QueryBuilder::<Postgres>::new("INSERT INTO thing(id, name) ");
                query.push_values((0..n * 5).map(|k| n * 10_000 + k), |mut row, id| { row.push_bind(id).push_bind("x"); });
                query.build().execute(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "bulk_by_unnest" "12 INSERTs by UNNEST" ("the fix itself") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 1..=12 {
                let ids: Vec<i32> = (n * 10_000..n * 10_000 + 50).collect();
                sqlx::query("INSERT INTO thing(id) SELECT * FROM UNNEST($1::int[])").bind(ids).execute(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "chunked_deletes" "a DELETE of 50 rows, 12 times" ("Rails in_batches") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..12 { sqlx::query("DELETE FROM attachment WHERE id > $1 AND id <= $2").bind(n * 50).bind(n * 50 + 50).execute(&mut *tx).await.unwrap(); }
            tx.rollback().await.unwrap();
        }
        "savepoints" "a savepoint around each of 12 reads of one row" ("Rails") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..12 {
                let sql = format!("SAVEPOINT active_record_{n}");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
                let sql = format!("RELEASE SAVEPOINT active_record_{n}");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        "polymorphic" "12 tables, one query of each" ("Rails") => [] |pool| {
            for table in ["person", "message", "attachment", "job", "node", "thing", "stock", "photo", "video", "note", "page", "album", "story"] {
                let sql = format!("SELECT * FROM {table} WHERE id = $1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(1).fetch_all(&pool).await.unwrap();
            }
        }
        "validations" "12 different checks" ("Rails") => [] |pool| {
            for column in ["id", "name", "email", "active"] { for other in ["id", "name", "email"] {
                let sql = format!("SELECT 1 AS one FROM person WHERE {column}::text = $1 AND {other}::text <> $1 LIMIT 1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind("n7").fetch_all(&pool).await.unwrap();
            } }
        }
        "pages_by_key" "12 pages by key" ("Rails find_each") => [] |pool| {
            let mut last = 0;
            for _ in 0..12 {
                let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM person WHERE id > $1 ORDER BY id LIMIT 100").bind(last).fetch_all(&pool).await.unwrap();
                last = *ids.last().unwrap();
            }
        }
        "pages_by_two_keys" "12 pages by time and key" ("keyset pagination") => [] |pool| {
            let mut last = (String::new(), 0);
            for _ in 0..12 {
                let rows = sqlx::query("SELECT body, id FROM message WHERE body > $1 OR (body = $1 AND id > $2) ORDER BY body, id LIMIT 50").bind(&last.0).bind(last.1).fetch_all(&pool).await.unwrap();
                let row = rows.last().unwrap();
                last = (row.get(0), row.get(1));
            }
        }
        "pages_by_offset" "12 pages by offset" ("Rails in_batches") => [] |pool| {
            for page in 0..12_i64 { sqlx::query("SELECT id FROM person ORDER BY id LIMIT 100 OFFSET $1").bind(page * 100).fetch_all(&pool).await.unwrap(); }
        }
        "ranges_of_ids" "12 ranges of 100 ids" ("Rails in_batches") => [] |pool| {
            for n in 0..12 { sqlx::query("SELECT id, name FROM person WHERE id > $1 AND id <= $2").bind(n * 100).bind(n * 100 + 100).fetch_all(&pool).await.unwrap(); }
        }
        "functions" "nextval and now" ("case 06") => [] |pool| {
            sqlx::query("CREATE SEQUENCE IF NOT EXISTS numbers").execute(&pool).await.unwrap();
            for _ in 0..50 { sqlx::query("SELECT nextval('numbers'), now()").fetch_all(&pool).await.unwrap(); }
        }
        "locks_and_settings" "an advisory lock and a setting for each of 20" ("issue 8") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=20_i64 {
                sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(id).execute(&mut *tx).await.unwrap();
                sqlx::query("SELECT set_config('silk.tenant', $1, true)").bind(id.to_string()).execute(&mut *tx).await.unwrap();
                sqlx::query("SELECT n FROM stock WHERE id = $1 FOR UPDATE").bind(i32::try_from(id).unwrap()).fetch_all(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "walk_up_a_tree" "20 steps up a tree" ("issue 8") => [] |pool| {
            let mut at = Some(20);
            while let Some(id) = at {
                at = sqlx::query_scalar("SELECT parent_id FROM node WHERE id = $1").bind(id).fetch_one(&pool).await.unwrap();
            }
        }
        "polling" "waits for a job, a look each 20 ms" ("issue 8") => [] |pool| {
            for _ in 0..20 {
                sqlx::query("SELECT state FROM job WHERE id = $1").bind(1).fetch_all(&pool).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        "read_after_write" "a read after each write of the same row" ("issue 8") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 1..=20 {
                sqlx::query("UPDATE stock SET n = $2 WHERE id = $1").bind(1).bind(n).execute(&mut *tx).await.unwrap();
                sqlx::query("SELECT n FROM stock WHERE id = $1").bind(1).fetch_all(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "random_row" "a random row, 12 times" ("volatile") => [] |pool| {
            for _ in 0..12 { sqlx::query("SELECT id FROM setting, person ORDER BY random() LIMIT 1").fetch_all(&pool).await.unwrap(); }
        }
    }
}

fn others() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "slow_query" "one query of 150 ms" ("pages A1") => ["slow_query"] |pool| {
            sqlx::query("SELECT name, pg_sleep(0.15) FROM setting LIMIT 1").fetch_all(&pool).await.unwrap();
        }
        "slow_reader" "the app takes its time between rows" ("near miss of slow_query") => [] |pool| {
            let mut rows = sqlx::query("SELECT id FROM message ORDER BY id LIMIT 10").fetch(&pool);
            while rows.next().await.is_some() { tokio::time::sleep(Duration::from_millis(20)).await; }
        }
        "dependent_slow_queries" "the second needs what the first found" ("near miss of serial_queries") => [] |pool| {
            let id: i32 = sqlx::query_scalar("SELECT id FROM message, pause('half') WHERE body = $1").bind("body 7").fetch_one(&pool).await.unwrap();
            sqlx::query("SELECT name FROM attachment, pause('half') WHERE message_id = $1").bind(id).fetch_all(&pool).await.unwrap();
        }
        "in_a_transaction" "two slow reads in one transaction" ("near miss of serial_queries") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT count(*), pause('half') FROM setting").fetch_all(&mut *tx).await.unwrap();
            sqlx::query("SELECT max(id), pause('half') FROM person").fetch_all(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "checks_first" "whether it goes on is decided by the first" ("near miss of serial_queries") => [] |pool| {
            sqlx::query("SELECT id, pause('half') FROM person WHERE id = $1").bind(3).fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT body, pause('half') FROM message WHERE person_id = $1").bind(3).fetch_all(&pool).await.unwrap();
        }
        "insert_by_string" "INSERTs with values in the text" ("issue 8") => ["small_writes", "built_sql"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=20 {
                let sql = format!("INSERT INTO thing(id, name) VALUES ({id}, 'thing {id}') ON CONFLICT DO NOTHING");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "constant_texts" "three constant texts of one shape" ("near miss of built_sql") => [] |pool| {
            for _ in 0..2 { for state in ["SELECT id FROM job WHERE state = 'new'", "SELECT id FROM job WHERE state = 'open'", "SELECT id FROM job WHERE state = 'done'"] {
                sqlx::query(state).fetch_all(&pool).await.unwrap();
            } }
        }
        "timeout" "given up after 100 ms" ("sqlx#2276") => ["abandoned_query"] |pool| {
            let slow = sqlx::query("SELECT name, pg_sleep(0.3) FROM setting LIMIT 1").fetch_all(&pool);
            let _late = tokio::time::timeout(Duration::from_millis(100), slow).await;
        }
        "stream_stopped" "two rows of a slow stream" ("near the LIMIT that is missing") => ["abandoned_query"] |pool| {
            let mut rows = sqlx::query("SELECT i, pg_sleep(0.01) FROM generate_series(1, 50) i, setting WHERE name = 'theme'").fetch(&pool);
            rows.next().await; rows.next().await;
        }
        "stream_stopped_at_once" "the first row of a short stream" ("near miss of abandoned_query") => [] |pool| {
            let mut rows = sqlx::query("SELECT id FROM message ORDER BY id LIMIT 5").fetch(&pool);
            rows.next().await;
        }
        "blocked" "150 ms of work after a query" ("pages A4") => ["blocked_executor"] |pool| {
            people(&pool, 10).await;
            std::thread::sleep(Duration::from_millis(150));
        }
        "blocked_at_once" "80 ms of work, no query" ("pages A4") => ["blocked_executor"] |_pool| {
            std::thread::sleep(Duration::from_millis(80));
        }
        "short_polls" "the same work with awaits in between" ("near miss of blocked_executor") => [] |pool| {
            people(&pool, 10).await;
            for _ in 0..15 { std::thread::sleep(Duration::from_millis(10)); tokio::task::yield_now().await; }
        }
        "fails_with_500" "a duplicate key, answered by a 500" ("pages A6") => ["failed_query"] |pool| {
            let failed = sqlx::query("INSERT INTO person(id, name) VALUES ($1, $2)").bind(1).bind("x").execute(&pool).await;
            if failed.is_err() { return http::StatusCode::INTERNAL_SERVER_ERROR; }
        }
        "fails_and_goes_on" "a duplicate key that the app expects" ("issue 8") => ["failed_query"] |pool| {
            let _known = sqlx::query("INSERT INTO person(id, name) VALUES ($1, $2)").bind(1).bind("x").execute(&pool).await;
        }
        "no_row" "fetch_one without a row" ("near miss of failed_query") => [] |pool| {
            let none = sqlx::query("SELECT name FROM person WHERE id = $1").bind(-1).fetch_one(&pool).await;
            if none.is_err() { return http::StatusCode::NOT_FOUND; }
        }
        "many_rows_for_one" "fetch_one of a query with 2,000 rows" ("cases/pool/02") => ["rows_unread"] |pool| {
            sqlx::query("SELECT id, name FROM person ORDER BY id").fetch_one(&pool).await.unwrap();
        }
        "many_rows_for_an_option" "fetch_optional of 300 rows" ("cases/pool/02") => ["rows_unread"] |pool| {
            sqlx::query("SELECT id FROM message WHERE id <= $1").bind(300).fetch_optional(&pool).await.unwrap();
        }
        "one_row_for_one" "fetch_one with LIMIT 1" ("near miss of rows_unread") => [] |pool| {
            sqlx::query("SELECT id, name FROM person ORDER BY id LIMIT 1").fetch_one(&pool).await.unwrap();
        }
        "two_rows_for_one" "a second row, to see that there is none" ("near miss of rows_unread") => [] |pool| {
            sqlx::query("SELECT id, name FROM person ORDER BY id LIMIT 2").fetch_optional(&pool).await.unwrap();
        }
        "no_connection_free" "all ten are held for 200 ms" ("sqlx#3241") => ["connection_wait"] |pool| {
            let mut held = Vec::new();
            while held.len() < 10 { held.push(pool.acquire().await.unwrap()); }
            tokio::spawn(async move { tokio::time::sleep(Duration::from_millis(200)).await; drop(held); });
            person(&pool, 1).await;
        }
        "panics" "an unwrap of nothing" ("pages A6") => ["panic"] |pool| {
            let name = person(&pool, -1).await;
            assert!(name.is_some(), "person -1 must exist");
        }
        "panics_at_once" "a panic before any query" ("pages A6") => ["panic"] |_pool| {
            panic!("on purpose");
        }
    }
}
