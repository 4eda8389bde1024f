//! What MariaDB's and MySQL's own tables tell.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, executor::Executor as _, raw_sql::raw_sql, row::Row as _};
use sqlx_mysql::{MySqlConnection, MySqlRow};

use super::{
    Inspection,
    check::{
        CheckExt as _, bytes, counted, good, grouped, number, percent, seconds, share, text,
        unavailable,
    },
    redundant::{Index, redundant},
};
use crate::explain::target::Failure;

const INDEXES: &str = "SELECT s.TABLE_NAME, s.INDEX_NAME, s.INDEX_TYPE, \
            CONCAT(COALESCE(s.COLUMN_NAME, '(expression)'), '\\t', COALESCE(s.COLLATION, ''), \
                   COALESCE(CONCAT('(', s.SUB_PART, ')'), '')), \
            CAST(s.NON_UNIQUE AS SIGNED) \
     FROM information_schema.STATISTICS s \
     WHERE s.TABLE_SCHEMA = DATABASE() \
     ORDER BY s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX LIMIT 20000";

const NO_KEY: &str = "SELECT t.TABLE_NAME, CAST(COALESCE(t.TABLE_ROWS, 0) AS SIGNED) \
     FROM information_schema.TABLES t \
     WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' \
       AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS s \
                       WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME \
                         AND s.INDEX_NAME = 'PRIMARY') \
     ORDER BY 2 DESC LIMIT 200";

const SPACE: &str = "SELECT t.TABLE_NAME, \
            CAST(COALESCE(t.DATA_LENGTH, 0) + COALESCE(t.INDEX_LENGTH, 0) AS SIGNED), \
            CAST(COALESCE(t.DATA_FREE, 0) AS SIGNED) \
     FROM information_schema.TABLES t \
     WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' \
     ORDER BY 3 DESC LIMIT 200";

/// MariaDB counts the reads of each index when `userstat` is on.
const USED: &str = "SELECT TABLE_NAME, INDEX_NAME FROM information_schema.INDEX_STATISTICS \
     WHERE TABLE_SCHEMA = DATABASE() AND ROWS_READ > 0";

const USERSTAT: &str = "SELECT CAST(@@GLOBAL.userstat AS SIGNED)";

const TRANSACTIONS: &str = "SELECT CAST(t.trx_mysql_thread_id AS SIGNED), t.trx_state, \
            CAST(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS SIGNED), \
            CAST(t.trx_rows_locked AS SIGNED) \
     FROM information_schema.INNODB_TRX t \
     WHERE t.trx_state = 'LOCK WAIT' OR t.trx_started < NOW() - INTERVAL 60 SECOND \
     ORDER BY t.trx_started LIMIT 200";

const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_buffer_pool_read_requests', \
     'Innodb_buffer_pool_reads', 'Threads_connected', 'Threads_running', 'Max_used_connections', \
     'Select_scan', 'Select_full_join', 'Created_tmp_disk_tables', 'Created_tmp_tables', \
     'Questions')";

const MAX_CONNECTIONS: &str = "SELECT CAST(@@GLOBAL.max_connections AS SIGNED)";

/// Makes all checks on a connection of Silk's own, which has its limits set.
pub(in crate::explain) async fn inspect(
    connection: &mut MySqlConnection,
) -> Result<Inspection, Failure> {
    let version = connection.fetch_one(raw_sql("SELECT VERSION()")).await?;
    let version: String = version.try_get_unchecked(0)?;
    let number = version.split('-').next().unwrap_or_default();
    let server = if version.contains("MariaDB") {
        format!("MariaDB {number}")
    } else {
        format!("MySQL {number}")
    };
    let mut reader = Reader { connection };
    let mut checks = Vec::new();
    match reader.indexes().await {
        Ok(indexes) => {
            checks.push(needless(&indexes));
            checks.push(reader.unused(&indexes).await);
        }
        Err(error) => checks.push(not_told(
            "duplicate_indexes",
            "Duplicate and redundant indexes",
            &error,
        )),
    }
    checks.push(match reader.rows(NO_KEY).await {
        Ok(rows) => without_key(&rows),
        Err(error) => not_told("primary_keys", KEY_TITLE, &error),
    });
    checks.push(match reader.rows(TRANSACTIONS).await {
        Ok(rows) => transactions(&rows),
        Err(error) => not_told("long_transactions", TRANSACTIONS_TITLE, &error),
    });
    match reader.status().await {
        Ok((status, max_connections)) => {
            checks.push(cache(&status));
            checks.push(sequential(&status));
            checks.push(connections(&status, max_connections));
        }
        Err(error) => checks.push(not_told("cache_hits", "Server counters", &error)),
    }
    checks.push(match reader.rows(SPACE).await {
        Ok(rows) => space(&rows),
        Err(error) => not_told("bloat", SPACE_TITLE, &error),
    });
    Ok(Inspection { server, checks })
}

