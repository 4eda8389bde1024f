//! Advice for any small schema and query: its statement is always good, new, and does no harm.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use proptest::{prelude::*, sample::select};
use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainMode, ExplainQuery, Redactor,
    explain::{AdviceChoice, AdviceRequest, IndexAdvice},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Executor as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

const COLUMNS: [&str; 5] = ["id", "few", "many", "word", "maybe"];

/// Two tables of the same columns: a key, few values, many, a text, and one that is mostly NULL.
fn schema(rows: u32, indexes: &[String]) -> String {
    let mut sql = String::new();
    for (table, rows) in [("t", rows), ("u", rows / 4 + 1)] {
        sql.push_str(&format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, few INTEGER NOT NULL, \
               many INTEGER NOT NULL, word TEXT NOT NULL, \
               maybe INTEGER{});
             WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < {rows})
               INSERT INTO {table} SELECT g, g % 3, (g * 7919) % {rows}, 'w' || (g * 31 % 97),
                 CASE WHEN g % 10 = 0 THEN 1 + g % {rows} / 5 END FROM n;",
            if table == "u" {
                " REFERENCES t (id)"
            } else {
                ""
            }
        ));
    }
    for index in indexes {
        sql.push_str(index);
        sql.push(';');
    }
    sql.push_str("ANALYZE;");
    sql
}

fn column() -> impl Strategy<Value = &'static str> + Clone {
    select(&COLUMNS[..])
}

/// An index that is there already.
fn index() -> impl Strategy<Value = String> {
    let key = (column(), select(vec!["", " DESC", " COLLATE NOCASE"]));
    let keys = prop::collection::vec(key, 1..4);
    let table = select(vec!["t", "u"]);
    let predicate = select(vec!["", "", " WHERE few = 1", " WHERE maybe IS NOT NULL"]);
    (table, keys, predicate, any::<u32>()).prop_map(|(table, keys, predicate, name)| {
        let mut named = BTreeSet::new();
        let keys: Vec<String> = keys
            .into_iter()
            .filter(|(column, _)| named.insert(*column))
            .map(|(column, how)| format!("{column}{how}"))
            .collect();
        format!(
            "CREATE INDEX IF NOT EXISTS i{name} ON {table} ({}){predicate}",
            keys.join(", ")
        )
    })
}

