//! Recorded on PostgreSQL: habits of real apps and libraries, each with the verdict that somebody
//! who has looked at many slow requests would give. The rule listed first is the first line.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use http::StatusCode;
use silk_capture::sql::pool::PgPool;
use sqlx::{
    Executor as _, Postgres, QueryBuilder, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: &str = "
    drop schema if exists silk_findings_apps cascade; create schema silk_findings_apps;
    set search_path to silk_findings_apps;
    create table account(id int primary key, tenant_id int, name text unique, role text, version int);
    create table article(id int primary key, account_id int, title text, created timestamptz);
    create table comment(id int primary key, article_id int, account_id int, body text);
    create index on comment(article_id);
    create table tag(id serial primary key, name text unique);
    create table article_tag(article_id int, tag_id int, primary key (article_id, tag_id));
    create table event(id int primary key, account_id int, kind text, at timestamptz);
    create table job(id int primary key, state text, payload text);
    create table category(id int primary key, parent_id int, name text);
    create index on category(parent_id);
    create table counter(id int primary key, n int);
    create table setting(name text primary key, content text);
    create table audit(id serial primary key, what text);
    create table member(account_id int primary key, tenant_id int);
    create sequence invoice_number;
    create function slow_check() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.25); return null; end $$;
    create table ledger(id int primary key, amount int);
    create constraint trigger balance after insert on ledger deferrable initially deferred
        for each row execute function slow_check();
    create function report(text) returns text language sql volatile as
        $$ select pg_sleep(0.07)::text || $1 $$;
    insert into account select i, i % 20, 'n' || i, 'editor', 1 from generate_series(1, 2000) i;
    insert into article select i, i % 37, 't' || i, timestamptz '2026-01-01' + i * interval '1 minute' from generate_series(1, 5000) i;
    insert into comment select i, i / 4, i % 500, 'b' from generate_series(1, 20000) i;
    insert into event select i, i % 2000, 'k' || i % 5, timestamptz '2026-01-01' + i * interval '1 minute' from generate_series(1, 60000) i;
    insert into job select i, 'new', 'p' from generate_series(1, 400) i;
    insert into category select i, nullif(i / 3, 0), 'c' || i from generate_series(1, 300) i;
    insert into counter select i, 0 from generate_series(1, 100) i;
    insert into setting values ('theme', 'dark'), ('locale', 'de'), ('zone', 'UTC');
    insert into member select i, i % 20 from generate_series(1, 2000) i;
    insert into tag(name) select 'old' || i from generate_series(1, 200) i;
    insert into article_tag select i, 1 + (i + k) % 200 from generate_series(1, 1000) i, generate_series(1, 3) k;
    analyze";

async fn raw_pool(most: u32) -> sqlx::PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("search_path", "silk_findings_apps"), ("jit", "off")]);
    PgPoolOptions::new()
        .max_connections(most)
        .min_connections(most)
        .acquire_timeout(Duration::from_millis(400))
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs PostgreSQL"]
async fn apps_postgres() {
    let fixture = fixture();
    let raw = raw_pool(10).await;
    raw.execute(SCHEMA).await.unwrap();
    for shard in 0..16 {
        let sql = format!(
            "create table event_{shard:02} as select id, account_id from event where id % 16 = {shard}"
        );
        raw.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    let pool = PgPool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, reads()).await;
    record_all(&fixture, &pool, lookups()).await;
    record_all(&fixture, &pool, quiet_reads()).await;
    record_all(&fixture, &pool, writes()).await;
    record_all(&fixture, &pool, time()).await;
    record_all(&fixture, &pool, failures()).await;
    let one = PgPool::new(fixture.recorder.clone(), raw_pool(1).await);
    record_all(&fixture, &one, pool_of_one()).await;
}

async fn all(pool: &PgPool, sql: &'static str) -> Vec<PgRow> {
    sqlx::query(sql).fetch_all(pool).await.unwrap()
}

async fn by(pool: &PgPool, sql: &'static str, id: i32) -> Vec<PgRow> {
    sqlx::query(sql).bind(id).fetch_all(pool).await.unwrap()
}

