//! What becomes of a finding from build to build, and what people say of it.

use chrono::{DateTime, Utc};

use super::RouteName;
use crate::{CallSite, Fingerprint, RequestId, Severity};

/// At most so many findings (by rule, route and statement) are followed by a store.
pub const MAX_FINDINGS: u32 = 10_000;

/// Findings with what became of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingLives {
    /// By time lost within the window, largest first; those not seen in it come last, newest first.
    pub items: Vec<FindingLife>,
    /// Whether there are more than the limit.
    pub is_cut: bool,
    /// Whether the store follows [`MAX_FINDINGS`], and no new one until others grow old.
    pub is_full: bool,
}

/// A rule that found the same (about one statement, or none) in requests of one route.
///
/// What code accepts (`SilkBuilder::ignore`) is counted here too: it is seen, and not gone.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingLife {
    /// Name of the rule.
    pub rule: String,
    /// The route in whose requests it was found.
    pub route: RouteName,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// How much it mattered when it was seen last.
    pub severity: Severity,
    /// What was said of it last.
    pub title: String,
    /// The line it was about when it was seen last.
    pub call_site: Option<CallSite>,
    /// Start of the first request that had it, of those whose figures are kept.
    pub first_at: DateTime<Utc>,
    /// Start of the last request that had it.
    pub last_at: DateTime<Utc>,
    /// The first build that had it, of those whose figures are kept; none if it has no name.
    pub first_build: Option<String>,
    /// The newest build that had it, by first use; none if it has no name.
    pub last_build: Option<String>,
    /// Requests of the window that had it.
    pub requests: u64,
    /// Time lost in them in sum, in µs; what no time is known of counts as 0.
    pub lost_us: u64,
    /// Requests of the route within the window that were looked through, those without it included.
    pub of_requests: u64,
    /// The request that lost most (of the window, where it was seen in it), while it is kept.
    pub worst: Option<RequestId>,
    /// What became of it, by all figures kept up to the end of the window.
    pub state: LifeState,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeState {
    /// The newest build of the route has it, and is the first that does: earlier builds served
    /// enough requests without it.
    New {
        /// Requests that earlier builds served without it.
        requests_before: u64,
    },
    /// It is there, or nothing says that it is not.
    Open {
        /// Requests of the route since it was seen last, all without it; at least so many (those
        /// of the same minute, or of as long a stretch as old figures have, are not told apart).
        requests_since: u64,
    },
    /// Builds newer than the last that had it served enough requests without it.
    Fixed {
        /// The first of these builds.
        build: String,
        /// Requests that these builds served.
        requests_since: u64,
    },
    /// It was fixed, and a later build has it again.
    CameBack {
        /// The first build without it.
        fixed_in: String,
        /// The build that had it again.
        back_in: String,
    },
    /// Somebody accepts it.
    Accepted {
        /// Which [`Acceptance`] says so; none where the app's code does.
        acceptance: Option<i64>,
        /// Who; none where the app's code does.
        by: Option<String>,
        /// Why.
        why: String,
        /// The build from which on it is not accepted any more.
        until_build: Option<String>,
    },
}

/// A finding that somebody accepts.
///
/// It is met by findings of its rule that agree with all that is named: with nothing named, by all
/// findings of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Its number. What is given to [`accept`](super::Store::accept) is not looked at: the store
    /// chooses one.
    pub id: i64,
    /// Name of the rule.
    pub rule: String,
    /// In requests of this route only.
    pub route: Option<RouteName>,
    /// About this statement only.
    pub fingerprint: Option<Fingerprint>,
    /// About this line only.
    pub call_site: Option<CallSite>,
    /// Who accepts it.
    pub by: String,
    /// Why.
    pub why: String,
    /// The build from which on it is not accepted any more; none: until it is withdrawn.
    pub until_build: Option<String>,
    /// When it was accepted.
    pub at: DateTime<Utc>,
}

