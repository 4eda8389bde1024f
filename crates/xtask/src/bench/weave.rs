//! One running weave, and how to ask it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{arms::Arm, client::Client, target};
use crate::{Result, process::Running};

/// One running weave, and a connection to it.
#[derive(Debug)]
pub(super) struct Weave {
    pub(super) client: Client,
    process: Running,
    is_recording: bool,
}

impl Weave {
    /// Starts one for an arm, with the store `NAME.db` of its own in `folder`.
    pub(super) fn start(arm: Arm, name: &str, database: &str, folder: &Path) -> Result<Self> {
        let program = target().join("release").join("weave");
        Self::start_program(&program, arm, name, database, folder)
    }

    /// Starts weave of another build.
    pub(super) fn start_program(
        program: &Path,
        arm: Arm,
        name: &str,
        database: &str,
        folder: &Path,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--indexed"])
            .args(["--capture", arm.capture, "--subscriber", arm.subscriber])
            .args(["--plans", arm.plans, "--database", database]);
        Self::started(command, arm, name, folder)
    }

    /// Starts the small app; spans of OpenTelemetry go to `sink`.
    pub(super) fn start_peer(
        arm: Arm,
        name: &str,
        database: &str,
        sink: &str,
        folder: &Path,
    ) -> Result<Self> {
        let mut command = Command::new(target().join("release").join("bench-app"));
        command
            .arg(arm.capture)
            .args(["--database", database, "--sink", sink]);
        Self::started(command, arm, name, folder)
    }

    fn started(mut command: Command, arm: Arm, name: &str, folder: &Path) -> Result<Self> {
        let mut process = Running::start(
            command
                .arg("--store")
                .arg(folder.join(format!("{name}.db")))
                .current_dir(folder)
                .env_remove("RUST_LOG")
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let stdout = process.stdout().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("weave listens on http://")
            .ok_or_else(|| format!("{name} did not start: {line}"))?
            .to_owned();
        line.clear();
        lines.read_line(&mut line)?;
        // "dashboard http://…/silk?token=…"; another line where Silk is off.
        let token = line.trim().split_once("?token=");
        let client = Client::connect(&address, token.map(|(_, token)| token.to_owned()))?;
        // Nobody reads on, but a full pipe must not stop it.
        thread::spawn(move || drop(lines.read_to_end(&mut Vec::new())));
        Ok(Self {
            client,
            process,
            is_recording: arm.is_ours(),
        })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        self.client.address()
    }

    /// Process id.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Requests that it counted as lost, where it records at all: what is lost costs less.
    pub(super) fn lost(&mut self) -> Result<u64> {
        if !self.is_recording {
            return Ok(0);
        }
        let health = self.client.json("/silk/api/health")?;
        let lost = health["lost"]
            .as_object()
            .ok_or("no losses in api/health")?;
        Ok(lost.values().filter_map(serde_json::Value::as_u64).sum())
    }

    /// Ends it in its own time, so that everything is written.
    pub(super) fn stop(mut self) {
        self.process.stop(Duration::from_secs(20));
    }
}
