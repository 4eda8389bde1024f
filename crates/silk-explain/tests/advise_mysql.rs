//! Indexes that are likely to help, on a real MySQL or MariaDB: said, and said not to be proved.

use std::sync::Arc;

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainMode, ExplainQuery, Redactor,
    explain::{AdviceRequest, IndexAdvice, Verification},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{AssertSqlSafe, Executor as _, Row as _, mysql::MySqlPoolOptions};

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn what_is_likely_is_said_and_not_proved() {
    let url = std::env::var("SILK_TEST_MYSQL")
        .unwrap_or_else(|_| panic!("SILK_TEST_MYSQL is not set: run cargo xtask test"));
    let admin = MySqlPoolOptions::new()
        .max_connections(1)
        .connect(&url)
        .await
        .unwrap();
    let name = format!("advise_{}", std::process::id());
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        admin
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    let options = (*admin.connect_options()).clone().database(&name);
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let mut rows = String::new();
    for at in 1..=4_000 {
        if at > 1 {
            rows.push(',');
        }
        rows.push_str(&format!(
            "({at}, {}, {}, 'x')",
            at * 7919 % 500,
            at * 31 % 4001
        ));
    }
    for sql in [
        "CREATE TABLE message (id INT PRIMARY KEY, author_id INT NOT NULL, updated INT NOT NULL, \
         body TEXT)"
            .to_owned(),
        format!("INSERT INTO message VALUES {rows}"),
        "CREATE TABLE tiny (id INT PRIMARY KEY, kind VARCHAR(9))".to_owned(),
        "ANALYZE TABLE message, tiny".to_owned(),
    ] {
        pool.execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let advise = async |sql: &str| -> IndexAdvice {
        let request = AdviceRequest {
            query: ExplainQuery {
                database: Database {
                    kind: DatabaseKind::MySql,
                    name: name.clone(),
                },
                sql: sql.to_owned(),
                is_redacted: false,
                values: Some(Vec::new()),
                mode: ExplainMode::Estimated,
            },
            plan: None,
            workload: Vec::new(),
        };
        explainer.advise(request).await.unwrap()
    };

    let list =
        advise("SELECT * FROM message WHERE author_id = 7 ORDER BY updated DESC LIMIT 5").await;
    let first = list
        .indexes
        .first()
        .unwrap_or_else(|| panic!("{:?}", list.notes));
    assert_eq!(
        first.statement,
        "ALTER TABLE message ADD INDEX message_author_id_updated_idx (author_id, updated)"
    );
    assert!(
        matches!(&first.verification, Verification::NotVerified { remedy } if remedy.contains("EXPLAIN")),
        "{:?}",
        first.verification
    );
    assert!(first.cost_after.is_none());
    pool.execute(AssertSqlSafe(first.statement.clone()))
        .await
        .unwrap();
    let again =
        advise("SELECT * FROM message WHERE author_id = 7 ORDER BY updated DESC LIMIT 5").await;
    assert!(again.indexes.is_empty(), "{:?}", again.indexes);

    // What joins is not constant: an index of it gives no order, and takes no other one's place.
    for sql in [
        "CREATE TABLE author (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL)",
        "INSERT INTO author SELECT id, 'x' FROM message WHERE id < 500",
        "DROP INDEX message_author_id_updated_idx ON message",
        "CREATE INDEX message_author ON message (author_id)",
        "ANALYZE TABLE message, author",
    ] {
        pool.execute(sql).await.unwrap();
    }
    for sql in [
        "SELECT * FROM message ORDER BY updated DESC LIMIT 5",
        "SELECT m.body, a.name FROM message m JOIN author a ON a.id = m.author_id \
         ORDER BY m.updated DESC LIMIT 5",
    ] {
        let list = advise(sql).await;
        let statements: Vec<&str> = list
            .indexes
            .iter()
            .map(|index| index.statement.as_str())
            .collect();
        assert_eq!(
            statements,
            ["ALTER TABLE message ADD INDEX message_updated_idx (updated)"],
            "{sql}: {:?}",
            list.notes
        );
        let first = &list.indexes[0];
        assert_eq!(first.replaces, None);
        assert!(
            !first.caveats.iter().any(|caveat| caveat.contains("DROP")),
            "{:?}",
            first.caveats
        );
        // InnoDB only estimates how many rows there are, but always thousands.
        let rows = first.caveats[0]
            .strip_prefix("not tried: it reads ")
            .and_then(|rest| rest.split(' ').next());
        assert!(
            rows.is_some_and(|rows| rows.contains(',')),
            "{:?}",
            first.caveats
        );
    }

    // What keeps most rows, or joins what is read first, is no matter of an index.
    for sql in [
        "ALTER TABLE message ADD status VARCHAR(9) NOT NULL DEFAULT 'read', ADD flag TINYINT(1) \
         NOT NULL DEFAULT 0, ADD wide VARCHAR(500) NOT NULL DEFAULT 'x'",
        "UPDATE message SET status = 'unread' WHERE id % 100 >= 60",
        "UPDATE message SET status = 'flagged', flag = 1 WHERE id % 100 >= 97",
        "CREATE INDEX message_author_updated ON message (author_id, updated)",
        "CREATE TABLE letter (id INT PRIMARY KEY, author_id INT, \
         FOREIGN KEY (author_id) REFERENCES author (id))",
        "INSERT INTO letter SELECT id, 1 + id % 400 FROM message",
        "ANALYZE TABLE message, author, letter",
    ] {
        pool.execute(sql).await.unwrap();
    }
    for sql in [
        "SELECT * FROM message WHERE id = 7",
        "SELECT * FROM tiny WHERE kind = 'x'",
        "SELECT * FROM message",
        "SELECT * FROM message WHERE body = 'x'",
        "SELECT 1",
        "SELECT * FROM message WHERE status = 'read'",
        "SELECT * FROM message WHERE NOT flag",
        "SELECT * FROM message WHERE flag = 0 ORDER BY id",
        "SELECT * FROM message WHERE updated > 100",
        "SELECT * FROM message WHERE wide = 'x'",
        "SELECT m.body, a.name FROM message m JOIN author a ON a.id = m.author_id",
        "SELECT * FROM message WHERE author_id = 7 ORDER BY updated DESC LIMIT 5",
        // InnoDB's indexes end with the primary key.
        "SELECT * FROM message WHERE author_id = 7 ORDER BY updated DESC, id DESC LIMIT 5",
        "SELECT * FROM message WHERE author_id = 7 OR body LIKE '%x%'",
        "SELECT * FROM message WHERE updated < 30 OR status = 'read'",
        "INSERT INTO tiny VALUES (1, 'x')",
        // A foreign key has its index.
        "DELETE FROM author WHERE id = 7",
        "UPDATE message SET body = 'y' WHERE id = 7",
    ] {
        let advice = advise(sql).await;
        assert!(advice.indexes.is_empty(), "{sql}: {:?}", advice.indexes);
        assert!(!advice.notes.is_empty(), "{sql}");
    }

    // Made in earnest, it reads as few rows as it was said to look for.
    for name in ["message_author_updated", "message_author"] {
        let drop = format!("DROP INDEX {name} ON message");
        pool.execute(AssertSqlSafe(drop)).await.unwrap();
    }
    let read = async |sql: &str| -> i64 {
        let mut connection = pool.acquire().await.unwrap();
        connection.execute("FLUSH STATUS").await.unwrap();
        connection
            .fetch_all(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
        let rows = connection
            .fetch_all("SHOW SESSION STATUS LIKE 'Handler_read%'")
            .await
            .unwrap();
        rows.iter()
            .map(|row| row.get::<String, _>(1).parse::<i64>().unwrap())
            .sum()
    };
    for (sql, keys) in [
        (
            "SELECT * FROM message WHERE status = 'flagged'",
            &["(status)"][..],
        ),
        (
            "SELECT * FROM message WHERE author_id = 7 ORDER BY updated DESC LIMIT 5",
            &["(author_id, updated)"],
        ),
        (
            "SELECT * FROM message WHERE author_id = 9 OR updated = 77",
            &["(author_id)", "(updated)"],
        ),
        (
            "SELECT a.name, m.body FROM author a JOIN message m ON m.author_id = a.id \
             WHERE a.id = 7",
            &["(author_id)"],
        ),
    ] {
        let before = read(sql).await;
        let advice = advise(sql).await;
        let found: Vec<&str> = advice
            .indexes
            .iter()
            .filter_map(|index| index.statement.rsplit_once(" (").map(|(_, keys)| keys))
            .collect();
        let wanted: Vec<&str> = keys.iter().map(|keys| &keys[1..]).collect();
        assert_eq!(found, wanted, "{sql}: {:?}", advice.notes);
        for index in &advice.indexes {
            assert!(matches!(
                index.verification,
                Verification::NotVerified { .. }
            ));
            pool.execute(AssertSqlSafe(index.statement.clone()))
                .await
                .unwrap();
        }
        pool.execute("ANALYZE TABLE message").await.unwrap();
        let after = read(sql).await;
        assert!(before > 8 * after, "{sql}: {before} -> {after} rows");
        for index in &advice.indexes {
            let name = index.statement.split(' ').nth(5).unwrap();
            let drop = format!("DROP INDEX {name} ON message");
            pool.execute(AssertSqlSafe(drop)).await.unwrap();
        }
    }
    pool.close().await;
    let drop = format!("DROP DATABASE {name}");
    admin
        .execute(sqlx::raw_sql(AssertSqlSafe(drop)))
        .await
        .unwrap();
}
