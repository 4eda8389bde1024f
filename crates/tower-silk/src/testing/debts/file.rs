//! Reading and writing the file of known debts.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use silk_core::toml_file::{self, TomlError, quoted};

use super::lock::Lock;
use crate::testing::{leave, name};

/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

const HEADER: &str = "\
# Known debts of tests: what tower_silk::testing lets pass for now, up to `allowed`.
# What is new or worse fails. `SILK_UPDATE=1 cargo test` writes this file anew; lower a number or
# remove an entry by hand as debts are paid.
";

/// What one test may do for now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::testing) struct Debt {
    /// The test program.
    #[serde(default)]
    pub(in crate::testing) target: String,
    pub(in crate::testing) test: String,
    pub(in crate::testing) kind: String,
    #[serde(default)]
    pub(in crate::testing) statement: String,
    #[serde(default)]
    pub(in crate::testing) place: String,
    pub(in crate::testing) allowed: u64,
}

/// The file as it was read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::testing) struct DebtFile {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default, rename = "debt")]
    pub(in crate::testing) debts: Vec<Debt>,
}

impl DebtFile {
    /// Where it is: as the test says, else as `SILK_DEBTS` says, else beside `Cargo.toml`.
    pub(in crate::testing) fn path(given: Option<&Path>) -> PathBuf {
        let environment = std::env::var_os("SILK_DEBTS").filter(|file| !file.is_empty());
        let named = given.map(Path::to_owned).or(environment.map(PathBuf::from));
        name::package_folder().join(named.unwrap_or_else(|| PathBuf::from("silk-debts.toml")))
    }

