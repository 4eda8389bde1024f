//! The server: who holds whom up, and how close its limits are.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};
use sqlx_postgres::PgRow;

use super::reader::{Reader, not_told};
use crate::checks::{
    CheckExt as _, counted, good, grouped, number, percent, seconds, text, to_f64,
};

/// PgHero's line for queries; a transaction that sits idle is worse, as it holds locks for nothing.
const TRANSACTIONS: &str = "SELECT pid::int8 AS process, coalesce(application_name, '') AS application, \
            coalesce(state, '') AS doing, \
            coalesce(wait_event_type || ': ' || wait_event, '') AS waits_for, \
            extract(epoch FROM clock_timestamp() - xact_start)::int8 AS age_s, \
            cardinality(pg_blocking_pids(pid))::int8 AS waiting_for, \
            (SELECT count(*) FROM pg_stat_activity w WHERE a.pid = ANY (pg_blocking_pids(w.pid))) \
              AS holding_up \
     FROM pg_stat_activity a \
     WHERE datname = current_database() AND pid <> pg_backend_pid() \
       AND backend_type = 'client backend' AND xact_start IS NOT NULL \
       AND (clock_timestamp() - xact_start > interval '60 s' \
            OR cardinality(pg_blocking_pids(pid)) > 0) \
     ORDER BY xact_start LIMIT 200";

const CONNECTIONS: &str = "SELECT count(*) AS open, \
            count(*) FILTER (WHERE state = 'active') AS active, \
            count(*) FILTER (WHERE state = 'idle') AS idle, \
            count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS in_transaction, \
            current_setting('max_connections')::int8 AS most \
     FROM pg_stat_activity WHERE backend_type = 'client backend'";

/// PgHero's line: nine tenths of what the sequence, or the column it fills, can hold.
const SEQUENCES: &str = "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name, \
            last_value::int8 AS last, max_value::int8 AS most \
     FROM pg_sequences \
     WHERE last_value IS NOT NULL AND increment_by > 0 AND last_value > max_value * 0.9 \
     ORDER BY last_value::float8 / max_value DESC LIMIT 200";

const WRAPAROUND: &str =
    "SELECT age(datfrozenxid)::int8 FROM pg_database WHERE datname = current_database()";

const SETTINGS: &str = "SELECT name, current_setting(name) AS current, \
            coalesce(boot_val, '') = coalesce(setting, '') AS is_default \
     FROM pg_settings WHERE name IN ('shared_buffers', 'work_mem', 'effective_cache_size', \
       'random_page_cost', 'track_io_timing', 'jit', 'autovacuum', 'plan_cache_mode', \
       'idle_in_transaction_session_timeout') ORDER BY name";

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    checks.push(match reader.rows(TRANSACTIONS).await {
        Ok(rows) => transactions(&rows),
        Err(error) => not_told("long_transactions", TRANSACTIONS_TITLE, &error),
    });
    checks.push(match reader.rows(CONNECTIONS).await {
        Ok(rows) => connections(&rows),
        Err(error) => not_told("connections", CONNECTIONS_TITLE, &error),
    });
    checks.push(match reader.rows(SEQUENCES).await {
        Ok(rows) => sequences(&rows),
        Err(error) => not_told("sequences", SEQUENCES_TITLE, &error),
    });
    checks.push(match reader.rows(WRAPAROUND).await {
        Ok(rows) => wraparound(&rows),
        Err(error) => not_told("wraparound", WRAPAROUND_TITLE, &error),
    });
    checks.push(match reader.rows(SETTINGS).await {
        Ok(rows) => settings(&rows),
        Err(error) => not_told("settings", SETTINGS_TITLE, &error),
    });
}

const TRANSACTIONS_TITLE: &str = "Long and blocked transactions";

fn transactions(rows: &[PgRow]) -> DatabaseCheck {
    let mut lines = Vec::new();
    let (mut idle, mut blocked) = (0_usize, 0_usize);
    for row in rows {
        let read = || -> Result<_, Error> {
            Ok((
                row.try_get::<i64, _>("process")?,
                row.try_get::<String, _>("application")?,
                row.try_get::<String, _>("doing")?,
                row.try_get::<String, _>("waits_for")?,
                row.try_get::<i64, _>("age_s")?,
                row.try_get::<i64, _>("waiting_for")?,
                row.try_get::<i64, _>("holding_up")?,
            ))
        };
        let Ok((pid, application, state, waits_for, age, waiting_for, holding_up)) = read() else {
            continue;
        };
        idle += usize::from(state.starts_with("idle in transaction"));
        blocked += usize::from(waiting_for > 0);
        lines.push(vec![
            pid.to_string(),
            application,
            state,
            waits_for,
            seconds(age),
            grouped(waiting_for),
            grouped(holding_up),
        ]);
    }
    if lines.is_empty() {
        return good(
            "long_transactions",
            TRANSACTIONS_TITLE,
            "At this moment none is older than a minute, and none waits for another.",
        );
    }
    let mut summary = format!(
        "At this moment {} or wait for another.",
        counted(
            lines.len(),
            "transaction is older than a minute",
            "transactions are older than a minute"
        )
    );
    if idle > 0 {
        summary.push_str(
            " Those idle in a transaction hold their locks while the app does something else.",
        );
    }
    let ends = lines
        .first()
        .and_then(|line| line.first())
        .map_or_else(String::new, |process| {
            format!("SELECT pg_terminate_backend({process});")
        });
    let which = if lines.len() == 1 { "it" } else { "the first" };
    good("long_transactions", TRANSACTIONS_TITLE, summary)
        .with_status(if blocked > 0 || idle > 0 {
            CheckStatus::Problem
        } else {
            CheckStatus::Warning
        })
        .with_rows(
            &[
                number("process"),
                text("application"),
                text("state"),
                text("waits for"),
                number("age"),
                number("waiting for processes"),
                number("holding up processes"),
            ],
            lines,
        )
        .with_action(format!(
            "Let the app commit before it calls other services. To end {which} now:\n{ends}"
        ))
}

