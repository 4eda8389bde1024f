//! The lab: statements whose plans are had from real servers, PostgreSQL 10 to the newest.

use std::collections::HashSet;
use std::fmt::Write;

use sqlx::{Connection, PgConnection, Row};

/// A statement of `lab/cases.sql`.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The first version of the server that knows its syntax.
    since: u32,
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
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = include_str!("../lab/cases.sql")
        .split("-- name: ")
        .skip(1)
        .map(|text| {
            let (name, rest) = text.split_once('\n').unwrap();
            let (since, rest) = match rest.strip_prefix("-- since: ") {
                Some(rest) => rest.split_once('\n').unwrap(),
                None => ("0", rest),
            };
            let (settings, sql) = match rest.strip_prefix("-- set: ") {
                Some(rest) => rest.split_once('\n').unwrap(),
                None => ("", rest),
            };
            Case {
                name,
                since: since.parse().unwrap(),
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
    /// Names of the settings it has.
    settings: HashSet<String>,
}

impl Lab {
    /// Makes the tables anew on the server named in the environment.
    pub(crate) async fn open(variable: &str) -> Self {
        let url = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run cargo xtask test"));
        let (server, _) = url.rsplit_once('/').unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let version: String = sqlx::query_scalar("SHOW server_version_num")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let version = version.parse::<u32>().unwrap() / 10_000;
        let settings: Vec<String> = sqlx::query_scalar("SELECT name FROM pg_settings")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let force = if version >= 13 { " WITH (FORCE)" } else { "" };
        for sql in [
            format!("DROP DATABASE IF EXISTS silk_plan_lab{force}"),
            "CREATE DATABASE silk_plan_lab".to_owned(),
        ] {
            run(&mut connection, sql).await;
        }
        connection.close().await.unwrap();
        let url = format!("{server}/silk_plan_lab");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let (tables, vacuumed) = include_str!("../lab/schema.sql")
            .split_once("\nVACUUM (ANALYZE) ")
            .unwrap();
        run(&mut connection, tables.to_owned()).await;
        // It refuses to run with others in one message, and before 11 takes one table at a time.
        for table in vacuumed.trim_end().trim_end_matches(';').split(", ") {
            run(&mut connection, format!("VACUUM (ANALYZE) {table}")).await;
        }
        Self {
            connection,
            version,
            settings: settings.into_iter().collect(),
        }
    }

    /// The statements that the server knows the syntax of, those that write last.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = cases();
        cases.retain(|case| self.version >= case.since);
        cases
    }

    /// The plan of a case, in a transaction that is rolled back.
    pub(crate) async fn explain(&mut self, case: &Case, options: &str) -> String {
        let mut sql = "BEGIN; SET LOCAL track_io_timing = on;".to_owned();
        for (name, value) in [("jit", "off")].iter().chain(&case.settings) {
            let name = match *name {
                "force_parallel" if self.version >= 16 => "debug_parallel_query",
                "force_parallel" => "force_parallel_mode",
                name => name,
            };
            if self.settings.contains(name) {
                write!(sql, "SET LOCAL {name} = {value};").unwrap();
            }
        }
        let (mut options, mut statement) = (options.to_owned(), case.sql.to_owned());
        if self.version < 12 {
            // All CTEs are kept there, and settings are not printed.
            options = options.replace("SETTINGS, ", "");
            statement = statement.replace("AS MATERIALIZED ", "AS ");
        }
        write!(sql, "EXPLAIN ({options}) {statement}").unwrap();
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

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}
