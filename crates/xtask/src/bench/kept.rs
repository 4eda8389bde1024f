//! Bytes kept per request and query.

use std::{fs, path::Path};

use super::{
    arms::{LAYER, POOL},
    weave::Weave,
};
use crate::Result;

/// What is asked for: name, path, queries of one, how often.
const REQUESTS: [(&str, &str, u32, u32); 3] = [
    ("/hello", "/hello", 0, 2_000),
    ("parallel, 5 queries", "/api/parallel?people=3", 5, 1_000),
    (
        "list_some, 101 queries",
        "/api/messages/list_some",
        101,
        400,
    ),
];

/// Measures and prints, on SQLite.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn report(database: &str, folder: &Path) -> Result {
    println!("\n### Kept\n");
    println!(
        "Bytes of the whole store (tables, indexes, statistics), headers and bodies included.\n"
    );
    println!("| capture | requests | bytes per request | per query |");
    println!("|---|---|---|---|");
    for arm in [LAYER, POOL] {
        let empty = {
            let mut weave = Weave::start(arm, "empty", database, folder)?;
            weave.client.get("/hello")?;
            weave.stop();
            size(folder, "empty")
        };
        for (number, (name, path, queries, times)) in REQUESTS.into_iter().enumerate() {
            let store = format!("{}-{number}", arm.name);
            let mut weave = Weave::start(arm, &store, database, folder)?;
            for _ in 0..times {
                weave.client.get(path)?;
            }
            weave.stop();
            let bytes = size(folder, &store).saturating_sub(empty);
            let per_request = bytes / u64::from(times);
            let per_query = match u64::from(queries) {
                0 => "–".to_owned(),
                queries => (per_request / queries).to_string(),
            };
            println!(
                "| {} | {name} ×{times} | {per_request} | {per_query} |",
                arm.name
            );
        }
    }
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
