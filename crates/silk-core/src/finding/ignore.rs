//! Findings that somebody has looked at and accepts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Baseline, KnownFinding, rules};
use crate::{
    CallSite, Database, DatabaseKind, Finding, Fingerprint, Redactor, RequestRecord,
    RequestSummary, record::AcceptedFinding, sql::SqlReader,
};

/// Where findings of a rule are accepted.
///
/// ```
/// use silk_core::finding::Ignore;
///
/// Ignore::route("GET /reports/{id}");
/// Ignore::statement("SELECT count(*) FROM event");
/// Ignore::call_site("src/reports.rs:41");
/// Ignore::everywhere();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignore(Place);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Everywhere,
    Route {
        method: Option<String>,
        route: String,
    },
    /// Fingerprints: one, or those of a text in each dialect.
    Statement(Vec<Fingerprint>),
    CallSite {
        file: String,
        line: Option<u32>,
    },
    /// One finding that is known.
    Known {
        /// The method, or the kind of a job or test; and the rest of the route's name.
        first: String,
        route: String,
        fingerprint: Option<Fingerprint>,
    },
}

impl Ignore {
    /// In all requests.
    #[must_use]
    pub const fn everywhere() -> Self {
        Self(Place::Everywhere)
    }

    /// In requests of a route, as pages name it: `GET /x/{id}`, or `/x/{id}` with any method; the
    /// name of a job.
    #[must_use]
    pub fn route(route: &str) -> Self {
        let route = route.trim();
        let (method, route) = match route.split_once(' ') {
            Some((method, path)) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                (Some(method.to_owned()), path.trim())
            }
            _ => (None, route),
        };
        Self(Place::Route {
            method,
            route: route.to_owned(),
        })
    }

    /// Of a statement: its fingerprint (16 hex digits, as pages show it), or its SQL with any values.
    #[must_use]
    pub fn statement(statement: &str) -> Self {
        let is_fingerprint =
            statement.len() == 16 && statement.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_fingerprint && let Ok(fingerprint) = statement.parse() {
            return Self(Place::Statement(vec![fingerprint]));
        }
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let kinds = DatabaseKind::ALL.iter();
        let fingerprints = kinds.map(|kind| {
            let database = Arc::new(Database {
                kind: *kind,
                name: String::new(),
            });
            reader.read(statement, &database).statement.fingerprint
        });
        Self(Place::Statement(fingerprints.collect()))
    }

    /// From a place in the source: `src/reports.rs:41`, or `reports.rs` for all of a file. The end of
    /// a path is enough.
    #[must_use]
    pub fn call_site(place: &str) -> Self {
        let with_line = place
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line) = match with_line {
            Some((file, line)) => (file, Some(line)),
            None => (place, None),
        };
        Self(Place::CallSite {
            file: file.replace('\\', "/"),
            line,
        })
    }

    fn is_met(&self, summary: &RequestSummary, finding: &Finding) -> bool {
        match &self.0 {
            Place::Everywhere => true,
            Place::Route { method, route } => {
                *route == summary.route
                    && method
                        .as_ref()
                        .is_none_or(|method| *method == summary.method)
            }
            Place::Statement(fingerprints) => finding
                .fingerprint
                .is_some_and(|fingerprint| fingerprints.contains(&fingerprint)),
            Place::CallSite { file, line } => finding
                .call_site
                .as_ref()
                .is_some_and(|site| is_at(site, file, *line)),
            Place::Known { fingerprint, .. } => {
                self.is_of_route(summary) && *fingerprint == finding.fingerprint
            }
        }
    }

    /// Whether a request is one of the route of a finding that is known.
    fn is_of_route(&self, summary: &RequestSummary) -> bool {
        let Place::Known { first, route, .. } = &self.0 else {
            return false;
        };
        let method = match &*summary.method {
            "" => summary.kind.as_str(),
            method => method,
        };
        *first == method && *route == summary.route
    }
}

/// Whether a call site is in this file (the end of its path, folder by folder) and line.
fn is_at(site: &CallSite, file: &str, line: Option<u32>) -> bool {
    let path = site.file.replace('\\', "/");
    let is_file = path
        .strip_suffix(file)
        .is_some_and(|folder| folder.is_empty() || folder.ends_with('/'));
    !file.is_empty() && is_file && line.is_none_or(|line| line == site.line)
}

/// What is accepted, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreList {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    rule: String,
    place: Ignore,
    reason: String,
    /// Of one that is known by a baseline: whether it is looked for still.
    watch: Option<Watch>,
}

/// Requests of the route of a known finding without it, until it was seen or that was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Watch {
    requests: u32,
}

/// Requests of its route without a known finding that make its entry stale.
pub const STALE_AFTER: u32 = 200;

