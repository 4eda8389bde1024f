//! Another request of the same route: the fastest, the slowest, the one before.

use silk_core::{
    RequestId, RequestSummary,
    store::{RequestFilter, RequestSort},
};

use super::Subject;
use crate::{context::Here, draw::names::request_name, error::Failure};

/// Which other request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relative {
    /// Of the newest 500 that did not fail.
    Fastest,
    /// Of all that are kept.
    Slowest,
    /// The one that started last before it.
    Previous,
}

/// Requests that the fastest is looked for among: no store sorts by least time.
const NEWEST: u32 = 500;

impl Relative {
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Fastest, Self::Slowest, Self::Previous]
            .into_iter()
            .find(|relative| relative.as_str() == text)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Fastest => "fastest",
            Self::Slowest => "slowest",
            Self::Previous => "previous",
        }
    }

    /// The request that it is, seen from another.
    pub(super) async fn to(self, here: &Here, other: &Subject) -> Result<Subject, Failure> {
        let Subject::Request(id) = other else {
            return Err(super::needs_other(self));
        };
        let (_, record) = here.app.request(&id.to_string()).await?;
        let from = &record.summary;
        let found = match self {
            Self::Slowest => {
                let filter = same_route(from, RequestSort::Duration, 2);
                let page = here.app.ask(|store| store.requests(&filter)).await?;
                others(page.items, from.id).next()
            }
            Self::Previous => {
                let filter = RequestFilter {
                    until: Some(from.started_at),
                    ..same_route(from, RequestSort::StartedAt, 1)
                };
                let page = here.app.ask(|store| store.requests(&filter)).await?;
                others(page.items, from.id).next()
            }
            Self::Fastest => {
                let filter = same_route(from, RequestSort::StartedAt, NEWEST);
                let page = here.app.ask(|store| store.requests(&filter)).await?;
                others(page.items, from.id)
                    .filter(|request| !request.is_failed())
                    .min_by_key(|request| request.times.total_us)
            }
        };
        found
            .map(|request| Subject::Request(request.id))
            .ok_or_else(|| {
                Failure::not_found(format!(
                    "There is no other request of {} to compare with.",
                    request_name(from.kind, &from.method, &from.route)
                ))
            })
    }
}

/// Requests of the route of another.
fn same_route(of: &RequestSummary, sort: RequestSort, limit: u32) -> RequestFilter {
    RequestFilter {
        kind: Some(of.kind),
        method: Some(of.method.clone()).filter(|method| !method.is_empty()),
        route: Some(of.route.clone()),
        sort,
        limit,
        ..RequestFilter::default()
    }
}

fn others(items: Vec<RequestSummary>, id: RequestId) -> impl Iterator<Item = RequestSummary> {
    items.into_iter().filter(move |request| request.id != id)
}
