//! Indexes that are likely to help, on a real MySQL or MariaDB: said, and said not to be proved.

use std::sync::Arc;

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainMode, ExplainQuery, Redactor,
    explain::{AdviceRequest, IndexAdvice, Verification},
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{AssertSqlSafe, Executor as _, mysql::MySqlPoolOptions};

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

    for sql in [
        "SELECT * FROM message WHERE id = 7",
        "SELECT * FROM tiny WHERE kind = 'x'",
        "SELECT * FROM message",
        "SELECT * FROM message WHERE body = 'x'",
        "SELECT 1",
    ] {
        let advice = advise(sql).await;
        assert!(advice.indexes.is_empty(), "{sql}: {:?}", advice.indexes);
        assert!(!advice.notes.is_empty(), "{sql}");
    }
    pool.close().await;
    let drop = format!("DROP DATABASE {name}");
    admin
        .execute(sqlx::raw_sql(AssertSqlSafe(drop)))
        .await
        .unwrap();
}