impl IgnoreList {
    /// Accepts findings of a rule in a place.
    pub fn add(&mut self, rule: impl Into<String>, place: Ignore, reason: impl Into<String>) {
        self.entries.push(Entry {
            rule: rule.into(),
            place,
            reason: reason.into(),
            watch: None,
        });
    }

    /// Accepts what is known, and looks whether it is still seen.
    pub fn add_baseline(&mut self, baseline: Baseline) {
        for known in baseline.findings {
            let (first, route) = known.route.split_once(' ').unwrap_or(("", &known.route));
            self.entries.push(Entry {
                place: Ignore(Place::Known {
                    first: first.to_owned(),
                    route: route.to_owned(),
                    fingerprint: known.fingerprint,
                }),
                rule: known.rule,
                reason: "known by the baseline".to_owned(),
                watch: Some(Watch::default()),
            });
        }
    }

    /// The first rule named that there is not.
    #[must_use]
    pub fn unknown_rule(&self) -> Option<&str> {
        let mut names = self.entries.iter().map(|entry| entry.rule.as_str());
        names.find(|name| rules::rule(name).is_none())
    }

    /// Moves findings that are accepted from those of the request to
    /// [`accepted`](crate::RequestDetail::accepted), each with the first reason that fits.
    ///
    /// Gives the entries of a baseline that are stale by now, each once: [`STALE_AFTER`] requests of
    /// their route were looked at, and none had the finding.
    pub fn apply(&mut self, record: &mut RequestRecord) -> Vec<Stale> {
        let stale = self.watch(record);
        if self.entries.is_empty() || record.findings.is_empty() {
            return stale;
        }
        let (mut kept, mut accepted) = (Vec::new(), Vec::new());
        for finding in record.findings.drain(..) {
            let entry = self.entries.iter().find(|entry| {
                entry.rule == finding.rule && entry.place.is_met(&record.summary, &finding)
            });
            match entry {
                Some(entry) => accepted.push(AcceptedFinding {
                    finding,
                    reason: entry.reason.clone(),
                }),
                None => kept.push(finding),
            }
        }
        record.findings = kept;
        record.detail.accepted = accepted;
        stale
    }

    /// Looks whether known findings are still seen.
    fn watch(&mut self, record: &RequestRecord) -> Vec<Stale> {
        let mut stale = Vec::new();
        let (summary, findings) = (&record.summary, &record.findings);
        for entry in &mut self.entries {
            let Entry {
                rule, place, watch, ..
            } = entry;
            let Some(seen) = watch else { continue };
            if !place.is_of_route(summary) {
                continue;
            }
            seen.requests += 1;
            let is_it = |found: &Finding| *rule == found.rule && place.is_met(summary, found);
            if findings.iter().any(is_it) {
                *watch = None;
            } else if seen.requests >= STALE_AFTER {
                *watch = None;
                stale.push(Stale {
                    rule: rule.clone(),
                    route: KnownFinding::route_name(summary.kind, &summary.method, &summary.route),
                });
            }
        }
        stale
    }
}

