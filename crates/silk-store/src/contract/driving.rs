//! What the parts of the contract drive a store with: windows, budgets, all pages, retention to its end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use silk_core::{
    CountedRequest, RequestId, RequestKind, Store,
    store::{Budget, RequestFilter, StatsWindow},
};

use super::fixture::at;

/// Nothing is over it.
pub(super) const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

/// A window around all fixtures.
pub(super) fn all_day() -> StatsWindow {
    StatsWindow {
        since: at(-86_400),
        until: at(86_400),
        buckets: 4,
    }
}

/// A failed request that is only counted, of `n` ms.
pub(super) fn counted(n: u64) -> CountedRequest {
    CountedRequest {
        started_at: at(1),
        kind: RequestKind::Request,
        method: "GET".to_owned(),
        route: "/threads/{id}".to_owned(),
        is_failed: true,
        total_us: n * 1000,
        sql_us: n,
        query_count: n,
    }
}

/// All pages of a filter, one after the other.
pub(super) async fn all_pages(store: &dyn Store, filter: &RequestFilter) -> Vec<RequestId> {
    let mut filter = filter.clone();
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        let page = store.requests(&filter).await.unwrap();
        ids.extend(page.items.iter().map(|item| item.id));
        let Some(next) = page.next else { return ids };
        // A cursor goes through an address.
        filter.cursor = Some(next.to_string().parse().unwrap());
    }
    ids
}

/// Removes what is over the budget until nothing is.
pub(super) async fn retain_all_at(store: &dyn Store, budget: Budget, now: DateTime<Utc>) {
    for _ in 0..10_000 {
        if !store.retain(budget, now).await.unwrap() {
            return;
        }
    }
    unreachable!("retention comes to an end");
}
