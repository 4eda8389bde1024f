//! What figures, plans and names of findings may take of the bytes, so that requests are not all removed for them.
//!
//! They outlive requests, and mostly stay small. An app whose routes or statements are made up as it
//! goes, or a clock that was ahead for a day, can make more of them than age alone would bound.

use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar};

use super::{error::Fault, numbers::to_i64};

/// A table that is kept within a share.
struct Shared {
    /// What share of the bytes: one of so many parts.
    part: u64,
    table: &'static str,
    /// About the bytes of a row.
    bytes: &'static str,
    key: &'static str,
    /// The rows that go first; `?` is how many.
    first: &'static str,
}

/// Together they leave seven sixteenths of the bytes to requests at least.
const SHARED: [Shared; 4] = [
    Shared {
        part: 4,
        table: "figures",
        bytes: "length(figures) + 40",
        key: "(statement_id, width_s, bucket_us, part, run_id)",
        // Of the widest buckets, which are the oldest, the oldest.
        first: "SELECT statement_id, width_s, bucket_us, part, run_id FROM figures
                WHERE width_s = (SELECT max(width_s) FROM figures) ORDER BY bucket_us LIMIT ?",
    },
    Shared {
        part: 8,
        table: "plans",
        bytes: "length(raw) + 200",
        key: "(plan_id)",
        first: "SELECT plan_id FROM plans ORDER BY captured_us LIMIT ?",
    },
    Shared {
        part: 8,
        table: "plan_stats",
        bytes: "length(durations) + 140",
        key: "(fingerprint, width_s, bucket_us, database_id, source, shape)",
        first: "SELECT fingerprint, width_s, bucket_us, database_id, source, shape FROM plan_stats
                WHERE width_s = (SELECT max(width_s) FROM plan_stats) ORDER BY bucket_us LIMIT ?",
    },
    Shared {
        part: 16,
        table: "finding_lives",
        bytes: "length(title) + length(rule) + ifnull(length(accepted_why), 0) + 120",
        key: "(finding_id)",
        first: "SELECT finding_id FROM finding_lives ORDER BY last_us LIMIT ?",
    },
];

/// Bytes of each table that are to go.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Excess([i64; SHARED.len()]);

impl Excess {
    /// Measures the tables that may have too much, where `used_bytes` are in use in all. That reads
    /// them whole, so it is not done with every step.
    pub(super) async fn measure(
        connection: &mut SqliteConnection,
        used_bytes: i64,
        max_bytes: u64,
    ) -> Result<Self, Fault> {
        let mut excess = [0; SHARED.len()];
        for (excess, shared) in excess.iter_mut().zip(&SHARED) {
            let Shared {
                part, table, bytes, ..
            } = shared;
            let share = to_i64(max_bytes / part);
            if used_bytes <= share {
                continue;
            }
            let used: i64 = query_scalar(AssertSqlSafe(format!(
                "SELECT coalesce(sum({bytes}), 0) FROM {table}"
            )))
            .fetch_one(&mut *connection)
            .await?;
            *excess = used.saturating_sub(share).max(0);
        }
        Ok(Self(excess))
    }

    /// Whether anything is to go.
    pub(super) fn is_any(self) -> bool {
        self.0.iter().any(|bytes| *bytes > 0)
    }

    /// Removes a step of it, at most `rows` of each table.
    pub(super) async fn remove(
        &mut self,
        connection: &mut SqliteConnection,
        rows: i64,
    ) -> Result<(), Fault> {
        for (excess, shared) in self.0.iter_mut().zip(&SHARED) {
            if *excess <= 0 {
                continue;
            }
            let Shared {
                table,
                bytes,
                key,
                first,
                ..
            } = shared;
            let removed: Vec<i64> = query_scalar(AssertSqlSafe(format!(
                "DELETE FROM {table} WHERE {key} IN ({first}) RETURNING {bytes}"
            )))
            .bind(rows)
            .fetch_all(&mut *connection)
            .await?;
            *excess = match &*removed {
                [] => 0,
                removed => excess.saturating_sub(removed.iter().sum()),
            };
        }
        Ok(())
    }
}
