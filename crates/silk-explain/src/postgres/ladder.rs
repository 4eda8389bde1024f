use silk_core::{
    explain::{LadderStep, PlanSource},
    vitals::CaptureLevel,
};
use sqlx_core::{executor::Executor as _, raw_sql::raw_sql, row::Row as _};
use sqlx_postgres::PgConnection;

use crate::{
    step::{step, works},
    target::Failure,
};

/// What PostgreSQL gives when asked.
pub(super) async fn ladder(connection: &mut PgConnection) -> Result<Vec<LadderStep>, Failure> {
    let row = connection
        .fetch_one(raw_sql(
            "SELECT current_setting('is_superuser'), current_setting('server_version_num'), \
             current_user::text",
        ))
        .await?;
    let is_superuser = row.try_get_unchecked::<String, _>(0)? == "on";
    let version: u32 = row
        .try_get_unchecked::<String, _>(1)?
        .parse()
        .unwrap_or_default();
    let role: String = row.try_get_unchecked(2)?;
    let generic = if version >= 120_000 {
        works(
            PlanSource::Generic,
            "the plan without the values (PREPARE, EXPLAIN EXECUTE)",
            "what a cached statement may run from its sixth execution on; nothing is run",
        )
    } else {
        step(
            PlanSource::Generic,
            "the plan without the values",
            CaptureLevel::Off,
            "PostgreSQL tells it from version 12 on",
            None,
        )
    };
    let analyzed = if is_superuser {
        step(
            PlanSource::Analyzed,
            "a second run on demand (EXPLAIN ANALYZE)",
            CaptureLevel::Partial,
            &format!(
                "each needs a confirmation: the role {role} is a superuser, which a read-only \
                 transaction does not hold back from everything"
            ),
            Some("CREATE ROLE app LOGIN; -- and let the app connect as it".to_owned()),
        )
    } else {
        works(
            PlanSource::Analyzed,
            "a second run on demand (EXPLAIN ANALYZE)",
            "of statements that only read: read-only, rolled back, limited in time",
        )
    };
    Ok(vec![
        works(
            PlanSource::Estimated,
            "estimated for the recorded values (EXPLAIN)",
            "on a connection of Silk's own; nothing is run",
        ),
        generic,
        analyzed,
    ])
}
