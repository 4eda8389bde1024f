//! Which plans MySQL or MariaDB gives, and what unlocks the next.

use silk_core::{PlanSource, explain::LadderStep, vitals::CaptureLevel};
use sqlx_mysql::MySqlConnection;

use super::connection::is_mariadb;
use crate::{
    step::{step, works},
    target::Failure,
};

/// What MySQL or MariaDB gives when asked.
pub(super) async fn ladder(connection: &mut MySqlConnection) -> Result<Vec<LadderStep>, Failure> {
    let analyzed = if is_mariadb(connection).await? {
        works(
            PlanSource::Analyzed,
            "a second run on demand (ANALYZE FORMAT=JSON)",
            "of statements that only read: read-only, rolled back, limited in time",
        )
    } else {
        step(
            PlanSource::Analyzed,
            "a second run on demand (EXPLAIN ANALYZE)",
            CaptureLevel::Partial,
            "needs MySQL 8.0.18; written after its documentation and not tried on a server",
            None,
        )
    };
    Ok(vec![
        works(
            PlanSource::Estimated,
            "estimated for the recorded values (EXPLAIN FORMAT=JSON)",
            "on a connection of Silk's own; nothing is run",
        ),
        analyzed,
    ])
}
