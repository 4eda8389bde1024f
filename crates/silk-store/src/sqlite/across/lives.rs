//! What became of findings.

use std::collections::HashMap;

use silk_core::{
    Fingerprint, RequestId,
    store::{FindingLives, MAX_FINDINGS, StatsWindow},
};
use sqlx::{Connection, Row, SqliteConnection, query};

use super::{
    super::{error::Fault, figures, json::json_numbers, names::call_sites, numbers::severity},
    acceptances, routes, runs,
};
use crate::{
    across::{Lives, RunOf, When},
    stats::{FindingKey, Said, overlaps},
};

/// What became of findings, by all that is known up to the end of a window.
pub(in super::super) async fn lives(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    limit: u32,
) -> Result<FindingLives, Fault> {
    let mut transaction = connection.begin().await?;
    let lives = read(&mut transaction, window, limit).await;
    transaction.rollback().await?;
    lives
}

async fn read(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    limit: u32,
) -> Result<FindingLives, Fault> {
    let runs = runs(connection).await?;
    let unknown = RunOf::default();
    let mut lives: Lives<i64, i64> = Lives::default();
    let until_us = window.until.timestamp_micros();
    figures::sights(connection, until_us, |at, figures| {
        let when = When {
            bucket_us: at.bucket_us,
            is_in_window: overlaps(window, at.bucket_us, at.width_s),
            run: runs.get(&at.run).unwrap_or(&unknown),
        };
        match at.call_site {
            figures::NONE => lives.look(at.route, when, &figures),
            finding => lives.find(at.route, finding, when, &figures),
        }
    })
    .await?;
    let keys = keys(connection).await?;
    let names = routes(connection, keys.values().map(|(route, _)| *route)).await?;
    let words = |route: &i64, finding: &i64| {
        let (of_route, (rule, fingerprint)) = keys.get(finding)?;
        let number = fingerprint.map(|fingerprint| fingerprint.0);
        (of_route == route).then_some((rule.clone(), names.get(route)?, number))
    };
    let (lives, is_cut) = lives.finish(limit, words);
    let said = said(connection, lives.iter().map(|life| life.finding)).await?;
    let worst = lives.iter().flat_map(|life| life.worst.clone());
    let kept = kept(connection, worst).await?;
    let acceptances = acceptances(connection).await?;
    let items = lives.into_iter().filter_map(|life| {
        let route = names.get(&life.route)?.clone();
        let (_, key) = keys.get(&life.finding)?;
        let said = said.get(&life.finding)?.clone();
        // A number may have been given again, to a request of another route.
        let mut worst = life.worst.iter().filter_map(|place| kept.get(place));
        let worst = worst.find(|(of_route, _)| *of_route == life.route);
        let worst = worst.map(|(_, id)| *id);
        life.tell(route, key.clone(), said, worst, &acceptances)
    });
    Ok(FindingLives {
        items: items.collect(),
        is_cut,
        is_full: u32::try_from(keys.len()).unwrap_or(u32::MAX) >= MAX_FINDINGS,
    })
}

/// Route, rule and statement of each finding by its number.
async fn keys(connection: &mut SqliteConnection) -> Result<HashMap<i64, (i64, FindingKey)>, Fault> {
    let rows = query("SELECT finding_id, route_id, rule, fingerprint FROM finding_lives")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let fingerprint = match row.try_get::<i64, _>("fingerprint")? {
                0 => None,
                number => Some(Fingerprint(number.cast_unsigned())),
            };
            let key = (row.try_get("rule")?, fingerprint);
            Ok((row.try_get("finding_id")?, (row.try_get("route_id")?, key)))
        })
        .collect()
}

/// What was said of findings last.
async fn said(
    connection: &mut SqliteConnection,
    findings: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Said>, Fault> {
    let rows = query(
        "SELECT finding_id, severity, title, call_site_id, accepted_why, last_us
         FROM finding_lives WHERE finding_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(findings))
    .fetch_all(&mut *connection)
    .await?;
    let mut sites = Vec::with_capacity(rows.len());
    for row in &rows {
        sites.push(row.try_get::<i64, _>("call_site_id")?);
    }
    let sites = call_sites(connection, json_numbers(sites)).await?;
    rows.iter()
        .map(|row| {
            let said = Said {
                severity: severity(row.try_get("severity")?),
                title: row.try_get("title")?,
                call_site: sites.get(&row.try_get("call_site_id")?).cloned(),
                accepted_why: row.try_get("accepted_why")?,
                last_us: row.try_get("last_us")?,
            };
            Ok((row.try_get("finding_id")?, said))
        })
        .collect()
}

/// Of requests by number: route and id of those that are kept.
async fn kept(
    connection: &mut SqliteConnection,
    numbers: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, (i64, RequestId)>, Fault> {
    let rows = query(
        "SELECT sequence, route_id, id FROM requests
         WHERE sequence IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(numbers))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let request = (row.try_get("route_id")?, RequestId(row.try_get("id")?));
            Ok((row.try_get("sequence")?, request))
        })
        .collect()
}
