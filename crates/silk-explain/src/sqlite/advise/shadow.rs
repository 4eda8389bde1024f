//! An in-memory copy of schema and statistics: SQLite plans there as it would in the database.

use std::fmt::Write as _;

use silk_capture::sql::values::sqlite::rebind;
use silk_plan::{Plan, PlanFormat, advice::Candidate};
use sqlx_core::{
    connection::{ConnectOptions as _, Connection as _},
    error::Error,
    executor::Executor as _,
    query::{query, query_with},
    raw_sql::raw_sql,
    row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};

use crate::{
    session::quiet,
    target::{Failure, Question},
};

/// Rows of statistics copied at most.
const MAX_STATISTICS: i64 = 20_000;

/// The copy.
pub(super) struct Shadow {
    connection: SqliteConnection,
    /// Whether the database has statistics.
    pub(super) has_statistics: bool,
    /// What could not be copied.
    pub(super) missing: Vec<String>,
    /// Names that are taken.
    pub(super) names: Vec<String>,
}

/// A plan of SQLite, which has no costs.
pub(super) struct Planned {
    pub(super) raw: String,
    pub(super) plan: Plan,
}

impl Planned {
    /// Whether the plan uses the index of this name.
    pub(super) fn uses(&self, index: &str) -> bool {
        let mut nodes = self.plan.nodes();
        nodes.any(|node| node.index.as_deref() == Some(index))
    }
}

/// What the index on trial at a place is called in the shadow.
pub(super) fn on_trial(at: usize) -> String {
    format!("silk_index_on_trial_{at}")
}

impl Shadow {
    /// Copies the schema and statistics of `app`, and none of its rows.
    pub(super) async fn of(
        app: &mut SqliteConnection,
        options: &SqliteConnectOptions,
    ) -> Result<Self, Failure> {
        let schema = app
            .fetch_all(
                query::<Sqlite>(
                    "SELECT type, name, sql FROM sqlite_schema \
                     WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                       AND type IN ('table', 'index', 'view') \
                     ORDER BY type = 'view', type = 'index', rowid",
                )
                .persistent(false),
            )
            .await?;
        let mut shadow = Self {
            connection: empty(options).await?,
            has_statistics: false,
            missing: Vec::new(),
            names: Vec::new(),
        };
        for row in schema {
            let sql: String = row.try_get("sql")?;
            let name: String = row.try_get("name")?;
            let created = query::<Sqlite>(AssertSqlSafe(sql)).persistent(false);
            if shadow.connection.execute(created).await.is_err() {
                // A module or collation of the app's own; a plan that needs it is not to be had.
                shadow.missing.push(name.clone());
            }
            shadow.names.push(name);
        }
        shadow.copy_statistics(app).await?;
        Ok(shadow)
    }

