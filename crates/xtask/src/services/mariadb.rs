//! A throw-away MariaDB server.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::{free_port, is_root, require, wait_until};
use crate::{
    Result,
    process::{self, Folder, Running},
};

const SET_UP: &str = "CREATE DATABASE silk CHARACTER SET utf8mb4; \
     CREATE USER silk@'127.0.0.1' IDENTIFIED BY 'silk'; \
     CREATE USER silk@localhost IDENTIFIED BY 'silk'; \
     GRANT ALL ON *.* TO silk@'127.0.0.1' WITH GRANT OPTION; \
     GRANT ALL ON *.* TO silk@localhost WITH GRANT OPTION;";

/// A MariaDB server that is gone when dropped.
#[derive(Debug)]
pub(crate) struct MariaDb {
    // Dropped in this order: the server first, then its files.
    _server: Running,
    _folder: Folder,
    /// How to connect.
    pub(crate) url: String,
}

impl MariaDb {
    /// Starts one on a free port, with its files in a temporary folder.
    pub(crate) fn start() -> Result<Self> {
        let folder = Folder::new()?;
        let home = folder.path().join("mariadb");
        fs::create_dir(&home)?;
        if is_root() {
            process::run_quietly(Command::new("chown").arg("mysql").arg(&home))?;
        }
        let data = home.join("data");
        let socket = home.join("socket");
        process::run_quietly(
            Command::new(require("mariadb-install-db")?)
                .args(["--no-defaults", "--auth-root-authentication-method=normal"])
                .args(["--skip-test-db", "--skip-name-resolve"])
                .arg(format!("--datadir={}", data.display()))
                .args(is_root().then_some("--user=mysql")),
        )?;
        let port = free_port()?;
        let mut server = Running::start(
            Command::new(require("mariadbd")?)
                .args(["--no-defaults", "--bind-address=127.0.0.1"])
                .arg(format!("--port={port}"))
                .arg(format!("--datadir={}", data.display()))
                .arg(format!("--socket={}", socket.display()))
                .arg(format!("--pid-file={}", home.join("pid").display()))
                .args(is_root().then_some("--user=mysql"))
                .args(["--skip-name-resolve", "--max-connections=200"])
                // Nothing of it outlives us.
                .args(["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"])
                .arg("--innodb-flush-method=nosync")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.path().join("mariadb.log"))?),
        )?;
        let client = require("mariadb")?;
        wait_until(&mut server, "MariaDB", || {
            let mut command = Command::new(&client);
            command
                .args(["--no-defaults", "--user=root"])
                .arg(format!("--socket={}", socket.display()))
                .args(["--execute", SET_UP]);
            command
        })?;
        let url = format!("mysql://silk:silk@127.0.0.1:{port}/silk");
        Ok(Self {
            _server: server,
            _folder: folder,
            url,
        })
    }
}
