//! A filter as SQL.

use silk_core::store::RequestFilter;
use sqlx::{
    Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type, query_scalar,
    query_scalar_with, sqlite::SqliteArguments,
};

use super::{
    super::{error::Fault, json::json_numbers, numbers::to_i64},
    bind::{bind, pattern},
    few::{FEW, few},
    text,
};
use crate::kind_number;

/// The conditions of a filter, and the index that serves them best by start.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// ` AND …` for each condition.
    sql: String,
    arguments: SqliteArguments,
    /// The index of starts, and the condition that it was made for.
    index: &'static str,
    index_sql: &'static str,
    index_argument: Option<i64>,
    /// Whether rows along the index may be unwanted.
    needs_scan: bool,
    /// The table with the index that leads to few requests, if one does.
    few: Option<&'static str>,
}

impl Conditions {
    /// None if nothing can match.
    pub(super) async fn new(
        connection: &mut SqliteConnection,
        filter: &RequestFilter,
    ) -> Result<Option<Self>, Fault> {
        let mut this = Self {
            index: "requests_by_start",
            index_sql: "1",
            ..Self::default()
        };
        let Some(routes) = this.add_route(connection, filter).await? else {
            return Ok(None);
        };
        if !this.add_statement(connection, filter).await? {
            return Ok(None);
        }
        if let Some(text) = &filter.text {
            let (sql, are_few) = text::condition(connection, text, &mut this.arguments).await?;
            this.sql.push_str(&sql);
            this.needs_scan = true;
            if are_few {
                this.few = Some("requests q NOT INDEXED");
            }
        }
        this.add_finding(filter)?;
        this.add_path(filter)?;
        if let Some((low, high)) = filter.status {
            this.add(" AND q.status BETWEEN ? AND ?", low)?;
            bind(&mut this.arguments, high)?;
        }
        if let Some(least) = filter.min_duration_us {
            this.add(" AND q.total_us >= ?", to_i64(least))?;
        }
        if let Some(least) = filter.min_queries {
            this.add(" AND q.query_count >= ?", to_i64(least))?;
        }
        // Every index by start serves these.
        if let Some(since) = filter.since {
            this.sql.push_str(" AND q.started_us >= ?");
            bind(&mut this.arguments, since.timestamp_micros())?;
        }
        if let Some(until) = filter.until {
            this.sql.push_str(" AND q.started_us < ?");
            bind(&mut this.arguments, until.timestamp_micros())?;
        }
        if this.few.is_none() {
            this.few = few(connection, filter, &routes).await?;
        }
        Ok(Some(this))
    }

    /// Whether so few requests come into question that all of them are read.
    pub(super) const fn are_few(&self) -> bool {
        self.few.is_some()
    }

    /// Whether every request matches.
    pub(super) const fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// Whether a search by start can take long.
    pub(super) const fn needs_scan(&self) -> bool {
        self.needs_scan && self.few.is_none()
    }

    /// `FROM … WHERE …` with all conditions, by start.
    pub(super) fn all(&self) -> (String, SqliteArguments) {
        if let Some(table) = self.few {
            return self.from(table, "1");
        }
        self.from(&format!("requests q INDEXED BY {}", self.index), "1")
    }

    /// `FROM … WHERE …` with all conditions, over another table expression.
    pub(super) fn from(&self, table: &str, condition: &str) -> (String, SqliteArguments) {
        (
            format!("FROM {table} WHERE {condition}{}", self.sql),
            self.arguments.clone(),
        )
    }

    /// `FROM … WHERE …` with the condition of the index alone.
    pub(super) fn along_index(&self) -> (String, SqliteArguments) {
        self.along_other(self.index)
    }

    /// The same, read along another index.
    pub(super) fn along_other(&self, index: &str) -> (String, SqliteArguments) {
        let mut arguments = SqliteArguments::default();
        if let Some(argument) = self.index_argument {
            // A number always encodes.
            let _ = arguments.add(argument);
        }
        (
            format!(
                "FROM requests q INDEXED BY {index} WHERE {}",
                self.index_sql
            ),
            arguments,
        )
    }

    fn add<'a, T: Encode<'a, Sqlite> + Type<Sqlite>>(
        &mut self,
        sql: &str,
        value: T,
    ) -> Result<(), Fault> {
        self.sql.push_str(sql);
        self.needs_scan = true;
        bind(&mut self.arguments, value)
    }

