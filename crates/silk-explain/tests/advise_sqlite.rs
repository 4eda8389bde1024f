//! Indexes advised for a real SQLite database, and what it then chooses.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, Fingerprint,
    Redactor, Value, ValueState,
    explain::{
        AdviceChoice, AdviceRequest, AdviceStrength, IndexAdvice, Verification, WorkloadQuery,
    },
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

struct Lab {
    _folder: tempfile::TempDir,
    pool: SqlitePool,
    explainer: Explainer,
    database: Database,
}

/// 20,000 messages, 4.9 % of them deleted, by 1,000 authors.
const LAB: &str = "
    CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
    WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 1000)
      INSERT INTO author (name, email) SELECT 'author ' || g, 'author' || g || '@example.org' FROM n;
    CREATE TABLE message (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, status TEXT NOT NULL,
      deleted BOOLEAN NOT NULL, updated INTEGER NOT NULL, body TEXT NOT NULL);
    WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 20000)
      INSERT INTO message (author_id, status, deleted, updated, body)
      SELECT 1 + (g * 7919) % 1000, CASE WHEN g % 100 >= 99 THEN 'flagged' WHEN g % 100 >= 60
        THEN 'unread' ELSE 'read' END, (g * 31) % 1000 < 49, (g * 48271) % 20011,
        printf('%.100c', 'x') FROM n;
    CREATE TABLE tiny (id INTEGER PRIMARY KEY, kind TEXT NOT NULL);
    INSERT INTO tiny VALUES (1, 'a'), (2, 'b'), (3, 'a');
    CREATE VIEW live AS SELECT * FROM message WHERE NOT deleted;";

