//! The findings that an app had when tower-silk came to it: a file that is reviewed like code.
//!
//! The file is TOML: its `version`, and a table `[[finding]]` for each.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::{
    Fingerprint, RequestKind,
    toml_file::{self, TomlError, quoted},
};

/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

const HEADER: &str = "\
# Findings that were there when this file was written. They stay folded on the pages of requests
# and count nowhere; new ones speak. `silk findings --write-baseline FILE` adds what is found by now.
# Remove an entry when it is fixed: the app's log says which are seen no more.
";

/// A finding that is known: one rule in one route about one statement, or none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownFinding {
    /// The route as pages name it: `GET /x/{id}`, `job nightly`.
    pub route: String,
    /// Name of the rule.
    pub rule: String,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// Its normalised SQL, for those who read the file.
    pub statement: Option<String>,
}

impl KnownFinding {
    /// Whether it is the same finding, whatever is said of its statement.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    const fn key(&self) -> (&String, &String, Option<Fingerprint>) {
        (&self.route, &self.rule, self.fingerprint)
    }

    /// The name of a route: its method, or for jobs and tests the kind, and its path or name.
    #[must_use]
    pub fn route_name(kind: RequestKind, method: &str, route: &str) -> String {
        let first = if method.is_empty() {
            kind.as_str()
        } else {
            method
        };
        format!("{first} {route}")
    }
}

/// What is known, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The findings.
    pub findings: Vec<KnownFinding>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default, rename = "finding")]
    findings: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    route: String,
    rule: String,
    #[serde(default, deserialize_with = "fingerprint")]
    fingerprint: Option<Fingerprint>,
    statement: Option<String>,
}

fn fingerprint<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Fingerprint>, D::Error> {
    let text = String::deserialize(from)?;
    let read = text.parse();
    read.map(Some)
        .map_err(|_| serde::de::Error::custom("fingerprint must be 16 hex digits"))
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, TomlError> {
        let file: File = toml_file::read(text, VERSION)?;
        let known = |written: Written| KnownFinding {
            route: written.route,
            rule: written.rule,
            fingerprint: written.fingerprint,
            statement: written.statement,
        };
        Ok(Self {
            findings: file.findings.into_iter().map(known).collect(),
        })
    }

    /// Adds what is not known yet; what stands there stays. Tells how many were added.
    pub fn add(&mut self, found: impl IntoIterator<Item = KnownFinding>) -> usize {
        let before = self.findings.len();
        for finding in found {
            if !self.findings.iter().any(|known| known.is(&finding)) {
                self.findings.push(finding);
            }
        }
        self.findings.sort();
        self.findings.len() - before
    }

    /// The text of the file: by route, so that a change is a few lines of a diff.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        for finding in &self.findings {
            let fingerprint = finding.fingerprint.map(|of| of.to_string());
            text.push_str("\n[[finding]]\n");
            for (key, value) in [
                ("route", Some(&finding.route)),
                ("rule", Some(&finding.rule)),
                ("fingerprint", fingerprint.as_ref()),
                ("statement", finding.statement.as_ref()),
            ] {
                if let Some(value) = value {
                    let _ = writeln!(text, "{key} = {}", quoted(value));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(route: &str, rule: &str, statement: Option<&str>) -> KnownFinding {
        KnownFinding {
            route: route.to_owned(),
            rule: rule.to_owned(),
            fingerprint: statement.map(|_| Fingerprint(0xab)),
            statement: statement.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_stays_in_order() {
        let mut baseline = Baseline::default();
        let added = baseline.add([
            known(
                "job nightly",
                "slow_query",
                Some("SELECT \"Name\", 'x' FROM \"T\""),
            ),
            known("GET /b", "small_writes", Some("UPDATE \"t\" SET a = ?")),
            known("GET /a", "too_many_queries", None),
            known("GET /a", "slow_query", Some("SELECT '\\' \u{7}\n FROM t")),
        ]);
        assert_eq!(added, 4);
        let text = baseline.to_text();
        assert_eq!(Baseline::parse(&text), Ok(baseline.clone()));
        let routes: Vec<_> = baseline.findings.iter().map(|one| &*one.route).collect();
        assert_eq!(routes, ["GET /a", "GET /a", "GET /b", "job nightly"]);
        assert!(
            text.contains("\nstatement = 'UPDATE \"t\" SET a = ?'\n"),
            "{text}"
        );
        // What is known stays as it stands there; only what is new is added.
        let mut again = baseline.clone();
        let other = known("GET /b", "small_writes", Some("another text"));
        assert_eq!(again.add([other, known("GET /b", "panic", None)]), 1);
        assert_eq!(again.findings.len(), 5);
        assert!(again.to_text().contains("UPDATE"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let of = |text: &str| Baseline::parse(text).map_err(|error| error.to_string());
        let finding = "version = 1\n\n[[finding]]\nroute = \"GET /a\"\nrule = 'panic' # known\n";
        assert_eq!(of(finding).map(|all| all.findings.len()), Ok(1));
        for (text, problem) in [
            ("", "line 1: missing field `version`"),
            (
                "version = 2\nother = 1",
                "line 1: version 2 is of a later tower-silk; this one reads up to 1",
            ),
            (
                "version = 1\n[[finding]]\nrule = 'a'",
                "line 2: missing field `route`",
            ),
            (
                "version = 1\n[[finding]]\nroute = 'GET /'\nrule = 'a'\nfingerprint = 'z'",
                "line 5: fingerprint must be 16 hex digits",
            ),
            (
                "version = 1\n[[finding]]\nruel = 'a'",
                "line 3: unknown field `ruel`, expected one of `route`, `rule`, `fingerprint`, `statement`",
            ),
        ] {
            assert_eq!(of(text), Err(problem.to_owned()));
        }
        for (text, line) in [
            ("version = 1\n[[finding]]\nrule = \"a", 3),
            ("version = 1\n[finding]", 2),
        ] {
            assert_eq!(Baseline::parse(text).map_err(|error| error.line), Err(line));
        }
    }
}
