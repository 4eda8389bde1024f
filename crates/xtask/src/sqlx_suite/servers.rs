//! The databases that the tests run on, made anew for each way.

use std::{fs, path::Path, process::Command};

use crate::{
    Result, process,
    services::{MariaDb, Need, Postgres, provide, require},
};

/// A server, or none for SQLite.
#[derive(Debug)]
pub(super) enum Server {
    Postgres(Postgres),
    MySql(MariaDb),
    Sqlite,
}

impl Server {
    pub(super) fn start(database: &str) -> Result<Self> {
        match database {
            "postgres" => {
                provide(&[Need::POSTGRES])?;
                Ok(Self::Postgres(Postgres::start()?))
            }
            "mysql" => {
                provide(&[Need::MARIADB])?;
                Ok(Self::MySql(MariaDb::start()?))
            }
            _ => Ok(Self::Sqlite),
        }
    }

    /// Makes the database as sqlx's own set-up says; how to reach it.
    pub(super) fn prepare(&self, folder: &Path, sqlx: &Path) -> Result<String> {
        match self {
            Self::Postgres(server) => {
                let url = in_database(&server.url)?;
                let psql = require("psql")?;
                process::run_quietly(
                    Command::new(&psql)
                        .args(["--no-psqlrc", "--quiet", &server.url])
                        .args(["--command", "drop database if exists sqlx with (force)"])
                        .args(["--command", "create database sqlx"]),
                )?;
                process::run_quietly(
                    Command::new(&psql)
                        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", &url])
                        .arg("--file")
                        .arg(sqlx.join("tests/postgres/setup.sql")),
                )?;
                Ok(url)
            }
            Self::MySql(server) => {
                let url = in_database(&server.url)?;
                let anew = "drop database if exists sqlx; drop user if exists 'no_password'@'%'; \
                            create database sqlx character set utf8mb4";
                process::run_quietly(client(&server.url)?.args(["--execute", anew]))?;
                for script in ["setup.sql", "setup-mariadb.sql"] {
                    let set_up = fs::File::open(sqlx.join("tests/mysql").join(script))?;
                    process::run_quietly(client(&server.url)?.arg("sqlx").stdin(set_up))?;
                }
                Ok(url)
            }
            Self::Sqlite => {
                let file = folder.join("sqlite.db");
                for end in ["", "-wal", "-shm", "-journal"] {
                    let _is_gone = fs::remove_file(folder.join(format!("sqlite.db{end}")));
                }
                // Made by sqlx from its set-up, and published with its tests.
                fs::write(&file, fs::read(sqlx.join("tests/sqlite/sqlite.db"))?)?;
                Ok(format!("sqlite://{}", file.display()))
            }
        }
    }
}

/// The same server, database `sqlx`: sqlx's set-up names it so.
fn in_database(url: &str) -> Result<String> {
    let (server, _) = url
        .rsplit_once('/')
        .ok_or("the server's URL names no database")?;
    Ok(format!("{server}/sqlx"))
}

/// MariaDB's client, set up to connect as the URL says.
fn client(url: &str) -> Result<Command> {
    let address = url
        .rsplit_once('@')
        .and_then(|(_, rest)| rest.split_once('/'));
    let (host, port) = address
        .and_then(|(address, _)| address.split_once(':'))
        .ok_or("the server's URL names no port")?;
    let mut command = Command::new(require("mariadb")?);
    command
        .args(["--no-defaults", "--user=silk", "--password=silk"])
        .arg(format!("--host={host}"))
        .arg(format!("--port={port}"));
    Ok(command)
}
