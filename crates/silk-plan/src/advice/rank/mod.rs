//! Which of the indexes that were tried is the one to have.

use silk_core::explain::{AdviceStrength, WorkloadEffect};

use super::candidate::Candidate;

/// Queries cheaper than this, in planner units, need no index.
pub const MIN_COST: f64 = 100.0;
/// Fraction of the cost that has to go.
const MODERATE: f64 = 0.2;
const STRONG: f64 = 0.5;
/// Two that save as much, give or take this fraction, are as good as each other.
const NEAR: f64 = 0.05;
/// ... unless one is so many times cheaper than the other.
const NEAR_TIMES: f64 = 3.0;

/// An index with which a query was planned, or several that only help together.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The indexes: mostly one.
    pub candidates: Vec<Candidate>,
    /// The planner's cost with them.
    pub cost_after: f64,
    /// Their expected size.
    pub size_bytes: Option<u64>,
    /// Pages of the table and its indexes read before and after, estimated.
    pub pages: Option<(f64, f64)>,
}

/// What was chosen, by place among the trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The one to have.
    pub first: usize,
    /// Others worth a look: cheaper to read, or smaller.
    pub instead: Vec<usize>,
    /// All that are worth having, the cheapest to read first: what else runs on the tables may
    /// like another one better.
    pub worth: Vec<usize>,
}

/// How much an index helps; none if it is not worth having.
#[must_use]
pub fn strength(before: f64, after: f64, pages: Option<(f64, f64)>) -> Option<AdviceStrength> {
    if before < MIN_COST {
        return None;
    }
    let saved = saved(before, after);
    if saved >= STRONG {
        return Some(AdviceStrength::Strong);
    }
    let halves = pages.is_none_or(|(before, after)| after <= before / 2.0);
    (saved >= MODERATE && halves).then_some(AdviceStrength::Moderate)
}

fn saved(before: f64, after: f64) -> f64 {
    if before > 0.0 {
        (1.0 - after / before).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

impl Trial {
    /// The table that is read better.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        let first = self.candidates.first();
        first.map(|candidate| candidate.table.as_str())
    }

    /// Keys and carried columns to keep up.
    fn width(&self) -> usize {
        self.candidates.iter().map(Candidate::width).sum()
    }

    /// Whether each takes the place of another: none is added.
    fn replaces(&self) -> bool {
        let mut candidates = self.candidates.iter();
        candidates.all(|candidate| candidate.replaces.is_some())
    }
}

/// Chooses among trials of one query: those worth having that no other beats in cost, size and
/// columns to keep up; among such that save about as much, the much smaller one.
#[must_use]
pub fn choose(before: f64, trials: &[Trial]) -> Option<Choice> {
    let mut front: Vec<usize> = (0..trials.len())
        .filter(|at| strength(before, trials[*at].cost_after, trials[*at].pages).is_some())
        .collect();
    let worth = front.clone();
    front.retain(|at| !worth.iter().any(|other| beats(trials, *other, *at)));
    front.sort_by(|a, b| order(trials, *a, *b));
    let cheapest = *front.first()?;
    let mut first = cheapest;
    for &at in &front[1..] {
        if is_near(before, &trials[cheapest], &trials[at]) && is_leaner(&trials[at], &trials[first])
        {
            first = at;
        }
    }
    let mut instead: Vec<usize> = front.into_iter().filter(|at| *at != first).collect();
    // The cheapest is always worth a look; of the others, the smallest.
    instead.sort_by(|a, b| {
        let is_other = |at: &usize| *at != cheapest;
        is_other(a)
            .cmp(&is_other(b))
            .then_with(|| size(&trials[*a]).cmp(&size(&trials[*b])))
    });
    instead.truncate(2);
    let mut worth = worth;
    worth.sort_by(|a, b| order(trials, *a, *b));
    Some(Choice {
        first,
        instead,
        worth,
    })
}

/// Which of several indexes saves most over a query and all else that was recorded: the first,
/// unless another is clearly better. Each comes with the query's cost with it and its effects.
#[must_use]
pub fn favoured(before: f64, contest: &[(f64, &[WorkloadEffect])]) -> usize {
    let longest = contest
        .iter()
        .flat_map(|(_, effects)| effects.iter())
        .map(|effect| effect.total_us)
        .max()
        .map_or(1.0, weight);
    let gain = |(after, effects): &(f64, &[WorkloadEffect])| {
        let others: f64 = effects
            .iter()
            .map(|effect| {
                (effect.cost_before - effect.cost_after) / effect.cost_before.max(1.0)
                    * weight(effect.total_us)
            })
            .sum();
        // The query that was asked about counts as much as the dearest of the others.
        others + saved(before, *after) * longest
    };
    let mut best = 0;
    for at in 1..contest.len() {
        // Clearly better than the first, and better than those between.
        let than = if best == 0 { 1.05 } else { 1.0 };
        if gain(&contest[at]) > gain(&contest[best]) * than {
            best = at;
        }
    }
    best
}

/// Time as a weight; what never took any counts for a little.
#[expect(
    clippy::cast_precision_loss,
    reason = "a weight: microseconds beyond 2^53 are 285 years"
)]
const fn weight(total_us: u64) -> f64 {
    if total_us == 0 { 1.0 } else { total_us as f64 }
}

fn size(trial: &Trial) -> u64 {
    trial.size_bytes.unwrap_or(u64::MAX)
}

/// By cost; then by size, columns and text, so that the order is always the same.
fn order(trials: &[Trial], a: usize, b: usize) -> std::cmp::Ordering {
    let (left, right) = (&trials[a], &trials[b]);
    left.cost_after
        .total_cmp(&right.cost_after)
        .then_with(|| size(left).cmp(&size(right)))
        .then_with(|| left.width().cmp(&right.width()))
        .then_with(|| a.cmp(&b))
}

/// Whether the first is at least as good in everything, and better in something.
fn beats(trials: &[Trial], winner: usize, loser: usize) -> bool {
    let (left, right) = (&trials[winner], &trials[loser]);
    let costs = (left.cost_after, right.cost_after);
    let sizes = (size(left), size(right));
    let widths = (left.width(), right.width());
    let no_worse = costs.0 <= costs.1 && sizes.0 <= sizes.1 && widths.0 <= widths.1;
    let better = costs.0 < costs.1 || sizes.0 < sizes.1 || widths.0 < widths.1;
    no_worse && (better || winner < loser)
}

fn is_near(before: f64, cheapest: &Trial, other: &Trial) -> bool {
    let gap = saved(before, cheapest.cost_after) - saved(before, other.cost_after);
    gap <= NEAR && other.cost_after <= cheapest.cost_after * NEAR_TIMES + 1.0
}

/// Whether an index that reads about as well is the better one to keep up.
fn is_leaner(one: &Trial, other: &Trial) -> bool {
    let (one_size, other_size) = (size(one), size(other));
    if one_size <= other_size / 2 {
        return true;
    }
    // An index that takes the place of another adds none.
    if one.replaces() != other.replaces() {
        return one.replaces() && one_size / 2 <= other_size;
    }
    one_size <= other_size
        && one.width() < other.width()
        && one.cost_after <= other.cost_after * 1.25
}

#[cfg(test)]
mod tests;