async fn ids(pool: &PgPool, sql: &'static str, n: i32) -> Vec<i32> {
    sqlx::query_scalar(sql)
        .bind(n)
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn write(pool: &PgPool, sql: &'static str, id: i32) -> u64 {
    sqlx::query(sql)
        .bind(id)
        .execute(pool)
        .await
        .unwrap()
        .rows_affected()
}

/// Work without an await.
fn spin(for_ms: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(for_ms) {
        std::hint::spin_loop();
    }
}

const ARTICLES: &str = "SELECT id FROM article ORDER BY id LIMIT $1";

fn reads() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_lazy_belongs_to" "the author of each of 100 articles, 37 authors" ("SeaORM find_related in a loop") => ["repeated_statement"] |pool| {
            let authors: Vec<i32> = sqlx::query_scalar("SELECT account_id FROM article ORDER BY id LIMIT 100").fetch_all(&pool).await.unwrap();
            for author in authors { by(&pool, "SELECT id, name, role FROM account WHERE id = $1", author).await; }
        }
        "app_short_list_per_row" "the tags of each article by a list of one to four ids" ("a prefetch called per row") => ["repeated_statement"] |pool| {
            for id in ids(&pool, ARTICLES, 50).await {
                let mut query = QueryBuilder::<Postgres>::new("SELECT id, name FROM tag WHERE id IN (");
                let mut list = query.separated(", ");
                for tag in 0..=id % 4 { list.push_bind(id + tag); }
                query.push(")");
                query.build().fetch_all(&pool).await.unwrap();
            }
        }
        "app_shards" "the same count in 16 tables" ("hand-made sharding") => ["repeated_statement"] |pool| {
            for shard in 0..16 {
                let sql = format!("SELECT count(*) FROM event_{shard:02} WHERE account_id = $1");
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(7).fetch_all(&pool).await.unwrap();
            }
        }
        "app_tree_down" "the children of each node, level by level" ("category menu of a shop") => ["repeated_statement"] |pool| {
            let mut open = vec![1];
            let mut seen = 0;
            while let Some(id) = open.pop() {
                seen += 1;
                if seen > 80 { break; }
                open.extend(ids(&pool, "SELECT id FROM category WHERE parent_id = $1", id).await);
            }
        }
        "app_breadcrumbs_of_a_list" "the way up to the root from each of 30 nodes" ("breadcrumbs on a search page") => ["repeated_statement"] |pool| {
            for mut id in ids(&pool, "SELECT id FROM category WHERE id > 200 ORDER BY id LIMIT $1", 30).await {
                loop {
                    let row = sqlx::query("SELECT parent_id, name FROM category WHERE id = $1").bind(id).fetch_one(&pool).await.unwrap();
                    let Some(parent) = row.get::<Option<i32>, _>(0) else { break };
                    id = parent;
                }
            }
        }
        "app_two_loops" "a loop of quick look-ups, then one of slow counts" ("admin page") => ["repeated_statement", "repeated_statement"] |pool| {
            for id in 1..=40 { by(&pool, "SELECT name FROM account WHERE id = $1", id).await; }
            for id in 1..=25 { by(&pool, "SELECT count(*) FROM event WHERE account_id = $1", id).await; }
        }
        "app_loop_in_a_loop" "comments of each article, and the author of each comment" ("blog with templates that query") => ["repeated_statement", "repeated_statement"] |pool| {
            for id in ids(&pool, "SELECT id FROM article WHERE id > 10 ORDER BY id LIMIT $1", 15).await {
                for author in ids(&pool, "SELECT account_id FROM comment WHERE article_id = $1", id).await {
                    by(&pool, "SELECT name FROM account WHERE id = $1", author).await;
                }
            }
        }
        "app_resolvers_five_at_once" "resolvers run five at a time" ("async-graphql without a DataLoader") => ["repeated_statement"] |pool| {
            let list = ids(&pool, ARTICLES, 60).await;
            stream::iter(list).map(|id| by(&pool, "SELECT id, body FROM comment WHERE article_id = $1", id)).buffered(5).collect::<Vec<_>>().await;
        }
        "app_liked_by_me" "EXISTS per row, with the user bound each time" ("feed with a heart on each post") => ["repeated_statement"] |pool| {
            for id in ids(&pool, ARTICLES, 60).await {
                sqlx::query("SELECT EXISTS (SELECT 1 FROM article_tag WHERE article_id = $1 AND tag_id = $2)").bind(id).bind(7).fetch_one(&pool).await.unwrap();
            }
        }
        "app_count_per_day" "30 counts, one for each day" ("chart of a dashboard") => ["repeated_statement"] |pool| {
            for day in 0..30 {
                sqlx::query("SELECT count(*) FROM event WHERE at >= timestamptz '2026-01-01' + $1 * interval '1 day' AND at < timestamptz '2026-01-02' + $1 * interval '1 day'").bind(f64::from(day)).fetch_one(&pool).await.unwrap();
            }
        }
        "app_query_per_row_of_a_stream" "a query for each row while the rows stream" ("CSV export") => ["repeated_statement"] |pool| {
            let mut rows = sqlx::query("SELECT id, title FROM article ORDER BY id LIMIT 80").fetch(&pool);
            while let Some(row) = rows.try_next().await.unwrap() { by(&pool, "SELECT tag_id FROM article_tag WHERE article_id = $1", row.get(0)).await; }
        }
        "app_same_permission" "each of 30 helpers asks for the role of the same user" ("authorisation in every function") => ["same_query"] |pool| {
            for id in ids(&pool, ARTICLES, 30).await { let _ = id; by(&pool, "SELECT role FROM account WHERE id = $1", 42).await; }
        }
        "app_three_settings" "three settings, 20 times each" ("settings without a cache") => ["same_query"] |pool| {
            for _ in 0..20 { for name in ["theme", "locale", "zone"] {
                sqlx::query("SELECT content FROM setting WHERE name = $1").bind(name).fetch_optional(&pool).await.unwrap();
            } }
        }
        "app_same_report_at_once" "ten widgets ask for the same count at once" ("cache stampede within a page") => ["same_query"] |pool| {
            try_join_all((0..10).map(|_| sqlx::query("SELECT count(*) FROM event WHERE kind = $1").bind("k3").fetch_all(&pool))).await.unwrap();
        }
        "app_states_in_the_text" "three constant states, 20 times each" ("a match over an enum, in a loop") => ["same_query"] |pool| {
            for _ in 0..20 { for sql in ["SELECT count(*) FROM job WHERE state = 'new'", "SELECT count(*) FROM job WHERE state = 'taken'", "SELECT count(*) FROM job WHERE state = 'done'"] {
                all(&pool, sql).await;
            } }
        }
        "app_lists_by_string" "12 lists of ids written into the text" ("ids joined with commas") => ["built_sql"] |pool| {
            for n in 0..12 {
                let list: Vec<String> = (1..=20).map(|k| (n * 20 + k).to_string()).collect();
                let sql = format!("SELECT id, name FROM account WHERE id IN ({})", list.join(","));
                sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            }
        }
    }
}

