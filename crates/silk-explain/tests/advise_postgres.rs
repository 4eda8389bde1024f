//! Indexes advised on a real PostgreSQL, and what they then do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

use std::{sync::Arc, time::Duration};

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainOutput, ExplainQuery,
    Fingerprint, Redactor, Value, ValueState,
    explain::{
        AdviceChoice, AdviceRequest, AdviceStrength, AdvisedIndex, IndexAdvice, Verification,
        WorkloadQuery,
    },
};
use silk_explain::{ExplainConfig, Explainer};
use silk_plan::{Plan, PlanFormat};
use sqlx::{
    AssertSqlSafe, Executor as _, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const LIST: &str = "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 100";
const COUNT: &str = "SELECT count(*) FROM message WHERE NOT deleted";

/// 100,000 messages, 4.9 % of them deleted, by 1,000 authors.
const LAB: &str = "
    CREATE TABLE author (id bigserial PRIMARY KEY, name text NOT NULL, email varchar(200) NOT NULL);
    INSERT INTO author (name, email)
      SELECT 'author ' || g, 'author' || g || '@example.org' FROM generate_series(1, 1000) g;
    CREATE TABLE message (id bigserial PRIMARY KEY, author_id bigint NOT NULL,
      status varchar(20) NOT NULL, deleted boolean NOT NULL, created timestamptz NOT NULL,
      updated timestamptz NOT NULL, body text NOT NULL, data jsonb);
    INSERT INTO message (author_id, status, deleted, created, updated, body)
      SELECT 1 + (g * 7919) % 1000,
        (ARRAY['read', 'unread', 'flagged'])[1 + (g % 100 >= 60)::int + (g % 100 >= 99)::int],
        (g * 31) % 1000 < 49, timestamptz '2024-01-01' + g * interval '1 minute',
        timestamptz '2024-01-01' + ((g::bigint * 48271) % 100003) * interval '1 minute',
        repeat(chr(97 + g % 26), 120 + g % 20)
      FROM generate_series(1, 100000) g;
    CREATE TABLE tiny (id int PRIMARY KEY, kind text NOT NULL);
    INSERT INTO tiny SELECT g, 'k' || g % 3 FROM generate_series(1, 40) g;";

/// A database of its own, dropped when the test is done with it.
struct Lab {
    name: String,
    pool: PgPool,
    admin: PgPool,
    explainer: Explainer,
}

impl Lab {
    async fn new(test: &str, has_hypopg: bool, is_vacuumed: bool) -> Self {
        let url = std::env::var("SILK_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("SILK_TEST_POSTGRES is not set: run cargo xtask test"));
        let options: PgConnectOptions = url.parse().unwrap();
        let admin = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .unwrap();
        let name = format!("advise_{test}_{}", std::process::id());
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            admin
                .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
                .await
                .unwrap();
        }
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(
                options
                    .database(&name)
                    // One process, so that plans are the same everywhere.
                    .options([
                        ("max_parallel_workers_per_gather", "0"),
                        ("jit", "off"),
                        // Statistics of every row: samples differ from run to run.
                        ("default_statistics_target", "400"),
                    ]),
            )
            .await
            .unwrap();
        if has_hypopg {
            pool.execute("CREATE EXTENSION hypopg").await.unwrap();
        }
        pool.execute(sqlx::raw_sql(LAB)).await.unwrap();
        pool.execute("ANALYZE").await.unwrap();
        let explainer = Explainer::new(
            Arc::new(Redactor::default()),
            tokio::runtime::Handle::current(),
            ExplainConfig {
                // Two busy cores must not decide what is found.
                advice: Duration::from_secs(60),
                timeout: Duration::from_secs(30),
                ..ExplainConfig::default()
            },
        );
        explainer.register(&pool);
        let lab = Self {
            name,
            pool,
            admin,
            explainer,
        };
        if is_vacuumed {
            lab.vacuum().await;
        }
        lab
    }

    /// Vacuums until nearly every page is visible to everyone: another session may hold that up.
    async fn vacuum(&self) {
        for _ in 0..600 {
            self.pool.execute("VACUUM ANALYZE").await.unwrap();
            let visible: bool = sqlx::query_scalar(
                "SELECT min(relallvisible::float8 / relpages) > 0.99 FROM pg_class \
                 WHERE relname IN ('message', 'author')",
            )
            .fetch_one(&self.pool)
            .await
            .unwrap();
            if visible {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("pages do not become visible");
    }

    fn query(&self, sql: &str, values: Vec<Value>) -> ExplainQuery {
        ExplainQuery {
            database: Database {
                kind: DatabaseKind::Postgres,
                name: self.name.clone(),
            },
            sql: sql.to_owned(),
            is_redacted: false,
            values: Some(values),
            mode: ExplainMode::Estimated,
        }
    }

    async fn advise(&self, sql: &str, values: Vec<Value>) -> IndexAdvice {
        self.advise_among(sql, values, Vec::new()).await
    }

    async fn advise_among(
        &self,
        sql: &str,
        values: Vec<Value>,
        workload: Vec<WorkloadQuery>,
    ) -> IndexAdvice {
        let request = AdviceRequest {
            query: self.query(sql, values),
            plan: None,
            workload,
        };
        self.explainer.advise(request).await.unwrap()
    }

    /// Pages that really running the query touches, and the plan.
    async fn run(&self, sql: &str) -> (f64, Plan) {
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}");
        let row = self
            .pool
            .fetch_one(sqlx::raw_sql(AssertSqlSafe(explain)))
            .await
            .unwrap();
        let raw: String = row.try_get_unchecked(0).unwrap();
        let plan = Plan::parse(PlanFormat::PostgresJson, &raw).unwrap();
        (plan.root.buffers.unwrap().pages(), plan)
    }

    /// Rows read from end to end when the statement is run and undone, and its plan.
    async fn undone(&self, sql: &str) -> (i64, ExplainOutput) {
        let mut transaction = self.pool.begin().await.unwrap();
        let mut read = Vec::new();
        let mut raw = None;
        for step in 0..2 {
            // What the connection did before may not be counted elsewhere yet.
            let sum = "SELECT sum(seq_tup_read)::int8 FROM pg_stat_xact_user_tables";
            let sum: i64 = sqlx::query_scalar(sum)
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            read.push(sum);
            if step == 0 {
                let explain = format!("EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {sql}");
                let row = transaction
                    .fetch_one(sqlx::raw_sql(AssertSqlSafe(explain)))
                    .await
                    .unwrap();
                raw = Some(row.try_get_unchecked(0).unwrap());
            }
        }
        let plan = ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: raw.unwrap(),
            analyzed: true,
        };
        transaction.rollback().await.unwrap();
        (read[1] - read[0], plan)
    }

    /// Everything the catalogue and the tables hold.
    async fn state(&self) -> Vec<String> {
        let mut state = Vec::new();
        for sql in [
            "SELECT indexrelid::regclass || ' ' || pg_get_indexdef(indexrelid) FROM pg_index \
             WHERE indrelid > 16383 ORDER BY 1",
            "SELECT relname || ' ' || relkind::text || relnatts FROM pg_class \
             WHERE oid > 16383 ORDER BY 1",
            "SELECT count(*) || ' ' || sum(hashtext(m::text)) FROM message m",
            "SELECT count(*) || ' ' || sum(hashtext(a::text)) FROM author a",
        ] {
            let rows = sqlx::query_scalar::<_, String>(sql)
                .fetch_all(&self.pool)
                .await
                .unwrap();
            state.extend(rows);
        }
        state
    }

    async fn done(self) {
        self.pool.close().await;
        // The profiler's own connection is still open.
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin
            .execute(sqlx::raw_sql(AssertSqlSafe(drop)))
            .await
            .unwrap();
    }
}

fn int8(number: i64) -> Value {
    Value {
        type_name: "INT8".into(),
        state: ValueState::Bytes(number.to_be_bytes().to_vec()),
    }
}

fn int4(number: i32) -> Value {
    Value {
        type_name: "INT4".into(),
        state: ValueState::Bytes(number.to_be_bytes().to_vec()),
    }
}

fn boolean(flag: bool) -> Value {
    Value {
        type_name: "BOOL".into(),
        state: ValueState::Bytes(vec![u8::from(flag)]),
    }
}

fn text(text: &str) -> Value {
    Value {
        type_name: "TEXT".into(),
        state: ValueState::Bytes(text.as_bytes().to_vec()),
    }
}

/// What stands behind `ON` in the statement.
fn on(index: &AdvisedIndex) -> &str {
    index.statement.split_once(" ON ").unwrap().1
}

#[track_caller]
fn first(advice: &IndexAdvice) -> &AdvisedIndex {
    match advice.indexes.first() {
        Some(first) => first,
        None => panic!("nothing is advised: {:?}", advice.notes),
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_list_and_the_count() {
    let lab = Lab::new("list", true, true).await;
    let before = lab.state().await;

    let list = lab.advise(LIST, Vec::new()).await;
    let best = first(&list).clone();
    assert_eq!(
        best.statement,
        "CREATE INDEX CONCURRENTLY message_updated_where_deleted_idx ON public.message (updated) \
         WHERE deleted"
    );
    assert_eq!(best.choice, AdviceChoice::First);
    assert_eq!(best.strength, AdviceStrength::Strong);
    assert_eq!(best.verification, Verification::Hypothetical);
    let (cost, after) = (list.cost_before.unwrap(), best.cost_after.unwrap());
    assert!(after < 0.1 * cost, "{cost} -> {after}");
    assert!(best.plan_after.is_some() && best.replaces.is_none());
    assert!(
        best.write_cost.contains("about 4.9 % of all rows"),
        "{}",
        best.write_cost
    );
    let size = best.size_bytes.unwrap();
    assert!(size < 400_000, "{size}");
    // The cheapest by cost alone is there to be seen, and is many times its size.
    let cheapest = list
        .indexes
        .iter()
        .find(|index| on(index).contains("(deleted, updated)"));
    let cheapest = cheapest.unwrap();
    assert_eq!(cheapest.choice, AdviceChoice::Instead);
    assert!(cheapest.size_bytes.unwrap() > 10 * size);
    assert!(cheapest.cost_after.unwrap() < after);

    let count = lab.advise(COUNT, Vec::new()).await;
    let moderate = first(&count);
    assert_eq!(on(moderate), "public.message (deleted) WHERE NOT deleted");
    assert_eq!(moderate.strength, AdviceStrength::Moderate);
    let saved = 1.0 - moderate.cost_after.unwrap() / count.cost_before.unwrap();
    assert!((0.2..0.5).contains(&saved), "{saved}");
    assert!(
        moderate
            .caveats
            .iter()
            .any(|caveat| caveat.contains("upper bound")),
        "{:?}",
        moderate.caveats
    );

    // Nothing is left behind, here or in the app's connections.
    assert_eq!(lab.state().await, before);

    // Made in earnest, both keep what they promise.
    let (pages, _) = lab.run(LIST).await;
    lab.pool
        .execute(AssertSqlSafe(best.statement.clone()))
        .await
        .unwrap();
    let (fewer, plan) = lab.run(LIST).await;
    assert!(pages > 10.0 * fewer, "{pages} -> {fewer} pages");
    let name = "message_updated_where_deleted_idx";
    assert!(plan.nodes().any(|node| node.index.as_deref() == Some(name)));
    let real = plan.root.estimate.unwrap().total_cost.unwrap();
    assert!((after / real - 1.0).abs() < 0.5, "said {after}, is {real}");

    let (pages, _) = lab.run(COUNT).await;
    lab.pool
        .execute(AssertSqlSafe(moderate.statement.clone()))
        .await
        .unwrap();
    lab.vacuum().await;
    let (fewer, _) = lab.run(COUNT).await;
    assert!(pages > 2.0 * fewer, "{pages} -> {fewer} pages");

    // And are not advised again.
    let again = lab.advise(LIST, Vec::new()).await;
    assert!(
        again
            .indexes
            .iter()
            .all(|index| index.statement != best.statement),
        "{:?}",
        again.indexes
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn nothing_where_nothing_helps() {
    let lab = Lab::new("nothing", true, true).await;
    lab.pool
        .execute("CREATE INDEX message_author ON message (author_id, created)")
        .await
        .unwrap();
    lab.pool.execute("VACUUM ANALYZE message").await.unwrap();
    let cases: Vec<(&str, Vec<Value>, &str)> = vec![
        ("SELECT * FROM tiny WHERE kind = 'k1'", vec![], "cost"),
        (
            "SELECT * FROM message WHERE NOT deleted",
            vec![],
            "keep 95 %",
        ),
        (
            "SELECT * FROM message WHERE id = $1",
            vec![int8(77)],
            "cost",
        ),
        (
            "SELECT * FROM message WHERE author_id = $1 ORDER BY created DESC LIMIT 20",
            vec![int8(7)],
            "cost",
        ),
        ("SELECT * FROM message", vec![], "no table"),
        (
            "SELECT sum(length(body)) FROM message WHERE status <> 'flagged'",
            vec![],
            "keep",
        ),
        (
            "SELECT * FROM message WHERE body LIKE '%qqq%'",
            vec![],
            "pg_trgm",
        ),
        (
            "SELECT * FROM message WHERE data @> '{\"a\": 1}'",
            vec![],
            "GIN",
        ),
        ("SELECT * FROM message WHERE random() < 0.001", vec![], ""),
        (
            "SELECT m.*, a.name FROM message m JOIN author a ON a.id = m.author_id",
            vec![],
            "",
        ),
        (
            "SELECT * FROM message WHERE created > '2024-01-02'",
            vec![],
            "keep",
        ),
        (
            "SELECT * FROM message OFFSET 90000 LIMIT 10",
            vec![],
            "no table",
        ),
        ("SELECT 1", vec![], "no table"),
        (
            "INSERT INTO author (name, email) VALUES ($1, 'x')",
            vec![text("x")],
            "no table",
        ),
        // One side of the OR is beyond any index, or keeps nearly all.
        (
            "SELECT * FROM message WHERE id = 7 OR body LIKE '%qqq%'",
            vec![],
            "pg_trgm",
        ),
        (
            "SELECT * FROM message WHERE updated < '2024-01-02' OR NOT deleted",
            vec![],
            "keep",
        ),
        // Nothing of any size refers to these.
        ("DELETE FROM tiny WHERE id = $1", vec![int4(7)], "cost"),
        ("DELETE FROM message WHERE id = $1", vec![int8(7)], "cost"),
    ];
    for (sql, values, note) in cases {
        let advice = lab.advise(sql, values).await;
        let advised: Vec<&str> = advice.indexes.iter().map(on).collect();
        assert!(advised.is_empty(), "{sql}: {advised:?}");
        let notes = advice.notes.join("\n");
        assert!(!notes.is_empty() && notes.contains(note), "{sql}: {notes}");
    }
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn other_shapes_of_queries() {
    let lab = Lab::new("shapes", true, true).await;
    let before = lab.state().await;
    let cases: Vec<(&str, Vec<Value>, &str)> = vec![
        // Equality first, then the range.
        (
            "SELECT id FROM message WHERE author_id = $1 AND created > now() - interval '90 years' \
             ORDER BY id",
            vec![int8(7)],
            "public.message (author_id",
        ),
        // Equality, then the order.
        (
            "SELECT * FROM message WHERE author_id = $1 ORDER BY updated DESC LIMIT 5",
            vec![int8(7)],
            "public.message (author_id",
        ),
        (
            "SELECT id FROM author WHERE lower(email) = $1 AND id + 0 > 0 \
             UNION ALL SELECT id FROM message WHERE lower(body) = $1",
            vec![text("nobody@example.org")],
            "public.message (lower(body))",
        ),
        (
            "SELECT max(updated) FROM message",
            vec![],
            "public.message (updated)",
        ),
        (
            "SELECT id FROM message WHERE updated BETWEEN '2024-02-01' AND '2024-02-01 02:00'",
            vec![],
            "public.message (updated)",
        ),
        (
            "SELECT * FROM message ORDER BY updated DESC NULLS LAST, id LIMIT 10",
            vec![],
            "public.message (updated NULLS FIRST, id DESC)",
        ),
        (
            "SELECT a.name, m.updated FROM author a JOIN message m ON m.author_id = a.id \
             WHERE a.id = $1",
            vec![int8(5)],
            "public.message (author_id",
        ),
        (
            "DELETE FROM message WHERE author_id = $1",
            vec![int8(5)],
            "public.message (author_id)",
        ),
        (
            "WITH flagged AS MATERIALIZED (SELECT * FROM message WHERE status = 'flagged') \
             SELECT count(*) FROM flagged",
            vec![],
            "public.message (status)",
        ),
    ];
    for (sql, values, wanted) in cases {
        let advice = lab.advise(sql, values).await;
        let found = on(first(&advice));
        assert!(found.starts_with(wanted), "{sql}: {found}");
        assert!(
            first(&advice)
                .statement
                .starts_with("CREATE INDEX CONCURRENTLY ")
        );
    }

    // A value that is bound is no constant: no partial index for it, whatever it is.
    let bound = lab
        .advise(
            "SELECT * FROM message WHERE deleted = $1 ORDER BY updated DESC LIMIT 100",
            vec![boolean(true)],
        )
        .await;
    assert!(!bound.indexes.is_empty(), "{:?}", bound.notes);
    for index in &bound.indexes {
        assert!(!index.statement.contains(" WHERE "), "{}", index.statement);
    }
    // ... and beside one, a constant still is.
    let mixed = lab
        .advise(
            "SELECT id FROM message WHERE status = 'flagged' AND deleted = $1",
            vec![boolean(true)],
        )
        .await;
    for index in &mixed.indexes {
        let predicate = index.statement.split_once(" WHERE ").map(|(_, text)| text);
        assert!(
            predicate.is_none_or(|text| text == "status = 'flagged'"),
            "{}",
            index.statement
        );
    }

    // An index that is there is made longer rather than joined by another.
    lab.pool
        .execute("CREATE INDEX message_author ON message (author_id)")
        .await
        .unwrap();
    let longer = lab
        .advise(
            "SELECT * FROM message WHERE author_id = $1 ORDER BY updated DESC LIMIT 5",
            vec![int8(7)],
        )
        .await;
    let longer = first(&longer);
    assert_eq!(on(longer), "public.message (author_id, updated)");
    assert_eq!(longer.replaces.as_deref(), Some("message_author"));
    assert!(
        longer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("DROP INDEX CONCURRENTLY message_author")),
        "{:?}",
        longer.caveats
    );
    lab.pool.execute("DROP INDEX message_author").await.unwrap();
    assert_eq!(lab.state().await, before);
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_whole_workload_counts() {
    let lab = Lab::new("workload", true, true).await;
    let other = |fingerprint: u64, sql: &str, values: Vec<Value>| WorkloadQuery {
        fingerprint: Fingerprint(fingerprint),
        query: lab.query(sql, values),
        calls: 100,
        total_us: 5_000_000,
    };
    let workload = vec![
        other(
            1,
            "SELECT * FROM message WHERE NOT deleted ORDER BY updated DESC LIMIT 20",
            vec![],
        ),
        other(
            2,
            "SELECT * FROM message ORDER BY updated DESC LIMIT 20",
            vec![],
        ),
        other(3, "SELECT * FROM author WHERE id = $1", vec![int8(3)]),
        // Cannot be asked about, and does no harm.
        other(4, "SELECT * FROM message WHERE id = $1", vec![]),
        other(5, "SELECT nonsense FROM nowhere", vec![]),
    ];
    let advice = lab.advise_among(LIST, Vec::new(), workload).await;
    let best = first(&advice);
    // The partial one serves the list alone; the other two want all messages by their time.
    assert_eq!(on(best), "public.message (updated)");
    let helped: Vec<u64> = best
        .effects
        .iter()
        .filter(|effect| effect.cost_after < effect.cost_before)
        .map(|effect| effect.fingerprint.0)
        .collect();
    assert_eq!(helped, [1, 2]);
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.contains("other recorded statements")),
        "{:?}",
        advice.notes
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn without_hypopg_it_is_said_how_to_get_it() {
    let lab = Lab::new("bare", false, true).await;
    let advice = lab
        .advise("SELECT * FROM message WHERE author_id = $1", vec![int8(7)])
        .await;
    let likely = first(&advice);
    assert_eq!(on(likely), "public.message (author_id)");
    let Verification::NotVerified { remedy } = &likely.verification else {
        panic!("{:?}", likely.verification);
    };
    assert!(remedy.contains("CREATE EXTENSION hypopg"), "{remedy}");
    assert!(likely.cost_after.is_none() && likely.plan_after.is_none());
    assert!(advice.cost_before.is_some());
    // The newest of all, and joined.
    for sql in [
        "SELECT * FROM message ORDER BY updated DESC LIMIT 100",
        "SELECT message.body, author.id FROM message JOIN author ON author.id = message.author_id \
         ORDER BY message.updated DESC LIMIT 100",
    ] {
        let advice = lab.advise(sql, vec![]).await;
        let likely = first(&advice);
        assert_eq!(on(likely), "public.message (updated)", "{sql}");
        assert!(
            likely.caveats[0].contains("instead of 2,"),
            "{:?}",
            likely.caveats
        );
    }
    // Where the model promises little, it promises nothing.
    let advice = lab
        .advise("SELECT * FROM message WHERE NOT deleted", vec![])
        .await;
    assert!(advice.indexes.is_empty(), "{:?}", advice.indexes);
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.contains("CREATE EXTENSION hypopg")),
        "{:?}",
        advice.notes
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn before_vacuum_the_visibility_is_named() {
    let lab = Lab::new("unvacuumed", true, false).await;
    let advice = lab.advise(COUNT, Vec::new()).await;
    assert!(advice.indexes.is_empty(), "{:?}", advice.indexes);
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.contains("visible to everyone")
                && note.contains("VACUUM public.message")),
        "{:?}",
        advice.notes
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn hostile_names_stay_names() {
    let lab = Lab::new("hostile", true, false).await;
    lab.pool
        .execute(sqlx::raw_sql(
            "CREATE SCHEMA \"Evil\"\"; DROP TABLE message; --\";
             CREATE TABLE \"Evil\"\"; DROP TABLE message; --\".\"Select \"\"x\"\" wherewherewherewherewherewherewhere\" (
               \"Order\" int NOT NULL, \"a b\"\"c\" int NOT NULL, \"e'f\" text);
             INSERT INTO \"Evil\"\"; DROP TABLE message; --\".\"Select \"\"x\"\" wherewherewherewherewherewherewhere\"
               SELECT g % 5000, g % 7, repeat('x', 100) FROM generate_series(1, 50000) g;
             ANALYZE;",
        ))
        .await
        .unwrap();
    let advice = lab
        .advise(
            "SELECT * FROM \"Evil\"\"; DROP TABLE message; --\".\"Select \"\"x\"\" wherewherewherewherewherewherewhere\" t \
             WHERE t.\"Order\" = $1 AND t.\"a b\"\"c\" = 3 AND t.\"e'f\" > 'it''s'",
            vec![Value {
                type_name: "INT4".into(),
                state: ValueState::Bytes(7_i32.to_be_bytes().to_vec()),
            }],
        )
        .await;
    let best = first(&advice);
    let name = best.statement.split(' ').nth(3).unwrap();
    assert!(
        name.len() <= 63
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
    lab.pool
        .execute(AssertSqlSafe(best.statement.clone()))
        .await
        .unwrap();
    let found: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = $1)")
            .bind(name)
            .fetch_one(&lab.pool)
            .await
            .unwrap();
    assert!(found);
    assert!(
        lab.state()
            .await
            .iter()
            .any(|line| line.starts_with("message "))
    );
    // Once it is there, it is not advised again.
    let request = |sql: &str| AdviceRequest {
        query: lab.query(sql, Vec::new()),
        plan: None,
        workload: Vec::new(),
    };
    // Two statements are no question, and a redacted text neither.
    let two = lab
        .explainer
        .advise(request("SELECT 1; DROP TABLE message"))
        .await;
    assert!(
        matches!(
            two,
            Err(ExplainError::Refused {
                code: "not_explainable",
                ..
            })
        ),
        "{two:?}"
    );
    let broken = lab
        .explainer
        .advise(request("SELECT * FROM not_there"))
        .await;
    assert!(
        matches!(broken, Err(ExplainError::Failed { .. })),
        "{broken:?}"
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn no_time_is_said_so() {
    let lab = Lab::new("hurry", true, false).await;
    let hurried = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig {
            advice: Duration::ZERO,
            ..ExplainConfig::default()
        },
    );
    hurried.register(&lab.pool);
    let request = AdviceRequest {
        query: lab.query(LIST, Vec::new()),
        plan: None,
        workload: Vec::new(),
    };
    let advice = hurried.advise(request).await.unwrap();
    assert!(advice.indexes.is_empty());
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.contains("not all was tried")),
        "{:?}",
        advice.notes
    );
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn each_side_of_an_or_gets_its_index() {
    let lab = Lab::new("or", true, true).await;
    const EITHER: &str = "SELECT * FROM message WHERE author_id = 7 \
         OR updated BETWEEN '2024-02-01' AND '2024-02-01 02:00'";
    let advice = lab.advise(EITHER, Vec::new()).await;
    let keys: Vec<&str> = advice.indexes.iter().map(on).collect();
    assert_eq!(
        keys,
        ["public.message (author_id)", "public.message (updated)"]
    );
    assert_eq!(advice.indexes[1].choice, AdviceChoice::Together);
    for index in &advice.indexes {
        assert_eq!(index.verification, Verification::Hypothetical);
        assert!(
            index.caveats[0].contains("each of its sides"),
            "{:?}",
            index.caveats
        );
    }
    // One of them does nothing, both do what was said.
    let (pages, _) = lab.run(EITHER).await;
    for (statement, helps) in [(0, false), (1, true)] {
        lab.pool
            .execute(AssertSqlSafe(advice.indexes[statement].statement.clone()))
            .await
            .unwrap();
        let (now, plan) = lab.run(EITHER).await;
        let is_better = pages > 5.0 * now;
        assert_eq!(is_better, helps, "{pages} -> {now} pages");
        let uses = plan.nodes().any(|node| node.node_type == "BitmapOr");
        assert_eq!(uses, helps);
    }
    // Where one side has its index, the other's is advised by itself.
    lab.pool
        .execute("DROP INDEX message_updated_idx")
        .await
        .unwrap();
    let advice = lab.advise(EITHER, Vec::new()).await;
    let keys: Vec<&str> = advice.indexes.iter().map(on).collect();
    assert_eq!(keys, ["public.message (updated)"]);
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_foreign_key_without_index() {
    let lab = Lab::new("reference", true, true).await;
    lab.pool
        .execute(sqlx::raw_sql(
            "ALTER TABLE message ADD CONSTRAINT message_author_fkey \
               FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE;
             CREATE TABLE attachment (id bigserial PRIMARY KEY, message_id bigint \
               CONSTRAINT attachment_message_fkey REFERENCES message (id) ON DELETE CASCADE, name text NOT NULL);
             INSERT INTO attachment (message_id, name) \
               SELECT CASE WHEN g % 10 = 0 THEN g END, 'a' FROM generate_series(1, 50000) g;
             CREATE TABLE badge (id int PRIMARY KEY, author_id bigint REFERENCES author (id));
             INSERT INTO badge SELECT g, 900 + g FROM generate_series(1, 20) g;
             ANALYZE",
        ))
        .await
        .unwrap();
    const DELETE: &str = "DELETE FROM author WHERE id = $1";
    let before = lab.state().await;
    let advice = lab.advise(DELETE, vec![int8(7)]).await;
    let keys: Vec<&str> = advice.indexes.iter().map(on).collect();
    // The rows of the second table go with those of the first.
    assert_eq!(
        keys,
        [
            "public.message (author_id)",
            "public.attachment (message_id) WHERE message_id IS NOT NULL"
        ]
    );
    let first = first(&advice);
    assert_eq!(first.verification, Verification::Hypothetical);
    assert!(
        first
            .reason
            .contains("author_id of message refers to author (message_author_fkey)"),
        "{}",
        first.reason
    );
    let saved = 1.0 - first.cost_after.unwrap() / first.cost_before.unwrap();
    assert!(saved > 0.5, "{saved}");
    assert_eq!(lab.state().await, before);

    // A run that was caught tells how long the checks took.
    let (_, ran) = lab.undone("DELETE FROM author WHERE id = 7").await;
    let advice = lab
        .explainer
        .advise(AdviceRequest {
            query: lab.query(DELETE, vec![int8(7)]),
            plan: Some(ran),
            workload: Vec::new(),
        })
        .await
        .unwrap();
    let said = &advice.indexes[0].caveats[0];
    assert!(
        said.contains("1 checks of message_author_fkey took"),
        "{said}"
    );

    // Made in earnest, the tables are no longer read from end to end.
    let (read, _) = lab.undone("DELETE FROM author WHERE id = 7").await;
    assert!(read > 100_000, "{read}");
    for index in &advice.indexes {
        lab.pool
            .execute(AssertSqlSafe(index.statement.clone()))
            .await
            .unwrap();
    }
    let (read, _) = lab.undone("DELETE FROM author WHERE id = 7").await;
    assert!(read < 1_000, "{read}");

    // Nothing is left to advise, nor where no key is touched.
    for (sql, values) in [
        (DELETE, vec![int8(7)]),
        ("UPDATE author SET name = 'x' WHERE id = $1", vec![int8(7)]),
    ] {
        let advice = lab.advise(sql, values).await;
        assert!(advice.indexes.is_empty(), "{sql}: {:?}", advice.indexes);
    }
    lab.pool
        .execute("DROP INDEX message_author_id_idx")
        .await
        .unwrap();
    for (sql, advised) in [
        ("UPDATE author SET name = 'x' WHERE id = $1", 0),
        ("UPDATE author SET id = id + 5000 WHERE id = $1", 1),
    ] {
        let advice = lab.advise(sql, vec![int8(7)]).await;
        assert_eq!(advice.indexes.len(), advised, "{sql}");
    }
    lab.done().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_table_that_several_processes_read() {
    let lab = Lab::new("parallel", true, true).await;
    let options = (*lab.pool.connect_options()).clone().options([
        ("max_parallel_workers_per_gather", "2"),
        ("min_parallel_table_scan_size", "0"),
        ("parallel_setup_cost", "0"),
        ("parallel_tuple_cost", "0.001"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig {
            advice: Duration::from_secs(60),
            timeout: Duration::from_secs(30),
            ..ExplainConfig::default()
        },
    );
    explainer.register(&pool);
    for (sql, wanted) in [
        (LIST, Ok("public.message (updated) WHERE deleted")),
        (
            "SELECT * FROM message WHERE author_id = 7 ORDER BY body",
            Ok("public.message (author_id"),
        ),
        // The rows are those of all processes: most of them are kept.
        (
            "SELECT * FROM message WHERE NOT deleted ORDER BY body",
            Err("keep 95 % of message"),
        ),
    ] {
        let plan = explainer.explain(lab.query(sql, vec![])).await.unwrap();
        let plan = Plan::parse(plan.format, &plan.raw).unwrap();
        assert!(
            plan.nodes().any(|node| node.parallel_aware),
            "{sql} is run by one process"
        );
        let request = AdviceRequest {
            query: lab.query(sql, vec![]),
            plan: None,
            workload: Vec::new(),
        };
        let advice = explainer.advise(request).await.unwrap();
        match wanted {
            Ok(keys) => assert!(on(first(&advice)).starts_with(keys), "{sql}"),
            Err(note) => {
                assert!(advice.indexes.is_empty(), "{sql}: {:?}", advice.indexes);
                assert!(
                    advice.notes.iter().any(|said| said.contains(note)),
                    "{sql}: {:?}",
                    advice.notes
                );
            }
        }
    }
    pool.close().await;
    lab.done().await;
}
