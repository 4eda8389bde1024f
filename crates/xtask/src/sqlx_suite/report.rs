//! What libtest said, and how raw and ours compare.

use std::{collections::BTreeMap, fmt};

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    Ignored,
}

/// The tests of one file, by name.
pub(super) type Outcomes = BTreeMap<String, Outcome>;

/// Reads the lines `test NAME ... ok` of libtest.
pub(super) fn parse(output: &str) -> Outcomes {
    output.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(String, Outcome)> {
    let (name, said) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let outcome = match said.split([',', ' ']).next()? {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Ignored,
        _ => return None,
    };
    Some((name.to_owned(), outcome))
}

/// One file of tests, run both ways.
#[derive(Debug)]
pub(super) struct Compared {
    /// `postgres/types`.
    pub(super) file: String,
    pub(super) raw: Outcomes,
    pub(super) ours: Outcomes,
    /// What Silk recorded of ours: jobs, queries in them, queries outside of any, records lost.
    pub(super) recorded: String,
}

impl Compared {
    /// Tests that ended otherwise, or on one side only: name, raw, ours.
    pub(super) fn differing(&self) -> Vec<(&str, Option<Outcome>, Option<Outcome>)> {
        let only_ours = self
            .ours
            .keys()
            .filter(|name| !self.raw.contains_key(*name));
        self.raw
            .keys()
            .chain(only_ours)
            .map(|name| {
                (
                    name.as_str(),
                    self.raw.get(name).copied(),
                    self.ours.get(name).copied(),
                )
            })
            .filter(|(_, raw, ours)| raw != ours)
            .collect()
    }

    /// Tests that failed both ways.
    pub(super) fn failing_both_ways(&self) -> impl Iterator<Item = &str> {
        let failed = |outcomes: &Outcomes, name: &str| outcomes.get(name) == Some(&Outcome::Failed);
        self.raw
            .keys()
            .map(String::as_str)
            .filter(move |name| failed(&self.raw, name) && failed(&self.ours, name))
    }
}

/// Passed, failed and ignored.
struct Counts<'a>(&'a Outcomes);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |outcome| self.0.values().filter(|value| **value == outcome).count();
        let text = format!(
            "{} / {} / {}",
            count(Outcome::Passed),
            count(Outcome::Failed),
            count(Outcome::Ignored)
        );
        f.pad(&text)
    }
}

/// The table, as Markdown, with the tests that differ or fail both ways below it.
pub(super) fn table(files: &[Compared]) -> String {
    let mut lines = vec![
        "| file | raw: passed / failed / ignored | ours: passed / failed / ignored | differ | recorded: jobs, queries, unattributed, lost |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for file in files {
        lines.push(format!(
            "| {} | {} | {} | {} | {} |",
            file.file,
            Counts(&file.raw),
            Counts(&file.ours),
            file.differing().len(),
            file.recorded
        ));
    }
    for file in files {
        for (name, raw, ours) in file.differing() {
            let said = |outcome: Option<Outcome>| {
                outcome.map_or("not run".to_owned(), |it| format!("{it:?}"))
            };
            lines.push(format!(
                "differs: {} {name}: raw {}, ours {}",
                file.file,
                said(raw),
                said(ours)
            ));
        }
        for name in file.failing_both_ways() {
            lines.push(format!("fails both ways: {} {name}", file.file));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\nrunning 5 tests\ntest a ... ok\ntest inner::b ... FAILED\n\
        test c ... ignored\ntest d ... ignored, needs a server\n\
        test e - should panic ... ok\n\nfailures:\n\n---- inner::b stdout ----\n\
        test of mine ... nonsense\ntest result: FAILED. 2 passed; 1 failed; 2 ignored; \n";

    #[test]
    fn the_lines_of_tests_are_read_and_nothing_else() {
        let outcomes = parse(OUTPUT);
        let expected = [
            ("a", Outcome::Passed),
            ("c", Outcome::Ignored),
            ("d", Outcome::Ignored),
            ("e - should panic", Outcome::Passed),
            ("inner::b", Outcome::Failed),
        ];
        assert_eq!(
            outcomes,
            expected
                .map(|(name, outcome)| (name.to_owned(), outcome))
                .into()
        );
    }

    #[test]
    fn what_differs_or_ran_once_only_is_named() {
        let file = Compared {
            file: "postgres/x".to_owned(),
            raw: parse("test a ... ok\ntest b ... ok\ntest c ... FAILED\ntest d ... ok\n"),
            ours: parse("test a ... ok\ntest b ... FAILED\ntest c ... FAILED\ntest e ... ok\n"),
            recorded: "4 9 0 0".to_owned(),
        };
        assert_eq!(
            file.differing(),
            [
                ("b", Some(Outcome::Passed), Some(Outcome::Failed)),
                ("d", Some(Outcome::Passed), None),
                ("e", None, Some(Outcome::Passed)),
            ]
        );
        assert_eq!(file.failing_both_ways().collect::<Vec<_>>(), ["c"]);
        let table = table(&[file]);
        assert!(table.contains("| postgres/x | 3 / 1 / 0 | 2 / 2 / 0 | 3 | 4 9 0 0 |"));
        assert!(table.contains("differs: postgres/x d: raw Passed, ours not run"));
        assert!(table.contains("fails both ways: postgres/x c"));
    }
}
