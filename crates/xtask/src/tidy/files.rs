//! Lengths of files and functions, what each file is for, and symlinks.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Report,
    exceptions::{EXCEPTIONS, Exception},
    source::Source,
};
use crate::{Result, process};

/// Lines of a file (tests left out) that are worth a look, and that are too many.
const LONG_FILE: usize = 300;
const TOO_LONG_FILE: usize = 400;
/// Lines of a function that are too many.
const TOO_LONG_FUNCTION: usize = 80;

/// Links inside published crates to folders at the top, which `cargo package` follows.
const LINKS: [&str; 2] = [
    "crates/silk-store/migrations",
    "crates/silk-ui/ui-templates",
];

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    for link in LINKS {
        if !root.join(link).is_symlink() {
            report.fail(format!(
                "{link} must be a symlink; on Windows: git config core.symlinks true, and check out again"
            ));
        }
    }
    let mut sources = BTreeMap::new();
    for file in tracked(root)? {
        let path = root.join(&file);
        if path.is_symlink() || !path.is_file() {
            continue;
        }
        let name = file.to_string_lossy().into_owned();
        if is_source(&name) {
            let text = fs::read_to_string(&path)?;
            let source = Source::of(&text).map_err(|error| format!("{name}: {error}"))?;
            sources.insert(name, source);
        }
    }
    let tests = test_files(&sources);
    sources.retain(|name, _| !tests.iter().any(|test| name.starts_with(test)));
    let mut found = Vec::new();
    for (name, source) in &sources {
        measure(name, source, &mut found, report);
    }
    judge(found, EXCEPTIONS, report);
    Ok(())
}

/// Whether a file is code of a package, and no test.
fn is_source(name: &str) -> bool {
    let mut parts = name.split('/');
    matches!(parts.next(), Some("crates" | "examples"))
        && parts.nth(1) == Some("src")
        && name.ends_with(".rs")
        && !name.contains("/tests/")
        && !name.ends_with("/tests.rs")
}

/// What modules for tests that stand in files of their own begin with: `…/fixtures.rs` and
/// `…/fixtures/`.
fn test_files(sources: &BTreeMap<String, Source>) -> Vec<String> {
    let mut files = Vec::new();
    for (name, source) in sources {
        let (folder, file) = name.rsplit_once('/').unwrap_or_default();
        let folder = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder,
            _ => name.trim_end_matches(".rs"),
        };
        for module in &source.test_modules {
            files.push(format!("{folder}/{module}.rs"));
            files.push(format!("{folder}/{module}/"));
        }
    }
    files
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = std::process::Command::new("git");
    let list = process::run_quietly(git.args(["ls-files", "-z"]).current_dir(root))?;
    Ok(list
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect())
}

/// A rule that a file or one of its functions breaks.
#[derive(Debug)]
struct Broken<'a> {
    file: &'a str,
    function: Option<&'a str>,
    what: String,
}

fn measure<'a>(
    name: &'a str,
    source: &'a Source,
    found: &mut Vec<Broken<'a>>,
    report: &mut Report,
) {
    let mut broken = |function, what| {
        found.push(Broken {
            file: name,
            function,
            what,
        });
    };
    let lines = source.lines;
    if !source.says_its_purpose {
        broken(
            None,
            format!("{name} must open with what it is for (`//!`)"),
        );
    }
    if lines > TOO_LONG_FILE {
        broken(
            None,
            format!("{name} has {lines} lines without its tests; {TOO_LONG_FILE} is the limit"),
        );
    } else if lines > LONG_FILE {
        report.warn(format!(
            "{name} has {lines} lines without its tests; aim at {LONG_FILE}"
        ));
    }
    for function in &source.functions {
        if function.lines > TOO_LONG_FUNCTION {
            broken(
                Some(&function.name),
                format!(
                    "{name}: fn {} has {} lines; {TOO_LONG_FUNCTION} is the limit",
                    function.name, function.lines
                ),
            );
        }
    }
}

