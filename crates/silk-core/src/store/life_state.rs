//! What became of a finding, told from how often each build had it.
//!
//! That something is gone is told by the *rule of three*: what happens in a share `p` of requests
//! happens in none of `n` with probability `(1 − p)ⁿ`, less than 5 % from `n = 3 / p` on (Hanley and
//! Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249 (1983), 1743–1745). It
//! assumes that a build gets requests as the ones before it did. [`MIN_REQUESTS`] are asked for in
//! any case: the first requests of a build are often others (health checks, warming up).

use super::LifeState;

/// So many requests without it are the least that says anything.
pub const MIN_REQUESTS: u64 = 20;

/// How often requests of one route had a finding under one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSight {
    /// Name of the build; none for all runs that named none.
    pub build: Option<String>,
    /// Start of its first request of the route, in µs since 1970.
    pub first_us: i64,
    /// Start of its last request of the route, in µs since 1970.
    pub last_us: i64,
    /// Requests of the route that were looked through.
    pub requests: u64,
    /// Those of them that had it.
    pub with: u64,
    /// Start of the last that had it, in µs since 1970; not looked at where there is none.
    pub last_with_us: i64,
}

/// Requests without a finding that say that it is gone, where `with` of `requests` had it.
fn enough(with: u64, requests: u64) -> u64 {
    let three_by_share = requests.max(with).saturating_mul(3).div_ceil(with.max(1));
    three_by_share.max(MIN_REQUESTS)
}

/// What became of a finding: `builds` are those that ran its route, in any order, and
/// `requests_since` the requests of the route that came after the last that had it.
///
/// Where builds that have no name run beside (or after) builds that have one, nothing is told but
/// that it is [open](LifeState::Open): which came first is not known.
#[must_use]
pub fn life_state(mut builds: Vec<BuildSight>, requests_since: u64) -> LifeState {
    builds.sort_by(|a, b| (a.first_us, &a.build).cmp(&(b.first_us, &b.build)));
    let open = LifeState::Open { requests_since };
    let is_named = builds.iter().any(|one| one.build.is_some());
    let is_clear = builds.iter().enumerate().all(|(at, one)| {
        let is_before = || {
            builds[at + 1..]
                .iter()
                .all(|next| next.first_us > one.last_us)
        };
        one.build.is_some() || (at == 0 && is_before())
    });
    if !is_named || !is_clear {
        return open;
    }
    let mut told = Told::default();
    for one in &builds {
        told.add(one);
    }
    told.state(requests_since)
}

/// What the builds say one after the other.
#[derive(Default)]
struct Told<'a> {
    /// Of the builds that had it.
    with: u64,
    requests: u64,
    last_with_us: i64,
    builds_with: usize,
    /// The builds without it since: the first, their requests, their last request.
    without: Option<(&'a BuildSight, u64, i64)>,
    /// Requests of the builds before the first that had it.
    before: u64,
    came_back: Option<(&'a str, &'a str)>,
}

impl<'a> Told<'a> {
    fn add(&mut self, one: &'a BuildSight) {
        if one.with == 0 {
            let (_, requests, last_us) = self.without.get_or_insert((one, 0, one.last_us));
            *requests = requests.saturating_add(one.requests);
            *last_us = (*last_us).max(one.last_us);
            return;
        }
        let without = self.without.take();
        let requests = without.map_or(0, |(_, requests, _)| requests);
        if self.builds_with == 0 {
            self.before = requests;
        } else if let Some((first, ..)) = without
            && requests >= enough(self.with, self.requests)
            && let (Some(fixed_in), Some(back_in)) = (&first.build, &one.build)
        {
            self.came_back = Some((fixed_in, back_in));
        }
        self.builds_with += 1;
        self.with = self.with.saturating_add(one.with);
        self.requests = self.requests.saturating_add(one.requests);
        self.last_with_us = self.last_with_us.max(one.last_with_us);
    }