impl Lab {
    async fn new(is_analyzed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("app.db"))
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .unwrap();
        pool.execute(sqlx::raw_sql(LAB)).await.unwrap();
        if is_analyzed {
            pool.execute("ANALYZE").await.unwrap();
        }
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
        let name = options.get_filename().to_string_lossy().into_owned();
        Self {
            _folder: folder,
            pool,
            explainer,
            database: Database {
                kind: DatabaseKind::Sqlite,
                name,
            },
        }
    }

    fn query(&self, sql: &str, values: Vec<Value>) -> ExplainQuery {
        ExplainQuery {
            database: self.database.clone(),
            sql: sql.to_owned(),
            is_redacted: false,
            values: Some(values),
            mode: ExplainMode::Estimated,
        }
    }

    async fn advise(&self, sql: &str, values: Vec<Value>) -> IndexAdvice {
        let request = AdviceRequest {
            query: self.query(sql, values),
            plan: None,
            workload: Vec::new(),
        };
        self.explainer.advise(request).await.unwrap()
    }

    /// Steps of SQLite's machine that really running the query takes.
    async fn steps(&self, sql: &str) -> u64 {
        let steps = Arc::new(AtomicU64::new(0));
        let mut connection = self.pool.acquire().await.unwrap();
        let count = steps.clone();
        connection
            .lock_handle()
            .await
            .unwrap()
            .set_progress_handler(1, move || {
                count.fetch_add(1, Ordering::Relaxed);
                true
            });
        let mut transaction = connection.begin().await.unwrap();
        steps.store(0, Ordering::Relaxed);
        transaction
            .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
            .await
            .unwrap();
        let taken = steps.load(Ordering::Relaxed);
        transaction.rollback().await.unwrap();
        connection
            .lock_handle()
            .await
            .unwrap()
            .remove_progress_handler();
        taken
    }

    /// Makes all that is advised up to what could be had instead, and says what.
    async fn apply(&self, advice: &IndexAdvice) -> Vec<String> {
        let mut made = Vec::new();
        for index in &advice.indexes {
            if index.choice == AdviceChoice::Instead {
                continue;
            }
            self.pool
                .execute(AssertSqlSafe(index.statement.clone()))
                .await
                .unwrap();
            made.push(index.statement.clone());
        }
        made
    }

    async fn state(&self) -> Vec<(String, Option<String>)> {
        sqlx::query_as("SELECT name, sql FROM sqlite_schema ORDER BY 1")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

fn integer(number: i64) -> Value {
    Value {
        type_name: "INTEGER".into(),
        state: ValueState::Bytes(number.to_le_bytes().to_vec()),
    }
}

#[tokio::test]
async fn the_shadow_chooses_as_the_database_does() {
    for is_analyzed in [true, false] {
        let lab = Lab::new(is_analyzed).await;
        let before = lab.state().await;
        let mut advised = 0;
        for (sql, values) in [
            (
                "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 100",
                vec![],
            ),
            (
                "SELECT * FROM message WHERE deleted = 1 ORDER BY updated DESC LIMIT 100",
                vec![],
            ),
            ("SELECT count(*) FROM message WHERE NOT deleted", vec![]),
            (
                "SELECT * FROM message WHERE author_id = ?",
                vec![integer(7)],
            ),
            (
                "SELECT * FROM message WHERE author_id = ? ORDER BY updated LIMIT 5",
                vec![integer(7)],
            ),
            (
                "SELECT id FROM author WHERE lower(email) = 'author7@example.org'",
                vec![],
            ),
            (
                "SELECT a.name, m.body FROM author a JOIN message m ON m.author_id = a.id \
                 WHERE a.id = ?1",
                vec![integer(7)],
            ),
            (
                "DELETE FROM message WHERE author_id = ? AND status = 'flagged'",
                vec![integer(7)],
            ),
            ("SELECT max(updated) FROM message", vec![]),
        ] {
            let advice = lab.advise(sql, values.clone()).await;
            assert_eq!(lab.state().await, before, "{sql}");
            for index in &advice.indexes {
                advised += 1;
                assert_eq!(index.verification, Verification::Shadow);
                assert!(
                    index.statement.starts_with("CREATE INDEX message_")
                        || index.statement.starts_with("CREATE INDEX author_"),
                    "{}",
                    index.statement
                );
                // Made in earnest, the database plans exactly as its shadow did.
                lab.pool
                    .execute(AssertSqlSafe(index.statement.clone()))
                    .await
                    .unwrap();
                let real = lab
                    .explainer
                    .explain(lab.query(sql, values.clone()))
                    .await
                    .unwrap();
                let shadow = index.plan_after.as_ref().unwrap();
                assert_eq!(real.raw, shadow.raw, "{sql}: {}", index.statement);
                let name = index.statement.split(' ').nth(2).unwrap();
                assert!(real.raw.contains(name), "{}", real.raw);
                lab.pool
                    .execute(AssertSqlSafe(format!("DROP INDEX {name}")))
                    .await
                    .unwrap();
            }
        }
        assert!(advised >= 8, "{advised}");
    }
}

#[tokio::test]
async fn the_partial_index_for_the_list() {
    let lab = Lab::new(true).await;
    let list = lab
        .advise(
            "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 100",
            vec![],
        )
        .await;
    assert_eq!(
        list.indexes
            .first()
            .map(|index| (index.statement.as_str(), index.strength)),
        Some((
            "CREATE INDEX message_updated_where_deleted_idx ON message (updated) WHERE deleted",
            AdviceStrength::Strong
        )),
        "{:?}",
        list.notes
    );
    // A value that is bound is no constant.
    let bound = lab
        .advise(
            "SELECT * FROM message WHERE deleted = ? ORDER BY updated DESC LIMIT 100",
            vec![integer(1)],
        )
        .await;
    for index in &bound.indexes {
        assert!(!index.statement.contains("WHERE"), "{}", index.statement);
    }
    // What else runs on the table may like another one better.
    let other = |fingerprint, sql: &str| WorkloadQuery {
        fingerprint: Fingerprint(fingerprint),
        query: lab.query(sql, vec![]),
        calls: 10,
        total_us: 1_000_000,
    };
    let advice = lab
        .explainer
        .advise(AdviceRequest {
            query: lab.query(
                "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 100",
                vec![],
            ),
            plan: None,
            workload: vec![
                other(1, "SELECT * FROM message ORDER BY updated DESC LIMIT 20"),
                other(
                    2,
                    "SELECT id FROM message WHERE NOT deleted ORDER BY updated LIMIT 20",
                ),
            ],
        })
        .await
        .unwrap();
    let first = advice.indexes.first().unwrap();
    assert_eq!(
        first.statement,
        "CREATE INDEX message_updated_idx ON message (updated)"
    );
    assert_eq!(first.effects.len(), 2);
}

#[tokio::test]
async fn nothing_where_nothing_helps() {
    let lab = Lab::new(true).await;
    lab.pool
        .execute("CREATE INDEX message_author ON message (author_id, updated); ANALYZE")
        .await
        .unwrap();
    for (sql, values) in [
        ("SELECT * FROM tiny WHERE kind = 'a'", vec![]),
        ("SELECT * FROM message WHERE id = ?", vec![integer(7)]),
        ("SELECT * FROM message WHERE NOT deleted", vec![]),
        ("SELECT * FROM message WHERE status = ?", vec![]),
        (
            "SELECT * FROM message WHERE author_id = ? ORDER BY updated DESC LIMIT 5",
            vec![integer(7)],
        ),
        ("SELECT * FROM message", vec![]),
        ("SELECT * FROM message WHERE body LIKE '%x%'", vec![]),
        (
            "SELECT m.id, a.name FROM message m JOIN author a ON a.id = m.author_id",
            vec![],
        ),
        ("SELECT 1", vec![]),
        ("INSERT INTO tiny (kind) VALUES ('c')", vec![]),
        (
            "UPDATE message SET body = 'x' WHERE id = ?",
            vec![integer(7)],
        ),
        // An index ends with the rowid: this order is there.
        (
            "SELECT * FROM message WHERE author_id = ? ORDER BY updated DESC, id DESC LIMIT 5",
            vec![integer(7)],
        ),
        // One side of the OR no index serves.
        (
            "SELECT * FROM message WHERE author_id = 7 OR body LIKE '%x%'",
            vec![],
        ),
        // Nothing refers to these.
        ("DELETE FROM message WHERE id = ?", vec![integer(7)]),
        (
            "SELECT sum(length(body)) FROM message WHERE status <> 'flagged'",
            vec![],
        ),
    ] {
        let values = if sql.contains("status = ?") {
            vec![Value {
                type_name: "TEXT".into(),
                state: ValueState::Bytes(b"read".to_vec()),
            }]
        } else {
            values
        };
        let advice = lab.advise(sql, values).await;
        let found: Vec<&str> = advice
            .indexes
            .iter()
            .map(|index| index.statement.as_str())
            .collect();
        assert!(found.is_empty(), "{sql}: {found:?}");
        assert!(!advice.notes.is_empty(), "{sql}");
    }
}

#[tokio::test]
async fn hostile_schemas_do_no_harm() {
    let lab = Lab::new(false).await;
    lab.pool
        .execute(sqlx::raw_sql(
            "CREATE TABLE \"a\"\"; DROP TABLE tiny; --\" (\"Order\" INT, [b c] INT, \"e'f\" TEXT);
             WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 5000)
               INSERT INTO \"a\"\"; DROP TABLE tiny; --\" SELECT g, g % 9, 'x' FROM n;
             CREATE VIRTUAL TABLE words USING fts5(word);
             CREATE INDEX \"x (\" ON tiny (lower(kind)) WHERE kind <> 'where';",
        ))
        .await
        .unwrap();
    let advice = lab
        .advise(
            "SELECT * FROM \"a\"\"; DROP TABLE tiny; --\" AS t WHERE t.\"Order\" = ? AND \"b c\" = 3",
            vec![integer(7)],
        )
        .await;
    let first = advice
        .indexes
        .first()
        .unwrap_or_else(|| panic!("{:?}", advice.notes));
    lab.pool
        .execute(AssertSqlSafe(first.statement.clone()))
        .await
        .unwrap();
    assert!(lab.state().await.iter().any(|(name, _)| name == "tiny"));
    let _ = lab
        .advise("SELECT * FROM words WHERE words MATCH 'x'", vec![])
        .await;
    let _ = lab
        .advise(
            "SELECT * FROM tiny WHERE lower(kind) = 'x' AND kind <> 'where'",
            vec![],
        )
        .await;
    let request = AdviceRequest {
        query: lab.query("SELECT 1; DROP TABLE tiny", vec![]),
        plan: None,
        workload: vec![],
    };
    let refused = lab.explainer.advise(request).await;
    assert!(matches!(
        refused,
        Err(ExplainError::Refused {
            code: "not_explainable",
            ..
        })
    ));
}

