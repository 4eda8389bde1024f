//! Removing figures and plans that are older than figures are kept.

use sqlx::{AssertSqlSafe, SqliteConnection, query};

use super::{super::error::Fault, limits::MAX_ROWS_PER_STEP};
use crate::stats::{PLAN_WIDTHS, WIDTHS};

/// Removes a step of what is older than `oldest_us`; `true` if there was any.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    oldest_us: i64,
) -> Result<bool, Fault> {
    let mut removed = 0;
    for sql in [
        format!(
            "DELETE FROM figures WHERE (statement_id, width_s, bucket_us, part, run_id) IN
             (SELECT statement_id, width_s, bucket_us, part, run_id FROM json_each('{WIDTHS}') w
                  CROSS JOIN figures s INDEXED BY figures_by_bucket ON s.width_s = w.value
              WHERE s.bucket_us < ?1 - s.width_s * 1000000 LIMIT ?2)"
        ),
        format!(
            "DELETE FROM plan_stats
             WHERE (fingerprint, width_s, bucket_us, database_id, source, shape) IN
             (SELECT fingerprint, width_s, bucket_us, database_id, source, shape
              FROM json_each('{PLAN_WIDTHS}') w
                  CROSS JOIN plan_stats s INDEXED BY plan_stats_by_bucket ON s.width_s = w.value
              WHERE s.bucket_us < ?1 - s.width_s * 1000000 LIMIT ?2)"
        ),
        "DELETE FROM plan_forms WHERE (fingerprint, database_id, source, shape) IN
             (SELECT fingerprint, database_id, source, shape FROM plan_forms
              WHERE last_us < ?1 LIMIT ?2)"
            .to_owned(),
        // A plan lives as long as its form is seen.
        "DELETE FROM plans WHERE plan_id IN
             (SELECT p.plan_id FROM plans p INDEXED BY plans_by_capture
                  LEFT JOIN plan_forms f ON f.fingerprint = p.fingerprint
                      AND f.database_id = p.database_id AND f.source = p.source
                      AND f.shape = p.shape
              WHERE p.captured_us < ?1 AND f.shape IS NULL LIMIT ?2)"
            .to_owned(),
    ] {
        removed += query(AssertSqlSafe(sql))
            .bind(oldest_us)
            .bind(MAX_ROWS_PER_STEP)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    removed += query(
        "DELETE FROM plans WHERE plan_id IN
             (SELECT plan_id FROM plans ORDER BY captured_us
              LIMIT min(?2, max(0, (SELECT count(*) FROM plans) - ?1)))",
    )
    .bind(MAX_PLANS)
    .bind(MAX_ROWS_PER_STEP)
    .execute(connection)
    .await?
    .rows_affected();
    Ok(removed > 0)
}

/// At most so many plans are kept, some kilobytes each; their sights stay.
const MAX_PLANS: i64 = 10_000;
