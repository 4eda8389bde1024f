//! When the plan of a statement became another one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::plan::{PlanBucket, PlanChange, ShapeSpan};
use crate::{Database, Fingerprint, PlanSource};

/// Changes of plan within the history of one statement, oldest first.
///
/// Each database and source is compared on its own; A-B-A is two changes. Where two forms are seen
/// by turns (custom and generic plans on different connections), that is one change to the newcomer
/// and none back, until one of them is not seen for a whole bucket in which the other is.
#[must_use]
pub fn plan_changes(fingerprint: Fingerprint, history: &[PlanBucket]) -> Vec<PlanChange> {
    let mut groups: Vec<((&Database, PlanSource), Vec<&PlanBucket>)> = Vec::new();
    for bucket in history {
        let key = (&bucket.database, bucket.source);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, buckets)) => buckets.push(bucket),
            None => groups.push((key, vec![bucket])),
        }
    }
    let mut changes: Vec<PlanChange> = groups
        .into_iter()
        .flat_map(|((database, source), buckets)| {
            let (spans, turns) = spans_of(buckets);
            turns
                .into_iter()
                .map(move |turn| PlanChange {
                    fingerprint,
                    database: database.clone(),
                    source,
                    changed_at: turn.at,
                    before: spans[turn.from].kept.clone(),
                    after: spans[turn.to].kept.clone(),
                })
                .collect::<Vec<_>>()
        })
        .collect();
    changes.sort_by_key(|change| change.changed_at);
    changes
}

/// A form, for as long as it was not given up for another.
struct Span {
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    kept: ShapeSpan,
}

impl Span {
    fn start(bucket: &PlanBucket) -> Self {
        Self {
            first_at: bucket.first_at,
            last_at: bucket.last_at,
            kept: ShapeSpan {
                shape: bucket.shape,
                count: bucket.count,
                durations: bucket.durations.clone(),
                plan: bucket.plan,
            },
        }
    }

    fn go_on(&mut self, bucket: &PlanBucket) {
        self.last_at = self.last_at.max(bucket.last_at);
        self.kept.count = self.kept.count.saturating_add(bucket.count);
        self.kept.durations.merge(&bucket.durations);
        self.kept.plan = self.kept.plan.or(bucket.plan);
    }
}

/// From one span to the next.
struct Turn {
    at: DateTime<Utc>,
    from: usize,
    to: usize,
}

fn spans_of(buckets: Vec<&PlanBucket>) -> (Vec<Span>, Vec<Turn>) {
    let mut by_time: BTreeMap<DateTime<Utc>, Vec<&PlanBucket>> = BTreeMap::new();
    for bucket in buckets {
        by_time.entry(bucket.started_at).or_default().push(bucket);
    }
    let mut spans: Vec<Span> = Vec::new();
    let mut turns = Vec::new();
    // Indexes of the spans that were seen in the bucket before, and not given up in it.
    let mut alive: Vec<usize> = Vec::new();
    for (_, mut seen) in by_time {
        seen.sort_by_key(|bucket| (bucket.first_at, bucket.shape));
        let mut present = Vec::new();
        for bucket in seen {
            let known = alive
                .iter()
                .chain(&present)
                .copied()
                .find(|&at| spans[at].kept.shape == bucket.shape);
            let at = if let Some(at) = known {
                spans[at].go_on(bucket);
                at
            } else {
                let from = alive
                    .iter()
                    .chain(&present)
                    .copied()
                    .max_by_key(|&at| spans[at].last_at.min(bucket.first_at));
                let to = spans.len();
                spans.push(Span::start(bucket));
                turns.extend(from.map(|from| Turn {
                    at: bucket.first_at,
                    from,
                    to,
                }));
                to
            };
            if !present.contains(&at) {
                present.push(at);
            }
        }
        // Given up: last seen before the youngest form came.
        let youngest = present.iter().map(|&at| spans[at].first_at).max();
        present.retain(|&at| youngest.is_none_or(|youngest| spans[at].last_at >= youngest));
        alive = present;
    }
    (spans, turns)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{DatabaseKind, Histogram, PlanShape};

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    /// A form seen from one minute to another, in buckets of an hour.
    fn seen(shape: u64, first: i64, last: i64) -> PlanBucket {
        PlanBucket {
            database: Database {
                kind: DatabaseKind::Postgres,
                name: "app".to_owned(),
            },
            source: PlanSource::AutoExplain,
            shape: PlanShape(shape),
            started_at: at(first - first % 60),
            width_s: 3_600,
            first_at: at(first),
            last_at: at(last),
            count: 10,
            durations: Histogram::default(),
            plan: None,
        }
    }

    fn turns(history: &[PlanBucket]) -> Vec<(i64, u64, u64)> {
        plan_changes(Fingerprint(1), history)
            .iter()
            .map(|change| {
                (
                    (change.changed_at - at(0)).num_minutes(),
                    change.before.shape.0,
                    change.after.shape.0,
                )
            })
            .collect()
    }

    #[test]
    fn one_form_never_changes() {
        assert_eq!(turns(&[]), []);
        assert_eq!(
            turns(&[seen(1, 0, 59), seen(1, 60, 90), seen(1, 600, 601)]),
            []
        );
    }

    #[test]
    fn there_and_back_is_two_changes() {
        let history = [seen(1, 0, 50), seen(2, 65, 110), seen(1, 125, 170)];
        assert_eq!(turns(&history), [(65, 1, 2), (125, 2, 1)]);
        // The order in which buckets come does not matter.
        let mut backwards = history.to_vec();
        backwards.reverse();
        assert_eq!(turns(&backwards), [(65, 1, 2), (125, 2, 1)]);
    }

    #[test]
    fn a_change_within_a_bucket_is_seen_with_its_minute() {
        let history = [seen(1, 0, 20), seen(2, 21, 59), seen(1, 70, 80)];
        assert_eq!(turns(&history), [(21, 1, 2), (70, 2, 1)]);
    }

    #[test]
    fn forms_by_turns_are_one_change() {
        let history = [
            seen(1, 0, 55),
            seen(2, 10, 50),
            seen(1, 60, 110),
            seen(2, 70, 100),
            seen(1, 121, 122),
        ];
        assert_eq!(turns(&history), [(10, 1, 2)]);
    }

    #[test]
    fn a_form_that_stayed_away_for_a_bucket_comes_back_as_a_change() {
        let history = [
            seen(1, 0, 55),
            seen(2, 10, 50),
            seen(2, 70, 100),
            seen(1, 130, 140),
        ];
        assert_eq!(turns(&history), [(10, 1, 2), (130, 2, 1)]);
    }

    #[test]
    fn sources_and_databases_are_not_mixed() {
        let estimated = PlanBucket {
            source: PlanSource::Estimated,
            ..seen(2, 30, 40)
        };
        assert_eq!(turns(&[seen(1, 0, 20), estimated]), []);
    }

    #[test]
    fn spans_sum_what_was_seen_of_their_form() {
        let history = [seen(1, 0, 50), seen(1, 60, 110), seen(2, 130, 140)];
        let changes = plan_changes(Fingerprint(1), &history);
        assert_eq!(changes[0].before.count, 20);
        assert_eq!(changes[0].after.count, 10);
    }
}
