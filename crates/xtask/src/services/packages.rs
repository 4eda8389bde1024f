//! Installing what is missing, where that can be done.

use std::{path::Path, process::Command};

use super::{find, is_root, require};
use crate::{Result, process, say};

/// Something the tests need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// What it is for.
    pub(crate) name: &'static str,
    /// Programs that show that it is there.
    pub(crate) programs: &'static [&'static str],
    /// Debian packages that bring it.
    pub(crate) packages: &'static [&'static str],
}

impl Need {
    /// PostgreSQL's server.
    pub(crate) const POSTGRES: Self = Self {
        name: "PostgreSQL",
        programs: &["initdb", "postgres"],
        packages: &["postgresql"],
    };
    /// MariaDB's server and client.
    pub(crate) const MARIADB: Self = Self {
        name: "MariaDB",
        programs: &["mariadbd", "mariadb-install-db", "mariadb"],
        packages: &["mariadb-server", "mariadb-client"],
    };
    /// A browser and its remote control.
    pub(crate) const CHROMIUM: Self = Self {
        name: "Chromium",
        programs: &["chromium", "chromedriver"],
        packages: &["chromium", "chromium-driver"],
    };
    /// npm, which brings axe-core.
    pub(crate) const NPM: Self = Self {
        name: "npm",
        programs: &["npm", "tar"],
        packages: &["npm"],
    };

    /// A pooler that apps connect through.
    pub(crate) const PGBOUNCER: Self = Self {
        name: "PgBouncer",
        programs: &["pgbouncer"],
        packages: &["pgbouncer"],
    };
    /// A web server that the dashboard is put behind.
    pub(crate) const NGINX: Self = Self {
        name: "nginx",
        programs: &["nginx"],
        packages: &["nginx-light"],
    };

    /// Counts instructions.
    pub(crate) const VALGRIND: Self = Self {
        name: "Valgrind",
        programs: &["valgrind"],
        packages: &["valgrind"],
    };

    fn is_missing(&self) -> bool {
        self.programs.iter().any(|program| find(program).is_none())
    }
}

/// Sees to it that everything is there; an error that says what is missing where we cannot install.
pub(crate) fn provide(needs: &[Need]) -> Result {
    let missing: Vec<&Need> = needs.iter().filter(|need| need.is_missing()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing
        .iter()
        .map(|need| need.name)
        .collect::<Vec<_>>()
        .join(", ");
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    install(&names, &packages)?;
    match needs.iter().find(|need| need.is_missing()) {
        Some(need) => Err(format!("{} was installed but is not found", need.name).into()),
        None => Ok(()),
    }
}

/// Sees to it that PostgreSQL can plan with indexes that are not there (hypopg): an extension, of
/// the version that is installed.
pub(crate) fn provide_hypopg() -> Result {
    // `…/postgresql/15/bin/postgres`, beside `/usr/share/postgresql/15`.
    let server = std::fs::canonicalize(require("postgres")?)?;
    let version = server
        .ancestors()
        .nth(2)
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or("PostgreSQL is not where Debian's packages put it, so hypopg is not found")?;
    let package = format!("postgresql-{version}-hypopg");
    let share = Path::new("/usr/share/postgresql").join(version);
    let file = share.join("extension").join("hypopg.control");
    if file.is_file() {
        return Ok(());
    }
    install("hypopg", &[package.as_str()])?;
    if file.is_file() {
        Ok(())
    } else {
        Err("hypopg was installed but is not found".into())
    }
}

fn install(names: &str, packages: &[&str]) -> Result {
    if find("apt-get").is_none() || !is_root() {
        return Err(format!(
            "missing: {names}. On Debian or Ubuntu: sudo apt-get install {}. Plain `cargo test` \
             runs every test that needs none of them.",
            packages.join(" ")
        )
        .into());
    }
    say(format_args!("installing {names}"));
    let mut update = Command::new("apt-get");
    // A stale list is no reason to stop: the packages may be there all the same.
    if let Err(error) = process::run_quietly(update.args(["update", "-qq"])) {
        say(error);
    }
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "-qq", "--no-install-recommends"])
        .args(packages)
        // The packages' own servers must not start: we start ours.
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    process::run_quietly(&mut install)?;
    Ok(())
}