/// An entry of a baseline whose finding is seen no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Name of the rule.
    pub rule: String,
    /// The route.
    pub route: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Severity, testing};

    fn record() -> RequestRecord {
        let mut record = testing::request();
        record.summary.route = "/x/{id}".to_owned();
        record.findings = vec![Finding {
            rule: rules::COUNTS_EVERYTHING.to_owned(),
            severity: Severity::Info,
            title: "t".to_owned(),
            detail: String::new(),
            remedy: None,
            call_site: Some(CallSite {
                function: "f".to_owned(),
                file: "app/src/reports.rs".to_owned(),
                line: 41,
            }),
            fingerprint: Some(fingerprint()),
            query: Some(1),
            lost_us: Some(5_000),
        }];
        record
    }

    fn fingerprint() -> Fingerprint {
        let database = Arc::new(Database {
            kind: DatabaseKind::Sqlite,
            name: String::new(),
        });
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let text = reader.read("SELECT count(*) FROM event WHERE n = 7", &database);
        text.statement.fingerprint
    }

    fn is_accepted(rule: &str, place: Ignore) -> bool {
        let mut list = IgnoreList::default();
        list.add(rule, place, "known");
        let mut record = record();
        assert_eq!(list.apply(&mut record), []);
        record.sum_findings();
        // Nothing is lost: it is either a finding or accepted, with its reason.
        assert_eq!(record.findings.len() + record.detail.accepted.len(), 1);
        assert_eq!(record.findings.len(), record.summary.findings.len());
        let mut accepted = record.detail.accepted.iter();
        assert!(accepted.all(|one| one.reason == "known" && one.finding.title == "t"));
        record.findings.is_empty()
    }

    #[test]
    fn findings_are_accepted_where_it_is_said() {
        let text = fingerprint().to_string();
        for place in [
            Ignore::everywhere(),
            Ignore::route("GET /x/{id}"),
            Ignore::route("/x/{id}"),
            Ignore::statement(&text),
            Ignore::statement("select COUNT(*) from event where n = 12"),
            Ignore::call_site("reports.rs"),
            Ignore::call_site("src/reports.rs:41"),
            Ignore::call_site("app/src/reports.rs"),
        ] {
            assert!(
                is_accepted(rules::COUNTS_EVERYTHING, place.clone()),
                "{place:?}"
            );
            assert!(!is_accepted(rules::SLOW_QUERY, place));
        }
        for place in [
            Ignore::route("POST /x/{id}"),
            Ignore::route("/x"),
            Ignore::statement("SELECT count(*) FROM event"),
            Ignore::statement("0000000000000000"),
            Ignore::call_site("src/reports.rs:42"),
            Ignore::call_site("eports.rs"),
            Ignore::call_site(""),
        ] {
            assert!(
                !is_accepted(rules::COUNTS_EVERYTHING, place.clone()),
                "{place:?}"
            );
        }
    }

    fn known(route: &str, rule: &str, fingerprint: Option<Fingerprint>) -> IgnoreList {
        let mut list = IgnoreList::default();
        list.add_baseline(Baseline {
            findings: vec![KnownFinding {
                route: route.to_owned(),
                rule: rule.to_owned(),
                fingerprint,
                statement: None,
            }],
        });
        list
    }

    #[test]
    fn a_baseline_accepts_what_it_names_and_nothing_else() {
        let rule = rules::COUNTS_EVERYTHING;
        let of = |route: &str, rule: &str, fingerprint| {
            let mut record = record();
            known(route, rule, fingerprint).apply(&mut record);
            record.findings.is_empty()
        };
        assert!(of("GET /x/{id}", rule, Some(fingerprint())));
        assert!(!of("POST /x/{id}", rule, Some(fingerprint())));
        assert!(!of("GET /x", rule, Some(fingerprint())));
        assert!(!of("GET /x/{id}", rules::SLOW_QUERY, Some(fingerprint())));
        assert!(!of("GET /x/{id}", rule, None), "about another statement");
        assert!(!of("GET /x/{id}", rule, Some(Fingerprint(1))));
        // A job has no method.
        let mut job = record();
        job.summary.kind = crate::RequestKind::Job;
        job.summary.method = String::new();
        job.summary.route = "nightly report".to_owned();
        known("job nightly report", rule, Some(fingerprint())).apply(&mut job);
        assert_eq!(job.findings, []);
    }

    #[test]
    fn an_entry_that_is_seen_no_more_is_told_once() {
        let list = || known("GET /x/{id}", rules::COUNTS_EVERYTHING, Some(fingerprint()));
        let run = |list: &mut IgnoreList, with: bool, route: &str, times: u32| {
            let told = (0..times).flat_map(|_| {
                let mut record = record();
                route.clone_into(&mut record.summary.route);
                if !with {
                    record.findings.clear();
                }
                list.apply(&mut record)
            });
            told.collect::<Vec<_>>()
        };
        let mut gone = list();
        assert_eq!(run(&mut gone, false, "/x/{id}", STALE_AFTER - 1), []);
        assert_eq!(
            run(&mut gone, false, "/y", STALE_AFTER),
            [],
            "another route"
        );
        let told = run(&mut gone, false, "/x/{id}", 5 * STALE_AFTER);
        assert_eq!(told.len(), 1);
        assert_eq!(
            (&*told[0].rule, &*told[0].route),
            (rules::COUNTS_EVERYTHING, "GET /x/{id}")
        );
        // It is still accepted, until somebody takes the entry out.
        let mut back = record();
        gone.apply(&mut back);
        assert_eq!(back.findings, []);
        let mut there = list();
        run(&mut there, true, "/x/{id}", 1);
        assert_eq!(run(&mut there, false, "/x/{id}", 5 * STALE_AFTER), []);
        // What is ignored by hand is nobody's to watch.
        let mut by_hand = IgnoreList::default();
        by_hand.add(rules::COUNTS_EVERYTHING, Ignore::everywhere(), "known");
        assert_eq!(run(&mut by_hand, false, "/x/{id}", 5 * STALE_AFTER), []);
    }

    #[test]
    fn a_rule_that_is_not_there_is_told() {
        let mut list = IgnoreList::default();
        list.add(rules::SLOW_QUERY, Ignore::everywhere(), "");
        assert_eq!(list.unknown_rule(), None);
        list.add("slow_qery", Ignore::everywhere(), "");
        assert_eq!(list.unknown_rule(), Some("slow_qery"));
    }
}
