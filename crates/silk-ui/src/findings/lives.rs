//! What became of findings across requests: read from the store, and narrowed.

use silk_core::{
    Fingerprint,
    finding::rules,
    store::{Acceptance, FindingLife, FindingSum, FindingSums, LifeState, RouteName, StatsWindow},
};

use super::of_statements::StatementFinding;
use crate::{
    context::Here,
    draw::{counted, format::one_line},
    error::Failure,
    params::Params,
};

/// Findings that the store is asked for.
const MAX_READ: u32 = 500;

/// Word of the state of a finding of a plan: no store follows these from build to build.
pub(crate) const UNKNOWN: &str = "unknown";

/// Words of the states, and of several at once, as addresses name them; with what people call them.
pub(crate) const STATES: [(&str, &str); 8] = [
    ("todo", "to do"),
    ("all", "all"),
    ("new", "new"),
    ("open", "open"),
    ("came_back", "came back"),
    ("fixed", "fixed"),
    ("accepted", "accepted"),
    (UNKNOWN, "unknown"),
];

/// Parameters that narrow a list of findings, beside those of its window.
pub(crate) const LIFE_PARAMS: [&str; 4] = ["state", "rule", "route", "fingerprint"];

/// Whether the name of a route has a part, which is in lower case.
pub(super) fn route_contains(route: &RouteName, part: &str) -> bool {
    let name = format!("{} {}", route.method, route.route);
    name.to_lowercase().contains(part)
}

/// What a list of findings is narrowed to.
pub(crate) struct LifeFilter {
    /// A word of [`STATES`].
    pub(crate) state: &'static str,
    pub(crate) rule: Option<String>,
    /// A part of the name of the route.
    pub(crate) route: Option<String>,
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl LifeFilter {
    /// Reads the parameters.
    ///
    /// # Errors
    /// A state that is none, or a text that is no fingerprint.
    pub(crate) fn read(params: &Params) -> Result<Self, Failure> {
        let words = STATES.map(|(word, _)| word).join(", ");
        let state = params.parse("state", &format!("one of {words}"), |v| {
            let mut all = STATES.into_iter().map(|(word, _)| word);
            all.find(|word| *word == v)
        })?;
        Ok(Self {
            state: state.unwrap_or("todo"),
            rule: params.get("rule").map(str::to_owned),
            route: params.get("route").map(str::to_lowercase),
            fingerprint: params.parse("fingerprint", "16 hex digits", |v| v.parse().ok())?,
        })
    }

    fn fits(&self, life: &FindingLife) -> bool {
        let has_state = match self.state {
            "all" => true,
            "todo" => is_open(&life.state),
            word => word == state_word(&life.state),
        };
        has_state
            && self.rule.as_ref().is_none_or(|rule| *rule == life.rule)
            && (self.fingerprint.is_none() || self.fingerprint == life.fingerprint)
            && (self.route.as_ref()).is_none_or(|part| route_contains(&life.route, part))
    }
}

/// Findings of a window that fit.
pub(crate) struct Lives {
    pub(crate) items: Vec<FindingLife>,
    /// Those of plans, where they were asked for; `in_order` has all.
    pub(crate) plans: Vec<StatementFinding>,
    /// Statements of the window that requests have findings about, whatever is filtered, with the
    /// rules.
    pub(super) told: Vec<(Fingerprint, String)>,
    /// Findings of each state in the window, whatever is filtered, in the order of [`STATES`].
    pub(crate) counts: [usize; STATES.len()],
    /// What is not among them, in words.
    pub(crate) notes: Vec<&'static str>,
}

/// Reads the findings of the requests of a window.
///
/// # Errors
/// 503 where the store fails.
pub(crate) async fn read(
    here: &Here,
    range: StatsWindow,
    filter: &LifeFilter,
) -> Result<Lives, Failure> {
    let answer = here
        .app
        .ask(|store| store.finding_lives(range, MAX_READ))
        .await?;
    let mut notes = Vec::new();
    if answer.is_cut {
        notes.push("More were found than are listed; those with least time are left out.");
    }
    if answer.is_full {
        notes.push(
            "The store follows as many findings as it may; new ones are counted in the lists of \
             requests only.",
        );
    }
    let told = (answer.items.iter())
        .filter(|life| life.requests > 0)
        .filter_map(|life| Some((life.fingerprint?, life.rule.clone())))
        .collect();
    let mut lives = Lives {
        items: answer.items,
        plans: Vec::new(),
        told,
        counts: [0; STATES.len()],
        notes,
    };
    let all = std::mem::take(&mut lives.items);
    lives.count(|filter| all.iter().filter(|life| filter.fits(life)).count());
    lives.items = all;
    lives.items.retain(|life| filter.fits(life));
    Ok(lives)
}

impl Lives {
    /// Adds to the count of each state how many fit it.
    pub(super) fn count(&mut self, fitting: impl Fn(&LifeFilter) -> usize) {
        for (count, (word, _)) in self.counts.iter_mut().zip(STATES) {
            *count += fitting(&LifeFilter {
                state: word,
                rule: None,
                route: None,
                fingerprint: None,
            });
        }
    }
}

/// Findings of one route.
///
/// # Errors
/// 503 where the store fails.
pub(crate) async fn of_route(
    here: &Here,
    range: StatsWindow,
    route: &RouteName,
) -> Result<Lives, Failure> {
    let all = LifeFilter {
        state: "all",
        rule: None,
        route: None,
        fingerprint: None,
    };
    let mut lives = read(here, range, &all).await?;
    lives.items.retain(|life| life.route == *route);
    Ok(lives)
}

/// Those that need an answer and were seen in the window, as sums over its requests.
pub(crate) fn sums_to_do(lives: &[FindingLife]) -> FindingSums {
    let items: Vec<FindingSum> = lives
        .iter()
        .filter(|life| is_open(&life.state) && life.requests > 0)
        .filter_map(|life| {
            Some(FindingSum {
                rule: life.rule.clone(),
                fingerprint: life.fingerprint,
                kind: life.route.kind,
                method: life.route.method.clone(),
                route: life.route.route.clone(),
                requests: life.requests,
                lost_us: life.lost_us,
                worst: life.worst?,
            })
        })
        .collect();
    FindingSums {
        requests: items.iter().map(|sum| sum.requests).sum(),
        items,
        is_partial: false,
    }
}

/// A state as an address names it.
pub(crate) const fn state_word(state: &LifeState) -> &'static str {
    match state {
        LifeState::New { .. } => "new",
        LifeState::Open { .. } => "open",
        LifeState::CameBack { .. } => "came_back",
        LifeState::Fixed { .. } => "fixed",
        LifeState::Accepted { .. } => "accepted",
    }
}

