//! Rows that many others point at: runs, routes, databases, statements, call sites, texts.
//!
//! Their ids are remembered for as long as the connection lives. Each row but runs and databases
//! says when it was last used, to six hours, so that orphans can be told without looking into any
//! blob: a row not used since the oldest request was written is used by none.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use silk_core::{CallSite, Database, Fingerprint, RunId, RunRecord, SqlText, Statement};
use sqlx::{Row, SqliteConnection, query, query_scalar};

use super::{error::Fault, insert::to_i64};
use crate::{detail::TextRef, kind_number, stats::RouteKey};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How far `last_used_us` may lie before the true last use.
pub(super) const SLACK_US: i64 = 6 * 3600 * 1_000_000;

/// Entries remembered of each kind; all are forgotten beyond.
const MAX_ENTRIES: usize = 20_000;

/// Routes that have names of their own. Names that are made up as an app goes (of jobs, say) would
/// else fill the store.
const MAX_ROUTES: i64 = 10_000;

/// Stands for routes beyond.
const OTHER_ROUTES: &str = "(other routes)";

/// Longer texts are not remembered (they are still interned).
const MAX_REMEMBERED_TEXT: usize = 64 << 10;

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

#[derive(Debug)]
struct TextEntry {
    fingerprint: Fingerprint,
    database: i64,
    is_redacted: bool,
    entry: Entry,
}

/// The ids that are known.
#[derive(Debug, Default)]
pub(super) struct Intern {
    runs: Map<RunId, i64>,
    databases: Map<Database, i64>,
    routes: Map<RouteKey, Entry>,
    /// Routes in the file, or a few more; none where they were not counted yet.
    routes_known: Option<i64>,
    statements: Map<Fingerprint, Entry>,
    call_sites: Map<CallSite, Entry>,
    texts: Map<Arc<str>, Vec<TextEntry>>,
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

    /// The row of a route, and whether it has that name: where too many are known, a new one goes
    /// by [`OTHER_ROUTES`].
    pub(super) async fn route(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
        at_us: i64,
    ) -> Result<(i64, bool), Fault> {
        if let Some(entry) = self.routes.get(route).filter(|entry| entry.is_fresh(at_us)) {
            return Ok((entry.id, true));
        }
        if !self.has_room(connection, route).await? {
            let other = RouteKey {
                kind: route.kind,
                method: String::new(),
                route: OTHER_ROUTES.to_owned(),
            };
            if let Some(entry) = self
                .routes
                .get(&other)
                .filter(|entry| entry.is_fresh(at_us))
            {
                return Ok((entry.id, false));
            }
            return Ok((self.add_route(connection, &other, at_us).await?, false));
        }
        Ok((self.add_route(connection, route, at_us).await?, true))
    }

    /// Whether a route is known to the file, or may be.
    async fn has_room(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
    ) -> Result<bool, Fault> {
        let known = match self.routes_known {
            Some(known) => known,
            None => {
                query_scalar("SELECT count(*) FROM routes")
                    .fetch_one(&mut *connection)
                    .await?
            }
        };
        self.routes_known = Some(known);
        if known < MAX_ROUTES {
            return Ok(true);
        }
        Ok(query_scalar(
            "SELECT EXISTS (SELECT 1 FROM routes WHERE route = ? AND method = ? AND kind = ?)",
        )
        .bind(&route.route)
        .bind(&route.method)
        .bind(kind_number(route.kind))
        .fetch_one(connection)
        .await?)
    }

    async fn add_route(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
        at_us: i64,
    ) -> Result<i64, Fault> {
        let id = query_scalar(
            "INSERT INTO routes (kind, method, route, last_used_us) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING route_id",
        )
        .bind(kind_number(route.kind))
        .bind(&route.method)
        .bind(&route.route)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        let entry = Entry {
            id,
            last_used_us: at_us,
        };
        if self.routes.insert(route.clone(), entry).is_none() {
            self.routes_known = self.routes_known.map(|known| known + 1);
        }
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

    /// A text as the blob names it.
    pub(super) async fn text(
        &mut self,
        connection: &mut SqliteConnection,
        sql: &SqlText,
        at_us: i64,
    ) -> Result<TextRef, Fault> {
        let database = self.database(connection, &sql.database).await?;
        let fingerprint = sql.statement.fingerprint;
        if !sql.has_literals
            && let Some(known) = self.texts.get(&*sql.text).and_then(|entries| {
                entries.iter().find(|known| {
                    known.fingerprint == fingerprint
                        && known.database == database
                        && known.is_redacted == sql.is_redacted
                        && known.entry.is_fresh(at_us)
                })
            })
        {
            return Ok(TextRef::Stored(known.entry.id.cast_unsigned()));
        }
        let statement = self.statement(connection, &sql.statement, at_us).await?;
        let inline = || TextRef::Inline {
            text: (*sql.text).to_owned(),
            statement: statement.cast_unsigned(),
            database: database.cast_unsigned(),
            has_literals: sql.has_literals,
            is_redacted: sql.is_redacted,
        };
        if sql.has_literals {
            return Ok(inline());
        }
        let row = query(
            "INSERT INTO sql_texts
                 (hash, statement_id, database_id, is_redacted, text, last_used_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING sql_text_id, text = ?5",
        )
        .bind(hash(&sql.text).cast_signed())
        .bind(statement)
        .bind(database)
        .bind(sql.is_redacted)
        .bind(&*sql.text)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        let (id, is_same): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
        if !is_same {
            // Two texts of one statement with one hash: the second stands in the blob.
            return Ok(inline());
        }
        if sql.text.len() <= MAX_REMEMBERED_TEXT {
            let entries = self.texts.entry(Arc::clone(&sql.text)).or_default();
            let entry = Entry {
                id,
                last_used_us: at_us,
            };
            let is_redacted = sql.is_redacted;
            entries.retain(|known| known.entry.id != id);
            entries.push(TextEntry {
                fingerprint,
                database,
                is_redacted,
                entry,
            });
        }
        Ok(TextRef::Stored(id.cast_unsigned()))
    }
}

fn trim<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.len() > MAX_ENTRIES {
        map.clear();
        map.shrink_to(MAX_ENTRIES / 4);
    }
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv>): the same in every version of
/// this crate, which the hashers for maps do not promise.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The number that a database is kept as.
pub(super) const fn database_number(kind: silk_core::DatabaseKind) -> i64 {
    match kind {
        silk_core::DatabaseKind::Postgres => 0,
        silk_core::DatabaseKind::MySql => 1,
        silk_core::DatabaseKind::Sqlite => 2,
        silk_core::DatabaseKind::Unknown => 3,
    }
}

/// A list of words as a JSON array.
pub(super) fn to_json(words: &[String]) -> String {
    // Strings always serialise.
    serde_json::to_string(words).unwrap_or_default()
}

/// The list of words again; empty where it is no such list.
pub(super) fn from_json(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Numbers as a JSON array, for `json_each`.
pub(super) fn json_numbers(numbers: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for number in numbers {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&number.to_string());
    }
    text.push(']');
    text
}

/// Counts as a JSON array.
pub(super) fn json_counts(numbers: impl IntoIterator<Item = u64>) -> String {
    json_numbers(numbers.into_iter().map(to_i64))
}
