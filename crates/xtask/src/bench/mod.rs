//! What recording costs, beside the same app without it.
//!
//! Single runs lie on a shared machine: two equal arms differ by a quarter. So all arms run at the
//! same time, each gets short slices of requests in random order, and differences are paired
//! within a cycle; an arm that equals the base (`off again`) shows how much of a difference is
//! noise.
//!
//! CPU is what the kernel counts per thread of the app's process (the client is this one), less
//! what the same process uses while nobody asks it for anything. Nothing may be lost meanwhile, for
//! what is lost costs less.

mod arms;
mod client;
mod cpu;
mod instructions;
mod kept;
mod load;
mod memory;
mod pages;
mod price;
mod report;
mod sink;
mod slices;
mod spread;
mod weave;
mod writer;

use std::path::PathBuf;

use clap::Args;

use self::{
    arms::{Arm, BEFORE_AND_NOW, PEERS, RECORDING},
    price::Price,
};
use crate::{
    Result,
    process::{self, Folder},
    root, say,
    services::{Need, Postgres, provide},
};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Cycles; each gives one ratio per arm and address. More narrow the ranges: one takes ten
    /// seconds per database.
    #[arg(long, default_value_t = 14)]
    cycles: usize,

    /// Databases to measure on.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    databases: Vec<String>,

    /// Measure only what plans add while several people use the app at once, on PostgreSQL.
    #[arg(long)]
    load: bool,

    /// Measure only beside weave of another commit: the path of its program, built in release.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "load")]
    before: Option<PathBuf>,

    /// Measure only beside what others take: lines of log, hotpath, OpenTelemetry. Builds a small
    /// app with them.
    #[arg(long, conflicts_with_all = ["load", "before"])]
    peers: bool,

    /// Count instructions of the paths through us instead, and compare with what was accepted.
    #[arg(long, conflicts_with_all = ["cycles", "databases", "load", "before", "peers"])]
    instructions: bool,

    /// Measure only how long pages and calls of the API take over a store of so many requests.
    #[arg(long, value_name = "REQUESTS", conflicts_with_all = ["cycles", "databases", "load", "instructions"])]
    pages: Option<u64>,

    /// The store to measure pages on; made where it is not there.
    #[arg(long, value_name = "FILE", requires = "pages")]
    store: Option<PathBuf>,

    /// Accept the instructions that are counted.
    #[arg(long, requires = "instructions")]
    accept: bool,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result {
    if options.instructions {
        return instructions::run(options.accept);
    }
    if let Some(requests) = options.pages {
        return pages::report(requests, options.store.as_deref());
    }
    process::run(process::cargo().args(["build", "--release", "--quiet", "--package", "weave"]))?;
    if options.peers {
        build_peers()?;
    }
    let is_compared = options.peers || options.before.is_some();
    let mut prices = Vec::new();
    let databases = match options.load {
        true => &["postgres".to_owned()],
        false => &options.databases[..],
    };
    for database in databases {
        match database.as_str() {
            "sqlite" => prices.extend(measure("SQLite", None, options)?),
            "postgres" => {
                let server;
                let url = match std::env::var("SILK_TEST_POSTGRES") {
                    Ok(url) => url,
                    Err(_) => {
                        provide(&[Need::POSTGRES])?;
                        server = Postgres::start()?;
                        server.url.clone()
                    }
                };
                if !options.load {
                    prices.extend(measure("PostgreSQL", Some(&url), options)?);
                }
                if !is_compared {
                    say("measuring plans under load");
                    prices.extend(load::report(&url, options.cycles)?);
                }
            }
            other => return Err(format!("`{other}` is not sqlite or postgres").into()),
        }
    }
    if is_compared {
        return Ok(());
    }
    if options.load {
        price::print(&prices);
        return Ok(());
    }
    say("measuring what is kept, and memory");
    let folder = Folder::new()?;
    let database = format!("sqlite:{}", folder.path().join("weave.db").display());
    kept::report(&database, folder.path())?;
    prices.extend(memory::report(&database, folder.path())?);
    prices.extend(writer::report()?);
    price::print(&prices);
    Ok(())
}

fn measure(name: &str, url: Option<&str>, options: &Options) -> Result<Vec<Price>> {
    let cycles = options.cycles;
    say(format_args!("measuring on {name}, {cycles} cycles"));
    let (arms, before): (&[Arm], _) = match &options.before {
        Some(before) => (&BEFORE_AND_NOW, Some(before.canonicalize()?)),
        None if options.peers => (&PEERS, None),
        None => (&RECORDING, None),
    };
    let slices = slices::measure(slices::Plan {
        url,
        arms,
        before: before.as_deref(),
        cycles,
    })?;
    report::print(name, arms, &slices);
    Ok(match options.peers {
        true => Vec::new(),
        false => report::prices(name, &slices),
    })
}

/// Builds the small app, beside what is built here already.
fn build_peers() -> Result {
    process::run(
        process::cargo()
            .args([
                "build",
                "--release",
                "--quiet",
                "--locked",
                "--manifest-path",
            ])
            .arg(root().join("crates/bench-app/Cargo.toml"))
            .arg("--target-dir")
            .arg(target()),
    )
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}
