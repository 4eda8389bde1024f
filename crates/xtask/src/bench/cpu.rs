//! CPU time and memory of a process, as the kernel counts them.

use std::fs;

use crate::Result;

/// CPU time of a process so far, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cpu {
    /// On the app's threads (sqlx's among them).
    pub(super) app: f64,
    /// On threads named `silk-…`.
    pub(super) silk: f64,
}

impl Cpu {
    /// Reads it from the kernel, thread by thread.
    pub(super) fn of(process: u32) -> Result<Self> {
        let mut cpu = Self::default();
        for task in fs::read_dir(format!("/proc/{process}/task"))? {
            let task = task?.path();
            // A thread may end between the listing and the reading.
            let (Ok(name), Ok(schedstat)) = (
                fs::read_to_string(task.join("comm")),
                fs::read_to_string(task.join("schedstat")),
            ) else {
                continue;
            };
            let nanoseconds: f64 = schedstat
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .parse()?;
            if name.starts_with("silk-") {
                cpu.silk += nanoseconds;
            } else {
                cpu.app += nanoseconds;
            }
        }
        Ok(cpu)
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            app: self.app - before.app,
            silk: self.silk - before.silk,
        }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            app: self.app * factor,
            silk: self.silk * factor,
        }
    }
}

/// Memory of its own (not files that are mapped) that a process holds now, in kB.
pub(super) fn memory_kb(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon:"))
        .ok_or("no RssAnon")?;
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse()?)
}