    /// Kind, method and route: the routes they mean, empty for all; none if none matches.
    async fn add_route(
        &mut self,
        connection: &mut SqliteConnection,
        filter: &RequestFilter,
    ) -> Result<Option<Vec<i64>>, Fault> {
        if filter.kind.is_none() && filter.method.is_none() && filter.route.is_none() {
            return Ok(Some(Vec::new()));
        }
        let mut sql = String::from("SELECT route_id FROM routes WHERE 1");
        let mut arguments = SqliteArguments::default();
        if let Some(kind) = filter.kind {
            sql.push_str(" AND kind = ?");
            bind(&mut arguments, kind_number(kind))?;
        }
        if let Some(method) = &filter.method {
            sql.push_str(" AND method = ?");
            bind(&mut arguments, method)?;
        }
        if let Some(route) = &filter.route {
            sql.push_str(" AND ");
            pattern(&mut sql, &mut arguments, "route", route)?;
        }
        let ids: Vec<i64> = query_scalar_with(AssertSqlSafe(sql), arguments)
            .fetch_all(connection)
            .await?;
        match *ids {
            [] => return Ok(None),
            [only] => {
                self.sql.push_str(" AND q.route_id = ?");
                bind(&mut self.arguments, only)?;
                self.index = "requests_by_route";
                self.index_sql = "q.route_id = ?";
                self.index_argument = Some(only);
            }
            _ => self.add(
                " AND q.route_id IN (SELECT value FROM json_each(?))",
                json_numbers(ids.iter().copied()),
            )?,
        }
        Ok(Some(ids))
    }

    /// `false` where the statement is not known.
    async fn add_statement(
        &mut self,
        connection: &mut SqliteConnection,
        filter: &RequestFilter,
    ) -> Result<bool, Fault> {
        let Some(fingerprint) = filter.fingerprint else {
            return Ok(true);
        };
        let id: Option<i64> =
            query_scalar("SELECT statement_id FROM statements WHERE fingerprint = ?")
                .bind(fingerprint.0.cast_signed())
                .fetch_optional(&mut *connection)
                .await?;
        let Some(id) = id else { return Ok(false) };
        let uses: i64 = query_scalar(
            "SELECT count(*) FROM
                 (SELECT 1 FROM request_statements WHERE statement_id = ? LIMIT ?)",
        )
        .bind(id)
        .bind(FEW)
        .fetch_one(connection)
        .await?;
        if uses < FEW {
            // The conditions lead to them by themselves.
            self.few = Some("requests q NOT INDEXED");
            self.add(
                " AND q.sequence IN
                     (SELECT sequence FROM request_statements WHERE statement_id = ?)",
                id,
            )?;
        } else {
            self.add(
                " AND EXISTS (SELECT 1 FROM request_statements s
                     WHERE s.sequence = q.sequence AND +s.statement_id = ?)",
                id,
            )?;
        }
        Ok(true)
    }

    fn add_finding(&mut self, filter: &RequestFilter) -> Result<(), Fault> {
        let Some(rule) = &filter.finding else {
            return Ok(());
        };
        if self.index_argument.is_none() {
            self.index = "requests_with_findings";
            self.index_sql = "q.findings IS NOT NULL";
        } else {
            self.needs_scan = true;
        }
        self.sql.push_str(" AND q.findings IS NOT NULL");
        if rule != "any" {
            self.add(
                " AND EXISTS (SELECT 1 FROM json_each(q.findings) f WHERE f.value = ?)",
                rule,
            )?;
        }
        Ok(())
    }

    fn add_path(&mut self, filter: &RequestFilter) -> Result<(), Fault> {
        let Some(path) = &filter.path else {
            return Ok(());
        };
        self.needs_scan = true;
        // The path is left out where it is the route.
        self.sql.push_str(" AND (");
        pattern(&mut self.sql, &mut self.arguments, "q.path", path)?;
        self.sql
            .push_str(" OR q.path IS NULL AND q.route_id IN (SELECT route_id FROM routes WHERE ");
        pattern(&mut self.sql, &mut self.arguments, "route", path)?;
        self.sql.push_str("))");
        Ok(())
    }
}
