//! `silk check`: recordings of tests against a baseline, as a verdict for a pull request.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use silk_core::{
    recording::Recording,
    words::{counted, duration},
};

use crate::{
    screen::Screen,
    show::one_line,
    trouble::{Result, Trouble},
};

/// The version of the baseline's file.
const VERSION: u32 = 1;

/// What a check is given.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Folder of the recordings.
    pub(crate) recordings: PathBuf,
    pub(crate) baseline: Option<PathBuf>,
    /// Whether the recordings become the baseline.
    pub(crate) write: bool,
    /// Queries that no recording may pass.
    pub(crate) max_queries: Option<u64>,
    /// 95th percentile that no route may pass, in ms.
    pub(crate) max_p95_ms: Option<u64>,
}

/// What recordings were when they were accepted.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    version: u32,
    recordings: Vec<Recording>,
}

/// What is worse, and what else changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    problems: Vec<String>,
    changes: Vec<String>,
}

/// Checks, and prints the verdict as Markdown.
///
/// # Errors
/// The answer is no, or a file cannot be read.
pub(crate) fn run(screen: Screen, options: &Options) -> Result<()> {
    let recordings = read_folder(&options.recordings)?;
    if options.write {
        let path = options.baseline.as_deref().ok_or_else(|| {
            Trouble::new("Say where the baseline goes.").with_hint("--baseline silk-baseline.json")
        })?;
        write_baseline(path, recordings)?;
        screen.note(&format!("Wrote {}.", path.display()));
        return Ok(());
    }
    let mut verdict = Verdict::default();
    if let Some(path) = &options.baseline {
        compare(&read_baseline(path)?, &recordings, &mut verdict);
    }
    limits(&recordings, options, &mut verdict);
    screen.text(&markdown(&verdict, recordings.len()))?;
    if verdict.problems.is_empty() {
        return Ok(());
    }
    Err(Trouble::no("The check failed.")
        .with_hint("where this is wanted, accept it: silk check --write-baseline"))
}

fn cannot(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(format!("{} cannot be {what}: {error}.", path.display()))
}

fn read_folder(folder: &Path) -> Result<Vec<Recording>> {
    let entries = fs::read_dir(folder).map_err(|error| {
        cannot("read", folder, &error)
            .with_hint("SILK_RECORD=DIR in the environment of the tests makes it")
    })?;
    let mut recordings = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| cannot("read", folder, &error))?
            .path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))?;
            let recording =
                Recording::read(&text).map_err(|error| cannot("read", &path, &error))?;
            recordings.push(recording);
        }
    }
    if recordings.is_empty() {
        return Err(Trouble::new(format!("There is no recording in {}.", folder.display()))
            .with_hint("run the tests with SILK_RECORD=DIR; parts that tower_silk::testing records leave one"));
    }
    recordings.sort_by_key(key);
    Ok(recordings)
}

/// Which recording it is, in every run of the tests.
fn key(recording: &Recording) -> (String, String, String, u32) {
    let Recording {
        package,
        target,
        test,
        number,
        ..
    } = recording;
    (package.clone(), target.clone(), test.clone(), *number)
}

fn write_baseline(path: &Path, recordings: Vec<Recording>) -> Result<()> {
    let baseline = Baseline {
        version: VERSION,
        recordings,
    };
    let text =
        serde_json::to_string_pretty(&baseline).map_err(|error| cannot("written", path, &error))?;
    fs::write(path, text + "\n").map_err(|error| cannot("written", path, &error))
}

fn read_baseline(path: &Path) -> Result<Vec<Recording>> {
    let text = fs::read_to_string(path).map_err(|error| {
        cannot("read", path, &error).with_hint("--write-baseline makes it from these recordings")
    })?;
    let baseline: Baseline =
        serde_json::from_str(&text).map_err(|error| cannot("read", path, &error))?;
    if baseline.version > VERSION {
        return Err(cannot("read", path, &"a newer `silk` wrote it"));
    }
    Ok(baseline.recordings)
}