    async fn copy_statistics(&mut self, app: &mut SqliteConnection) -> Result<(), Failure> {
        let tables = app
            .fetch_all(
                query::<Sqlite>(
                    "SELECT name FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')",
                )
                .persistent(false),
            )
            .await?;
        let mut names = Vec::new();
        for row in tables {
            names.push(row.try_get::<String, _>(0)?);
        }
        if !names.iter().any(|name| name == "sqlite_stat1") {
            return Ok(());
        }
        // Makes the tables that statistics are in; a library without samples makes no stat4.
        self.connection.execute(raw_sql("ANALYZE")).await?;
        let rows = app
            .fetch_all(
                query::<Sqlite>("SELECT tbl, idx, stat FROM sqlite_stat1 LIMIT $1")
                    .bind(MAX_STATISTICS)
                    .persistent(false),
            )
            .await?;
        self.connection
            .execute(raw_sql("DELETE FROM sqlite_stat1"))
            .await?;
        for row in rows {
            let table: String = row.try_get("tbl")?;
            let index: Option<String> = row.try_get("idx")?;
            let figures: Option<String> = row.try_get("stat")?;
            self.has_statistics = true;
            self.connection
                .execute(
                    query::<Sqlite>(
                        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)",
                    )
                    .bind(table)
                    .bind(index)
                    .bind(figures)
                    .persistent(false),
                )
                .await?;
        }
        if names.iter().any(|name| name == "sqlite_stat4") {
            // Samples only sharpen the plan: without them it is that of a library without them.
            let _ = self.copy_samples(app).await;
        }
        self.connection
            .execute(raw_sql("ANALYZE sqlite_schema"))
            .await?;
        Ok(())
    }

    async fn copy_samples(&mut self, app: &mut SqliteConnection) -> Result<(), Error> {
        let rows = app
            .fetch_all(
                query::<Sqlite>(
                    "SELECT tbl, idx, neq, nlt, ndlt, sample FROM sqlite_stat4 LIMIT $1",
                )
                .bind(MAX_STATISTICS)
                .persistent(false),
            )
            .await?;
        self.connection
            .execute(raw_sql("DELETE FROM sqlite_stat4"))
            .await?;
        for row in rows {
            let mut insert = query::<Sqlite>(
                "INSERT INTO sqlite_stat4 (tbl, idx, neq, nlt, ndlt, sample) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            );
            for column in ["tbl", "idx", "neq", "nlt", "ndlt"] {
                insert = insert.bind(row.try_get::<Option<String>, _>(column)?);
            }
            let insert = insert
                .bind(row.try_get::<Option<Vec<u8>>, _>("sample")?)
                .persistent(false);
            self.connection.execute(insert).await?;
        }
        Ok(())
    }

    /// The plan with these indexes, the first called [`on_trial`]`(0)`; none if SQLite would not
    /// have one of them. They are gone again afterwards.
    pub(super) async fn plan_with(
        &mut self,
        candidates: &[&Candidate],
        question: &Question,
    ) -> Result<Option<Planned>, Failure> {
        let mut made = 0;
        for candidate in candidates {
            let statement = candidate.statement(Some(&on_trial(made)));
            let create = query::<Sqlite>(AssertSqlSafe(statement)).persistent(false);
            if self.connection.execute(create).await.is_err() {
                break;
            }
            made += 1;
        }
        let planned = if made == candidates.len() {
            self.plan(question).await
        } else {
            Ok(None)
        };
        for at in 0..made {
            let drop = format!("DROP INDEX {}", on_trial(at));
            let drop = query::<Sqlite>(AssertSqlSafe(drop)).persistent(false);
            self.connection.execute(drop).await?;
        }
        planned
    }

    /// The plan there.
    pub(super) async fn plan(&mut self, question: &Question) -> Result<Option<Planned>, Failure> {
        let arguments = rebind(&question.values)?;
        let explain = format!("EXPLAIN QUERY PLAN {}", question.sql);
        let explain = query_with::<Sqlite, _>(AssertSqlSafe(explain), arguments).persistent(false);
        let mut raw = String::new();
        for row in self.connection.fetch_all(explain).await? {
            let (id, parent): (i64, i64) = (row.try_get("id")?, row.try_get("parent")?);
            let detail: String = row.try_get("detail")?;
            let detail = detail.replace(['\n', '\r'], " ");
            if !raw.is_empty() {
                raw.push('\n');
            }
            // Writing to a string does not fail.
            let _ = write!(raw, "{id}|{parent}|{detail}");
        }
        let plan = Plan::parse(PlanFormat::SqliteRows, &raw).ok();
        Ok(plan.map(|plan| Planned { raw, plan }))
    }

    pub(super) async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// An empty database in memory, with the app's collations and pragmas where they can be had.
async fn empty(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    let like_app = options
        .clone()
        .filename(":memory:")
        .in_memory(true)
        .shared_cache(false)
        .read_only(false)
        .create_if_missing(true);
    match like_app.connect().await {
        Ok(connection) => Ok(connection),
        Err(_) => {
            quiet(&SqliteConnectOptions::new().filename(":memory:"))
                .connect()
                .await
        }
    }
}