    /// Reads the file; without one nothing is allowed.
    ///
    /// # Errors
    /// Where it cannot be read, or is not of the form: file, line and what is wrong there.
    pub(in crate::testing) fn read(path: &Path) -> Result<Self, String> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        toml_file::read(&text, VERSION).map_err(|TomlError { line, problem }| {
            let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            format!("{}:{line}: {problem}\n  {}", path.display(), shown.trim())
        })
    }

    /// The debts of one test, of the kinds that an assertion is about.
    pub(in crate::testing) fn of(
        &self,
        target: &str,
        test: &str,
        is_kind: impl Fn(&str) -> bool,
    ) -> Vec<Debt> {
        let is_it = |debt: &&Debt| {
            debt.test == test
                && (debt.target == target || debt.target.is_empty())
                && is_kind(&debt.kind)
        };
        self.debts.iter().filter(is_it).cloned().collect()
    }

    /// Puts `now` in place of what is known of the same kinds of one test. Other tests may do so
    /// at the same time, in other threads and processes.
    ///
    /// # Errors
    /// Where the file cannot be read, locked or written.
    pub(in crate::testing) fn update(
        path: &Path,
        (target, test): (&str, &str),
        is_kind: impl Fn(&str) -> bool,
        now: Vec<Debt>,
    ) -> Result<(), String> {
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let _lock = Lock::of(path).map_err(told)?;
        let mut file = Self::read(path)?;
        let before = file.debts.clone();
        file.debts.retain(|debt| {
            debt.test != test
                || (debt.target != target && !debt.target.is_empty())
                || !is_kind(&debt.kind)
        });
        file.debts.extend(now);
        file.debts.sort();
        file.debts.dedup();
        if file.debts == before {
            return Ok(());
        }
        leave::replace(path, &file.to_text()).map_err(told)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        for debt in &self.debts {
            text.push_str("\n[[debt]]\n");
            for (key, value) in [
                ("target", &debt.target),
                ("test", &debt.test),
                ("kind", &debt.kind),
                ("statement", &debt.statement),
                ("place", &debt.place),
            ] {
                if !value.is_empty() {
                    let _ = writeln!(text, "{key} = {}", quoted(value));
                }
            }
            let _ = writeln!(text, "allowed = {}", debt.allowed);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debt(test: &str, statement: &str, allowed: u64) -> Debt {
        Debt {
            target: "sqlite".to_owned(),
            test: test.to_owned(),
            kind: "repeats".to_owned(),
            statement: statement.to_owned(),
            place: "src/a.rs list".to_owned(),
            allowed,
        }
    }

    #[test]
    fn what_is_written_is_read_again_whatever_stands_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk-debts.toml");
        let hostile = [
            "SELECT 'a' FROM t",
            "SELECT \"a\" FROM t",
            "SELECT \"a\", 'b' FROM t",
            "a\\b\n\tc\r\u{7f}\u{85}",
            "''' \"\"\" # [debt]",
            "ünï 🦀",
        ];
        for (at, statement) in hostile.iter().enumerate() {
            let test = format!("test {at}");
            let now = vec![debt(&test, statement, 7)];
            DebtFile::update(&path, ("sqlite", &test), |_| true, now).unwrap();
        }
        let read = DebtFile::read(&path).unwrap();
        for statement in hostile {
            assert!(
                read.debts.iter().any(|debt| debt.statement == statement),
                "{statement:?}: {}",
                read.to_text()
            );
        }
    }

    #[test]
    fn the_file_is_the_same_whatever_the_order() {
        let texts = [[3, 1, 2], [2, 3, 1]].map(|order| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("silk-debts.toml");
            for number in order {
                let test = format!("test {number}");
                let now = vec![debt(&test, "SELECT ?", number)];
                DebtFile::update(&path, ("sqlite", &test), |_| true, now).unwrap();
            }
            fs::read_to_string(path).unwrap()
        });
        assert_eq!(texts[0], texts[1]);
        assert!(texts[0].starts_with(HEADER));
    }

    #[test]
    fn many_threads_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk-debts.toml");
        std::thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let test = format!("test {number}");
                    let now = vec![debt(&test, "SELECT ?", number)];
                    DebtFile::update(path, ("sqlite", &test), |_| true, now).unwrap();
                });
            }
        });
        assert_eq!(DebtFile::read(&path).unwrap().debts.len(), 16);
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "no temporary file is left");
    }

    #[test]
    fn only_the_kinds_of_the_assertion_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk-debts.toml");
        let other = Debt {
            kind: "queries".to_owned(),
            ..debt("a", "", 4)
        };
        DebtFile::update(&path, ("sqlite", "a"), |_| true, vec![other.clone()]).unwrap();
        let is_repeats = |kind: &str| kind == "repeats";
        let now = vec![debt("a", "SELECT ?", 3)];
        DebtFile::update(&path, ("sqlite", "a"), is_repeats, now).unwrap();
        assert_eq!(DebtFile::read(&path).unwrap().debts.len(), 2);
        DebtFile::update(&path, ("sqlite", "a"), is_repeats, Vec::new()).unwrap();
        assert_eq!(DebtFile::read(&path).unwrap().debts, [other]);
    }

    #[test]
    fn a_broken_file_names_its_line() {
        for (text, line, part) in [
            (
                "version = 1\n[[debt]]\ntest = \"a\"\n",
                2,
                "missing field `kind`",
            ),
            ("version = 1\n\n[[debt]\n", 3, "]"),
            ("version = 1\n[[debt]]\ntest = 5\n", 3, "invalid type"),
            ("\nversion = 2\nnew = true\n", 2, "version 2 is of a later"),
            ("[[debt]]\n", 1, "missing field"),
            (
                "version = 1\n[[debt]]\ntest = \"a\"\nkind = \"b\"\nallowed = -1\n",
                5,
                "invalid value",
            ),
            ("<<<<<<< HEAD\nversion = 1\n", 1, ""),
            ("version = 1\ncolour = 1\n", 2, "unknown field"),
        ] {
            let error = toml_file::read::<DebtFile>(text, VERSION).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.problem.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn no_file_allows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let read = DebtFile::read(&folder.path().join("none.toml")).unwrap();
        assert!(read.debts.is_empty());
    }
}
