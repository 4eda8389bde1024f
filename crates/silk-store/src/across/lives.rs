//! What became of findings, from how often each build had them.
//!
//! A store names routes and findings as it likes (`R`, `F`), and says what they stand for of those
//! that are told.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
};

use chrono::DateTime;
use silk_core::{
    RequestId,
    store::{Acceptance, BuildSight, FindingLife, LifeState, RouteName, life_state},
};

use super::RunOf;
use crate::stats::{FindingKey, Said, SightFigures};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
type Build = Option<Arc<str>>;

/// Requests that are remembered for the worst: of some the store may not keep the record any more.
const CANDIDATES: usize = 8;

/// Where figures stand in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When<'a> {
    pub(crate) bucket_us: i64,
    pub(crate) is_in_window: bool,
    pub(crate) run: &'a RunOf,
}

/// Sums sights by route, finding and build.
#[derive(Debug)]
pub(crate) struct Lives<R, F> {
    routes: Map<R, Looked>,
    findings: Map<(R, F), Found>,
}

impl<R, F> Default for Lives<R, F> {
    fn default() -> Self {
        Self {
            routes: Map::default(),
            findings: Map::default(),
        }
    }
}

/// The requests of a route that were looked through.
#[derive(Debug, Default)]
struct Looked {
    builds: BTreeMap<Build, SightFigures>,
    by_bucket: BTreeMap<i64, u64>,
    in_window: u64,
}

/// The requests that had a finding.
#[derive(Debug, Default)]
struct Found {
    builds: BTreeMap<Build, SightFigures>,
    in_window: SightFigures,
    worst_in_window: Vec<(u64, i64)>,
    worst: Vec<(u64, i64)>,
}

/// A finding with what became of it.
#[derive(Debug)]
pub(crate) struct Life<R, F> {
    pub(crate) route: R,
    pub(crate) finding: F,
    first_us: i64,
    last_us: i64,
    first_build: Build,
    last_build: Build,
    in_window: SightFigures,
    of_requests: u64,
    /// Places of the requests that lost most, the worst first.
    pub(crate) worst: Vec<i64>,
    state: LifeState,
    /// Of its route, in order of first use.
    builds: Vec<Arc<str>>,
}

fn remember(worst: &mut Vec<(u64, i64)>, figures: &SightFigures) {
    worst.push((figures.worst_us, figures.worst));
    if worst.len() >= 4 * CANDIDATES {
        cut(worst);
    }
}

fn cut(worst: &mut Vec<(u64, i64)>) {
    worst.sort_unstable_by_key(|candidate| Reverse(*candidate));
    worst.truncate(CANDIDATES);
}

impl<R: Eq + Hash + Clone, F: Eq + Hash + Clone> Lives<R, F> {
    /// Adds requests of a route that were looked through.
    pub(crate) fn look(&mut self, route: R, when: When<'_>, figures: &SightFigures) {
        let looked = self.routes.entry(route).or_default();
        let build = looked.builds.entry(when.run.build.clone()).or_default();
        build.merge(figures);
        let bucket = looked.by_bucket.entry(when.bucket_us).or_default();
        *bucket = bucket.saturating_add(figures.requests);
        if when.is_in_window {
            looked.in_window = looked.in_window.saturating_add(figures.requests);
        }
    }

    /// Adds requests that had a finding.
    pub(crate) fn find(&mut self, route: R, finding: F, when: When<'_>, figures: &SightFigures) {
        let found = self.findings.entry((route, finding)).or_default();
        let build = found.builds.entry(when.run.build.clone()).or_default();
        build.merge(figures);
        remember(&mut found.worst, figures);
        if when.is_in_window {
            found.in_window.merge(figures);
            remember(&mut found.worst_in_window, figures);
        }
    }

    /// What became of each, in the order in which they are told: at most `limit`, and whether there
    /// are more. `words` are what tells those apart that are else the same; of what has none,
    /// nothing is told.
    pub(crate) fn finish<W: Ord>(
        self,
        limit: u32,
        words: impl Fn(&R, &F) -> Option<W>,
    ) -> (Vec<Life<R, F>>, bool) {
        let mut found: Vec<_> = self
            .findings
            .into_iter()
            .filter_map(|((route, finding), found)| {
                let words = words(&route, &finding)?;
                let window = &found.in_window;
                let last_us = found.builds.values().map(|one| one.last_us).max();
                let key = Reverse((
                    window.requests > 0,
                    window.lost_us,
                    window.requests,
                    last_us,
                ));
                Some(((key, words), route, finding, found))
            })
            .collect();
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_cut = found.len() > limit;
        found.truncate(limit);
        let routes: Map<R, Ordered> = self
            .routes
            .into_iter()
            .map(|(route, looked)| (route, looked.ordered()))
            .collect();
        let nothing = Looked::default().ordered();
        let lives = found.into_iter().map(|(_, route, finding, found)| {
            let looked = routes.get(&route).unwrap_or(&nothing);
            life(route, finding, found, looked)
        });
        (lives.collect(), is_cut)
    }
}