#[tokio::test]
async fn made_in_earnest_it_keeps_what_it_promises() {
    // A statement, the indexes, and how many times fewer steps it takes at least.
    for (sql, indexes, times) in [
        (
            "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 100",
            &["message (updated) WHERE deleted"][..],
            10,
        ),
        // Honest: every row is still counted.
        (
            "SELECT count(*) FROM message WHERE deleted",
            &["message (deleted) WHERE deleted"],
            5,
        ),
        // Each side of an OR.
        (
            "SELECT * FROM message WHERE author_id = 7 OR updated = 5000",
            &["message (author_id)", "message (updated)"],
            10,
        ),
        // Two tables, each by its own.
        (
            "SELECT a.id, m.id FROM author a JOIN message m ON m.author_id = a.id \
             WHERE a.email = 'author7@example.org'",
            &["message (author_id)", "author (email)"],
            10,
        ),
    ] {
        let lab = Lab::new(true).await;
        let before = lab.steps(sql).await;
        let advice = lab.advise(sql, vec![]).await;
        let mut made = lab.apply(&advice).await;
        let mut wanted: Vec<String> = indexes.iter().map(|&text| text.to_owned()).collect();
        made = made
            .iter()
            .map(|text| text.split_once(" ON ").unwrap().1.to_owned())
            .collect();
        made.sort();
        wanted.sort();
        assert_eq!(made, wanted, "{sql}: {:?}", advice.notes);
        let after = lab.steps(sql).await;
        assert!(before > times * after, "{sql}: {before} -> {after} steps");
    }
}