fn lookups() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_get_or_create_new" "40 new tags, each looked up and inserted" ("Rails find_or_create_by") => ["small_writes", "repeated_statement"] |pool| {
            for n in 0..40 {
                let name = format!("new{n}");
                let found = sqlx::query("SELECT id FROM tag WHERE name = $1").bind(&name).fetch_optional(&pool).await.unwrap();
                if found.is_none() { sqlx::query("INSERT INTO tag(name) VALUES ($1) RETURNING id").bind(&name).fetch_one(&pool).await.unwrap(); }
            }
        }
        "app_get_or_create_old" "40 tags that are all there" ("Rails find_or_create_by") => ["repeated_statement"] |pool| {
            for n in 1..=40 {
                let name = format!("old{n}");
                let found = sqlx::query("SELECT id FROM tag WHERE name = $1").bind(&name).fetch_optional(&pool).await.unwrap();
                if found.is_none() { sqlx::query("INSERT INTO tag(name) VALUES ($1) RETURNING id").bind(&name).fetch_one(&pool).await.unwrap(); }
            }
        }
        "app_fetch_one_of_many" "fetch_one on all articles" ("LIMIT forgotten") => ["rows_unread"] |pool| {
            sqlx::query("SELECT id, title FROM article ORDER BY created DESC").fetch_one(&pool).await.unwrap();
        }
        "app_latest_of_each" "fetch_optional of a list per row" ("latest comment of each article") => ["repeated_statement"] |pool| {
            for id in ids(&pool, "SELECT id FROM article WHERE id > 10 ORDER BY id LIMIT $1", 50).await {
                sqlx::query("SELECT body FROM comment WHERE article_id = $1 ORDER BY id DESC").bind(id).fetch_optional(&pool).await.unwrap();
            }
        }
    }
}

