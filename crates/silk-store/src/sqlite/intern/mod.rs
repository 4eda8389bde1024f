//! Rows that many others point at: runs, routes, databases, statements, call sites, texts.
//!
//! Their ids are remembered for as long as the connection lives. Each row but runs and databases
//! says when it was last used, to six hours, so that orphans are found without looking into any
//! blob: a row not used since the oldest request was written is used by none.

mod finding;
mod route;
mod text;

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use silk_core::{CallSite, Database, Fingerprint, RunId, RunRecord, Statement};
use sqlx::{SqliteConnection, query_scalar};

use super::{error::Fault, json::to_json, numbers::database_number};
use crate::stats::{FindingKey, RouteKey, Said};
use text::TextEntry;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How far `last_used_us` may lie before the true last use.
pub(super) const SLACK_US: i64 = 6 * 3600 * 1_000_000;

/// Entries remembered of each kind; all are forgotten beyond.
const MAX_ENTRIES: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: i64,
    last_used_us: i64,
}

impl Entry {
    const fn is_fresh(self, at_us: i64) -> bool {
        at_us.saturating_sub(self.last_used_us) <= SLACK_US
    }
}

/// The ids that are known.
#[derive(Debug, Default)]
pub(super) struct Intern {
    runs: Map<RunId, i64>,
    databases: Map<Database, i64>,
    routes: Map<RouteKey, Entry>,
    /// Routes in the file, or a few more; none if they were not counted yet.
    routes_known: Option<i64>,
    statements: Map<Fingerprint, Entry>,
    call_sites: Map<CallSite, Entry>,
    texts: Map<Arc<str>, Vec<TextEntry>>,
    /// By row of the route; as many as are followed at most.
    findings: Map<i64, Map<FindingKey, (i64, Said)>>,
}

impl Intern {
    /// Forgets what has grown too large; called between batches.
    pub(super) fn trim(&mut self) {
        trim(&mut self.runs);
        trim(&mut self.databases);
        trim(&mut self.routes);
        trim(&mut self.statements);
        trim(&mut self.call_sites);
        trim(&mut self.texts);
    }

    pub(super) async fn run(
        &mut self,
        connection: &mut SqliteConnection,
        run: &RunRecord,
    ) -> Result<i64, Fault> {
        if let Some(&id) = self.runs.get(&run.id) {
            return Ok(id);
        }
        let id = query_scalar(
            "INSERT INTO runs (id, started_us, service, build, instance) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET service = excluded.service RETURNING run_id",
        )
        .bind(&run.id.0.as_bytes()[..])
        .bind(run.started_at.timestamp_micros())
        .bind(&run.service)
        .bind(&run.build)
        .bind(&run.instance)
        .fetch_one(connection)
        .await?;
        self.runs.insert(run.id, id);
        Ok(id)
    }

    /// The row of a run that a request names, where it is not the batch's own.
    pub(super) async fn other_run(
        &mut self,
        connection: &mut SqliteConnection,
        id: RunId,
        like: &RunRecord,
    ) -> Result<i64, Fault> {
        self.run(connection, &RunRecord { id, ..like.clone() })
            .await
    }

    pub(super) async fn database(
        &mut self,
        connection: &mut SqliteConnection,
        database: &Database,
    ) -> Result<i64, Fault> {
        if let Some(&id) = self.databases.get(database) {
            return Ok(id);
        }
        let id = query_scalar(
            "INSERT INTO databases (kind, name) VALUES (?, ?)
             ON CONFLICT DO UPDATE SET name = excluded.name RETURNING database_id",
        )
        .bind(database_number(database.kind))
        .bind(&database.name)
        .fetch_one(connection)
        .await?;
        self.databases.insert(database.clone(), id);
        Ok(id)
    }

    pub(super) async fn statement(
        &mut self,
        connection: &mut SqliteConnection,
        statement: &Statement,
        at_us: i64,
    ) -> Result<i64, Fault> {
        let fingerprint = statement.fingerprint;
        if let Some(entry) = self
            .statements
            .get(&fingerprint)
            .filter(|entry| entry.is_fresh(at_us))
        {
            return Ok(entry.id);
        }
        let id = query_scalar(
            "INSERT INTO statements
                 (fingerprint, database_kind, command, tables, normalized, last_used_us)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING statement_id",
        )
        .bind(fingerprint.0.cast_signed())
        .bind(database_number(statement.database))
        .bind(&statement.command)
        .bind(to_json(&statement.tables))
        .bind(&statement.normalized)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        self.statements.insert(
            fingerprint,
            Entry {
                id,
                last_used_us: at_us,
            },
        );
        Ok(id)
    }

    /// 0 where there is none.
    pub(super) async fn call_site(
        &mut self,
        connection: &mut SqliteConnection,
        call_site: Option<&CallSite>,
        at_us: i64,
    ) -> Result<i64, Fault> {
        let Some(call_site) = call_site else {
            return Ok(0);
        };
        if let Some(entry) = self
            .call_sites
            .get(call_site)
            .filter(|entry| entry.is_fresh(at_us))
        {
            return Ok(entry.id);
        }
        let id = query_scalar(
            "INSERT INTO call_sites (function, file, line, last_used_us) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING call_site_id",
        )
        .bind(&call_site.function)
        .bind(&call_site.file)
        .bind(call_site.line)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        self.call_sites.insert(
            call_site.clone(),
            Entry {
                id,
                last_used_us: at_us,
            },
        );
        Ok(id)
    }
}

fn trim<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.len() > MAX_ENTRIES {
        map.clear();
        map.shrink_to(MAX_ENTRIES / 4);
    }
}