struct Reader<'a> {
    connection: &'a mut MySqlConnection,
}

/// Counters by name.
type Status = Vec<(String, i64)>;

impl Reader<'_> {
    async fn rows(&mut self, sql: &'static str) -> Result<Vec<MySqlRow>, Error> {
        self.connection.fetch_all(raw_sql(sql)).await
    }

    async fn indexes(&mut self) -> Result<Vec<Index>, Error> {
        let mut indexes: Vec<Index> = Vec::new();
        for row in self.rows(INDEXES).await? {
            let (table, name): (String, String) =
                (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
            let key: String = row.try_get_unchecked(3)?;
            match indexes
                .last_mut()
                .filter(|last| last.table == table && last.name == name)
            {
                Some(last) => last.keys.push(key),
                None => indexes.push(Index {
                    method: row.try_get_unchecked::<String, _>(2)?.to_lowercase(),
                    keys: vec![key],
                    is_unique: row.try_get_unchecked::<i64, _>(4)? == 0,
                    is_needed: name == "PRIMARY",
                    table,
                    name,
                    ..Index::default()
                }),
            }
        }
        Ok(indexes)
    }

    async fn unused(&mut self, indexes: &[Index]) -> DatabaseCheck {
        const TITLE: &str = "Unused indexes";
        let is_on = match self.rows(USERSTAT).await {
            Ok(rows) => rows
                .first()
                .is_some_and(|row| row.try_get_unchecked::<i64, _>(0).is_ok_and(|on| on != 0)),
            Err(_) => false,
        };
        if !is_on {
            return unavailable(
                "unused_indexes",
                TITLE,
                "The server does not count the reads of each index.",
                Some(
                    "Let MariaDB count them (costs little), and look again when the app has run \
                     for a while:\nSET GLOBAL userstat = 1;",
                ),
            );
        }
        let used = match self.rows(USED).await {
            Ok(rows) => rows
                .iter()
                .filter_map(|row| {
                    let names: (String, String) = (
                        row.try_get_unchecked(0).ok()?,
                        row.try_get_unchecked(1).ok()?,
                    );
                    Some(names)
                })
                .collect::<Vec<_>>(),
            Err(error) => return not_told("unused_indexes", TITLE, &error),
        };
        let unused: Vec<&Index> = indexes
            .iter()
            .filter(|index| {
                // Only where the table was read by some index at all.
                !index.is_unique
                    && used.iter().any(|(table, _)| *table == index.table)
                    && !used
                        .iter()
                        .any(|(table, name)| *table == index.table && *name == index.name)
            })
            .collect();
        if unused.is_empty() {
            return good(
                "unused_indexes",
                TITLE,
                "No index of a table that is read was never used.",
            );
        }
        good(
            "unused_indexes",
            TITLE,
            format!(
                "{} not used by any query since counting began.",
                counted(unused.len(), "index was", "indexes were")
            ),
        )
        .with_status(CheckStatus::Warning)
        .with_rows(
            &[text("table"), text("index"), text("columns")],
            unused
                .iter()
                .map(|index| vec![index.table.clone(), index.name.clone(), index.columns()])
                .collect(),
        )
        .with_action(
            "See what happens without one before dropping it:\n\
             ALTER TABLE … ALTER INDEX … IGNORED;",
        )
        .with_caveat("An index under a foreign key is needed for it, whoever reads it.")
    }

    async fn status(&mut self) -> Result<(Status, i64), Error> {
        let mut status = Vec::new();
        for row in self.rows(STATUS).await? {
            let (name, value): (String, String) =
                (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
            status.push((name, value.parse().unwrap_or(0)));
        }
        let rows = self.rows(MAX_CONNECTIONS).await?;
        let max = rows.first().ok_or(Error::RowNotFound)?;
        Ok((status, max.try_get_unchecked(0)?))
    }
}

fn of(status: &Status, name: &str) -> i64 {
    status
        .iter()
        .find(|(known, _)| known == name)
        .map_or(0, |(_, value)| *value)
}

fn not_told(code: &'static str, title: &'static str, error: &Error) -> DatabaseCheck {
    match error {
        Error::Database(error) => {
            let number = error.code().unwrap_or_default().into_owned();
            unavailable(
                code,
                title,
                format!("The server does not tell this role (error {number})."),
                (code == "long_transactions").then_some("GRANT PROCESS ON *.* TO CURRENT_USER();"),
            )
        }
        _ => unavailable(code, title, "The server did not answer.", None),
    }
}

fn needless(indexes: &[Index]) -> DatabaseCheck {
    const TITLE: &str = "Duplicate and redundant indexes";
    let pairs = redundant(indexes);
    if pairs.is_empty() {
        return good(
            "duplicate_indexes",
            TITLE,
            format!(
                "None of {} does the work of another.",
                counted(indexes.len(), "index", "indexes")
            ),
        );
    }
    let drops: Vec<String> = pairs
        .iter()
        .map(|pair| {
            format!(
                "ALTER TABLE {} DROP INDEX {};",
                quoted(&pair.index.table),
                quoted(&pair.index.name)
            )
        })
        .collect();
    good(
        "duplicate_indexes",
        TITLE,
        format!(
            "{} without serving any query that another index does not serve.",
            counted(pairs.len(), "index costs writes", "indexes cost writes")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[
            text("table"),
            text("index"),
            text("columns"),
            text("because of"),
            text("its columns"),
        ],
        pairs
            .iter()
            .map(|pair| {
                vec![
                    pair.index.table.clone(),
                    pair.index.name.clone(),
                    pair.index.columns(),
                    pair.by.name.clone(),
                    pair.by.columns(),
                ]
            })
            .collect(),
    )
    .with_action(drops.join("\n"))
    .with_caveat("A hint in a query (USE INDEX) names its index; drop none that is named.")
}

/// A name that can stand in a statement.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

const KEY_TITLE: &str = "Tables without a primary key";

fn without_key(rows: &[MySqlRow]) -> DatabaseCheck {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let (table, tuples): (String, i64) = (
                row.try_get_unchecked(0).ok()?,
                row.try_get_unchecked(1).ok()?,
            );
            Some(vec![table, grouped(tuples)])
        })
        .collect();
    if lines.is_empty() {
        return good("primary_keys", KEY_TITLE, "Every table has one.");
    }
    good(
        "primary_keys",
        KEY_TITLE,
        format!(
            "InnoDB keeps a table in the order of its primary key; {} none, and a hidden one is \
             used that no query can ask for.",
            counted(lines.len(), "table has", "tables have")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(&[text("table"), number("rows, estimated")], lines)
    .with_action("Add a primary key.")
}

const TRANSACTIONS_TITLE: &str = "Long and blocked transactions";

fn transactions(rows: &[MySqlRow]) -> DatabaseCheck {
    let mut is_blocked = false;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let (thread, state): (i64, String) = (
                row.try_get_unchecked(0).ok()?,
                row.try_get_unchecked(1).ok()?,
            );
            let (age, locked): (i64, i64) = (
                row.try_get_unchecked(2).ok()?,
                row.try_get_unchecked(3).ok()?,
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
    .with_action("Let the app commit before it calls other services. To end one now:\nKILL thread;")
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

const SPACE_TITLE: &str = "Free space in tables";

fn space(rows: &[MySqlRow]) -> DatabaseCheck {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let table: String = row.try_get_unchecked(0).ok()?;
            let (size, free): (i64, i64) = (
                row.try_get_unchecked(1).ok()?,
                row.try_get_unchecked(2).ok()?,
            );
            (free >= 10 << 20 && free >= size / 2).then(|| vec![table, bytes(size), bytes(free)])
        })
        .collect();
    if lines.is_empty() {
        return good(
            "bloat",
            SPACE_TITLE,
            "No table holds 10 MB or more of free space beside half as much data.",
        );
    }
    good(
        "bloat",
        SPACE_TITLE,
        format!(
            "{} much free space.",
            counted(lines.len(), "table holds", "tables hold")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[text("table"), number("data and indexes"), number("free")],
        lines,
    )
    .with_action("OPTIMIZE TABLE gives it back; it rebuilds the table.")
    .with_caveat("In a shared tablespace the free space is that of all tables together.")
}
