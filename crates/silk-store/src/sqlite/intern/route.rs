//! Routes; only so many have names of their own.

use sqlx::{SqliteConnection, query_scalar};

use super::{super::error::Fault, Entry, Intern};
use crate::{kind_number, stats::RouteKey};

/// Routes that have names of their own. Names that are made up as an app goes (of jobs, say) would
/// else fill the store.
const MAX_ROUTES: i64 = 10_000;

/// Stands for routes beyond.
const OTHER_ROUTES: &str = "(other routes)";

impl Intern {
    /// The row of a route, and whether it has that name: where too many are known, a new one goes
    /// by [`OTHER_ROUTES`].
    pub(in super::super) async fn route(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
        at_us: i64,
    ) -> Result<(i64, bool), Fault> {
        if let Some(entry) = self.routes.get(route).filter(|entry| entry.is_fresh(at_us)) {
            return Ok((entry.id, true));
        }
        if !self.has_room(connection, route).await? {
            let other = RouteKey {
                kind: route.kind,
                method: String::new(),
                route: OTHER_ROUTES.to_owned(),
            };
            if let Some(entry) = self
                .routes
                .get(&other)
                .filter(|entry| entry.is_fresh(at_us))
            {
                return Ok((entry.id, false));
            }
            return Ok((self.add_route(connection, &other, at_us).await?, false));
        }
        Ok((self.add_route(connection, route, at_us).await?, true))
    }

    /// Whether a route is known to the file, or may be.
    async fn has_room(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
    ) -> Result<bool, Fault> {
        let known = match self.routes_known {
            Some(known) => known,
            None => {
                query_scalar("SELECT count(*) FROM routes")
                    .fetch_one(&mut *connection)
                    .await?
            }
        };
        self.routes_known = Some(known);
        if known < MAX_ROUTES {
            return Ok(true);
        }
        Ok(query_scalar(
            "SELECT EXISTS (SELECT 1 FROM routes WHERE route = ? AND method = ? AND kind = ?)",
        )
        .bind(&route.route)
        .bind(&route.method)
        .bind(kind_number(route.kind))
        .fetch_one(connection)
        .await?)
    }

    async fn add_route(
        &mut self,
        connection: &mut SqliteConnection,
        route: &RouteKey,
        at_us: i64,
    ) -> Result<i64, Fault> {
        let id = query_scalar(
            "INSERT INTO routes (kind, method, route, last_used_us) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING route_id",
        )
        .bind(kind_number(route.kind))
        .bind(&route.method)
        .bind(&route.route)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        let entry = Entry {
            id,
            last_used_us: at_us,
        };
        if self.routes.insert(route.clone(), entry).is_none() {
            self.routes_known = self.routes_known.map(|known| known + 1);
        }
        Ok(id)
    }
}
