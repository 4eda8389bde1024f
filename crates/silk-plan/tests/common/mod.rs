//! The lab: statements whose plans are had from real servers.

use std::fmt::Write;

use sqlx::{Connection, PgConnection, Row};

/// A statement of `lab/cases.sql`.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    settings: Vec<(&'static str, &'static str)>,
    pub(crate) sql: &'static str,
}

impl Case {
    /// Whether its rolled-back run leaves dead rows behind, so that it comes after the others.
    fn writes(&self) -> bool {
        ["INSERT", "UPDATE", "DELETE", "MERGE"]
            .iter()
            .any(|word| self.sql.contains(word))
    }
}

/// The statements, those that write last.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = include_str!("../lab/cases.sql")
        .split("-- name: ")
        .skip(1)
        .map(|text| {
            let (name, rest) = text.split_once('\n').unwrap();
            let (settings, sql) = match rest.strip_prefix("-- set: ") {
                Some(rest) => rest.split_once('\n').unwrap(),
                None => ("", rest),
            };
            Case {
                name,
                settings: settings
                    .split(", ")
                    .filter_map(|setting| setting.split_once(" = "))
                    .collect(),
                sql: sql.trim().trim_end_matches(';'),
            }
        })
        .collect();
    cases.sort_by_key(Case::writes);
    cases
}

/// A server with the lab's tables in a database of their own.
pub(crate) struct Lab {
    connection: PgConnection,
    pub(crate) version: u32,
}

impl Lab {
    /// Makes the tables anew on the server named in the environment.
    pub(crate) async fn open(variable: &str) -> Self {
        let url = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run cargo xtask test"));
        let (server, _) = url.rsplit_once('/').unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for sql in [
            "DROP DATABASE IF EXISTS silk_plan_lab WITH (FORCE)",
            "CREATE DATABASE silk_plan_lab",
        ] {
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        let url = format!("{server}/silk_plan_lab");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let (tables, vacuum) = include_str!("../lab/schema.sql")
            .split_once("\nVACUUM")
            .unwrap();
        sqlx::raw_sql(tables)
            .execute(&mut connection)
            .await
            .unwrap();
        // It refuses to run with others in one message.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("VACUUM{vacuum}")))
            .execute(&mut connection)
            .await
            .unwrap();
        let version: String = sqlx::query_scalar("SHOW server_version_num")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        Self {
            connection,
            version: version.parse::<u32>().unwrap() / 10_000,
        }
    }

    /// The plan of a case, in a transaction that is rolled back.
    pub(crate) async fn explain(&mut self, case: &Case, options: &str) -> String {
        let mut sql = "BEGIN; SET LOCAL track_io_timing = on; SET LOCAL jit = off;".to_owned();
        for (name, value) in &case.settings {
            let name = match *name {
                "force_parallel" if self.version >= 16 => "debug_parallel_query",
                "force_parallel" => "force_parallel_mode",
                name => name,
            };
            write!(sql, "SET LOCAL {name} = {value};").unwrap();
        }
        write!(sql, "EXPLAIN ({options}) {}", case.sql).unwrap();
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .fetch_all(&mut self.connection)
            .await;
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut self.connection)
            .await
            .unwrap();
        let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut text = String::new();
        for row in rows {
            text.push_str(&row.try_get_unchecked::<String, _>(0).unwrap());
            text.push('\n');
        }
        text
    }
}
