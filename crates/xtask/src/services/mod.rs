//! What the tests need beside cargo: database servers and a browser.

mod browser;
mod mariadb;
mod newest;
mod packages;
mod postgres;

use std::{
    net::TcpListener,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

pub(crate) use browser::Browser;
pub(crate) use mariadb::MariaDb;
pub(crate) use packages::{Need, provide, provide_hypopg};
pub(crate) use postgres::Postgres;

use crate::{Result, process::Running};

/// Where a program is: on the path, or in one of the folders that distributions hide it in.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let hidden = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from);
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    std::env::split_paths(&path)
        .chain(hidden)
        .chain(versions.map(|version| version.path().join("bin")))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Where PgBouncer is.
pub(crate) fn pgbouncer() -> Result<PathBuf> {
    require("pgbouncer")
}

/// Where nginx is.
pub(crate) fn nginx() -> Result<PathBuf> {
    require("nginx")
}

/// Where a program is; an error if it is not installed.
pub(crate) fn require(program: &str) -> Result<PathBuf> {
    find(program).ok_or_else(|| format!("{program} is not installed").into())
}

/// A loopback port that nobody listens on at the moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn is_root() -> bool {
    // The owner of our own entry is who we are.
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Tries `probe` until it succeeds; an error if the server ends or a minute has passed.
fn wait_until(server: &mut Running, name: &str, mut probe: impl FnMut() -> Command) -> Result {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        server.expect_alive()?;
        if probe().output().is_ok_and(|output| output.status.success()) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("{name} does not answer").into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
