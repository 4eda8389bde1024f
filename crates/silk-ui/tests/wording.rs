//! How things are said: what once read oddly is not said again, in templates, in the strings of
//! every crate, in README, or on a drawn page.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is not said, and what is said instead. A `*` stands for what a line has there.
const INSTEAD: &[(&str, &str)] = &[
    (
        "was read * by the same statement",
        "The same query on person ran 100 times, from messages.rs:61",
    ),
    (
        "queries took * together",
        "The 100 queries took 106 ms in total.",
    ),
    (
        "come one by one from",
        "Each value comes from a row of query 1 (100 rows).",
    ),
    ("one query for all of them", "Fix: one query instead of 100"),
    (
        "went into waiting for a connection",
        "Spent 41.6 of 42.7 ms waiting for a free connection.",
    ),
    (
        "No connection of the pool came",
        "The client gave up after 445 ms; no connection was free.",
    ),
    (
        "It waited once",
        "One wait; the queries themselves took 245 µs.",
    ),
    (
        "help only where the database is idle",
        "Raising max_connections helps only if the database has capacity to spare.",
    ),
    (
        "the pool was not short of",
        "so connections were available; the time went into checking them",
    ),
    ("\"head after\"", "response started after 1.40 s"),
    ("\"polling\"", "running your code"),
    (">polling", "running your code"),
    (
        "of it, app between rows",
        "time your code spent between rows",
    ),
    ("Where it stood", "Position in the request"),
    (
        "is not at hand below",
        "Source not found: start the app in its workspace, or set the source root.",
    ),
    (
        "asks on a connection of its own, read-only",
        "EXPLAIN only plans the query, on Silk's own read-only connection.",
    ),
    (
        "runs the statement again",
        "ANALYZE runs the query again, after you confirm.",
    ),
    ("of another run", "plan from another run"),
    (">It has none.", "No parameters."),
    (
        "The plan of the recorded run itself",
        "Plan and row counts of this very execution.",
    ),
    (
        "stopped early, by whoever",
        "may have stopped early (LIMIT)",
    ),
    ("wrong if ", "ignore this if you need all rows"),
    ("expected → given", "Rows: estimated → actual"),
    (">Form<", "plan shape"),
    ("the same form", "the same plan shape"),
    ("Plans by form", "Plans by shape"),
    (
        "the planner knows nothing and guesses",
        "The planner has no statistics for 2 indexed tables, so it guesses between indexes.",
    ),
    (
        "asked just now, read-only",
        "checked just now (read-only, time-limited)",
    ),
    ("\"to look at\"", "check"),
    ("\"not known\"", "unknown"),
    (
        "the planner and the server go by",
        "Planner and server settings.",
    ),
    (">0 s ago", "just now"),
    (
        "Queries are per request, on average",
        "“Queries” is the average per request.",
    ),
    ("condition is to hold", "All filters apply together."),
    ("Take one away", "Remove one above"),
    ("Take a condition away", "Remove one above"),
    (
        "” is to be ",
        "min_duration_ms must be a number of milliseconds; got “abc”.",
    ),
    ("how the profiler fares", "profiler health"),
    ("it stands here", "it appears here within a second"),
    ("mends it", "fixes it"),
    (
        "kept in * go, with",
        "This deletes all 48 requests in weave-silk.db, with statistics, statements and plans.",
    ),
    ("There is no way back", "It cannot be undone."),
    ("as far as time goes", "(estimated from planner cost)"),
    ("the one to have", "recommended"),
    ("to keep it up<", "write cost"),
    ("for each row inserted", "about 24 bytes per inserted row"),
    ("not known to be harmless", "This may have side effects"),
    (
        "which nothing holds back",
        "and a superuser is not stopped by read-only mode. Run anyway?",
    ),
    ("run it all the same", "Run anyway?"),
    ("Nothing to remark", "No findings in the last hour."),
    ("</code> says most", "gives the most detail"),
    (
        "give what the database prints",
        "paste the complete EXPLAIN output",
    ),
];

/// Where a pattern stands in a line.
fn finds(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Files with these endings below a folder.
fn files(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            files(&path, endings, into);
        } else if ending.is_some_and(|ending| endings.contains(&ending)) {
            into.push(path);
        }
    }
}

/// What people get to read of a file: of Rust the code, without comments and unit tests.
fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    if path.extension().is_none_or(|ending| ending != "rs") {
        return text;
    }
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    // A string that goes on in the next line is read as one.
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| match line.strip_suffix('\\') {
            Some(start) => start.trim_start().to_owned(),
            None => format!("{}\n", line.trim_start()),
        })
        .collect()
}

#[test]
fn what_read_oddly_is_said_plainly_everywhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["concepts", "guides", "reference"] {
        files(&root.join("docs").join(folder), &["md"], &mut all);
    }
    files(&root.join("ui-templates"), &["html", "js"], &mut all);
    files(
        &root.join("crates/silk-ui/tests/snapshots"),
        &["html"],
        &mut all,
    );
    for folder in ["crates", "examples"] {
        let Ok(members) = fs::read_dir(root.join(folder)) else {
            continue;
        };
        for member in members.flatten() {
            files(&member.path().join("src"), &["rs"], &mut all);
        }
    }
    assert!(all.len() > 300, "only {} files were found", all.len());
    let mut odd = Vec::new();
    for path in &all {
        for line in read(path).lines() {
            for (pattern, instead) in INSTEAD.iter().filter(|(pattern, _)| finds(pattern, line)) {
                let place = path.strip_prefix(&root).unwrap_or(path).display();
                odd.push(format!("{place}: “{pattern}”; say “{instead}”"));
            }
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

#[test]
fn patterns_find_what_they_are_for() {
    assert!(finds(
        "queries took * together",
        "100 queries took 106 ms together."
    ));
    assert!(!finds(
        "queries took * together",
        "together 100 queries took 106 ms"
    ));
    for (pattern, instead) in INSTEAD {
        assert!(!finds(pattern, instead), "{pattern}");
    }
}
