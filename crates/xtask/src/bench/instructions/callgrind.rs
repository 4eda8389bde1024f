//! One run of the example under callgrind, and what it counted.

use std::{
    fs,
    path::{Path as File, PathBuf},
    process::Command,
    str::FromStr,
};

use super::{super::target, paths::Path};
use crate::{
    Result,
    process::{self, Folder},
};

/// Instructions per request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    /// On the threads of the app.
    pub(super) app: f64,
    /// On our own.
    pub(super) silk: f64,
}

/// Builds the example.
pub(super) fn build() -> Result<PathBuf> {
    process::run(
        process::cargo()
            .args(["build", "--release", "--quiet", "--locked"])
            .args(["--package", "silk-capture", "--features", "axum,sqlite"])
            .args(["--example", "instructions"]),
    )?;
    Ok(target().join("release/examples/instructions"))
}

/// Counts one path.
pub(super) fn count(example: &File, path: Path) -> Result<Count> {
    let folder = Folder::new()?;
    let printed = process::run_quietly(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--separate-threads=yes"])
            // The example says when it begins.
            .arg("--instr-atstart=no")
            .arg(format!(
                "--callgrind-out-file={}",
                folder.path().join("out").display()
            ))
            .arg(example)
            .args(path.arguments())
            .env_remove("RUST_LOG"),
    )?;
    let threads_of_app = printed
        .lines()
        .find_map(|line| line.strip_prefix("threads of the app: ")?.parse().ok())
        .ok_or_else(|| format!("the example did not say which threads are the app's: {printed}"))?;
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        parts.extend(part(&fs::read_to_string(entry?.path())?));
    }
    let requests = f64::from(path.requests);
    let of = |is_of_app: bool| {
        let threads = parts
            .iter()
            .filter(|part| (part.thread <= threads_of_app) == is_of_app);
        threads.map(|part| part.instructions).sum::<f64>() / requests
    };
    let count = Count {
        app: of(true),
        silk: of(false),
    };
    if count.app > 0.0 {
        Ok(count)
    } else {
        Err("callgrind counted nothing".into())
    }
}

/// What one thread executed.
#[derive(Debug, PartialEq)]
struct Part {
    thread: u32,
    instructions: f64,
}

/// Reads one of callgrind's files; none where it is not about a thread.
fn part(text: &str) -> Option<Part> {
    Some(Part {
        thread: after(text, "thread:")?,
        instructions: after(text, "totals:")?,
    })
}

/// What follows the name of a line.
fn after<T: FromStr>(text: &str, name: &str) -> Option<T> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_callgrind_is_read() {
        let text = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 7\n\
            cmd: instructions pool /hello 200 50\npart: 1\nthread: 3\n\n\n\
            desc: Timerange: Basic block 5 - 9\ndesc: Trigger: Program termination\n\n\
            positions: line\nevents: Ir\nsummary: 1234\n\n\nfn=(1) main\n5 1234\n\ntotals: 1234\n";
        assert_eq!(
            part(text),
            Some(Part {
                thread: 3,
                instructions: 1234.0
            })
        );
        assert_eq!(part("version: 1\npart: 2\n"), None);
    }
}
