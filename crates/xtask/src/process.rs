//! Child processes that never outlive us.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crate::{Result, say};

/// What must be undone when we are interrupted: process groups and temporary folders.
static STARTED: Mutex<Vec<Started>> = Mutex::new(Vec::new());

#[derive(Debug, PartialEq)]
enum Started {
    Group(u32),
    Folder(PathBuf),
}

fn register(started: Started) {
    STARTED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .push(started);
}

fn unregister(started: &Started) {
    STARTED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .retain(|known| known != started);
}

/// Makes SIGINT, SIGTERM and SIGHUP end our children and remove our folders before they end us.
pub(crate) fn stop_everything_when_asked_to_stop() -> Result {
    ctrlc::set_handler(|| {
        let started = std::mem::take(
            &mut *STARTED
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for started in started.iter().rev() {
            if let Started::Group(group) = started {
                signal_group(*group, "TERM");
            }
        }
        let until = Instant::now() + Duration::from_secs(3);
        for started in started.iter().rev() {
            match started {
                Started::Group(group) => {
                    while Instant::now() < until && signal_group(*group, "0") {
                        thread::sleep(Duration::from_millis(50));
                    }
                    signal_group(*group, "KILL");
                }
                Started::Folder(path) => remove(path),
            }
        }
        #[expect(clippy::exit, reason = "the default action of the signal we took over")]
        std::process::exit(130);
    })?;
    Ok(())
}

/// Sends a signal to all of a group; whether there was somebody to receive it.
fn signal_group(group: u32, signal: &str) -> bool {
    Command::new("kill")
        .args([&format!("-{signal}"), "--", &format!("-{group}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Removes a folder that a process killed a moment ago may still be writing to.
fn remove(path: &Path) {
    for _ in 0..20 {
        if fs::remove_dir_all(path).is_ok() || !path.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A process in a group of its own, ended with its children when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .map_err(|error| format!("could not start {name}: {error}"))?;
        register(Started::Group(child.id()));
        Ok(Self { child, name })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output, once, where it was piped.
    pub(crate) fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// An error if it has ended already.
    pub(crate) fn expect_alive(&mut self) -> Result {
        match self.child.try_wait()? {
            Some(status) => Err(format!("{} ended early: {status}", self.name).into()),
            None => Ok(()),
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Result<std::process::ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Asks it to end, and makes it end when it does not within `patience`.
    pub(crate) fn stop(&mut self, patience: Duration) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            signal_group(self.child.id(), "TERM");
            let until = Instant::now() + patience;
            while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        // Children of it may live on even where it ended by itself.
        signal_group(self.child.id(), "KILL");
        let _ = self.child.wait();
        unregister(&Started::Group(self.child.id()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(5));
    }
}

/// A temporary folder, removed when dropped or interrupted.
#[derive(Debug)]
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes one that other users may enter (PostgreSQL and MariaDB run as their own).
    pub(crate) fn new() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::Builder::new().prefix("silk-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        register(Started::Folder(folder.path().to_owned()));
        Ok(Self(folder))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        unregister(&Started::Folder(self.path().to_owned()));
    }
}

/// Runs a command to its end; an error if it fails.
pub(crate) fn run(command: &mut Command) -> Result {
    let line = line_of(command);
    say(&line);
    let status = Running::start(command)?.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("failed ({status}): {line}").into())
    }
}

/// Runs a command quietly; its output is the error if it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command
        .output()
        .map_err(|error| format!("could not start {line}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("failed ({}): {line}\n{stdout}{stderr}", output.status).into())
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(std::ffi::OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `cargo`, as the one that runs us, at the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root());
    cargo
}