/// Fails for everything that is no exception, and for exceptions that nothing needs.
fn judge(found: Vec<Broken<'_>>, exceptions: &[Exception], report: &mut Report) {
    let is_met = |exception: &Exception, broken: &Broken<'_>| {
        exception.path == broken.file && exception.function == broken.function
    };
    for exception in exceptions {
        if !found.iter().any(|broken| is_met(exception, broken)) {
            report.fail(format!(
                "{} {} ({}) needs no place in tidy/exceptions.rs any more",
                exception.path,
                exception.function.unwrap_or_default(),
                exception.reason
            ));
        }
    }
    for broken in found {
        if !exceptions
            .iter()
            .any(|exception| is_met(exception, &broken))
        {
            report.fail(broken.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Exception, Report, Source, is_source, judge, measure, test_files};

    /// What is said of `crates/x/src/a.rs`: failures and number of warnings.
    fn told(text: &str, exceptions: &[Exception]) -> (Vec<String>, usize) {
        let mut report = Report::default();
        let source = Source::of(text).unwrap();
        let mut found = Vec::new();
        measure("crates/x/src/a.rs", &source, &mut found, &mut report);
        judge(found, exceptions, &mut report);
        (report.failures, report.warnings.len())
    }

    #[test]
    fn a_file_is_measured_without_its_tests() {
        let line = "use x as _;\n";
        for (code, tests, failures, warnings) in [
            (299, 900, 0, 0),
            (300, 0, 0, 1),
            (399, 10, 0, 1),
            (400, 0, 1, 0),
        ] {
            let text = format!(
                "//! Purpose.\n{}#[cfg(test)]\nmod tests {{\n{}}}\n",
                line.repeat(code),
                line.repeat(tests)
            );
            let (failed, warned) = told(&text, &[]);
            assert_eq!((failed.len(), warned), (failures, warnings), "{failed:?}");
            // Tests that stand first hide no line of what follows.
            let text = format!(
                "//! Purpose.\n#[cfg(test)]\nmod tests {{\n{}}}\n{}",
                line.repeat(tests),
                line.repeat(code)
            );
            assert_eq!(told(&text, &[]).0.len(), failures);
        }
    }

    #[test]
    fn a_function_has_at_most_80_lines() {
        for (lines, failures) in [(80, 0), (81, 1)] {
            let body = "    x();\n".repeat(lines - 2);
            let text = format!("//! Purpose.\nfn long() {{\n{body}}}\n");
            let (failed, _) = told(&text, &[]);
            assert_eq!(failed.len(), failures, "{failed:?}");
            let (failed, _) = told(
                &text,
                &[Exception::function("crates/x/src/a.rs", "long", "a list")],
            );
            // The exception holds, or is reported to be of no use.
            assert_eq!(failed.len(), 1 - failures, "{failed:?}");
        }
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        let (failed, _) = told("fn f() {}\n", &[]);
        assert_eq!(
            failed,
            ["crates/x/src/a.rs must open with what it is for (`//!`)"]
        );
    }

    #[test]
    fn sources_are_told_from_tests() {
        for (name, wanted) in [
            ("crates/x/src/lib.rs", true),
            ("examples/weave/src/a/b.rs", true),
            ("crates/x/src/a/tests.rs", false),
            ("crates/x/src/a/tests/b.rs", false),
            ("crates/x/tests/src/b.rs", false),
            ("crates/x/examples/a.rs", false),
            ("crates/x/src/a.txt", false),
        ] {
            assert_eq!(is_source(name), wanted, "{name}");
        }
        let of = |name: &str| {
            let source = Source::of("#[cfg(test)]\nmod fixtures;\n").unwrap();
            test_files(&BTreeMap::from([(name.to_owned(), source)]))
        };
        assert_eq!(of("crates/x/src/lib.rs")[0], "crates/x/src/fixtures.rs");
        assert_eq!(of("crates/x/src/a/mod.rs")[1], "crates/x/src/a/fixtures/");
        assert_eq!(of("crates/x/src/a.rs")[0], "crates/x/src/a/fixtures.rs");
    }
}
