//! Which plans PostgreSQL gives, and what unlocks the next.

use silk_core::{PlanSource, explain::LadderStep, vitals::CaptureLevel};
use sqlx_core::{executor::Executor as _, raw_sql::raw_sql, row::Row as _};
use sqlx_postgres::PgConnection;

use crate::{
    step::{step, works},
    target::Failure,
};

/// A role that reads and writes the tables of an app; its password is for a person to set.
const APP_ROLE: &str = "CREATE ROLE silk_app LOGIN;
GRANT USAGE ON SCHEMA public TO silk_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO silk_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO silk_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO silk_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO silk_app;";

/// What PostgreSQL gives when asked.
pub(super) async fn ladder(connection: &mut PgConnection) -> Result<Vec<LadderStep>, Failure> {
    let row = connection
        .fetch_one(raw_sql(
            "SELECT current_setting('is_superuser') AS is_superuser, \
             current_setting('server_version_num') AS version, current_user::text AS role",
        ))
        .await?;
    let is_superuser = row.try_get_unchecked::<String, _>("is_superuser")? == "on";
    let version: u32 = row
        .try_get_unchecked::<String, _>("version")?
        .parse()
        .unwrap_or_default();
    let role: String = row.try_get_unchecked("role")?;
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
                "each needs a confirmation: the role {role} is a superuser, whom a read-only \
                 transaction does not stop from everything. Make a role for the app, give it a \
                 password (\\password silk_app in psql), and connect the app as it"
            ),
            Some(APP_ROLE.to_owned()),
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
