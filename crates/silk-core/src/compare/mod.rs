//! What differs between two requests, or between two sets of them: a pure function of what was
//! recorded.
//!
//! ```
//! use silk_core::compare::{Side, compare};
//!
//! let (a, b) = (Side::default(), Side::default());
//! let comparison = compare(&a, &b);
//! assert!(comparison.statements.is_empty());
//! assert_eq!(comparison.verdict(), "Nothing was recorded on either side.");
//! ```
//!
//! Counts are facts: 101 queries against 1 need no second look. Times are measurements: from fewer
//! than [`MIN_REQUESTS`] requests a side no one is called faster, and from more only what differs by
//! more than chance explains ([`Speed`]).

mod markdown;
mod side;
mod speed;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

pub use markdown::Names;
pub use side::{Side, SideFinding, SideLine, SidePlan, SideStatement};
pub use speed::{MIN_DIFFERENCE_PERCENT, MIN_REQUESTS, Speed};
pub use words::{average, change_of_count, change_of_time, from_to};

use std::cmp::Reverse;

use crate::{Fingerprint, PlanSource, Statement, word_enum::word_enum};

/// What became of a statement from A to B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A ran it, B does not.
    Gone,
    /// B runs it, A did not.
    Added,
    /// It runs more often per request.
    MoreCalls,
    /// It runs less often per request.
    FewerCalls,
    /// It runs as often, and its calls take longer by more than chance explains.
    Slower,
    /// It runs as often, and its calls take less time by more than chance explains.
    Faster,
    /// The figures differ, and there are too few requests to say that this is no chance.
    Unclear,
    /// It runs as often and as long.
    Unchanged,
}

word_enum!(Change {
    Gone = "gone",
    Added = "added",
    MoreCalls = "more_calls",
    FewerCalls = "fewer_calls",
    Slower = "slower",
    Faster = "faster",
    Unclear = "unclear",
    Unchanged = "unchanged",
});

impl Change {
    /// As pages and messages say it: `more calls`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::MoreCalls => "more calls",
            Self::FewerCalls => "fewer calls",
            Self::Unclear => "too few to tell",
            other => other.as_str(),
        }
    }
}

/// Whether a statement was planned otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanDifference {
    /// No plans of one source are known on both sides.
    Unknown,
    /// Both sides have a plan of the same form.
    Same,
    /// No form of A's plan is among B's.
    Changed {
        /// A plan of A.
        a: SidePlan,
        /// A plan of B, of the same source.
        b: SidePlan,
    },
}

/// A statement on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatementDifference<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// On A; none if it did not run there.
    pub a: Option<&'a SideStatement>,
    /// On B; none if it did not run there.
    pub b: Option<&'a SideStatement>,
    /// What became of it.
    pub change: Change,
    /// Whether its calls take longer, whatever became of their number.
    pub speed: Speed,
    /// Whether it was planned otherwise.
    pub plan: PlanDifference,
}

/// What a rule found on one side, or on both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingDifference<'a> {
    /// On A; none if it is new.
    pub a: Option<&'a SideFinding>,
    /// On B; none if it is gone.
    pub b: Option<&'a SideFinding>,
}

/// What differs between two sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'a> {
    /// Before.
    pub a: &'a Side,
    /// After.
    pub b: &'a Side,
    /// Which side's requests take longer.
    pub speed: Speed,
    /// Every statement of either side, by difference in time per request, largest first.
    pub statements: Vec<StatementDifference<'a>>,
    /// Every finding of either side: gone ones, new ones, then those on both.
    pub findings: Vec<FindingDifference<'a>>,
}

/// Compares two sides, A with B: gone is what A has alone.
#[must_use]
pub fn compare<'a>(a: &'a Side, b: &'a Side) -> Comparison<'a> {
    let mut statements: Vec<_> = (a.statements.iter())
        .filter_map(|one| difference(a, b, Some(one), b.statement(one.statement.fingerprint)))
        .collect();
    let added =
        (b.statements.iter()).filter(|one| a.statement(one.statement.fingerprint).is_none());
    statements.extend(added.filter_map(|one| difference(a, b, None, Some(one))));
    statements.sort_by_key(|one: &StatementDifference<'_>| {
        let per_request = |side: &Side, part: Option<&SideStatement>| {
            part.map_or(0, |part| part.total_us / side.read.max(1))
        };
        let apart = per_request(a, one.a).abs_diff(per_request(b, one.b));
        let is_same = one.change == Change::Unchanged;
        (is_same, Reverse(apart), one.statement.fingerprint)
    });
    Comparison {
        a,
        b,
        speed: speed::speed(&a.durations, &b.durations, a.requests, b.requests),
        statements,
        findings: findings(a, b),
    }
}