impl Acceptance {
    /// Whether it speaks of such a finding; builds are not looked at.
    #[must_use]
    pub fn is_about(
        &self,
        rule: &str,
        route: &RouteName,
        fingerprint: Option<Fingerprint>,
        call_site: Option<&CallSite>,
    ) -> bool {
        self.rule == rule
            && self.route.as_ref().is_none_or(|named| named == route)
            && (self.fingerprint.is_none() || self.fingerprint == fingerprint)
            && (self.call_site.is_none() || self.call_site.as_ref() == call_site)
    }

    /// Whether it makes a finding that it is about [accepted](LifeState::Accepted): `state` is what
    /// became of it by itself, `builds` are those of its route in order of their first use, and
    /// `last_build` the newest that had it. What is fixed stays so.
    ///
    /// It holds until the build that it names, or a newer one, has the finding.
    #[must_use]
    pub fn holds(&self, state: &LifeState, builds: &[&str], last_build: Option<&str>) -> bool {
        if matches!(state, LifeState::Fixed { .. }) {
            return false;
        }
        let place = |name: &str| builds.iter().position(|build| *build == name);
        let Some(until) = self.until_build.as_deref().and_then(place) else {
            return true;
        };
        last_build.and_then(place).is_none_or(|last| last < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestKind;

    fn acceptance() -> Acceptance {
        Acceptance {
            id: 1,
            rule: "slow_query".to_owned(),
            route: None,
            fingerprint: None,
            call_site: None,
            by: "Ada".to_owned(),
            why: "known".to_owned(),
            until_build: None,
            at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn it_is_about_what_it_names() {
        let route = |name: &str| RouteName {
            kind: RequestKind::Request,
            method: "GET".to_owned(),
            route: name.to_owned(),
        };
        let line = |line| CallSite {
            function: "f".to_owned(),
            file: "a.rs".to_owned(),
            line,
        };
        let is_about = |acceptance: &Acceptance| {
            let (seven, line) = (Some(Fingerprint(7)), line(7));
            acceptance.is_about("slow_query", &route("/x"), seven, Some(&line))
        };
        let bare = acceptance();
        assert!(is_about(&bare));
        assert!(bare.is_about("slow_query", &route("/y"), None, None));
        assert!(!bare.is_about("same_query", &route("/x"), None, None));
        let named = Acceptance {
            route: Some(route("/x")),
            fingerprint: Some(Fingerprint(7)),
            call_site: Some(line(7)),
            ..acceptance()
        };
        assert!(is_about(&named));
        for other in [
            Acceptance {
                route: Some(route("/y")),
                ..named.clone()
            },
            Acceptance {
                fingerprint: Some(Fingerprint(8)),
                ..named.clone()
            },
            Acceptance {
                call_site: Some(line(8)),
                ..named.clone()
            },
        ] {
            assert!(!is_about(&other), "{other:?}");
        }
        assert!(!named.is_about("slow_query", &route("/x"), None, None));
    }

    #[test]
    fn it_holds_until_its_build_has_the_finding() {
        let until = |build: &str| Acceptance {
            until_build: Some(build.to_owned()),
            ..acceptance()
        };
        let (builds, open) = (["a", "b", "c"], LifeState::Open { requests_since: 0 });
        assert!(acceptance().holds(&open, &builds, Some("c")));
        assert!(until("c").holds(&open, &builds, Some("b")));
        assert!(!until("c").holds(&open, &builds, Some("c")));
        assert!(!until("b").holds(&open, &builds, Some("c")));
        assert!(until("d").holds(&open, &builds, Some("c")), "to come");
        assert!(until("b").holds(&open, &builds, None), "nobody knows");
        let fixed = LifeState::Fixed {
            build: "c".to_owned(),
            requests_since: 20,
        };
        assert!(!acceptance().holds(&fixed, &builds, Some("b")));
    }
}
