//! What was said last of each finding, noted in one statement for a batch.

use silk_core::store::MAX_FINDINGS;
use sqlx::{SqliteConnection, query, query_scalar};

use super::{
    super::{error::Fault, intern::Intern, numbers::severity_number},
    open::Map,
};
use crate::stats::{FindingKey, Said};

/// How far the last time that is noted may lie behind, where nothing else changed.
const SLACK_US: i64 = 60 * 1_000_000;

/// Notes what was said, and gives the number of each finding that is followed. `routes` are the rows
/// of the batch's routes.
pub(super) async fn ids<'a>(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    said: &'a Map<(usize, FindingKey), Said>,
    routes: &[i64],
) -> Result<Map<(usize, &'a FindingKey), i64>, Fault> {
    let mut ids = Map::default();
    let mut notes = Vec::new();
    for ((place, finding), said) in said {
        let route = routes[*place];
        let site = said.call_site.as_ref();
        let call_site = intern.call_site(connection, site, said.last_us).await?;
        if let Some((id, before)) = intern.finding(route, finding) {
            ids.insert((*place, finding), *id);
            if is_worth_noting(before, said) {
                before.clone_from(said);
                notes.push(note_of(*id, call_site, said));
            }
            continue;
        }
        let id = match find(connection, route, finding).await? {
            Some(id) => {
                notes.push(note_of(id, call_site, said));
                id
            }
            None => match add(connection, route, finding, call_site, said).await? {
                Some(id) => id,
                None => continue,
            },
        };
        ids.insert((*place, finding), id);
        intern.add_finding(route, finding, id, said);
    }
    note(connection, &notes).await?;
    Ok(ids)
}

fn is_worth_noting(before: &Said, now: &Said) -> bool {
    before.last_us.abs_diff(now.last_us) >= SLACK_US.unsigned_abs()
        || Said {
            last_us: now.last_us,
            ..before.clone()
        } != *now
}

/// Number, severity, title, line, reason and time.
type Note<'a> = (i64, i64, &'a str, i64, Option<&'a str>, i64);

fn note_of(id: i64, call_site: i64, said: &Said) -> Note<'_> {
    (
        id,
        severity_number(said.severity),
        &said.title,
        call_site,
        said.accepted_why.as_deref(),
        said.last_us,
    )
}

async fn note(connection: &mut SqliteConnection, notes: &[Note<'_>]) -> Result<(), Fault> {
    if notes.is_empty() {
        return Ok(());
    }
    query(
        "UPDATE finding_lives SET severity = n.value ->> 1, title = n.value ->> 2,
             call_site_id = n.value ->> 3, accepted_why = n.value ->> 4,
             last_us = max(last_us, n.value ->> 5),
             last_used_us = max(last_used_us, n.value ->> 5)
         FROM json_each(?) n WHERE finding_id = n.value ->> 0",
    )
    // Texts and numbers always serialise.
    .bind(serde_json::to_string(notes).unwrap_or_default())
    .execute(connection)
    .await?;
    Ok(())
}

async fn find(
    connection: &mut SqliteConnection,
    route: i64,
    (rule, fingerprint): &FindingKey,
) -> Result<Option<i64>, Fault> {
    Ok(query_scalar(
        "SELECT finding_id FROM finding_lives WHERE rule = ? AND route_id = ? AND fingerprint = ?",
    )
    .bind(rule)
    .bind(route)
    .bind(fingerprint.map_or(0, |fingerprint| fingerprint.0.cast_signed()))
    .fetch_optional(connection)
    .await?)
}

/// The number of a new finding; none if no more may be followed.
async fn add(
    connection: &mut SqliteConnection,
    route: i64,
    (rule, fingerprint): &FindingKey,
    call_site: i64,
    said: &Said,
) -> Result<Option<i64>, Fault> {
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
    .bind(fingerprint.map_or(0, |fingerprint| fingerprint.0.cast_signed()))
    .fetch_one(connection)
    .await?;
    Ok(Some(id))
}
