//! sqlx's event about a query that has ended, and what it says.

use std::time::{Duration, Instant};

use silk_core::{CapturedBy, DatabaseKind, Outcome};
use tracing::Event;

use super::{
    event_fields, expected,
    layer::{Place, SilkTracingLayer},
};
use crate::{
    record::{ActiveRequest, CallStack, CapturedQuery, tracing_probe::others_see_spans},
    sql::verbs::{all_changed, changed, control},
};

impl SilkTracingLayer {
    pub(super) fn on_query(&self, event: &Event<'_>, place: Place) {
        let ended = Instant::now();
        if matches!(place, Place::Ignored) {
            return;
        }
        let mut seen = event_fields::Query::default();
        event.record(&mut seen);
        let Some(sql) = seen.sql.filter(|sql| !is_set_up(sql.as_str())) else {
            return;
        };
        if expected::take(sql.as_str()) {
            return;
        }
        let notes = self.recorder.notes();
        let lent = match &place {
            Place::In(active, _) => active.lent(),
            _ => None,
        };
        let is_past_pool = lent.is_some();
        let (database, transaction) = match lent {
            Some(lent) => (lent.database, lent.transaction),
            None => (notes.layer_database(), None),
        };
        let control = match seen.verb {
            Some(_) => None,
            None => control(sql.as_str(), database.kind),
        };
        let Place::In(active, span) = place else {
            if control.is_none() {
                self.recorder.count_unattributed();
                if is_sqlite_worker() && others_see_spans() {
                    notes.count_without_span();
                }
            }
            return;
        };
        let started = ended
            .checked_sub(seen.elapsed)
            .unwrap_or(ended)
            .max(active.started());
        // In neither tier is it a query; the database was at it all the same.
        if control.is_some() {
            return active.push_control(started, ended, None);
        }
        let (rows, told) = (seen.rows_returned, seen.rows_affected);
        let rows_affected = match seen.verb {
            Some(verb) => changed(verb, database.kind, rows, told),
            None => all_changed(sql.as_str(), database.kind, rows, told),
        };
        let call_site = call_site_of(&active, database.kind);
        if is_past_pool {
            notes.count_past_pool(call_site.is_some());
        }
        active.push_query(CapturedQuery {
            sql,
            database,
            captured_by: CapturedBy::Layer,
            started,
            ended,
            first_row: None,
            consumer: Duration::ZERO,
            rows_returned: rows,
            rows_read: rows,
            rows_affected,
            outcome: Outcome::Completed,
            error: None,
            values: None,
            call_site,
            span,
            transaction,
            is_past_pool,
        });
    }
}

/// Where the app ran the query whose end sqlx is telling of: PostgreSQL's and MySQL's drivers tell
/// it on the stack of the task that awaits the query, SQLite's on a thread of its own.
fn call_site_of(active: &ActiveRequest, kind: DatabaseKind) -> Option<CallStack> {
    if !active.recorder().config().layer_call_sites
        || !active.captures_call_sites()
        || kind == DatabaseKind::Sqlite
        || (kind == DatabaseKind::Unknown && is_sqlite_worker())
    {
        return None;
    }
    CallStack::capture_far()
}

/// Whether this thread is one of sqlx's for SQLite.
fn is_sqlite_worker() -> bool {
    thread_local! {
        static IS_WORKER: bool = std::thread::current()
            .name()
            .is_some_and(|name| name.starts_with("sqlx-sqlite-worker"));
    }
    IS_WORKER.try_with(|is_worker| *is_worker).unwrap_or(true)
}

/// Whether sqlx itself sent this to a new connection, for the task that waited for one.
fn is_set_up(sql: &str) -> bool {
    // SQLite's options, each ended as sqlx ends them.
    let is_pragmas = || {
        sql.ends_with("; ")
            && sql
                .split_terminator("; ")
                .all(|part| part.starts_with("PRAGMA ") && part.contains(" = "))
    };
    match sql.as_bytes().first() {
        Some(b'S') => sql.starts_with("SET sql_mode=(SELECT CONCAT(@@sql_mode, '"),
        Some(b'P') => is_pragmas(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlx_sends_to_a_new_connection_is_known() {
        for sql in [
            "PRAGMA foreign_keys = ON; ",
            "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; ",
            "SET sql_mode=(SELECT CONCAT(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION')),\
             time_zone='+00:00',NAMES utf8mb4 COLLATE utf8mb4_unicode_ci;",
        ] {
            assert!(is_set_up(sql), "{sql}");
        }
        for sql in [
            "PRAGMA table_info(person)",
            "PRAGMA foreign_keys = ON",
            "PRAGMA foreign_keys = ON;",
            "PRAGMA foreign_keys = ON; SELECT 1; ",
            "SET sql_mode = ''",
            "SELECT 1;",
            "P;",
            "",
        ] {
            assert!(!is_set_up(sql), "{sql}");
        }
    }
}