fn difference<'a>(
    a_side: &'a Side,
    b_side: &'a Side,
    a: Option<&'a SideStatement>,
    b: Option<&'a SideStatement>,
) -> Option<StatementDifference<'a>> {
    let statement = &*a.or(b)?.statement;
    let speed = match (a, b) {
        (Some(a), Some(b)) => speed::speed(&a.durations, &b.durations, a.requests, b.requests),
        _ => Speed::TooFew,
    };
    let change = match (a, b) {
        (Some(a), None) if is_known_absent(a, a_side, b_side) => Change::Gone,
        (None, Some(b)) if is_known_absent(b, b_side, a_side) => Change::Added,
        (Some(a), Some(b)) => change_of_both((a, a_side), (b, b_side), speed),
        _ => Change::Unclear,
    };
    Some(StatementDifference {
        statement,
        a,
        b,
        change,
        speed,
        plan: plan_difference(a, b),
    })
}

/// How often a statement would be expected on the other side, for its absence there to say
/// something: at 5 expected, none comes by chance in less than one case of a hundred.
const MIN_EXPECTED: u128 = 5;

/// Whether a statement that one side alone ran is gone from the other, and not just rare: every
/// request ran it, or the other side has enough of them.
fn is_known_absent(part: &SideStatement, side: &Side, other: &Side) -> bool {
    if other.read == 0 {
        return false;
    }
    part.requests >= side.read
        || u128::from(part.requests) * u128::from(other.read)
            >= MIN_EXPECTED * u128::from(side.read)
}

fn change_of_both(
    (a, a_side): (&SideStatement, &Side),
    (b, b_side): (&SideStatement, &Side),
    speed: Speed,
) -> Change {
    // Calls per request, over a common denominator.
    let a_calls = u128::from(a.calls) * u128::from(b_side.read.max(1));
    let b_calls = u128::from(b.calls) * u128::from(a_side.read.max(1));
    let is_one_each = a_side.read <= 1 && b_side.read <= 1;
    let apart = a_calls.abs_diff(b_calls);
    let is_other = if is_one_each {
        apart > 0
    } else {
        differs(apart, a_calls.max(b_calls))
    };
    if is_other {
        return if b_calls > a_calls {
            Change::MoreCalls
        } else {
            Change::FewerCalls
        };
    }
    match speed {
        Speed::Faster => Change::Faster,
        Speed::Slower => Change::Slower,
        Speed::Same => Change::Unchanged,
        Speed::TooFew => {
            let a_each = u128::from(a.total_us) * u128::from(b.calls.max(1));
            let b_each = u128::from(b.total_us) * u128::from(a.calls.max(1));
            if differs(a_each.abs_diff(b_each), a_each.max(b_each)) {
                Change::Unclear
            } else {
                Change::Unchanged
            }
        }
    }
}

/// Whether a difference is worth a word.
const fn differs(apart: u128, larger: u128) -> bool {
    apart > 0 && apart.saturating_mul(100) >= larger.saturating_mul(MIN_DIFFERENCE_PERCENT as u128)
}

/// Sources of plans, those that say most first.
const SOURCES: [PlanSource; 5] = [
    PlanSource::AutoExplain,
    PlanSource::Analyzed,
    PlanSource::Estimated,
    PlanSource::Generic,
    PlanSource::Pasted,
];

fn plan_difference(a: Option<&SideStatement>, b: Option<&SideStatement>) -> PlanDifference {
    let (Some(a), Some(b)) = (a, b) else {
        return PlanDifference::Unknown;
    };
    for source in SOURCES {
        let of = |part: &'_ SideStatement| -> Vec<SidePlan> {
            let plans = part.plans.iter().filter(|plan| plan.source == source);
            plans.copied().collect()
        };
        let (mine, theirs) = (of(a), of(b));
        let (Some(one), Some(other)) = (mine.first(), theirs.first()) else {
            continue;
        };
        let is_shared =
            (mine.iter()).any(|one| theirs.iter().any(|other| one.shape == other.shape));
        return if is_shared {
            PlanDifference::Same
        } else {
            PlanDifference::Changed { a: *one, b: *other }
        };
    }
    PlanDifference::Unknown
}

fn findings<'a>(a: &'a Side, b: &'a Side) -> Vec<FindingDifference<'a>> {
    let mut all: Vec<FindingDifference<'a>> = (a.findings.iter())
        .map(|one| FindingDifference {
            a: Some(one),
            b: b.findings.iter().find(|other| other.is_same(one)),
        })
        .collect();
    let new = (b.findings.iter()).filter(|one| !a.findings.iter().any(|other| other.is_same(one)));
    all.extend(new.map(|one| FindingDifference {
        a: None,
        b: Some(one),
    }));
    let lost = |part: Option<&SideFinding>| part.and_then(|part| part.lost_us).unwrap_or(0);
    all.sort_by_key(|one| {
        let place = match (one.a, one.b) {
            (_, None) => 0,
            (None, _) => 1,
            _ => 2,
        };
        (place, Reverse(lost(one.a).max(lost(one.b))))
    });
    all
}

impl<'a> Comparison<'a> {
    /// The statements that changed in one way.
    pub fn changed(&self, change: Change) -> impl Iterator<Item = &StatementDifference<'a>> {
        self.statements
            .iter()
            .filter(move |one| one.change == change)
    }

    /// The statement, on whichever side.
    #[must_use]
    pub fn statement(&self, fingerprint: Fingerprint) -> Option<&StatementDifference<'a>> {
        (self.statements.iter()).find(|one| one.statement.fingerprint == fingerprint)
    }
}
