//! Memory that a request with ten thousand queries adds while it runs.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use super::{
    arms::{Arm, LAYER, OFF, POOL},
    cpu,
    price::{Limit, Price},
    spread::median,
    weave::Weave,
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
    let peak_kb = |arm: Arm| -> Result<f64> {
        let mut runs = Vec::new();
        for run in 0..RUNS {
            let name = format!("memory-{}-{run}", arm.name);
            runs.push(added_kb(arm, &name, database, folder)?);
        }
        Ok(median(&mut runs))
    };
    // With a subscriber too, as the others.
    let off = peak_kb(Arm {
        subscriber: LAYER.subscriber,
        ..OFF
    })?;
    let (layer, pool) = (peak_kb(LAYER)?, peak_kb(POOL)?);
    println!("| {off:.0} | {layer:.0} | {pool:.0} |");
    let price = |arm: Arm, peak: f64| {
        let what = format!("{}: 10,000-query request, memory", arm.name);
        Price::new(what, "MB", Limit::AtMost(5.0), (peak - off) / 1024.0)
    };
    Ok(vec![price(LAYER, layer), price(POOL, pool)])
}

fn added_kb(arm: Arm, name: &str, database: &str, folder: &Path) -> Result<f64> {
    let mut weave = Weave::start(arm, name, database, folder)?;
    // What is made once in a process is not the request's: caches, symbols, connections.
    for path in [
        "/hello",
        "/api/messages/list_some",
        "/api/threads/prefetched",
        "/api/parallel",
    ] {
        for _ in 0..5 {
            weave.client.get(path)?;
        }
    }
    thread::sleep(Duration::from_secs(1));
    let process = weave.id();
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
        let asked = weave.client.get("/api/threads");
        // Until it is stored as well.
        thread::sleep(Duration::from_secs(1));
        is_over.store(true, Relaxed);
        (asked, looking.join().unwrap_or(before))
    });
    peak.0?;
    weave.stop();
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
    Ok((peak.1 - before) as f64)
}
