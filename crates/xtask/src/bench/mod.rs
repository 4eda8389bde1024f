//! What recording costs, beside the same app without it.
//!
//! Single runs lie on a shared machine: two equal arms differ by a quarter. So all arms run at the
//! same time, each gets short slices of requests in random order, and differences are paired
//! within a cycle; an arm that equals the base (`off again`) shows how much of a difference is
//! noise. CPU is what the kernel counts per thread, not wall time.

mod arm;
mod client;
mod cpu;
mod kept;
mod report;
mod slices;

use clap::Args;

use crate::{
    Result, process, say,
    services::{Need, Postgres, provide},
};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Cycles; each gives one paired difference per arm and address. More narrow the ranges.
    #[arg(long, default_value_t = 15)]
    cycles: usize,

    /// Databases to measure on.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    databases: Vec<String>,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result {
    process::run(process::cargo().args(["build", "--release", "--quiet", "--package", "weave"]))?;
    for database in &options.databases {
        match database.as_str() {
            "sqlite" => measure("SQLite", None, options.cycles)?,
            "postgres" => match std::env::var("SILK_TEST_POSTGRES") {
                Ok(url) => measure("PostgreSQL", Some(&url), options.cycles)?,
                Err(_) => {
                    provide(&[Need::POSTGRES])?;
                    let server = Postgres::start()?;
                    measure("PostgreSQL", Some(&server.url), options.cycles)?;
                }
            },
            other => return Err(format!("`{other}` is not sqlite or postgres").into()),
        }
    }
    kept::report()?;
    writer_rate()
}

fn measure(name: &str, url: Option<&str>, cycles: usize) -> Result {
    say(format_args!("measuring on {name}, {cycles} cycles"));
    let slices = slices::measure(url, cycles)?;
    report::print(name, &slices);
    Ok(())
}

/// The writer alone, by the example of the store crate.
fn writer_rate() -> Result {
    let example = crate::root().join("crates/silk-store/examples/write_rate.rs");
    if !example.is_file() {
        say("the store has no example write_rate; its rate is not measured");
        return Ok(());
    }
    process::run(
        process::cargo()
            .args(["run", "--release", "--quiet", "--package", "silk-store"])
            .args(["--example", "write_rate"]),
    )
}
