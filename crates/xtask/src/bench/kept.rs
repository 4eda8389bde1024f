//! Bytes kept per request and query, and memory held by a request with 10,000 queries.

use std::{fs, path::Path};

use super::{arm::Arm, cpu};
use crate::{Result, process::Folder, say};

/// What is asked for: name, path, queries of one, how often.
const REQUESTS: [(&str, &str, u32, u32); 3] = [
    ("/hello", "/hello", 0, 4_000),
    ("parallel, 5 queries", "/api/parallel?people=3", 5, 2_000),
    (
        "list_some, 101 queries",
        "/api/messages/list_some",
        101,
        1_000,
    ),
];

/// Measures and prints, on SQLite.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn report() -> Result {
    say("measuring what is kept");
    let folder = Folder::new()?;
    let database = format!("sqlite:{}", folder.path().join("weave.db").display());
    println!("\n### Kept\n");
    println!(
        "Bytes of the whole store (tables, indexes, statistics), headers and bodies included.\n"
    );
    println!("| capture | requests | bytes per request | per query |");
    println!("|---|---|---|---|");
    for capture in ["layer", "pool"] {
        let empty = {
            let mut arm = Arm::start("empty", capture, &database, folder.path())?;
            arm.client.get("/hello")?;
            arm.stop();
            size(folder.path(), "empty")
        };
        for (number, (name, path, queries, times)) in REQUESTS.into_iter().enumerate() {
            let store = format!("{capture}-{number}");
            let mut arm = Arm::start(&store, capture, &database, folder.path())?;
            for _ in 0..times {
                arm.client.get(path)?;
            }
            arm.stop();
            let bytes = size(folder.path(), &store).saturating_sub(empty);
            let per_request = bytes / u64::from(times);
            let per_query = match u64::from(queries) {
                0 => "–".to_owned(),
                queries => (per_request / queries).to_string(),
            };
            println!("| {capture} | {name} ×{times} | {per_request} | {per_query} |");
        }
    }
    println!(
        "\nMost memory held by the process after one `/api/threads` (about 10,100 queries), kB.\n"
    );
    println!("| off | layer | pool |");
    println!("|---|---|---|");
    let mut peaks = Vec::new();
    for capture in ["off", "layer", "pool"] {
        let mut arm = Arm::start(
            &format!("memory-{capture}"),
            capture,
            &database,
            folder.path(),
        )?;
        arm.client.get("/hello")?;
        arm.client.get("/api/threads")?;
        peaks.push(cpu::peak_memory_kb(arm.id())?.to_string());
        arm.stop();
    }
    println!("| {} |\n", peaks.join(" | "));
    Ok(())
}

/// Bytes of a store, write-ahead log included.
fn size(folder: &Path, store: &str) -> u64 {
    ["db", "db-wal"]
        .into_iter()
        .filter_map(|ending| fs::metadata(folder.join(format!("{store}.{ending}"))).ok())
        .map(|metadata| metadata.len())
        .sum()
}
