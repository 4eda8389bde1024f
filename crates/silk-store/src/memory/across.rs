//! Lines of code and routes across requests.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use silk_core::{
    CallSite, Fingerprint, RequestRecord,
    store::{
        Hotspot, LOOKED_AT, NewestRequests, OtherStatements, RouteDetail, RouteName,
        RouteStatement, StatsWindow,
    },
};

use super::{query, state::State};
use crate::{
    across::{BuildsOf, RanBy, RunOf, Seen, Sites, as_hotspot},
    stats::{MINUTE_S, overlaps},
};

/// The newest requests of a window that `is_wanted` takes.
fn newest<'a>(
    state: &'a State,
    window: &'a StatsWindow,
    is_wanted: impl Fn(&RequestRecord) -> bool + 'a,
) -> impl Iterator<Item = &'a RequestRecord> {
    let records = state.requests.values().rev();
    records
        .map(|(_, _, record)| &**record)
        .filter(move |record| {
            (window.since..window.until).contains(&record.summary.started_at) && is_wanted(record)
        })
        .take(usize::try_from(LOOKED_AT).unwrap_or(0))
}

pub(super) fn hotspots(state: &State, window: &StatsWindow, limit: u32) -> Vec<Hotspot> {
    type SitesOf<'a> = Sites<&'a Option<CallSite>, Fingerprint, &'a RouteName>;
    let mut sites = SitesOf::default();
    for ((bucket, route, call_site), uses) in &state.lines {
        if overlaps(window, *bucket, MINUTE_S) {
            sites.add(call_site, route, uses);
        }
    }
    let mut seen: HashMap<&Option<CallSite>, Seen> = HashMap::new();
    for record in newest(state, window, |_| true) {
        let mut calls: BTreeMap<&Option<CallSite>, u64> = BTreeMap::new();
        for used in &record.statements {
            let sum = calls.entry(&used.call_site).or_default();
            *sum = sum.saturating_add(used.calls);
        }
        for (site, calls) in calls {
            seen.entry(site).or_default().add(calls);
        }
    }
    let top = sites.top(limit, |site| *site);
    let hotspots = top.iter().filter_map(|hot| {
        as_hotspot(
            hot,
            hot.site.clone(),
            seen.get(hot.site).copied().unwrap_or_default(),
            |fingerprint| Some(Arc::clone(&state.statements.get(fingerprint)?.statement)),
            |route| Some((*route).clone()),
        )
    });
    hotspots.collect()
}

pub(super) fn route(state: &State, name: &RouteName, window: &StatsWindow) -> Option<RouteDetail> {
    let summary = query::routes_named(state, window, |route| route == name).pop()?;
    let mut builds = BuildsOf::default();
    let unknown = RunOf::default();
    for ((bucket, route, run), figures) in &state.route_stats {
        if route == name && overlaps(window, *bucket, MINUTE_S) {
            builds.add(*bucket, state.runs.get(run).unwrap_or(&unknown), figures);
        }
    }
    let (statements, other_statements) = statements(state, name, window);
    Some(RouteDetail {
        summary,
        statements,
        other_statements,
        builds: builds.finish(),
        newest: newest_requests(state, name, window),
    })
}

fn statements(
    state: &State,
    name: &RouteName,
    window: &StatsWindow,
) -> (Vec<RouteStatement>, Option<OtherStatements>) {
    let mut ran: RanBy<&Option<CallSite>, Fingerprint> = RanBy::default();
    for ((bucket, route, call_site), uses) in &state.lines {
        if route == name && overlaps(window, *bucket, MINUTE_S) {
            ran.add(&call_site, uses);
        }
    }
    for ((bucket, route), durations) in &state.durations {
        if route == name && overlaps(window, *bucket, MINUTE_S) {
            ran.add_durations(durations);
        }
    }
    ran.finish(|fingerprint| Some(Arc::clone(&state.statements.get(fingerprint)?.statement)))
}

fn newest_requests(state: &State, name: &RouteName, window: &StatsWindow) -> NewestRequests {
    let is_of_route = |record: &RequestRecord| {
        let summary = &record.summary;
        (summary.kind, &summary.method, &summary.route) == (name.kind, &name.method, &name.route)
    };
    let mut newest_requests = NewestRequests::default();
    for record in newest(state, window, is_of_route) {
        let times = &record.summary.times;
        newest_requests.requests += 1;
        newest_requests.waited += u64::from(times.wait_us > 0);
        newest_requests.wait_us = newest_requests.wait_us.saturating_add(times.wait_us);
        newest_requests.total_us = newest_requests.total_us.saturating_add(times.total_us);
    }
    newest_requests
}
