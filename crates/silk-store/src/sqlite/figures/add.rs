//! Adding a batch's figures to those of their buckets.

use sqlx::SqliteConnection;

use super::{
    super::{error::Fault, intern::Intern},
    group::{LINES, NONE, Place, RAN, of_calls, part_of},
    open::OpenBuckets,
    sights,
};
use crate::stats::{BatchStats, MINUTE_S};

/// Adds to the buckets. `routes` are the rows of the batch's routes.
pub(in super::super) async fn add(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    buckets: &mut OpenBuckets,
    stats: BatchStats,
    routes: &[i64],
    run: i64,
    at_us: i64,
) -> Result<(), Fault> {
    buckets.trim(at_us);
    let place = |statement, bucket_us, route| Place {
        statement,
        width_s: MINUTE_S,
        bucket_us,
        part: part_of(route),
        run,
    };
    let mut new = OpenBuckets::default();
    for ((bucket, route), figures) in stats.by_route {
        let route = routes[route];
        let row = new.routes.entry(place(NONE, bucket, route));
        row.or_default().add(route, NONE, figures);
    }
    for ((bucket, fingerprint, route, call_site), figures) in stats.by_statement {
        // Every statement of a batch has its totals there.
        let Some(totals) = stats.totals.get(&fingerprint) else {
            continue;
        };
        let statement = intern
            .statement(connection, &totals.statement, totals.last_seen_us)
            .await?;
        let call_site = intern
            .call_site(connection, call_site.as_ref(), bucket)
            .await?;
        let route = routes[route];
        let row = new.lines.entry(place(LINES, bucket, route)).or_default();
        row.at(route, call_site).add(statement, (&figures).into());
        let row = new.ran.entry(place(RAN, bucket, route)).or_default();
        row.at(route, NONE).add(statement, (&figures).into());
        let row = new
            .statements
            .entry(place(of_calls(statement), bucket, route));
        row.or_default().add(route, call_site, figures);
    }
    new.sights = sights::groups(connection, intern, &stats.sights, routes, place).await?;
    buckets.merge(connection, new).await
}
