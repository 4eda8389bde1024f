//! sqlx's own published tests, raw and through Silk's pool.
//!
//! Nothing of them is kept here: they are taken from the registry's crate, adapted by the rules of
//! `adapt.rs`, and built below `target/sqlx-suite/`.

mod adapt;
mod build;
mod report;
mod servers;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use clap::Args;

use self::{
    adapt::Changes,
    build::{LEFT_OUT, SUITES, Suite},
    report::{Compared, Outcomes},
    servers::Server,
};
use crate::{Result, metadata::Metadata, process::Running, say};

/// How long the tests of one file may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Options of `cargo xtask sqlx-suite`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this database: postgres, mysql (a MariaDB) or sqlite. May be given more than once.
    #[arg(long, value_parser = ["postgres", "mysql", "sqlite"])]
    database: Vec<String>,
}

/// How the tests reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Raw,
    Ours,
}

/// Runs all files both ways, prints the table, and fails where a test differs.
#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
pub(crate) fn run(options: &Options) -> Result {
    let metadata = Metadata::read()?;
    let sqlx = metadata
        .packages
        .iter()
        .find(|package| package.name == "sqlx")
        .ok_or("sqlx is no dependency of ours")?;
    let folder = metadata.target_directory.join("sqlx-suite");
    let suites: Vec<&Suite> = SUITES
        .iter()
        .filter(|suite| {
            options.database.is_empty()
                || options.database.iter().any(|name| name == suite.database)
        })
        .collect();
    let changes = build::write(&folder, sqlx, &suites)?;
    println!("sqlx {}: {} files", sqlx.version, changes.len());
    print_changes(&changes);

    let mut files = Vec::new();
    for suite in suites {
        let server = Server::start(suite.database)?;
        let mut raw = run_way(&folder, suite, Way::Raw, &server, &sqlx.folder())?;
        let mut ours = run_way(&folder, suite, Way::Ours, &server, &sqlx.folder())?;
        let of_suite = format!("{}/", suite.database);
        for file in changes
            .keys()
            .filter_map(|file| file.strip_prefix(&of_suite))
        {
            let (ours, recorded) = ours.remove(file).unwrap_or_default();
            files.push(Compared {
                file: format!("{of_suite}{file}"),
                raw: raw.remove(file).unwrap_or_default().0,
                ours,
                recorded,
            });
        }
    }
    println!("{}", report::table(&files));
    for (name, reason) in LEFT_OUT {
        println!("left out: {name}.rs ({reason})");
    }
    let differing: usize = files.iter().map(|file| file.differing().len()).sum();
    let empty = files
        .iter()
        .filter(|file| file.raw.is_empty() || file.ours.is_empty());
    match (differing, empty.count()) {
        (0, 0) => Ok(()),
        (tests, files) => Err(format!("{tests} tests differ, {files} files did not run").into()),
    }
}

#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
fn print_changes(changes: &BTreeMap<String, Changes>) {
    let mut all = Changes::default();
    for (file, changed) in changes {
        all += *changed;
        println!(
            "adapted {file}: {} attributes, {} connections and pools, {} types",
            changed.attributes, changed.instrumented, changed.annotations
        );
    }
    println!(
        "adapted in total: {} attributes, {} connections and pools, {} types",
        all.attributes, all.instrumented, all.annotations
    );
}

/// Builds and runs the files of a database one way, on a fresh database; with what was recorded.
fn run_way(
    folder: &Path,
    suite: &Suite,
    way: Way,
    server: &Server,
    sqlx: &Path,
) -> Result<BTreeMap<String, (Outcomes, String)>> {
    let url = server.prepare(folder, sqlx)?;
    say(format_args!(
        "building the tests of {}, {way:?}",
        suite.database
    ));
    let programs = build::build(folder, &folder.join("target"), suite, way, &url)?;
    let mut outcomes = BTreeMap::new();
    for (file, program) in programs {
        say(format_args!("running {}/{file}, {way:?}", suite.database));
        let home = folder.join(format!("suite-{}", suite.database));
        let log = home.join(format!("{file}-{way:?}.txt").to_lowercase());
        let counts = home.join(format!("{file}-counts.txt"));
        let _is_new = fs::remove_file(&counts);
        run_file(&program, &home, &log, &counts, &url)?;
        let recorded = fs::read_to_string(&counts).unwrap_or_default();
        outcomes.insert(file, (report::parse(&fs::read_to_string(&log)?), recorded));
    }
    Ok(outcomes)
}

/// Runs the tests of one file, one after the other; their output is in `log`.
fn run_file(program: &PathBuf, home: &Path, log: &Path, counts: &Path, url: &str) -> Result {
    let output = fs::File::create(log)?;
    let mut running = Running::start(
        Command::new(program)
            .args(["--test-threads=1", "--color=never"])
            .current_dir(home)
            .env("DATABASE_URL", url)
            .env("SQLX_SUITE_COUNTS", counts)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output),
    )?;
    let until = Instant::now() + PATIENCE;
    // Whether it failed is in its output.
    while running.expect_alive().is_ok() {
        if Instant::now() > until {
            say(format_args!("{} did not end in time", program.display()));
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    running.stop(Duration::ZERO);
    Ok(())
}