/// The requests of a route, builds in order of their first use.
#[derive(Debug)]
struct Ordered {
    builds: Vec<(Build, SightFigures)>,
    /// By start of the bucket: requests in it and all later ones.
    since: Vec<(i64, u64)>,
    in_window: u64,
}

impl Looked {
    fn ordered(self) -> Ordered {
        let mut builds: Vec<_> = self.builds.into_iter().collect();
        builds.sort_by(|(a, at), (b, bt)| (at.first_us, a).cmp(&(bt.first_us, b)));
        let mut sum = 0_u64;
        let buckets = self.by_bucket.into_iter().rev();
        let mut since: Vec<(i64, u64)> = buckets
            .map(|(bucket_us, requests)| {
                sum = sum.saturating_add(requests);
                (bucket_us, sum)
            })
            .collect();
        since.reverse();
        Ordered {
            builds,
            since,
            in_window: self.in_window,
        }
    }
}

impl Ordered {
    /// Requests in buckets that start after an instant.
    fn requests_after(&self, at_us: i64) -> u64 {
        let first = self.since.partition_point(|(bucket, _)| *bucket <= at_us);
        self.since.get(first).map_or(0, |(_, requests)| *requests)
    }
}

fn life<R, F>(route: R, finding: F, mut found: Found, looked: &Ordered) -> Life<R, F> {
    let sights = looked.builds.iter().map(|(build, figures)| {
        let with = found.builds.get(build);
        BuildSight {
            build: build.as_deref().map(str::to_owned),
            first_us: figures.first_us,
            last_us: figures.last_us,
            requests: figures.requests,
            with: with.map_or(0, |with| with.requests),
            last_with_us: with.map_or(0, |with| with.last_us),
        }
    });
    let had = |(build, _): &&(Build, SightFigures)| found.builds.contains_key(build);
    let first_build = looked.builds.iter().find(had);
    let last_build = looked.builds.iter().rev().find(had);
    let figures = || found.builds.values();
    let last_us = figures().map(|one| one.last_us).max().unwrap_or(0);
    let first_us = figures().map(|one| one.first_us).min().unwrap_or(0);
    let worst = if found.in_window.requests > 0 {
        &mut found.worst_in_window
    } else {
        &mut found.worst
    };
    cut(worst);
    let worst = worst.iter().map(|(_, place)| *place).collect();
    let names = looked.builds.iter().filter_map(|(build, _)| build.clone());
    Life {
        route,
        finding,
        first_us,
        last_us,
        first_build: first_build.and_then(|(build, _)| build.clone()),
        last_build: last_build.and_then(|(build, _)| build.clone()),
        of_requests: looked.in_window,
        worst,
        state: life_state(sights.collect(), looked.requests_after(last_us)),
        builds: names.collect(),
        in_window: found.in_window,
    }
}

fn name(build: Build) -> Option<String> {
    build.map(|build| build.to_string())
}

impl<R, F> Life<R, F> {
    /// As it is told: with its names, what was said of it, and what people accept (newest first).
    pub(crate) fn tell(
        self,
        route: RouteName,
        (rule, fingerprint): FindingKey,
        said: Said,
        worst: Option<RequestId>,
        acceptances: &[Acceptance],
    ) -> Option<FindingLife> {
        let builds: Vec<&str> = self.builds.iter().map(|build| &**build).collect();
        let acceptance = acceptances.iter().find(|one| {
            one.is_about(&rule, &route, fingerprint, said.call_site.as_ref())
                && one.holds(&self.state, &builds, self.last_build.as_deref())
        });
        let is_fixed = matches!(self.state, LifeState::Fixed { .. });
        let state = match (said.accepted_why, acceptance) {
            (Some(why), _) if !is_fixed => LifeState::Accepted {
                acceptance: None,
                by: None,
                why,
                until_build: None,
            },
            (_, Some(one)) => LifeState::Accepted {
                acceptance: Some(one.id),
                by: Some(one.by.clone()),
                why: one.why.clone(),
                until_build: one.until_build.clone(),
            },
            _ => self.state,
        };
        Some(FindingLife {
            rule,
            route,
            fingerprint,
            severity: said.severity,
            title: said.title,
            call_site: said.call_site,
            first_at: DateTime::from_timestamp_micros(self.first_us)?,
            last_at: DateTime::from_timestamp_micros(self.last_us)?,
            first_build: name(self.first_build),
            last_build: name(self.last_build),
            requests: self.in_window.requests,
            lost_us: self.in_window.lost_us,
            of_requests: self.of_requests,
            worst,
            state,
        })
    }
}
