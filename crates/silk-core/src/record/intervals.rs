//! Times that overlap, added up once.

/// Splits the time of a request into SQL, waits for a connection, and polling.
///
/// Each list holds intervals as `(start, end)` in microseconds from the start of the request, in
/// any order, overlapping or not; they are sorted in place. An instant belongs to SQL, else to a
/// wait, else to polling. Returns `(sql_us, wait_us, polling_us)`, whose sum is at most `total_us`;
/// what is beyond the request's end does not count.
#[must_use]
pub fn breakdown(
    total_us: u64,
    sql: &mut Vec<(u64, u64)>,
    waits: &mut Vec<(u64, u64)>,
    polls: &mut Vec<(u64, u64)>,
) -> (u64, u64, u64) {
    unite(sql, total_us);
    unite(waits, total_us);
    unite(polls, total_us);
    let sql_us = length(sql);
    merge(waits, sql);
    let with_waits_us = length(waits);
    merge(polls, waits);
    let all_us = length(polls);
    (sql_us, with_waits_us - sql_us, all_us - with_waits_us)
}

/// How long at least one of the intervals lasts, up to `end`.
pub(crate) fn union_us(mut intervals: Vec<(u64, u64)>, end: u64) -> u64 {
    unite(&mut intervals, end);
    length(&intervals)
}

/// Sorts intervals, cuts them at `end` and joins those that touch.
fn unite(intervals: &mut Vec<(u64, u64)>, end: u64) {
    for interval in intervals.iter_mut() {
        interval.1 = interval.1.min(end);
    }
    intervals.retain(|(start, end)| start < end);
    // Most come in order.
    if !intervals.is_sorted() {
        intervals.sort_unstable();
    }
    intervals.dedup_by(|next, before| {
        let touches = next.0 <= before.1;
        if touches {
            before.1 = before.1.max(next.1);
        }
        touches
    });
}

/// Makes `into` the union of both; each is in order and joined already.
fn merge(into: &mut Vec<(u64, u64)>, with: &[(u64, u64)]) {
    if with.is_empty() {
        return;
    }
    let mut union: Vec<(u64, u64)> = Vec::with_capacity(into.len() + with.len());
    let (mut ones, mut others) = (into.iter().peekable(), with.iter().peekable());
    loop {
        let next = match (ones.peek(), others.peek()) {
            (Some(one), Some(other)) if one <= other => ones.next(),
            (_, Some(_)) => others.next(),
            (_, None) => ones.next(),
        };
        let Some(&(start, end)) = next else { break };
        match union.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => union.push((start, end)),
        }
    }
    *into = union;
}

/// The length of intervals that do not overlap.
fn length(intervals: &[(u64, u64)]) -> u64 {
    intervals.iter().map(|(start, end)| end - start).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn intervals() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0_u64..200, 0_u64..200), 0..20)
    }

    #[test]
    fn overlapping_queries_count_once_and_hide_waits_and_polls() {
        let times = breakdown(
            100,
            &mut vec![(10, 30), (20, 40)],
            &mut vec![(35, 50)],
            &mut vec![(0, 12), (45, 60), (90, 200)],
        );
        assert_eq!(times, (30, 10, 10 + 10 + 10));
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(
            breakdown(0, &mut vec![(0, 9)], &mut vec![], &mut vec![]),
            (0, 0, 0)
        );
    }

    proptest! {
        #[test]
        fn every_instant_belongs_to_one(
            total in 0_u64..250, mut sql in intervals(), mut waits in intervals(), mut polls in intervals(),
        ) {
            let holds = |list: &[(u64, u64)], at: u64| list.iter().any(|(start, end)| (*start..*end).contains(&at));
            let mut expected = (0, 0, 0);
            for at in 0..total {
                if holds(&sql, at) { expected.0 += 1 }
                else if holds(&waits, at) { expected.1 += 1 }
                else if holds(&polls, at) { expected.2 += 1 }
            }
            let times = breakdown(total, &mut sql, &mut waits, &mut polls);
            prop_assert_eq!(times, expected);
            let times = crate::RequestTimes {
                total_us: total, sql_us: times.0, wait_us: times.1, polling_us: times.2, ..Default::default()
            };
            prop_assert_eq!(times.sql_us + times.wait_us + times.polling_us + times.other_us(), total);
        }
    }
}