const CONNECTIONS_TITLE: &str = "Connections";

fn connections(rows: &[PgRow]) -> DatabaseCheck {
    let read = || -> Result<[i64; 5], Error> {
        let row = rows.first().ok_or(Error::RowNotFound)?;
        let count = |column| row.try_get(column);
        Ok([
            count("open")?,
            count("active")?,
            count("idle")?,
            count("in_transaction")?,
            count("most")?,
        ])
    };
    let [all, active, idle, in_transaction, max] = match read() {
        Ok(counts) => counts,
        Err(error) => return not_told("connections", CONNECTIONS_TITLE, &error),
    };
    let used = to_f64(all) / to_f64(max.max(1));
    let check = good(
        "connections",
        CONNECTIONS_TITLE,
        format!(
            "{} of {} are open: {active} active, {idle} idle, {in_transaction} idle in a transaction.",
            grouped(all),
            grouped(max)
        ),
    );
    if used >= 0.8 {
        check.with_status(CheckStatus::Warning).with_action(
            "Lower max_connections of the app's pools (times its instances), or put a pooler in \
             between; more connections than cores rarely make anything faster.",
        )
    } else {
        check
    }
}

const SEQUENCES_TITLE: &str = "Sequences near their end";

fn sequences(rows: &[PgRow]) -> DatabaseCheck {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let read = || -> Result<(String, i64, i64), Error> {
                Ok((
                    row.try_get("name")?,
                    row.try_get("last")?,
                    row.try_get("most")?,
                ))
            };
            let (name, last, max) = read().ok()?;
            Some(vec![
                name,
                grouped(last),
                grouped(max),
                percent(to_f64(last) / to_f64(max.max(1))),
            ])
        })
        .collect();
    if lines.is_empty() {
        return good(
            "sequences",
            SEQUENCES_TITLE,
            "None has used nine tenths of its numbers.",
        );
    }
    good(
        "sequences",
        SEQUENCES_TITLE,
        format!(
            "{} nearly used up; inserts fail when it is.",
            counted(lines.len(), "sequence is", "sequences are")
        ),
    )
    .with_status(CheckStatus::Problem)
    .with_rows(
        &[
            text("sequence"),
            number("last"),
            number("most"),
            number("used"),
        ],
        lines,
    )
    .with_action("Change the column and the sequence to bigint.")
}

const WRAPAROUND_TITLE: &str = "Transaction ids";

fn wraparound(rows: &[PgRow]) -> DatabaseCheck {
    let age: i64 = match rows
        .first()
        .ok_or(Error::RowNotFound)
        .and_then(|row| row.try_get(0))
    {
        Ok(age) => age,
        Err(error) => return not_told("wraparound", WRAPAROUND_TITLE, &error),
    };
    // Writes stop 3 million before 2^31; PgHero warns from 10 million left, we from a quarter.
    let left = (1_i64 << 31) - 3_000_000 - age;
    let check = good(
        "wraparound",
        WRAPAROUND_TITLE,
        format!(
            "{} are left before the database stops writing.",
            grouped(left)
        ),
    );
    if left < 500_000_000 {
        check.with_status(CheckStatus::Problem).with_action(
            "Find out why vacuum does not freeze (long transactions, replication slots, prepared \
             transactions), then:\nVACUUM (FREEZE);",
        )
    } else {
        check
    }
}

const SETTINGS_TITLE: &str = "Settings that plans depend on";

fn settings(rows: &[PgRow]) -> DatabaseCheck {
    let mut advice = Vec::new();
    let mut lines = Vec::new();
    for row in rows {
        let read = || -> Result<(String, String, bool), Error> {
            Ok((
                row.try_get("name")?,
                row.try_get("current")?,
                row.try_get("is_default")?,
            ))
        };
        let Ok((name, value, is_default)) = read() else {
            continue;
        };
        match (&*name, &*value) {
            ("autovacuum", "off") => {
                advice.push("Switch autovacuum on.\nALTER SYSTEM SET autovacuum = on;");
            }
            ("track_io_timing", "off") => advice.push(
                "With track_io_timing plans tell how long reading took.\n\
                 ALTER SYSTEM SET track_io_timing = on;",
            ),
            _ => {}
        }
        lines.push(vec![
            name,
            value,
            if is_default { "default" } else { "set" }.to_owned(),
        ]);
    }
    let is_off = advice
        .iter()
        .any(|advice| advice.starts_with("Switch autovacuum"));
    let check = good(
        "settings",
        SETTINGS_TITLE,
        if is_off {
            "autovacuum is off: dead rows stay, and statistics grow stale."
        } else {
            "Planner and server settings."
        },
    )
    .with_status(if is_off {
        CheckStatus::Problem
    } else {
        CheckStatus::Good
    })
    .with_rows(&[text("setting"), number("value"), text("from")], lines);
    if advice.is_empty() {
        check
    } else {
        check.with_action(advice.join("\n"))
    }
}
