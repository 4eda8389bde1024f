//! Property lines of PostgreSQL's text that hold more than one figure.

use crate::parse::json::Json;
use crate::plan::larger;
use crate::{PlanNode, Worker};

use super::figures::{digits, value_of};
use super::properties::{apply, buffer, counter};
use crate::Buffers;

/// Puts one `key: value` line into the node.
pub(super) fn property(node: &mut PlanNode, key: &str, value: &str) {
    let text = |value: &str| Json::Text(value.to_owned());
    match key {
        "Buffers" => buffers(&mut node.buffers, value),
        "I/O Timings" => timings(&mut node.buffers, value),
        "Sort Method" => sort(node, value),
        "Heap Blocks" => {
            for (name, field) in [
                ("exact", "Exact Heap Blocks"),
                ("lossy", "Lossy Heap Blocks"),
            ] {
                if let Some(value) = value_of(value, name) {
                    counter(&mut node.counters, field, &text(value));
                }
            }
        }
        "Buckets" | "Batches" | "Planned Partitions" => hash(node, key, value),
        "Hits" => {
            for (name, field) in [
                ("Hits", "Cache Hits"),
                ("Misses", "Cache Misses"),
                ("Evictions", "Cache Evictions"),
                ("Overflows", "Cache Overflows"),
                ("Memory Usage", "Peak Memory Usage"),
            ] {
                if let Some(count) = figure(key, value, name).and_then(digits) {
                    counter(&mut node.counters, field, &Json::Number(count.to_string()));
                }
            }
        }
        "Full-sort Groups" | "Pre-sorted Groups" => {
            if let Some((_, disk)) = value.split_once("Peak Disk: ") {
                node.counters.sort_on_disk = Some(true);
                node.counters.sort_space_kb = larger(node.counters.sort_space_kb, digits(disk));
            }
            node.details.push((key.to_owned(), value.to_owned()));
        }
        "Sampling" => sampling(node, value),
        "Storage" => {
            node.details.push((
                key.to_owned(),
                value
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            ));
            node.details.push((
                "Maximum Storage".to_owned(),
                figure(key, value, "Maximum Storage")
                    .unwrap_or_default()
                    .to_owned(),
            ));
        }
        _ => apply(node, key, &text(value)),
    }
}

/// Puts one `key: value` line below a worker into it: what it printed for itself alone.
pub(super) fn worker_property(worker: &mut Worker, key: &str, value: &str) {
    let mut node = PlanNode {
        counters: std::mem::take(&mut worker.counters),
        ..PlanNode::default()
    };
    property(&mut node, key, value);
    worker.counters = node.counters;
    if key == "Sort Method" {
        worker.sort = node
            .detail(key)
            .map(ToOwned::to_owned)
            .zip(node.counters.sort_space_kb);
        worker.sort_on_disk = node.counters.sort_on_disk == Some(true);
    }
}

/// `bernoulli ('10'::real) REPEATABLE ('42'::double precision)`.
fn sampling(node: &mut PlanNode, value: &str) {
    let (sample, seed) = match value.split_once(" REPEATABLE ") {
        Some((sample, seed)) => (sample, Some(seed)),
        None => (value, None),
    };
    let bare = |text: &str| {
        let inner = text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'));
        Json::Text(inner.unwrap_or(text).to_owned())
    };
    let (method, parameters) = sample.split_once(' ').unwrap_or((sample, ""));
    apply(node, "Sampling Method", &Json::Text(method.to_owned()));
    apply(node, "Sampling Parameters", &bare(parameters));
    if let Some(seed) = seed {
        apply(node, "Repeatable Seed", &bare(seed));
    }
}

/// `quicksort  Memory: 141kB`, `external merge  Disk: 3456kB`.
fn sort(node: &mut PlanNode, value: &str) {
    let (method, space) = value.split_once("  ").unwrap_or((value, ""));
    node.details
        .push(("Sort Method".to_owned(), method.trim().to_owned()));
    if let Some((kind, size)) = space.trim().split_once(": ") {
        node.counters.sort_space_kb = digits(size);
        node.counters.sort_on_disk = Some(kind == "Disk");
    }
}

