//! Findings of requests and of plans in one order: what needs an answer first, then what costs most.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use silk_core::store::{FindingLife, RouteName, StatsWindow};

use super::{
    causes,
    lives::{LifeFilter, Lives, UNKNOWN, is_open, read, route_contains},
    of_statements::{self, StatementFinding},
};
use crate::{context::Here, error::Failure};

/// A finding of a list.
pub(crate) enum Listed<'a> {
    /// Of requests, with what became of it.
    Requests(&'a FindingLife),
    /// Of the plan of a statement: by now, what became of it is not known.
    Plan(&'a StatementFinding),
}

impl Listed<'_> {
    pub(crate) const fn lost_us(&self) -> u64 {
        match self {
            Self::Requests(life) => life.lost_us,
            Self::Plan(finding) => match finding.lost_us {
                Some(us) => us,
                None => 0,
            },
        }
    }

    /// What comes first: what needs an answer, then what costs most; what no time is known of by
    /// its number.
    fn order(&self) -> impl Ord + use<> {
        let (is_open, times, last_at): (bool, u64, DateTime<Utc>) = match self {
            Self::Requests(life) => (is_open(&life.state), life.requests, life.last_at),
            Self::Plan(finding) => (true, finding.calls, finding.statement.last_seen_at),
        };
        (
            Reverse(is_open),
            Reverse(self.lost_us()),
            Reverse(times),
            Reverse(last_at),
        )
    }
}

impl LifeFilter {
    /// Whether a finding of a plan fits: it is there now, so that it is to do.
    fn fits_plan(&self, finding: &StatementFinding) -> bool {
        matches!(self.state, "all" | "todo" | UNKNOWN)
            && (self.rule.as_ref()).is_none_or(|rule| *rule == finding.finding.rule)
            && self
                .fingerprint
                .is_none_or(|of| of == finding.statement.statement.fingerprint)
            && self.route.as_ref().is_none_or(|part| {
                let is_it = |route: &RouteName| route_contains(route, part);
                finding.routes.iter().any(is_it)
            })
    }
}

/// Reads the findings of a window: those of requests, and of the plans of the statements that take
/// most time the worst of each, unless those of requests say the same.
///
/// # Errors
/// 503 where the store fails.
pub(crate) async fn read_all(
    here: &Here,
    range: StatsWindow,
    filter: &LifeFilter,
) -> Result<Lives, Failure> {
    let mut lives = read(here, range, filter).await?;
    let told = std::mem::take(&mut lives.told);
    let mut plans = of_statements::worst(here, range).await;
    plans.retain(|plan| {
        let fingerprint = plan.statement.statement.fingerprint;
        !told.iter().any(|(of, rule)| {
            *of == fingerprint && causes::is_told_by_request(rule, plan.finding.rule)
        })
    });
    lives.count(|filter| plans.iter().filter(|plan| filter.fits_plan(plan)).count());
    plans.retain(|plan| filter.fits_plan(plan));
    lives.plans = plans;
    Ok(lives)
}

impl Lives {
    /// All of them, in their order.
    pub(crate) fn in_order(&self) -> Vec<Listed<'_>> {
        let requests = self.items.iter().map(Listed::Requests);
        let mut all: Vec<Listed<'_>> = requests
            .chain(self.plans.iter().map(Listed::Plan))
            .collect();
        all.sort_by_cached_key(Listed::order);
        all
    }
}
