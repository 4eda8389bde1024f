//! A throw-away PostgreSQL server.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{free_port, is_root, newest, require, wait_until};
use crate::{
    Result,
    process::{self, Folder, Running},
};

/// A PostgreSQL server that is gone when dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    // Dropped in this order: the server first, then its files.
    _server: Running,
    _folder: Folder,
    /// How to connect.
    pub(crate) url: String,
}

impl Postgres {
    /// Starts the distribution's on a free port, with its files in a temporary folder.
    pub(crate) fn start() -> Result<Self> {
        Self::start_from(Folder::new()?, require("initdb")?, require("postgres")?)
    }

    /// Starts the newest, whose plans have what older ones have not.
    pub(crate) fn start_newest() -> Result<Self> {
        let folder = Folder::new()?;
        let bin = newest::unpack(folder.path())?.join("bin");
        Self::start_from(folder, bin.join("initdb"), bin.join("postgres"))
    }

    fn start_from(folder: Folder, initdb: PathBuf, postgres: PathBuf) -> Result<Self> {
        let home = folder.path().join("postgres");
        fs::create_dir(&home)?;
        if is_root() {
            // It refuses to run as root; the package brings a user for it.
            process::run_quietly(Command::new("chown").arg("postgres").arg(&home))?;
        }
        let data = home.join("data");
        process::run_quietly(
            as_postgres(initdb)
                .args([
                    "--auth=trust",
                    "--username=silk",
                    "--encoding=UTF8",
                    "--no-sync",
                ])
                .arg("--pgdata")
                .arg(&data)
                .current_dir(&home),
        )?;
        let port = free_port()?;
        let mut server = Running::start(
            as_postgres(postgres)
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-k"])
                .arg(&home)
                .args([
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    "max_connections=200",
                ])
                // Nothing of it outlives us.
                .args(["-c", "fsync=off", "-c", "synchronous_commit=off"])
                .args(["-c", "full_page_writes=off", "-c", "autovacuum=off"])
                .current_dir(&home)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.path().join("postgres.log"))?),
        )?;
        let createdb = require("createdb")?;
        let port = port.to_string();
        wait_until(&mut server, "PostgreSQL", || {
            let mut command = Command::new(&createdb);
            command.args(["-h", "127.0.0.1", "-p", &port, "-U", "silk", "silk"]);
            command
        })?;
        let url = format!("postgres://silk@127.0.0.1:{port}/silk");
        Ok(Self {
            _server: server,
            _folder: folder,
            url,
        })
    }
}

/// The program, as the user `postgres` where we are root.
fn as_postgres(program: PathBuf) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}