/// Finds what is worse: more queries, and findings that were not there. New SQL by itself is
/// listed, and is no problem: a fix is new SQL too.
fn compare(baseline: &[Recording], now: &[Recording], verdict: &mut Verdict) {
    let before: BTreeMap<_, _> = baseline.iter().map(|one| (key(one), one)).collect();
    for one in now {
        let name = name(one);
        let Some(old) = before.get(&key(one)) else {
            verdict
                .changes
                .push(format!("{name} is not in the baseline"));
            continue;
        };
        let new_sql = |sql: &str| {
            let known = old.statements.iter().any(|known| known.sql == sql);
            if known { "" } else { ", new" }
        };
        let is_more = one.queries > old.queries;
        if is_more {
            let most = one
                .statements
                .iter()
                .max_by_key(|statement| statement.calls);
            let most = most.map_or_else(String::new, |most| {
                let line = most.call_sites.first();
                let line =
                    line.map_or_else(String::new, |line| format!(" from {}", line.call_site));
                let sql = one_line(&most.sql);
                format!(": `{sql}` ran {}×{line}{}", most.calls, new_sql(&most.sql))
            });
            verdict.problems.push(format!(
                "{name} runs {}, {} before{most}",
                counted(one.queries, "query"),
                old.queries
            ));
        }
        for statement in &one.statements {
            if !new_sql(&statement.sql).is_empty() {
                let sql = one_line(&statement.sql);
                verdict.changes.push(format!("{name} has new SQL: `{sql}`"));
            }
        }
        for finding in &one.findings {
            let is_same = |known: &&silk_core::recording::RecordedFinding| {
                known.rule == finding.rule && known.fingerprint == finding.fingerprint
            };
            if old.findings.iter().find(is_same).is_none() {
                let title = one_line(&finding.title);
                verdict.problems.push(format!(
                    "{name} has a new finding, {}: {title}",
                    finding.rule
                ));
            }
        }
    }
}

fn limits(now: &[Recording], options: &Options, verdict: &mut Verdict) {
    if let Some(most) = options.max_queries {
        for one in now.iter().filter(|one| one.queries > most) {
            let queries = counted(one.queries, "query");
            verdict
                .problems
                .push(format!("{} runs {queries}; {most} are allowed", name(one)));
        }
    }
    let Some(most_us) = options.max_p95_ms.map(|ms| ms.saturating_mul(1_000)) else {
        return;
    };
    let mut routes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for one in now {
        let route = format!("{} {}", one.method, one.route);
        routes.entry(route).or_default().push(one.total_us);
    }
    for (route, mut times) in routes {
        times.sort_unstable();
        let at = (times.len() * 95).div_ceil(100).saturating_sub(1);
        let p95 = times.get(at).copied().unwrap_or_default();
        if p95 > most_us {
            verdict.problems.push(format!(
                "`{}` takes {} at its 95th percentile; {} are allowed",
                one_line(&route),
                duration(p95),
                duration(most_us)
            ));
        }
    }
}

fn name(recording: &Recording) -> String {
    let route = format!("{} {}", recording.method, recording.route);
    format!("`{}` in {}", one_line(&route), one_line(&recording.test))
}

fn markdown(verdict: &Verdict, recordings: usize) -> String {
    let recordings = counted(u64::try_from(recordings).unwrap_or(u64::MAX), "recording");
    let mut out = match verdict.problems.len() {
        0 => format!("### silk check: passed ({recordings})\n"),
        n => {
            let problems = counted(u64::try_from(n).unwrap_or(u64::MAX), "problem");
            format!("### silk check: failed, {problems} ({recordings})\n")
        }
    };
    for (title, lines) in [("Worse", &verdict.problems), ("Changed", &verdict.changes)] {
        if !lines.is_empty() {
            let _ = write!(out, "\n**{title}**\n\n");
            for line in lines {
                let _ = writeln!(out, "- {line}");
            }
        }
    }
    out
}
