//! What became of findings.

use silk_core::store::{Acceptance, FindingLives, MAX_FINDINGS, RouteName, StatsWindow};

use super::state::State;
use crate::{
    across::{Lives, RunOf, When},
    stats::{FindingKey, MINUTE_S, overlaps},
};

pub(super) fn lives(
    state: &State,
    window: &StatsWindow,
    limit: u32,
    acceptances: &[Acceptance],
) -> FindingLives {
    let until_us = window.until.timestamp_micros();
    let unknown = RunOf::default();
    let mut lives: Lives<&RouteName, &FindingKey> = Lives::default();
    for ((bucket_us, route, run, finding), figures) in &state.sights {
        if *bucket_us >= until_us {
            continue;
        }
        let when = When {
            bucket_us: *bucket_us,
            is_in_window: overlaps(window, *bucket_us, MINUTE_S),
            run: state.runs.get(run).unwrap_or(&unknown),
        };
        match finding {
            None => lives.look(route, when, figures),
            Some(finding) => lives.find(route, finding, when, figures),
        }
    }
    let words = |route: &&RouteName, finding: &&FindingKey| {
        let (rule, fingerprint) = *finding;
        let number = fingerprint.map(|fingerprint| fingerprint.0);
        Some((rule.clone(), (*route).clone(), number))
    };
    let (lives, is_cut) = lives.finish(limit, words);
    let items = lives.into_iter().filter_map(|life| {
        let (route, finding) = (life.route, life.finding);
        let said = state.said.get(&(route.clone(), finding.clone()))?.clone();
        let worst = life.worst.iter().find_map(|place| state.numbered(*place));
        let worst = worst.map(|record| record.summary.id);
        life.tell(route.clone(), finding.clone(), said, worst, acceptances)
    });
    FindingLives {
        items: items.collect(),
        is_cut,
        is_full: state.said.len() >= usize::try_from(MAX_FINDINGS).unwrap_or(usize::MAX),
    }
}
