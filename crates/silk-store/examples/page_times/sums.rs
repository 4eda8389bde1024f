//! The pages of one request or statement, and those that sum over many.

use chrono::TimeDelta;
use silk_core::{
    RequestKind, Store,
    store::{RequestFilter, RequestSort, RouteName, StatementFilter, StatementSort, StatsWindow},
};
use silk_store::contract::fixture::at;

use super::{LARGE, Pages};

impl Pages<'_> {
    pub(super) async fn details(&mut self) {
        for (name, queries) in [
            ("1 query", 1_u64),
            ("101 queries", 101),
            ("10,000 queries", LARGE),
        ] {
            let filter = RequestFilter {
                sort: RequestSort::QueryCount,
                cursor: Some(silk_core::store::Cursor {
                    key: i64::try_from(queries).unwrap() + 1,
                    id: silk_core::RequestId(uuid::Uuid::nil()),
                }),
                limit: 1,
                ..RequestFilter::default()
            };
            let id = self.store.requests(&filter).await.unwrap().items[0].id;
            self.time(
                &format!("request of {name}"),
                |store| store.request(id),
                |record| record.as_ref().unwrap().detail.queries.len().to_string(),
            )
            .await;
            self.time(
                &format!("plans of a request of {name}"),
                |store| store.plans_of_request(id),
                |plans| plans.len().to_string(),
            )
            .await;
        }
        let missing = silk_core::RequestId(uuid::Uuid::from_u128(7));
        self.time(
            "request that is not kept",
            |store| store.request(missing),
            |record| u8::from(record.is_some()).to_string(),
        )
        .await;
    }

    pub(super) async fn sums(&mut self) {
        let frequent: &'static RouteName = Box::leak(Box::new(RouteName {
            kind: RequestKind::Request,
            method: "GET".to_owned(),
            route: "/r0/{id}".to_owned(),
        }));
        for (name, seconds) in [
            ("15 min", 900),
            ("1 h", 3600),
            ("1 d", 86_400),
            ("7 d", 7 * 86_400),
        ] {
            let until = at(1);
            let window = StatsWindow {
                since: until - TimeDelta::seconds(seconds),
                until,
                buckets: 30,
            };
            self.time(
                &format!("routes, {name}"),
                |store| store.routes(window),
                |routes| routes.len().to_string(),
            )
            .await;
            self.time(
                &format!("one route, {name}"),
                |store| store.route(frequent, window),
                |route| route.iter().len().to_string(),
            )
            .await;
            self.time(
                &format!("lines of code, {name}"),
                |store| store.hotspots(window, 50),
                |hotspots| hotspots.len().to_string(),
            )
            .await;
            self.time(
                &format!("lives of findings, {name}"),
                |store| store.finding_lives(window, 200),
                |lives| lives.items.len().to_string(),
            )
            .await;
            for &sort in RequestSort::ALL {
                let worst = RequestFilter {
                    since: Some(window.since),
                    sort,
                    limit: 10,
                    ..RequestFilter::default()
                };
                self.requests(&format!("worst of {name} {sort}"), worst)
                    .await;
            }
            let remarked = RequestFilter {
                since: Some(window.since),
                finding: Some("any".to_owned()),
                limit: 100,
                ..RequestFilter::default()
            };
            self.requests(&format!("remarked, {name}"), remarked).await;
            for (which, number) in [("frequent", 2), ("rare", 999)] {
                self.time(
                    &format!("statement, {which}, {name}"),
                    |store| store.statement(silk_core::Fingerprint(number), window),
                    |detail| detail.as_ref().unwrap().routes.len().to_string(),
                )
                .await;
            }
        }
        for &sort in StatementSort::ALL {
            self.statements(
                &sort.to_string(),
                StatementFilter {
                    sort,
                    ..StatementFilter::default()
                },
            )
            .await;
        }
        let text = |text: &str| Some(text.to_owned());
        let default = StatementFilter::default;
        for (name, filter) in [
            (
                "text",
                StatementFilter {
                    text: text("WHERE ID"),
                    ..default()
                },
            ),
            (
                "text (none)",
                StatementFilter {
                    text: text("nothing of it"),
                    ..default()
                },
            ),
            (
                "table",
                StatementFilter {
                    table: text("table_7"),
                    ..default()
                },
            ),
            (
                "command",
                StatementFilter {
                    command: text("SELECT"),
                    ..default()
                },
            ),
            (
                "last page",
                StatementFilter {
                    offset: 250,
                    ..default()
                },
            ),
        ] {
            self.statements(name, filter).await;
        }
        self.time("size", Store::size, |size| size.statements.to_string())
            .await;
        let fingerprint = silk_core::Fingerprint(70);
        let plans = self
            .time(
                "plans of a statement, 20",
                |store| store.plans_of_statement(fingerprint, 20),
                |plans| plans.len().to_string(),
            )
            .await;
        let id = plans[0].id;
        self.time(
            "plan",
            |store| store.plan(id),
            |plan| u8::from(plan.is_some()).to_string(),
        )
        .await;
        for (name, days) in [("1 d", 1), ("7 d", 7)] {
            let window = StatsWindow {
                since: at(-days * 86_400),
                until: at(1),
                buckets: 30,
            };
            self.time(
                &format!("plans of a statement over {name}"),
                |store| store.plan_history(fingerprint, window),
                |history| history.len().to_string(),
            )
            .await;
            self.time(
                &format!("changed plans, {name}"),
                |store| store.plan_changes(window, 100),
                |changes| changes.len().to_string(),
            )
            .await;
        }
    }

    async fn statements(&mut self, name: &str, filter: StatementFilter) {
        let filter: &'static StatementFilter = Box::leak(Box::new(filter));
        self.time(
            &format!("statements {name}"),
            |store| store.statements(filter),
            |page| page.items.len().to_string(),
        )
        .await;
    }
}