/// Whether something is to be done about it.
pub(crate) const fn is_open(state: &LifeState) -> bool {
    matches!(
        state,
        LifeState::New { .. } | LifeState::Open { .. } | LifeState::CameBack { .. }
    )
}

/// What became of a finding, for people: `Fixed in build 1.4, not seen in 1,240 requests since.`
pub(crate) fn state_sentence(life: &FindingLife) -> String {
    let in_build = |build: &Option<String>| {
        build.as_ref().map_or_else(String::new, |build| {
            format!(" in build {}", one_line(build, 60))
        })
    };
    match &life.state {
        LifeState::New { requests_before } => format!(
            "New{}; not seen in {} before.",
            in_build(&life.first_build),
            counted(*requests_before, "request")
        ),
        LifeState::Open { requests_since: 0 } => String::new(),
        LifeState::Open { requests_since } => format!(
            "Not seen in the last {} of the route.",
            counted(*requests_since, "request")
        ),
        LifeState::Fixed {
            build,
            requests_since,
        } => format!(
            "Fixed in build {}, not seen in {} since.",
            one_line(build, 60),
            counted(*requests_since, "request")
        ),
        LifeState::CameBack { fixed_in, back_in } => format!(
            "Came back in build {}; it was fixed in build {}.",
            one_line(back_in, 60),
            one_line(fixed_in, 60)
        ),
        LifeState::Accepted {
            by,
            why,
            until_build,
            ..
        } => {
            let by = by.as_ref().map_or_else(
                || "in code".to_owned(),
                |by| format!("by {}", one_line(by, 60)),
            );
            let until = until_build.as_ref().map_or_else(String::new, |build| {
                format!(", until build {}", one_line(build, 60))
            });
            format!("Accepted {by}{until}: {}", one_line(why, 200))
        }
    }
}

/// Time lost in a day at the pace of a window, in µs; none for windows shorter than a day: what
/// runs at one time of the day says little about the rest.
pub(crate) fn lost_per_day_us(lost_us: u64, range: StatsWindow) -> Option<u64> {
    const DAY_S: u64 = 24 * 3600;
    let seconds = u64::try_from((range.until - range.since).num_seconds()).unwrap_or(0);
    if seconds < DAY_S {
        return None;
    }
    let per_day = u128::from(lost_us) * u128::from(DAY_S) / u128::from(seconds);
    u64::try_from(per_day).ok()
}

/// Longest text of an acceptance, in characters.
const MAX_CHARS: usize = 500;

/// An acceptance as it is kept: its rule is one of ours, and it says who and why.
///
/// # Errors
/// What is missing or too long.
pub(crate) fn accepted(mut acceptance: Acceptance) -> Result<Acceptance, Failure> {
    if rules::rule(&acceptance.rule).is_none() {
        return Err(Failure::bad_request(
            "rule must be the name of a rule about requests; docs/reference/findings.md lists them.",
        ));
    }
    let told = [
        ("by must say who accepts it", &mut acceptance.by),
        ("why must say why it is accepted", &mut acceptance.why),
    ];
    for (must, text) in told {
        *text = text.trim().to_owned();
        if text.is_empty() || text.chars().count() > MAX_CHARS {
            return Err(Failure::bad_request(format!(
                "{must}, in 1 to {MAX_CHARS} characters."
            )));
        }
    }
    let until = acceptance.until_build.take();
    acceptance.until_build = until
        .map(|build| build.trim().chars().take(MAX_CHARS).collect::<String>())
        .filter(|build| !build.is_empty());
    Ok(acceptance)
}
