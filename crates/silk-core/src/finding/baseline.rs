//! The findings that an app had when tower-silk came to it: a file that is reviewed like code.
//!
//! The file is TOML, of the plainest kind: comments, `version`, and tables `[[finding]]` of strings
//! on one line each. What else TOML allows is refused, with the line.

use std::fmt::Write as _;

use crate::{Fingerprint, RequestKind};

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

/// A line of the file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BaselineError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut findings: Vec<(usize, KnownFinding)> = Vec::new();
        let mut has_version = false;
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |problem: String| BaselineError {
                line: number,
                problem,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line == "[[finding]]" {
                let empty = KnownFinding {
                    route: String::new(),
                    rule: String::new(),
                    fingerprint: None,
                    statement: None,
                };
                findings.push((number, empty));
                continue;
            }
            let (key, value) = line
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim()))
                .ok_or_else(|| wrong("expected `key = \"value\"` or `[[finding]]`".to_owned()))?;
            match (key, findings.last_mut()) {
                ("version", None) => {
                    is_known_version(value).map_err(wrong)?;
                    has_version = true;
                }
                (_, None) => return Err(wrong(format!("{key} stands before any [[finding]]"))),
                (key, Some((_, finding))) => {
                    let value = string(value).map_err(wrong)?;
                    set(finding, key, value).map_err(wrong)?;
                }
            }
        }
        if !has_version {
            return Err(BaselineError {
                line: 1,
                problem: format!("version = {VERSION} is missing"),
            });
        }
        for (line, finding) in &findings {
            if finding.rule.is_empty() || finding.route.is_empty() {
                return Err(BaselineError {
                    line: *line,
                    problem: "a finding needs route and rule".to_owned(),
                });
            }
        }
        Ok(Self {
            findings: findings.into_iter().map(|(_, finding)| finding).collect(),
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

fn is_known_version(value: &str) -> Result<(), String> {
    match value.parse::<u32>() {
        Ok(1..=VERSION) => Ok(()),
        Ok(version) => Err(format!(
            "version {version} is of a later tower-silk; this one reads up to {VERSION}"
        )),
        Err(_) => Err("version must be a number".to_owned()),
    }
}

fn set(finding: &mut KnownFinding, key: &str, value: String) -> Result<(), String> {
    match key {
        "route" => finding.route = value,
        "rule" => finding.rule = value,
        "statement" => finding.statement = Some(value),
        "fingerprint" => {
            let read = value.parse();
            finding.fingerprint =
                Some(read.map_err(|_| "fingerprint must be 16 hex digits".to_owned())?);
        }
        other => return Err(format!("a finding has no {other}")),
    }
    Ok(())
}

/// A string of TOML on one line: in double quotes with escapes, or in single quotes as it is.
fn string(value: &str) -> Result<String, String> {
    let wrong = || "expected one string in quotes".to_owned();
    if let Some(rest) = value.strip_prefix('\'') {
        let (text, rest) = rest.split_once('\'').ok_or_else(wrong)?;
        return is_end(rest).then(|| text.to_owned()).ok_or_else(wrong);
    }
    let mut chars = value.strip_prefix('"').ok_or_else(wrong)?.chars();
    let mut text = String::new();
    loop {
        match chars.next().ok_or_else(wrong)? {
            '"' => break,
            '\\' => text.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(kept @ ('"' | '\\')) => kept,
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).ok();
                    code.and_then(char::from_u32).ok_or_else(wrong)?
                }
                _ => return Err("unknown escape in a string".to_owned()),
            }),
            char => text.push(char),
        }
    }
    is_end(chars.as_str()).then_some(text).ok_or_else(wrong)
}

/// Whether nothing but a comment follows.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// A string of TOML on one line: in single quotes where that reads better.
fn quoted(value: &str) -> String {
    let is_plain = |char: char| !char.is_control();
    if value.contains(['"', '\\']) && !value.contains('\'') && value.chars().all(is_plain) {
        return format!("'{value}'");
    }
    let mut text = String::from("\"");
    for char in value.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            char if char.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(char));
            }
            char => text.push(char),
        }
    }
    text.push('"');
    text
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
            ("", "line 1: version = 1 is missing"),
            ("[[finding]]\nroute = 'a'", "line 1: version = 1 is missing"),
            (
                "version = 2",
                "line 1: version 2 is of a later tower-silk; this one reads up to 1",
            ),
            (
                "version = 1\nrule = 'a'",
                "line 2: rule stands before any [[finding]]",
            ),
            (
                "version = 1\n[[finding]]\nrule = 'a'",
                "line 2: a finding needs route and rule",
            ),
            (
                "version = 1\n[[finding]]\nrule = \"a",
                "line 3: expected one string in quotes",
            ),
            (
                "version = 1\n[[finding]]\nrule = 'a' 'b'",
                "line 3: expected one string in quotes",
            ),
            (
                "version = 1\n[[finding]]\nrule = \"\\x\"",
                "line 3: unknown escape in a string",
            ),
            (
                "version = 1\n[[finding]]\nfingerprint = 'z'",
                "line 3: fingerprint must be 16 hex digits",
            ),
            (
                "version = 1\n[[finding]]\nruel = 'a'",
                "line 3: a finding has no ruel",
            ),
            (
                "version = 1\n[finding]",
                "line 2: expected `key = \"value\"` or `[[finding]]`",
            ),
        ] {
            assert_eq!(of(text), Err(problem.to_owned()));
        }
    }
}