fn quiet_reads() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_eager_list" "articles, then their authors by one list" ("SeaORM load_one") => [] |pool| {
            ids(&pool, ARTICLES, 100).await;
            let mut query = QueryBuilder::<Postgres>::new("SELECT id, name FROM account WHERE id IN (");
            let mut list = query.separated(", ");
            for id in 1..=37 { list.push_bind(id); }
            query.push(")");
            query.build().fetch_all(&pool).await.unwrap();
        }
        "app_loader_three_levels" "three levels, a list each" ("DataLoader") => [] |pool| {
            let list = ids(&pool, ARTICLES, 100).await;
            for sql in ["SELECT id, account_id FROM comment WHERE article_id = ANY($1)", "SELECT tag_id FROM article_tag WHERE article_id = ANY($1)", "SELECT name FROM account WHERE id = ANY($1)"] {
                sqlx::query(sql).bind(&list).fetch_all(&pool).await.unwrap();
            }
        }
        "app_loader_of_a_stream" "25 batches of a stream, each of other length" ("ready_chunks before a DataLoader") => [] |pool| {
            let mut from = 0;
            for n in 0..25 {
                let length = 8 + (n * 7) % 23;
                let list: Vec<i32> = (from..from + length).collect();
                from += length;
                sqlx::query("SELECT id, name FROM account WHERE id = ANY($1)").bind(&list).fetch_all(&pool).await.unwrap();
            }
        }
        "app_cursor" "20 FETCHes of a cursor" ("server-side cursor") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("DECLARE c CURSOR FOR SELECT id, title FROM article").await.unwrap();
            for _ in 0..20 { sqlx::query("FETCH 100 FROM c").fetch_all(&mut *tx).await.unwrap(); }
            tx.execute("CLOSE c").await.unwrap();
            tx.commit().await.unwrap();
        }
        "app_pages_by_row_value" "12 pages by (created, id)" ("keyset export") => [] |pool| {
            let mut last = (String::from("2025-01-01"), 0);
            for _ in 0..12 {
                let rows = sqlx::query("SELECT created::text, id FROM article WHERE (created, id) > ($1::timestamptz, $2) ORDER BY created, id LIMIT 200").bind(&last.0).bind(last.1).fetch_all(&pool).await.unwrap();
                let Some(row) = rows.last() else { break };
                last = (row.get(0), row.get(1));
            }
        }
        "app_pages_back_in_time" "15 pages of a feed, newest first" ("infinite scroll in a job") => [] |pool| {
            let mut before = String::from("2027-01-01");
            for _ in 0..15 {
                let rows = sqlx::query("SELECT created::text, title FROM article WHERE created < $1::timestamptz ORDER BY created DESC LIMIT 50").bind(&before).fetch_all(&pool).await.unwrap();
                before = rows.last().unwrap().get(0);
            }
        }
        "app_pages_of_one_account" "12 pages by key of one account" ("keyset with a filter") => [] |pool| {
            let mut after = 0;
            for _ in 0..12 {
                let rows: Vec<i32> = sqlx::query_scalar("SELECT id FROM event WHERE kind = $1 AND id > $2 ORDER BY id LIMIT 100").bind("k2").bind(after).fetch_all(&pool).await.unwrap();
                after = *rows.last().unwrap();
            }
        }
        "app_offset_in_the_text" "12 pages, OFFSET written by format!" ("hand-written pagination") => [] |pool| {
            for page in 0..12 {
                let sql = format!("SELECT id, title FROM article ORDER BY id LIMIT 100 OFFSET {}", page * 100);
                sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            }
        }
        "app_count_and_page" "the count, then the page" ("every admin list") => [] |pool| {
            all(&pool, "SELECT count(*) FROM account").await;
            all(&pool, "SELECT id, name FROM account ORDER BY id LIMIT 50 OFFSET 100").await;
        }
        "app_poll_a_job" "12 looks at a job, 20 ms apart" ("waiting for a worker") => [] |pool| {
            for _ in 0..12 { by(&pool, "SELECT state FROM job WHERE id = $1", 1).await; tokio::time::sleep(Duration::from_millis(20)).await; }
        }
        "app_poll_with_backoff" "looks at a job, each pause twice as long" ("retry with exponential backoff") => [] |pool| {
            for n in 0..7 { by(&pool, "SELECT state FROM job WHERE id = $1", 1).await; tokio::time::sleep(Duration::from_millis(5 << n)).await; }
        }
        "app_poll_two_tables" "every 20 ms the state and the log of a job" ("server-sent events") => [] |pool| {
            for _ in 0..12 {
                by(&pool, "SELECT state FROM job WHERE id = $1", 1).await;
                by(&pool, "SELECT what FROM audit WHERE id = $1", 1).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        "app_notify" "30 notifications" ("LISTEN and NOTIFY") => [] |pool| {
            for n in 0..30 { sqlx::query("SELECT pg_notify($1, $2)").bind("silk_apps").bind(format!("{n}")).execute(&pool).await.unwrap(); }
        }
        "app_numbers" "50 numbers of a sequence" ("invoice numbers") => [] |pool| {
            for _ in 0..50 { all(&pool, "SELECT nextval('invoice_number')").await; }
        }
        "app_advisory_locks" "12 advisory locks, in order" ("one lock for each account of a transfer") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for key in 1..=12_i64 { sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut *tx).await.unwrap(); }
            tx.commit().await.unwrap();
        }
        "app_locks_rows_in_order" "12 rows locked one by one, in order" ("transfer between accounts, without deadlocks") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=12 { sqlx::query("SELECT n FROM counter WHERE id = $1 FOR UPDATE").bind(id).fetch_one(&mut *tx).await.unwrap(); }
            tx.commit().await.unwrap();
        }
        "app_copies" "1,000 rows by COPY" ("bulk load") => [] |pool| {
            let mut copy = pool.copy_in_raw("COPY audit(what) FROM STDIN").await.unwrap();
            copy.send((0..1000).map(|n| format!("line {n}\n")).collect::<String>().into_bytes()).await.unwrap();
            copy.finish().await.unwrap();
        }
        "app_slow_reader_of_rows" "the client takes its time" ("streamed download") => [] |pool| {
            let mut rows = sqlx::query("SELECT id, title FROM article ORDER BY id LIMIT 300").fetch(&pool);
            let mut n = 0;
            while rows.try_next().await.unwrap().is_some() { n += 1; if n % 30 == 0 { tokio::time::sleep(Duration::from_millis(15)).await; } }
        }
        "app_filters_on_demand" "one search, filters pushed as asked for" ("QueryBuilder search page") => [] |pool| {
            for filters in 0..3 {
                let mut query = QueryBuilder::<Postgres>::new("SELECT id, title FROM article WHERE account_id = ");
                query.push_bind(3);
                if filters > 0 { query.push(" AND id > ").push_bind(10); }
                if filters > 1 { query.push(" AND title <> ").push_bind("x"); }
                query.push(" ORDER BY id LIMIT 20");
                query.build().fetch_all(&pool).await.unwrap();
            }
        }
        "app_catalogue" "columns of 15 tables from the catalogue" ("schema check at start") => [] |pool| {
            for sql in ["SELECT count(*) FROM pg_class", "SELECT count(*) FROM pg_namespace", "SELECT version()", "SHOW search_path"] { all(&pool, sql).await; }
        }
    }
}