    fn state(&self, requests_since: u64) -> LifeState {
        let enough = enough(self.with, self.requests);
        if let Some((first, requests, last_us)) = self.without
            && self.builds_with > 0
            && requests >= enough
            // Not so after a step back to a build that has it.
            && last_us > self.last_with_us
            && let Some(build) = &first.build
        {
            return LifeState::Fixed {
                build: build.clone(),
                requests_since: requests,
            };
        }
        if let Some((fixed_in, back_in)) = self.came_back {
            return LifeState::CameBack {
                fixed_in: fixed_in.to_owned(),
                back_in: back_in.to_owned(),
            };
        }
        if self.builds_with == 1 && self.without.is_none() && self.before >= enough {
            return LifeState::New {
                requests_before: self.before,
            };
        }
        LifeState::Open { requests_since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds that follow one another, by name, requests, and requests that had it.
    fn builds(told: &[(&str, u64, u64)]) -> Vec<BuildSight> {
        (0..)
            .zip(told)
            .map(|(at, &(name, requests, with))| BuildSight {
                build: (!name.is_empty()).then(|| name.to_owned()),
                first_us: at * 100,
                last_us: at * 100 + 90,
                requests,
                with,
                last_with_us: if with > 0 { at * 100 + 80 } else { 0 },
            })
            .collect()
    }

    fn state(told: &[(&str, u64, u64)]) -> LifeState {
        life_state(builds(told), 7)
    }

    const OPEN: LifeState = LifeState::Open { requests_since: 7 };

    fn fixed(build: &str, requests_since: u64) -> LifeState {
        LifeState::Fixed {
            build: build.to_owned(),
            requests_since,
        }
    }

    #[test]
    fn it_is_fixed_when_enough_requests_had_it_not() {
        assert_eq!(state(&[("a", 5, 5), ("b", 20, 0)]), fixed("b", 20));
        assert_eq!(state(&[("a", 5, 5), ("b", 19, 0)]), OPEN);
        // Seldom seen: three times as many as it takes to see it once.
        assert_eq!(state(&[("a", 1000, 10), ("b", 299, 0)]), OPEN);
        assert_eq!(state(&[("a", 1000, 10), ("b", 300, 0)]), fixed("b", 300));
        // All newer builds count, and the first of them is named.
        assert_eq!(
            state(&[("a", 9, 9), ("b", 12, 0), ("c", 8, 0)]),
            fixed("b", 20)
        );
        // The newest build has it once: it is there.
        assert_eq!(state(&[("a", 9, 9), ("b", 12, 0), ("c", 80, 1)]), OPEN);
        assert_eq!(state(&[("a", 9, 9)]), OPEN);
        assert_eq!(state(&[]), OPEN);
    }

    #[test]
    fn a_step_back_to_a_build_that_has_it_is_no_fix() {
        let mut told = builds(&[("a", 50, 50), ("b", 500, 0)]);
        assert_eq!(life_state(told.clone(), 7), fixed("b", 500));
        (told[0].last_us, told[0].last_with_us) = (999, 998);
        assert_eq!(life_state(told, 7), OPEN);
    }

    #[test]
    fn it_is_new_where_builds_before_had_it_not() {
        let new = |requests_before| LifeState::New { requests_before };
        assert_eq!(state(&[("a", 20, 0), ("b", 3, 3)]), new(20));
        assert_eq!(state(&[("a", 19, 0), ("b", 3, 3)]), OPEN);
        assert_eq!(state(&[("a", 100, 0), ("b", 200, 2)]), OPEN, "too seldom");
        assert_eq!(state(&[("a", 100, 1), ("b", 3, 3)]), OPEN);
        // Runs before builds were named are builds before.
        assert_eq!(state(&[("", 100, 0), ("b", 3, 3)]), new(100));
        assert_eq!(state(&[("b", 3, 3)]), OPEN, "nothing was before it");
        assert_eq!(state(&[("a", 99, 0), ("b", 3, 3), ("c", 2, 0)]), OPEN);
    }

    #[test]
    fn it_came_back_where_it_was_fixed() {
        let back = LifeState::CameBack {
            fixed_in: "b".to_owned(),
            back_in: "d".to_owned(),
        };
        let told = [("a", 5, 5), ("b", 15, 0), ("c", 5, 0), ("d", 4, 1)];
        assert_eq!(state(&told), back);
        let told = [("a", 5, 5), ("b", 14, 0), ("c", 5, 0), ("d", 4, 1)];
        assert_eq!(state(&told), OPEN, "it was never fixed");
        let told = [("a", 5, 5), ("b", 20, 0), ("d", 4, 1), ("e", 4, 1)];
        assert_eq!(state(&told), back, "and it is still there");
        let told = [("a", 5, 5), ("b", 20, 0), ("d", 40, 20), ("e", 20, 0)];
        assert_eq!(state(&told), fixed("e", 20), "fixed again");
    }

    #[test]
    fn without_names_nothing_is_guessed() {
        assert_eq!(state(&[("", 5, 5)]), OPEN);
        assert_eq!(state(&[("a", 5, 5), ("", 500, 0)]), OPEN);
        let mut told = builds(&[("", 5, 5), ("b", 500, 0)]);
        assert_eq!(life_state(told.clone(), 7), fixed("b", 500));
        // It ran on beside the other.
        told[0].last_us = 101;
        assert_eq!(life_state(told, 7), OPEN);
    }

    #[test]
    fn numbers_do_not_run_over() {
        assert_eq!(enough(0, 0), MIN_REQUESTS);
        assert_eq!(enough(u64::MAX, u64::MAX), MIN_REQUESTS);
        assert_eq!(enough(1, u64::MAX), u64::MAX);
        let told = [
            ("a", u64::MAX, u64::MAX),
            ("b", u64::MAX, 0),
            ("c", u64::MAX, 0),
        ];
        assert_eq!(state(&told), fixed("b", u64::MAX));
    }
}
