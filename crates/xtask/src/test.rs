//! `cargo xtask test` and `cargo xtask servers`: every test, and the servers they need.

use std::{thread, time::Duration};

use clap::Args;

use crate::{
    Result, process, say,
    services::{self, Browser, MariaDb, Need, Postgres, provide, provide_hypopg},
};

/// Options of `cargo xtask test`.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// What generated cases are made from; without it each run makes others.
    #[arg(long)]
    seed: Option<u64>,
    /// Given to `cargo test` instead of `--workspace`: `-p weave --test postgres`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Options {
    /// All tests, with cases made from `seed`.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            seed: Some(seed),
            ..Self::default()
        }
    }
}

/// Runs all tests, those that need servers and a browser too.
pub(crate) fn run(options: &Options) -> Result {
    provide(&[
        Need::POSTGRES,
        Need::MARIADB,
        Need::CHROMIUM,
        Need::NPM,
        Need::NGINX,
        Need::PGBOUNCER,
    ])?;
    provide_hypopg()?;
    let browser = Browser::find()?;
    say("starting PostgreSQL, the newest PostgreSQL and MariaDB");
    let postgres = Postgres::start()?;
    let newest = Postgres::start_newest()?;
    let mariadb = MariaDb::start()?;

    let mut cargo = process::cargo();
    cargo.arg("test");
    // What stands after `--` is for the tests themselves.
    let mut arguments = options.arguments.split(|argument| argument == "--");
    let for_cargo = arguments.next().unwrap_or_default();
    if for_cargo.is_empty() {
        cargo.arg("--workspace");
    }
    cargo
        .args(for_cargo)
        .args(["--", "--include-ignored"])
        .args(arguments.flatten())
        .envs(
            options
                .seed
                .map(|seed| ("PROPTEST_RNG_SEED", seed.to_string())),
        )
        .env("SILK_TEST_POSTGRES", &postgres.url)
        .env("SILK_TEST_POSTGRES_NEWEST", &newest.url)
        .env("SILK_TEST_MYSQL", &mariadb.url)
        .env("SILK_TEST_CHROMIUM", browser.chromium)
        .env("SILK_TEST_CHROMEDRIVER", browser.chromedriver)
        .env("SILK_TEST_AXE", browser.axe)
        .env("SILK_TEST_NGINX", services::nginx()?)
        .env("SILK_TEST_PGBOUNCER", services::pgbouncer()?);
    process::run(&mut cargo)
}

/// Starts the servers and waits.
#[expect(clippy::print_stdout, reason = "to be pasted into a shell")]
pub(crate) fn servers() -> Result {
    provide(&[
        Need::POSTGRES,
        Need::MARIADB,
        Need::NPM,
        Need::NGINX,
        Need::PGBOUNCER,
    ])?;
    provide_hypopg()?;
    let postgres = Postgres::start()?;
    println!("export SILK_TEST_POSTGRES={}", postgres.url);
    let newest = Postgres::start_newest()?;
    println!("export SILK_TEST_POSTGRES_NEWEST={}", newest.url);
    let mariadb = MariaDb::start()?;
    println!("export SILK_TEST_MYSQL={}", mariadb.url);
    if let Ok(browser) = Browser::find() {
        println!("export SILK_TEST_CHROMIUM={}", browser.chromium.display());
        println!(
            "export SILK_TEST_CHROMEDRIVER={}",
            browser.chromedriver.display()
        );
        println!("export SILK_TEST_AXE={}", browser.axe.display());
    }
    println!("export SILK_TEST_NGINX={}", services::nginx()?.display());
    println!(
        "export SILK_TEST_PGBOUNCER={}",
        services::pgbouncer()?.display()
    );
    say("running until Ctrl-C");
    loop {
        thread::sleep(Duration::from_secs(3_600));
    }
}