#[tokio::test]
async fn a_foreign_key_without_index() {
    let lab = Lab::new(true).await;
    lab.pool
        .execute(sqlx::raw_sql(
            "CREATE TABLE letter (id INTEGER PRIMARY KEY, author_id INTEGER
               REFERENCES author ON DELETE SET NULL, text TEXT NOT NULL);
             INSERT INTO letter SELECT id, 1 + id % 900, body FROM message;
             CREATE TABLE reply (id INTEGER PRIMARY KEY, to_letter INTEGER REFERENCES letter (id));
             INSERT INTO reply SELECT id, id FROM letter WHERE id < 5000;
             CREATE INDEX reply_to ON reply (to_letter);
             ANALYZE",
        ))
        .await
        .unwrap();
    const DELETE: &str = "DELETE FROM author WHERE id = 7";
    let advice = lab.advise(DELETE, vec![]).await;
    let first = advice
        .indexes
        .first()
        .unwrap_or_else(|| panic!("{:?}", advice.notes));
    assert_eq!(
        first.statement,
        "CREATE INDEX letter_author_id_idx ON letter (author_id)"
    );
    assert!(
        first
            .reason
            .contains("author_id of letter refers to author"),
        "{}",
        first.reason
    );
    let before = lab.steps(DELETE).await;
    lab.apply(&advice).await;
    let after = lab.steps(DELETE).await;
    assert!(before > 10 * after, "{before} -> {after} steps");
    for sql in [
        DELETE,
        // It is there, and no key is touched.
        "DELETE FROM letter WHERE id = 7",
        "UPDATE author SET name = 'x' WHERE id = 7",
    ] {
        let advice = lab.advise(sql, vec![]).await;
        assert!(advice.indexes.is_empty(), "{sql}: {:?}", advice.indexes);
    }
    lab.pool
        .execute("DROP INDEX letter_author_id_idx")
        .await
        .unwrap();
    for (sql, advised) in [
        ("UPDATE author SET name = 'x' WHERE id = 7", 0),
        ("UPDATE author SET id = 7000 WHERE id = 7", 1),
    ] {
        let advice = lab.advise(sql, vec![]).await;
        assert_eq!(advice.indexes.len(), advised, "{sql}");
    }
}
