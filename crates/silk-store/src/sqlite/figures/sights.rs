//! Adding what a batch found to what is known of findings.

use silk_core::store::MAX_FINDINGS;
use sqlx::{SqliteConnection, query_scalar};

use super::{
    super::{error::Fault, intern::Intern, numbers::severity_number},
    add::{Map, OpenBuckets, merge},
    group::{Group, NONE, Place, SIGHTS, part_of},
};
use crate::stats::{FindingKey, MINUTE_S, Said, SightFigures, Sights};

/// Adds to the buckets, and notes what was said last of each finding. `routes` are the rows of the
/// batch's routes.
pub(in super::super) async fn add_sights(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    buckets: &mut OpenBuckets,
    sights: &Sights,
    routes: &[i64],
    run: i64,
) -> Result<(), Fault> {
    let mut ids: Map<(usize, &FindingKey), i64> = Map::default();
    for ((route, finding), said) in &sights.said {
        if let Some(id) = note(connection, intern, routes[*route], finding, said).await? {
            ids.insert((*route, finding), id);
        }
    }
    let mut groups: Map<Place, Group<SightFigures>> = Map::default();
    let mut add = |bucket_us, route: i64, finding, figures: &SightFigures| {
        let place = Place {
            statement: SIGHTS,
            width_s: MINUTE_S,
            bucket_us,
            part: part_of(route),
            run,
        };
        groups
            .entry(place)
            .or_default()
            .add(route, finding, figures);
    };
    for ((bucket_us, route), figures) in &sights.looked {
        add(*bucket_us, routes[*route], NONE, figures);
    }
    for ((bucket_us, route, finding), figures) in &sights.found {
        // One that is not followed has none.
        if let Some(id) = ids.get(&(*route, finding)) {
            add(*bucket_us, routes[*route], *id, figures);
        }
    }
    merge(connection, &mut buckets.sights, groups).await
}

/// The number of a finding, with what was said of it; none if it is not known and no more may be.
async fn note(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    route: i64,
    (rule, fingerprint): &FindingKey,
    said: &Said,
) -> Result<Option<i64>, Fault> {
    let call_site = intern
        .call_site(connection, said.call_site.as_ref(), said.last_us)
        .await?;
    let fingerprint = fingerprint.map_or(0, |fingerprint| fingerprint.0.cast_signed());
    let known = query_scalar(
        "UPDATE finding_lives SET severity = ?1, title = ?2, call_site_id = ?3, accepted_why = ?4,
             last_us = max(last_us, ?5), last_used_us = max(last_used_us, ?5)
         WHERE rule = ?6 AND route_id = ?7 AND fingerprint = ?8 RETURNING finding_id",
    )
    .bind(severity_number(said.severity))
    .bind(&said.title)
    .bind(call_site)
    .bind(&said.accepted_why)
    .bind(said.last_us)
    .bind(rule)
    .bind(route)
    .bind(fingerprint)
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_some() {
        return Ok(known);
    }
    let kept: u32 = query_scalar("SELECT count(*) FROM finding_lives")
        .fetch_one(&mut *connection)
        .await?;
    if kept >= MAX_FINDINGS {
        return Ok(None);
    }
    let id = query_scalar(
        "INSERT INTO finding_lives (severity, title, call_site_id, accepted_why, last_us,
             last_used_us, rule, route_id, fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8) RETURNING finding_id",
    )
    .bind(severity_number(said.severity))
    .bind(&said.title)
    .bind(call_site)
    .bind(&said.accepted_why)
    .bind(said.last_us)
    .bind(rule)
    .bind(route)
    .bind(fingerprint)
    .fetch_one(connection)
    .await?;
    Ok(Some(id))
}