fn writes() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_upsert_per_row" "60 upserts" ("sync with another service") => ["small_writes"] |pool| {
            for id in 1..=60 { sqlx::query("INSERT INTO counter(id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = counter.n + 1").bind(id).execute(&pool).await.unwrap(); }
        }
        "app_insert_where_missing" "40 times INSERT … SELECT … WHERE NOT EXISTS" ("upsert of those who do not know ON CONFLICT") => ["small_writes"] |pool| {
            for n in 0..40 { sqlx::query("INSERT INTO tag(name) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM tag WHERE name = $1)").bind(format!("missing{n}")).execute(&pool).await.unwrap(); }
        }
        "app_insert_by_lookup" "40 times INSERT … SELECT of one row" ("tag names to ids in SQL") => ["small_writes"] |pool| {
            for n in 1..=40 { sqlx::query("INSERT INTO article_tag(article_id, tag_id) SELECT $1, id FROM tag WHERE name = $2 ON CONFLICT DO NOTHING").bind(2000).bind(format!("old{n}")).execute(&pool).await.unwrap(); }
        }
        "app_insert_select_of_many" "12 times INSERT … SELECT of many rows" ("copying in parts") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..12 { sqlx::query("INSERT INTO audit(what) SELECT title FROM article WHERE id > $1 AND id <= $1 + 50").bind(n * 50).execute(&mut *tx).await.unwrap(); }
            tx.rollback().await.unwrap();
        }
        "app_writes_in_a_cte" "30 times WITH … INSERT … INSERT" ("article and its first revision in one statement") => ["small_writes"] |pool| {
            for n in 0..30 { sqlx::query("WITH new AS (INSERT INTO tag(name) VALUES ($1) RETURNING id) INSERT INTO article_tag(article_id, tag_id) SELECT 3000, id FROM new").bind(format!("cte{n}")).execute(&pool).await.unwrap(); }
        }
        "app_order_and_lines" "20 orders with a line each, in one transaction" ("import") => ["small_writes", "small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..20 {
                sqlx::query("INSERT INTO audit(what) VALUES ($1)").bind(format!("order {n}")).execute(&mut *tx).await.unwrap();
                sqlx::query("INSERT INTO counter(id, n) VALUES ($1, $2)").bind(5000 + n).bind(n).execute(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "app_savepoint_per_row" "a savepoint around each of 30 INSERTs" ("import that skips bad rows") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..30 {
                let mut inner = tx.begin().await.unwrap();
                sqlx::query("INSERT INTO audit(what) VALUES ($1)").bind(format!("row {n}")).execute(&mut *inner).await.unwrap();
                inner.commit().await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        "app_one_counter" "one counter raised 40 times" ("statistics per item of a cart") => ["small_writes"] |pool| {
            for _ in 0..40 { write(&pool, "UPDATE counter SET n = n + 1 WHERE id = $1", 9).await; }
        }
        "app_heartbeat" "12 heartbeats, 20 ms apart" ("lease of a worker") => [] |pool| {
            for _ in 0..12 { write(&pool, "UPDATE counter SET n = n + 1 WHERE id = $1", 11).await; tokio::time::sleep(Duration::from_millis(20)).await; }
        }
        "app_transaction_per_row" "30 transactions of one UPDATE" ("service layer with a transaction in each function") => ["small_writes"] |pool| {
            for id in 1..=30 {
                let mut tx = pool.begin().await.unwrap();
                sqlx::query("UPDATE counter SET n = n + 1 WHERE id = $1").bind(id).execute(&mut *tx).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        "app_delete_per_row" "50 rows deleted one by one" ("cascade by hand") => ["small_writes"] |pool| {
            for id in 1..=50 { write(&pool, "DELETE FROM member WHERE account_id = $1", id).await; }
        }
        "app_mark_as_read" "60 rows updated one by one, none changed" ("mark all as read") => ["small_writes"] |pool| {
            for id in 1..=60 { write(&pool, "UPDATE job SET state = 'new' WHERE id = $1 AND state = 'gone'", id).await; }
        }
        "app_temporary_by_row" "a temporary table filled row by row" ("join with a list of the app's") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("CREATE TEMP TABLE wanted(id int) ON COMMIT DROP").await.unwrap();
            for id in 1..=150 { sqlx::query("INSERT INTO wanted(id) VALUES ($1)").bind(id).execute(&mut *tx).await.unwrap(); }
            tx.execute("SELECT count(*) FROM account JOIN wanted USING (id)").await.unwrap();
            tx.commit().await.unwrap();
        }
        "app_temporary_at_once" "a temporary table filled at once" ("the fix itself") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("CREATE TEMP TABLE wanted(id int) ON COMMIT DROP").await.unwrap();
            let list: Vec<i32> = (1..=150).collect();
            sqlx::query("INSERT INTO wanted(id) SELECT * FROM UNNEST($1)").bind(&list).execute(&mut *tx).await.unwrap();
            tx.execute("SELECT count(*) FROM account JOIN wanted USING (id)").await.unwrap();
            tx.commit().await.unwrap();
        }
        "app_takes_jobs" "20 jobs taken with SKIP LOCKED" ("queue in a table") => [] |pool| {
            for _ in 0..20 { all(&pool, "UPDATE job SET state = 'taken' WHERE id = (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id").await; }
        }
        "app_reads_what_it_wrote" "12 steps: write, read back" ("state machine") => ["small_writes"] |pool| {
            for step in 0..12 {
                sqlx::query("UPDATE job SET payload = $2 WHERE id = $1").bind(5).bind(format!("{step}")).execute(&pool).await.unwrap();
                by(&pool, "SELECT payload FROM job WHERE id = $1", 5).await;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        "app_writes_by_list" "12 UPDATEs of 25 rows each" ("the fix, in parts") => [] |pool| {
            for n in 0..12 {
                let list: Vec<i32> = (1..=25).map(|k| n * 25 + k).collect();
                sqlx::query("UPDATE job SET payload = 'q' WHERE id = ANY($1)").bind(&list).execute(&pool).await.unwrap();
            }
        }
        "app_audit_of_one_request" "three INSERTs into one table" ("audit log") => [] |pool| {
            for what in ["login", "view", "edit"] { sqlx::query("INSERT INTO audit(what) VALUES ($1)").bind(what).execute(&pool).await.unwrap(); }
        }
        "app_migrations" "20 tables made" ("migrations at start") => [] |pool| {
            for n in 0..20 {
                let sql = format!("CREATE TABLE IF NOT EXISTS made_{n} (id int primary key, name text)");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
            }
        }
    }
}

fn time() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_calls_another_service" "300 ms of waiting, quick queries" ("payment service") => [] |pool| {
            by(&pool, "SELECT name FROM account WHERE id = $1", 1).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            by(&pool, "SELECT name FROM account WHERE id = $1", 1).await;
        }
        "app_three_reports" "three independent counts in a row" ("dashboard") => ["serial_queries"] |pool| {
            all(&pool, "SELECT count(*), report('a') FROM setting").await;
            all(&pool, "SELECT max(id), report('b') FROM job").await;
            all(&pool, "SELECT min(id), report('c') FROM tag").await;
        }
        "app_three_reports_at_once" "three independent counts at once" ("the fix itself") => [] |pool| {
            tokio::join!(all(&pool, "SELECT count(*), report('a') FROM setting"), all(&pool, "SELECT max(id), report('b') FROM job"), all(&pool, "SELECT min(id), report('c') FROM tag"));
        }
        "app_three_reports_in_a_snapshot" "three counts in one REPEATABLE READ transaction" ("consistent report") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
            for sql in ["SELECT count(*), report('a') FROM setting", "SELECT max(id), report('b') FROM job", "SELECT min(id), report('c') FROM tag"] {
                sqlx::query(sql).fetch_all(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        "app_write_then_report" "a slow write, then a slow read" ("order matters") => [] |pool| {
            all(&pool, "UPDATE setting SET content = content || report('') WHERE name = 'zone' RETURNING 1").await;
            all(&pool, "SELECT max(id), report('b') FROM job").await;
        }
        "app_writes_everything" "all 60,000 events updated" ("backfill in a request") => ["slow_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE event SET kind = kind || 'x'").execute(&mut *tx).await.unwrap();
            tx.rollback().await.unwrap();
        }
        "app_waits_for_a_lock" "a row that another transaction holds for 250 ms" ("two tabs, one cart") => ["slow_query"] |pool| {
            let mut other = pool.begin().await.unwrap();
            sqlx::query("UPDATE counter SET n = 1 WHERE id = 50").execute(&mut *other).await.unwrap();
            let release = tokio::spawn(async move { tokio::time::sleep(Duration::from_millis(250)).await; other.commit().await.unwrap(); });
            write(&pool, "UPDATE counter SET n = n + 1 WHERE id = $1", 50).await;
            release.await.unwrap();
        }
        "app_slow_commit" "a deferred trigger takes 250 ms at COMMIT" ("constraint checked at commit") => ["slow_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("INSERT INTO ledger(id, amount) VALUES (1, 10)").execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "app_hashes_a_password" "150 ms of CPU before a query" ("argon2 in the handler") => ["blocked_executor"] |pool| {
            spin(150);
            by(&pool, "SELECT role FROM account WHERE id = $1", 1).await;
        }
        "app_hashes_elsewhere" "150 ms of CPU in spawn_blocking" ("the fix itself") => [] |pool| {
            tokio::task::spawn_blocking(|| spin(150)).await.unwrap();
            by(&pool, "SELECT role FROM account WHERE id = $1", 1).await;
        }
        "app_renders_with_yields" "60 times 2 ms of CPU, with yields" ("large template") => [] |pool| {
            all(&pool, "SELECT id, title FROM article ORDER BY id LIMIT 100").await;
            for _ in 0..60 { spin(2); tokio::task::yield_now().await; }
        }
        "app_renders_after_the_rows" "120 ms of CPU after 500 rows" ("serde_json of a large list") => ["blocked_executor"] |pool| {
            all(&pool, "SELECT id, title FROM article ORDER BY id LIMIT 500").await;
            spin(120);
        }
        "app_slow_query_then_loop" "a slow query, then a quick loop" ("list page") => ["slow_query", "repeated_statement"] |pool| {
            all(&pool, "SELECT count(*), pg_sleep(0.2) FROM setting").await;
            for id in 1..=40 { by(&pool, "SELECT name FROM account WHERE id = $1", id).await; }
        }
        "app_slow_once_in_a_loop" "a quick loop in which one run is slow" ("a lock on one of the rows") => ["repeated_statement"] |pool| {
            for id in 1..=40 { by(&pool, "SELECT name, CASE WHEN id = 20 THEN pg_sleep(0.15)::text END FROM account WHERE id = $1", id).await; }
        }
        "app_transaction_around_a_call" "a transaction held open during 150 ms of waiting" ("payment service in a transaction") => ["idle_in_transaction"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT n FROM counter WHERE id = 3 FOR UPDATE").fetch_one(&mut *tx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
            sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 3").execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        "app_transaction_sleeps_before_commit" "a transaction that ran its last query 300 ms before COMMIT" ("mail sent before the commit") => ["idle_in_transaction"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT n FROM counter WHERE id = 4").fetch_one(&mut *tx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            tx.commit().await.unwrap();
        }
        "app_call_before_the_transaction" "150 ms of waiting, then a short transaction" ("the fix itself") => [] |pool| {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 3").execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}

fn failures() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_duplicate_is_expected" "a duplicate key, then the row that is there" ("insert first, read on conflict") => ["failed_query"] |pool| {
            let _known = sqlx::query("INSERT INTO tag(name) VALUES ($1)").bind("old1").execute(&pool).await;
            sqlx::query("SELECT id FROM tag WHERE name = $1").bind("old1").fetch_one(&pool).await.unwrap();
        }
        "app_import_of_duplicates" "40 INSERTs, all duplicates" ("insert and ignore the error") => ["failed_query", "small_writes"] |pool| {
            for n in 1..=40 { let _known = sqlx::query("INSERT INTO tag(name) VALUES ($1)").bind(format!("old{n}")).execute(&pool).await; }
        }
        "app_goes_on_in_a_failed_transaction" "a duplicate, then what the transaction refuses" ("the first error is not looked at") => ["failed_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            let _lost = sqlx::query("INSERT INTO tag(name) VALUES ($1)").bind("old1").execute(&mut *tx).await;
            for id in 1..=4 { let _lost = sqlx::query("UPDATE counter SET n = n + 1 WHERE id = $1").bind(id).execute(&mut *tx).await; }
            let _lost = sqlx::query("INSERT INTO audit(what) VALUES ($1)").bind("x").execute(&mut *tx).await;
            let _end = tx.commit().await;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_statement_timeout" "cancelled by the server after 60 ms" ("statement_timeout") => ["failed_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("SET LOCAL statement_timeout = '60ms'").await.unwrap();
            let _late = sqlx::query("SELECT count(*), pg_sleep(0.5) FROM setting").fetch_all(&mut *tx).await;
            tx.rollback().await.unwrap();
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        "app_serialization_retry" "one attempt fails, the next does not" ("SERIALIZABLE with a retry") => ["failed_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
            sqlx::query("SELECT n FROM counter WHERE id = 60").fetch_one(&mut *tx).await.unwrap();
            write(&pool, "UPDATE counter SET n = n + 1 WHERE id = $1", 60).await;
            let _fails = sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 60").execute(&mut *tx).await;
            tx.rollback().await.unwrap();
            write(&pool, "UPDATE counter SET n = n + 1 WHERE id = $1", 60).await;
        }
        "app_deadlock" "two transactions, the other way round" ("transfer without an order of locks") => ["failed_query"] |pool| {
            let mut other = pool.begin().await.unwrap();
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("UPDATE counter SET n = 1 WHERE id = 71").execute(&mut *other).await.unwrap();
            sqlx::query("UPDATE counter SET n = 1 WHERE id = 72").execute(&mut *tx).await.unwrap();
            let task = tokio::spawn(async move { let _either = sqlx::query("UPDATE counter SET n = 1 WHERE id = 72").execute(&mut *other).await; let _end = other.rollback().await; });
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _either = sqlx::query("UPDATE counter SET n = 1 WHERE id = 71").execute(&mut *tx).await;
            let _end = tx.rollback().await;
            task.await.unwrap();
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_handled_then_fatal" "three handled errors, one success, then the one that ends it" ("optional columns probed") => ["failed_query", "failed_query", "failed_query"] |pool| {
            let _known = sqlx::query("SELECT pg_sleep(0.02), missing1 FROM account").fetch_all(&pool).await;
            let _known = sqlx::query("INSERT INTO tag(name) SELECT name FROM (SELECT pg_sleep(0.05), 'old1' AS name) x").execute(&pool).await;
            let _known = sqlx::query("SELECT 1 / (id - 1) FROM job WHERE id = 1").fetch_all(&pool).await;
            by(&pool, "SELECT name FROM account WHERE id = $1", 1).await;
            let _fails = sqlx::query("SELECT nowhere FROM article").fetch_all(&pool).await;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_fails_after_a_loop" "a loop, then an error that ends the request" ("500 on a page with an N+1") => ["failed_query", "repeated_statement"] |pool| {
            for id in 1..=60 { by(&pool, "SELECT name FROM account WHERE id = $1", id).await; }
            let _fails = sqlx::query("SELECT missing FROM account").fetch_all(&pool).await;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_error_is_handled_in_a_loop" "an error that is handled, and a loop that costs" ("optional table missing") => ["repeated_statement", "failed_query"] |pool| {
            let _fails = sqlx::query("SELECT missing FROM account").fetch_all(&pool).await;
            for id in 1..=25 { by(&pool, "SELECT count(*) FROM event WHERE account_id = $1", id).await; }
        }
        "app_gives_up" "a slow query in tokio::time::timeout" ("deadline of a handler") => ["abandoned_query"] |pool| {
            let _late = tokio::time::timeout(Duration::from_millis(60), all(&pool, "SELECT count(*), pg_sleep(0.4) FROM setting")).await;
            return StatusCode::GATEWAY_TIMEOUT;
        }
        "app_quicker_of_two" "two queries race, one is let go" ("tokio::select! over replicas") => ["abandoned_query"] |pool| {
            tokio::select! {
                _ = all(&pool, "SELECT count(*), pg_sleep(0.3) FROM setting") => {}
                _ = all(&pool, "SELECT max(id), pg_sleep(0.05) FROM job") => {}
            }
        }
        "app_takes_ten_of_a_stream" "take(10) of a stream of 60,000 rows" ("LIMIT in the app") => ["abandoned_query"] |pool| {
            let rows: Vec<_> = sqlx::query("SELECT id, kind FROM event ORDER BY at DESC").fetch(&pool).take(10).collect().await;
            assert_eq!(rows.len(), 10);
        }
        "app_takes_ten_of_ten" "take(10) of a query with LIMIT 10" ("near miss of abandoned_query") => [] |pool| {
            let rows: Vec<_> = sqlx::query("SELECT id, kind FROM event ORDER BY at DESC LIMIT 10").fetch(&pool).take(10).collect().await;
            assert_eq!(rows.len(), 10);
        }
    }
}

fn pool_of_one() -> Vec<Scenario<PgPool>> {
    scenarios! {
        "app_waits_for_itself" "a query on the pool while its own transaction holds the only connection" ("pool of one in tests") => ["connection_wait"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT n FROM counter WHERE id = 3").fetch_one(&mut *tx).await.unwrap();
            let _never = sqlx::query("SELECT name FROM account WHERE id = 1").fetch_all(&pool).await;
            tx.rollback().await.unwrap();
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_six_at_once_over_one" "six queries at once over one connection" ("join_all with a small pool") => ["connection_wait"] |pool| {
            try_join_all((1..=6).map(|id| sqlx::query("SELECT name, pg_sleep(0.03) FROM account WHERE id = $1").bind(id).fetch_all(&pool))).await.unwrap();
        }
        "app_loop_over_one" "a loop over the only connection" ("near miss of connection_wait") => ["repeated_statement"] |pool| {
            for id in 1..=40 { by(&pool, "SELECT name FROM account WHERE id = $1", id).await; }
        }
    }
}