/// `1024  Batches: 4 (originally 1)  Memory Usage: 114kB`, also without buckets, also with a disk.
fn hash(node: &mut PlanNode, key: &str, value: &str) {
    for (name, field) in [
        ("Batches", "Hash Batches"),
        ("Memory Usage", "Peak Memory Usage"),
        ("Disk Usage", "Disk Usage"),
    ] {
        if let Some(found) = figure(key, value, name) {
            if let Some(count) = digits(found) {
                counter(&mut node.counters, field, &Json::Number(count.to_string()));
            }
            if let Some((_, original)) = found.split_once("(originally ") {
                node.counters.original_hash_batches = digits(original);
            } else if name == "Batches" && key == "Buckets" {
                node.counters.original_hash_batches = node.counters.hash_batches;
            }
        }
    }
}

/// The figure with this name in a line of `Name: figure` two spaces apart; the key has the first.
fn figure<'a>(key: &str, value: &'a str, name: &str) -> Option<&'a str> {
    if key == name {
        return value.split("  ").next().map(str::trim);
    }
    value
        .split("  ")
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(": "))
}

/// `shared hit=5 read=3, temp read=1 written=1`.
pub(super) fn buffers(slot: &mut Option<Buffers>, value: &str) {
    for group in value.split(',') {
        let mut words = group.split_whitespace();
        let kind = match words.next() {
            Some("shared") => "Shared",
            Some("local") => "Local",
            Some("temp") => "Temp",
            _ => continue,
        };
        for (name, count) in words.filter_map(|word| word.split_once('=')) {
            let what = match name {
                "hit" => "Hit",
                "read" => "Read",
                "dirtied" => "Dirtied",
                "written" => "Written",
                _ => continue,
            };
            buffer(
                slot,
                &format!("{kind} {what} Blocks"),
                &Json::Text(count.to_owned()),
            );
        }
    }
}

/// `read=0.1 write=0.2`, `shared/local read=0.1, temp write=0.2`, `shared read=0.1, local read=0.2`.
fn timings(slot: &mut Option<Buffers>, value: &str) {
    for group in value.split(',') {
        let prefix = if group.trim_start().starts_with("temp") {
            "Temp I/O"
        } else {
            "I/O"
        };
        for (name, ms) in group
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
        {
            let what = match name {
                "read" => "Read",
                "write" => "Write",
                _ => continue,
            };
            buffer(
                slot,
                &format!("{prefix} {what} Time"),
                &Json::Text(ms.to_owned()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_with_many_figures() {
        let mut node = PlanNode::default();
        property(
            &mut node,
            "Buffers",
            "shared hit=5 read=3, temp read=1 written=2",
        );
        property(
            &mut node,
            "I/O Timings",
            "shared/local read=0.500 write=0.100, temp read=0.250",
        );
        property(&mut node, "Sort Method", "external merge  Disk: 3456kB");
        property(&mut node, "Heap Blocks", "exact=10 lossy=20");
        let buffers = node.buffers.unwrap();
        assert_eq!(
            (
                buffers.shared_hit,
                buffers.shared_read,
                buffers.temp_written
            ),
            (5.0, 3.0, 2.0)
        );
        assert_eq!(
            (buffers.read_ms, buffers.write_ms, buffers.temp_read_ms),
            (0.5, 0.1, 0.25)
        );
        assert_eq!(
            (node.counters.sort_space_kb, node.counters.sort_on_disk),
            (Some(3456.0), Some(true))
        );
        assert_eq!(
            (node.counters.exact_blocks, node.counters.lossy_blocks),
            (Some(10.0), Some(20.0))
        );
        let mut node = PlanNode::default();
        property(
            &mut node,
            "Buckets",
            "1024 (originally 1024)  Batches: 4 (originally 1)  Memory Usage: 114kB",
        );
        assert_eq!(
            (
                node.counters.hash_batches,
                node.counters.original_hash_batches
            ),
            (Some(4.0), Some(1.0))
        );
        assert_eq!(node.counters.peak_memory_kb, Some(114.0));
        let mut node = PlanNode::default();
        property(
            &mut node,
            "Batches",
            "5  Memory Usage: 4145kB  Disk Usage: 2720kB",
        );
        assert_eq!(
            (node.counters.hash_batches, node.counters.disk_kb),
            (Some(5.0), Some(2720.0))
        );
        let mut node = PlanNode::default();
        property(
            &mut node,
            "Hits",
            "9  Misses: 1  Evictions: 2  Overflows: 0  Memory Usage: 1kB",
        );
        assert_eq!(
            (node.counters.cache_hits, node.counters.cache_misses),
            (Some(9.0), Some(1.0))
        );
    }
}