/// A condition on a table.
fn condition(table: &'static str) -> impl Strategy<Value = String> {
    let one = (
        column(),
        select(vec![
            "= 1",
            "= 17",
            "IN (3, 5)",
            "> 40",
            "BETWEEN 3 AND 9",
            "<> 1",
            "IS NULL",
            "IS NOT NULL",
            "= 'w5'",
            "LIKE 'w1%'",
            "LIKE '%1'",
        ]),
    )
        .prop_map(move |(column, test)| format!("{table}.{column} {test}"));
    prop_oneof![
        4 => one.clone(),
        1 => (one.clone(), one.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
        1 => (one.clone(), one).prop_map(|(a, b)| format!("{a} AND {b}")),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let order = prop_oneof![
        Just(String::new()),
        column().prop_map(|column| format!(" ORDER BY t.{column} LIMIT 5")),
        (column(), column()).prop_map(|(a, b)| format!(" ORDER BY t.{a} DESC, t.{b} LIMIT 5")),
    ];
    prop_oneof![
        4 => (condition("t"), order.clone())
            .prop_map(|(condition, order)| format!("SELECT * FROM t WHERE {condition}{order}")),
        2 => (condition("t"), column(), order).prop_map(|(condition, column, order)| format!(
            "SELECT t.id, u.word FROM t JOIN u ON u.{column} = t.id WHERE {condition}{order}"
        )),
        1 => condition("t").prop_map(|condition| format!("SELECT count(*) FROM t WHERE {condition}")),
        1 => column().prop_map(|column| format!("SELECT {column}, count(*) FROM t GROUP BY {column}")),
        1 => condition("t").prop_map(|condition| format!("UPDATE t SET word = 'x' WHERE {condition}")),
        1 => condition("u").prop_map(|condition| format!("DELETE FROM u WHERE {condition}")),
        1 => Just("DELETE FROM t WHERE id = 77 AND few = 9".to_owned()),
    ]
}

/// What tells one index from another: table, keys with their directions and collations, and rows.
async fn shapes(pool: &SqlitePool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT l.tbl_name || ' ' || (SELECT group_concat(coalesce(x.name, '?') || x.desc || \
           upper(x.coll), ',') FROM (SELECT * FROM pragma_index_xinfo(l.name) WHERE key \
           ORDER BY seqno) x) || coalesce(lower(substr(l.sql, instr(l.sql, ' WHERE '))), '') \
         FROM sqlite_schema l WHERE l.type = 'index' AND l.sql IS NOT NULL",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Steps of SQLite's machine that running the query takes; it is undone.
async fn steps(pool: &SqlitePool, sql: &str) -> u64 {
    let steps = Arc::new(AtomicU64::new(0));
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    let count = Arc::clone(&steps);
    connection
        .lock_handle()
        .await
        .unwrap()
        .set_progress_handler(1, move || {
            count.fetch_add(1, Ordering::Relaxed);
            true
        });
    let _ = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
        .await;
    connection
        .lock_handle()
        .await
        .unwrap()
        .remove_progress_handler();
    connection.execute("ROLLBACK").await.unwrap();
    steps.load(Ordering::Relaxed)
}

async fn advise(explainer: &Explainer, database: &Database, sql: &str) -> IndexAdvice {
    let request = AdviceRequest {
        query: ExplainQuery {
            database: database.clone(),
            sql: sql.to_owned(),
            is_redacted: false,
            values: Some(Vec::new()),
            mode: ExplainMode::Estimated,
        },
        plan: None,
        workload: Vec::new(),
    };
    explainer.advise(request).await.unwrap()
}

async fn check(rows: u32, indexes: Vec<String>, sql: String) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .unwrap();
    pool.execute(sqlx::raw_sql(AssertSqlSafe(schema(rows, &indexes))))
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
    let database = Database {
        kind: DatabaseKind::Sqlite,
        name: options.get_filename().to_string_lossy().into_owned(),
    };
    let advice = advise(&explainer, &database, &sql).await;
    assert!(
        !advice.indexes.is_empty() || !advice.notes.is_empty(),
        "{sql}: nothing is said at all"
    );
    let before = steps(&pool, &sql).await;
    let old = shapes(&pool).await;
    let mut made = old.clone();
    for index in &advice.indexes {
        if index.choice == AdviceChoice::Instead {
            continue;
        }
        let created = pool.execute(AssertSqlSafe(index.statement.clone())).await;
        assert!(created.is_ok(), "{sql}: {}: {created:?}", index.statement);
        let now = shapes(&pool).await;
        let new: Vec<&String> = now.iter().filter(|shape| !made.contains(shape)).collect();
        assert_eq!(
            new.len(),
            1,
            "{sql}: {} is there: {made:?}",
            index.statement
        );
        made = now;
    }
    if !advice.indexes.is_empty() {
        let after = steps(&pool, &sql).await;
        assert!(
            after <= 2 * before + 1_000,
            "{sql}: {before} -> {after} steps with {:?} beside {indexes:?}",
            made.iter()
                .filter(|shape| !old.contains(shape))
                .collect::<Vec<_>>()
        );
    }
    pool.close().await;
    advice.indexes.len()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_statement_is_good_new_and_does_no_harm(
        rows in select(vec![40_u32, 900, 4_000]),
        indexes in prop::collection::vec(index(), 0..4),
        sql in query(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let advised = runtime.block_on(check(rows, indexes, sql));
        // Of forty rows, all are read at once.
        prop_assert!(rows > 40 || advised == 0);
    }
}
