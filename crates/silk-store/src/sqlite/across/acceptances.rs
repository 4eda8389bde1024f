//! What people accept.

use chrono::DateTime;
use silk_core::{
    CallSite, Fingerprint,
    store::{Acceptance, MAX_ACCEPTANCES, RouteName},
};
use sqlx::{Connection, Row, SqliteConnection, query, query_scalar};

use super::super::{error::Fault, numbers::kind};
use crate::kind_number;

/// Keeps an acceptance; returns its number.
pub(in super::super) async fn accept(
    connection: &mut SqliteConnection,
    acceptance: &Acceptance,
) -> Result<i64, Fault> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let kept: u32 = query_scalar("SELECT count(*) FROM acceptances")
        .fetch_one(&mut *transaction)
        .await?;
    if kept >= MAX_ACCEPTANCES {
        transaction.rollback().await?;
        return Err(Fault::TooManyAcceptances);
    }
    let (route, site) = (acceptance.route.as_ref(), acceptance.call_site.as_ref());
    let id = query_scalar(
        "INSERT INTO acceptances (rule, route_kind, route_method, route, fingerprint,
             call_site_function, call_site_file, call_site_line, accepted_by, why, until_build,
             accepted_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING acceptance_id",
    )
    .bind(&acceptance.rule)
    .bind(route.map(|route| kind_number(route.kind)))
    .bind(route.map(|route| &*route.method))
    .bind(route.map(|route| &*route.route))
    .bind(
        acceptance
            .fingerprint
            .map(|fingerprint| fingerprint.0.cast_signed()),
    )
    .bind(site.map(|site| &*site.function))
    .bind(site.map(|site| &*site.file))
    .bind(site.map(|site| site.line))
    .bind(&acceptance.by)
    .bind(&acceptance.why)
    .bind(&acceptance.until_build)
    .bind(acceptance.at.timestamp_micros())
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(id)
}

/// All that is kept, newest first.
pub(in super::super) async fn acceptances(
    connection: &mut SqliteConnection,
) -> Result<Vec<Acceptance>, Fault> {
    let rows = query("SELECT * FROM acceptances ORDER BY accepted_us DESC, acceptance_id DESC")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let route = match row.try_get::<Option<i64>, _>("route_kind")? {
                None => None,
                Some(number) => Some(RouteName {
                    kind: kind(number)?,
                    method: row
                        .try_get::<Option<_>, _>("route_method")?
                        .unwrap_or_default(),
                    route: row.try_get::<Option<_>, _>("route")?.unwrap_or_default(),
                }),
            };
            let call_site = match row.try_get::<Option<String>, _>("call_site_file")? {
                None => None,
                Some(file) => Some(CallSite {
                    function: row
                        .try_get::<Option<_>, _>("call_site_function")?
                        .unwrap_or_default(),
                    file,
                    line: row.try_get::<Option<_>, _>("call_site_line")?.unwrap_or(0),
                }),
            };
            let fingerprint: Option<i64> = row.try_get("fingerprint")?;
            Ok(Acceptance {
                id: row.try_get("acceptance_id")?,
                rule: row.try_get("rule")?,
                route,
                fingerprint: fingerprint.map(|number| Fingerprint(number.cast_unsigned())),
                call_site,
                by: row.try_get("accepted_by")?,
                why: row.try_get("why")?,
                until_build: row.try_get("until_build")?,
                at: DateTime::from_timestamp_micros(row.try_get("accepted_us")?)
                    .ok_or(Fault::Nonsense("a time"))?,
            })
        })
        .collect()
}

/// Removes one; `false` if there is none of that number.
pub(in super::super) async fn withdraw(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<bool, Fault> {
    let removed = query("DELETE FROM acceptances WHERE acceptance_id = ?")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(removed.rows_affected() > 0)
}
