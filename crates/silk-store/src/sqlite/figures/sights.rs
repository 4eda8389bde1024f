//! What a batch found, for what is known of findings.

use sqlx::SqliteConnection;

use super::{
    super::{error::Fault, intern::Intern},
    group::{Group, NONE, Place, SIGHTS},
    notes,
    open::Map,
};
use crate::stats::{SightFigures, Sights};

/// What to add to the buckets; notes what was said last of each finding. `routes` are the rows of
/// the batch's routes.
pub(super) async fn groups(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    sights: &Sights,
    routes: &[i64],
    place: impl Fn(i64, i64, i64) -> Place,
) -> Result<Map<Place, Group<SightFigures>>, Fault> {
    let ids = notes::ids(connection, intern, &sights.said, routes).await?;
    let mut groups: Map<Place, Group<SightFigures>> = Map::default();
    let mut add = |bucket_us, route: i64, finding, figures: &SightFigures| {
        let row = groups.entry(place(SIGHTS, bucket_us, route)).or_default();
        row.add(route, finding, figures.clone());
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
    Ok(groups)
}
