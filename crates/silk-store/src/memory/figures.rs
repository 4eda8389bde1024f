//! Adding a batch's figures to those of their buckets.

use std::collections::BTreeMap;

use silk_core::{RunId, store::MAX_FINDINGS};

use super::state::{KnownStatement, Map, State};
use crate::stats::{
    BatchStats, ByStatement, Durations, RouteKey, Sights, StatementFigures, UseFigures,
};

/// At most so many statements, and so many rows of figures.
const MAX_FIGURES: usize = 20_000;

/// The oldest go first.
fn cut<K: Ord, V>(figures: &mut BTreeMap<K, V>) {
    while figures.len() > MAX_FIGURES {
        figures.pop_first();
    }
}

impl State {
    pub(super) fn add_stats(&mut self, stats: BatchStats, run: RunId) {
        for ((bucket, route), figures) in stats.by_route {
            self.route_stats
                .entry((bucket, stats.routes[route].clone(), run))
                .or_default()
                .merge(&figures);
        }
        let mut lines: Map<_, ByStatement<_, UseFigures>> = Map::default();
        let mut durations: Map<_, ByStatement<_, Durations>> = Map::default();
        for ((bucket, fingerprint, route, call_site), figures) in stats.by_statement {
            let line = lines.entry((bucket, route, call_site.clone()));
            line.or_default().add(fingerprint, (&figures).into());
            let ran = durations.entry((bucket, route)).or_default();
            ran.add(fingerprint, (&figures).into());
            self.statement_stats
                .entry((bucket, fingerprint, stats.routes[route].clone(), call_site))
                .or_default()
                .merge(&figures);
        }
        for ((bucket, route, call_site), uses) in lines {
            let key = (bucket, stats.routes[route].clone(), call_site);
            self.lines.entry(key).or_default().merge(uses);
        }
        for ((bucket, route), durations) in durations {
            let key = (bucket, stats.routes[route].clone());
            self.durations.entry(key).or_default().merge(durations);
        }
        for (fingerprint, totals) in stats.totals {
            let known = self
                .statements
                .entry(fingerprint)
                .or_insert_with(|| KnownStatement {
                    statement: totals.statement,
                    figures: StatementFigures::default(),
                    last_seen_us: totals.last_seen_us,
                });
            known.figures.merge(&totals.figures);
            known.last_seen_us = known.last_seen_us.max(totals.last_seen_us);
        }
        self.add_sights(stats.sights, &stats.routes, run);
        cut(&mut self.route_stats);
        cut(&mut self.statement_stats);
        cut(&mut self.lines);
        cut(&mut self.durations);
        if self.statements.len() > MAX_FIGURES {
            let mut seen: Vec<i64> = self
                .statements
                .values()
                .map(|known| known.last_seen_us)
                .collect();
            let (_, middle, _) = seen.select_nth_unstable(MAX_FIGURES / 2);
            let middle = *middle;
            self.statements
                .retain(|_, known| known.last_seen_us >= middle);
        }
    }

    fn add_sights(&mut self, sights: Sights, routes: &[RouteKey], run: RunId) {
        let most = usize::try_from(MAX_FINDINGS).unwrap_or(usize::MAX);
        for ((route, finding), said) in sights.said {
            let key = (routes[route].clone(), finding);
            if self.said.len() < most || self.said.contains_key(&key) {
                self.said.insert(key, said);
            }
        }
        let looked = sights.looked.into_iter();
        let looked = looked.map(|((bucket, route), figures)| (bucket, route, None, figures));
        let found = sights.found.into_iter();
        let found = found
            .map(|((bucket, route, finding), figures)| (bucket, route, Some(finding), figures));
        for (bucket, route, finding, figures) in looked.chain(found) {
            let key = (bucket, routes[route].clone(), run, finding);
            self.sights.entry(key).or_default().merge(&figures);
        }
        cut(&mut self.sights);
    }
}
