//! The server: who holds whom up, what its counters say.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};
use sqlx_mysql::MySqlRow;

use super::reader::{Reader, not_told};
use crate::checks::{CheckExt as _, counted, good, grouped, number, percent, seconds, share, text};

const TRANSACTIONS: &str = "SELECT CAST(t.trx_mysql_thread_id AS SIGNED) AS thread, t.trx_state AS doing, \
            CAST(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS SIGNED) AS age_s, \
            CAST(t.trx_rows_locked AS SIGNED) AS locked \
     FROM information_schema.INNODB_TRX t \
     WHERE t.trx_state = 'LOCK WAIT' OR t.trx_started < NOW() - INTERVAL 60 SECOND \
     ORDER BY t.trx_started LIMIT 200";

const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_buffer_pool_read_requests', \
     'Innodb_buffer_pool_reads', 'Threads_connected', 'Threads_running', 'Max_used_connections', \
     'Select_scan', 'Select_full_join', 'Created_tmp_disk_tables', 'Created_tmp_tables', \
     'Questions')";

const MAX_CONNECTIONS: &str = "SELECT CAST(@@GLOBAL.max_connections AS SIGNED)";

/// Counters by name.
type Status = Vec<(String, i64)>;

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    checks.push(match reader.rows(TRANSACTIONS).await {
        Ok(rows) => transactions(&rows),
        Err(error) => not_told("long_transactions", TRANSACTIONS_TITLE, &error),
    });
    match status(reader).await {
        Ok((status, max_connections)) => {
            checks.push(cache(&status));
            checks.push(sequential(&status));
            checks.push(connections(&status, max_connections));
        }
        Err(error) => checks.push(not_told("cache_hits", "Server counters", &error)),
    }
}

async fn status(reader: &mut Reader<'_>) -> Result<(Status, i64), Error> {
    let mut status = Vec::new();
    for row in reader.rows(STATUS).await? {
        let (name, value): (String, String) =
            (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
        status.push((name, value.parse().unwrap_or(0)));
    }
    let rows = reader.rows(MAX_CONNECTIONS).await?;
    let max = rows.first().ok_or(Error::RowNotFound)?;
    Ok((status, max.try_get_unchecked(0)?))
}

fn of(status: &Status, name: &str) -> i64 {
    status
        .iter()
        .find(|(known, _)| known == name)
        .map_or(0, |(_, value)| *value)
}

const TRANSACTIONS_TITLE: &str = "Long and blocked transactions";

fn transactions(rows: &[MySqlRow]) -> DatabaseCheck {
    let mut is_blocked = false;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let (thread, state): (i64, String) = (
                row.try_get_unchecked("thread").ok()?,
                row.try_get_unchecked("doing").ok()?,
            );
            let (age, locked): (i64, i64) = (
                row.try_get_unchecked("age_s").ok()?,
                row.try_get_unchecked("locked").ok()?,
            );
            is_blocked |= state == "LOCK WAIT";
            Some(vec![
                thread.to_string(),
                state,
                seconds(age),
                grouped(locked),
            ])
        })
        .collect();
    if lines.is_empty() {
        return good(
            "long_transactions",
            TRANSACTIONS_TITLE,
            "At this moment none is older than a minute, and none waits for another.",
        );
    }
    let first = (lines.first().and_then(|line| line.first()))
        .cloned()
        .unwrap_or_default();
    good(
        "long_transactions",
        TRANSACTIONS_TITLE,
        format!(
            "At this moment {} older than a minute or wait for a lock.",
            counted(lines.len(), "transaction is", "transactions are")
        ),
    )
    .with_status(if is_blocked {
        CheckStatus::Problem
    } else {
        CheckStatus::Warning
    })
    .with_rows(
        &[
            number("thread"),
            text("state"),
            number("age"),
            number("rows locked"),
        ],
        lines,
    )
    .with_action(format!(
        "Let the app commit before it calls other services. To end the first of them now:\nKILL {first};"
    ))
}

fn cache(status: &Status) -> DatabaseCheck {
    const TITLE: &str = "Cache hits";
    let requests = of(status, "Innodb_buffer_pool_read_requests");
    let reads = of(status, "Innodb_buffer_pool_reads");
    let Some(hits) = share(requests.saturating_sub(reads), reads) else {
        return good("cache_hits", TITLE, "No page was read yet.");
    };
    let check = good(
        "cache_hits",
        TITLE,
        format!(
            "{} of {} page reads found the page in the buffer pool.",
            percent(hits),
            grouped(requests)
        ),
    );
    if hits < 0.99 && reads >= 10_000 {
        check.with_status(CheckStatus::Warning).with_action(
            "First look for statements that examine far more rows than they return; then give the \
             server a larger innodb_buffer_pool_size.",
        )
    } else {
        check
    }
}

fn sequential(status: &Status) -> DatabaseCheck {
    const TITLE: &str = "Reads without an index";
    let rows = [
        ("statements", "Questions"),
        ("first table read whole", "Select_scan"),
        ("joined table read whole", "Select_full_join"),
        ("temporary tables", "Created_tmp_tables"),
        ("temporary tables on disk", "Created_tmp_disk_tables"),
    ]
    .map(|(what, name)| vec![what.to_owned(), grouped(of(status, name))]);
    let full_joins = of(status, "Select_full_join");
    let check = good(
        "sequential_reads",
        TITLE,
        if full_joins == 0 {
            "No join had to read a joined table whole.".to_owned()
        } else {
            format!(
                "{} joins read a joined table whole for want of an index.",
                grouped(full_joins)
            )
        },
    )
    .with_rows(&[text("counted"), number("times")], rows.to_vec())
    .with_caveat("Counted for the whole server since it started; which table it was is not told.");
    if full_joins >= 100 {
        check.with_status(CheckStatus::Warning).with_action(
            "Open the statements with joins, most total time first: a plan with access type ALL \
             names the table.",
        )
    } else {
        check
    }
}

fn connections(status: &Status, max: i64) -> DatabaseCheck {
    const TITLE: &str = "Connections";
    let (now, most) = (
        of(status, "Threads_connected"),
        of(status, "Max_used_connections"),
    );
    let check = good(
        "connections",
        TITLE,
        format!(
            "{} of {} are open, {} running; at most {} were.",
            grouped(now),
            grouped(max),
            grouped(of(status, "Threads_running")),
            grouped(most)
        ),
    );
    if most.saturating_mul(5) >= max.saturating_mul(4) {
        check.with_status(CheckStatus::Warning).with_action(
            "Lower max_connections of the app's pools (times its instances), or raise the server's.",
        )
    } else {
        check
    }
}
