//! Findings that somebody has looked at and accepts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rules;
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
        }
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
}

impl IgnoreList {
    /// Accepts findings of a rule in a place.
    pub fn add(&mut self, rule: impl Into<String>, place: Ignore, reason: impl Into<String>) {
        self.entries.push(Entry {
            rule: rule.into(),
            place,
            reason: reason.into(),
        });
    }

    /// The first rule named that there is not.
    #[must_use]
    pub fn unknown_rule(&self) -> Option<&str> {
        let mut names = self.entries.iter().map(|entry| entry.rule.as_str());
        names.find(|name| rules::rule(name).is_none())
    }

    /// Moves findings that are accepted from those of the request to
    /// [`accepted`](crate::RequestDetail::accepted), each with the first reason that fits.
    pub fn apply(&self, record: &mut RequestRecord) {
        if self.entries.is_empty() || record.findings.is_empty() {
            return;
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
    }
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
        list.apply(&mut record);
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

    #[test]
    fn a_rule_that_is_not_there_is_told() {
        let mut list = IgnoreList::default();
        list.add(rules::SLOW_QUERY, Ignore::everywhere(), "");
        assert_eq!(list.unknown_rule(), None);
        list.add("slow_qery", Ignore::everywhere(), "");
        assert_eq!(list.unknown_rule(), Some("slow_qery"));
    }
}
