//! Memory that a request with ten thousand queries adds while it runs.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use super::{
    arm::Arm,
    cpu,
    price::{Limit, Price},
    spread::median,
};
use crate::Result;

/// Runs per arm: how an allocator grows is chance in part.
const RUNS: usize = 3;
/// Pause between two looks at the memory.
const LOOK: Duration = Duration::from_millis(3);

/// Measures and prints, on SQLite.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn report(database: &str, folder: &Path) -> Result<Vec<Price>> {
    println!(
        "\nMemory that one `/api/threads` (about 10,100 queries) adds until it is stored, kB; \
         median of {RUNS}.\n"
    );
    println!("| off | layer | pool |");
    println!("|---|---|---|");
    let mut peaks = Vec::new();
    for capture in ["off", "layer", "pool"] {
        let mut runs = Vec::new();
        for run in 0..RUNS {
            let name = format!("memory-{capture}-{run}");
            runs.push(added_kb(&name, capture, database, folder)?);
        }
        peaks.push(median(&mut runs));
    }
    println!("| {:.0} | {:.0} | {:.0} |", peaks[0], peaks[1], peaks[2]);
    Ok(["layer", "pool"]
        .into_iter()
        .zip(&peaks[1..])
        .map(|(name, peak)| {
            Price::new(
                format!("{name}: 10,000-query request, memory"),
                "MB",
                Limit::AtMost(5.0),
                (peak - peaks[0]) / 1024.0,
            )
        })
        .collect())
}

fn added_kb(name: &str, capture: &str, database: &str, folder: &Path) -> Result<f64> {
    let mut arm = Arm::start(name, [capture, "on", "off"], database, folder)?;
    // What is made once in a process is not the request's: caches, symbols, connections.
    for path in [
        "/hello",
        "/api/messages/list_some",
        "/api/threads/prefetched",
        "/api/parallel",
    ] {
        for _ in 0..5 {
            arm.client.get(path)?;
        }
    }
    thread::sleep(Duration::from_secs(1));
    let process = arm.id();
    let before = cpu::memory_kb(process)?;
    let is_over = AtomicBool::new(false);
    let peak = thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut peak = before;
            while !is_over.load(Relaxed) {
                peak = peak.max(cpu::memory_kb(process).unwrap_or_default());
                thread::sleep(LOOK);
            }
            peak
        });
        let asked = arm.client.get("/api/threads");
        // Until it is stored as well.
        thread::sleep(Duration::from_secs(1));
        is_over.store(true, Relaxed);
        (asked, looking.join().unwrap_or(before))
    });
    peak.0?;
    arm.stop();
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
    Ok((peak.1 - before) as f64)
}
