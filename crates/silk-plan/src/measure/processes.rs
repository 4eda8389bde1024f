//! Counters that every process prints for itself.

use crate::plan::larger;
use crate::{Counters, PlanNode};

/// What the leader printed with what its workers did.
pub(super) fn counters(node: &PlanNode) -> Counters {
    let mut all = node.counters;
    for worker in &node.workers {
        let own = &worker.counters;
        for (sum, part) in [
            (&mut all.cache_hits, own.cache_hits),
            (&mut all.cache_misses, own.cache_misses),
            (&mut all.cache_evictions, own.cache_evictions),
            (&mut all.cache_overflows, own.cache_overflows),
            (&mut all.disk_kb, own.disk_kb),
            (&mut all.exact_blocks, own.exact_blocks),
            (&mut all.lossy_blocks, own.lossy_blocks),
        ] {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or(0.0) + part);
            }
        }
        // Each has a memory of its own to fit into.
        all.hash_batches = larger(all.hash_batches, own.hash_batches);
        all.peak_memory_kb = larger(all.peak_memory_kb, own.peak_memory_kb);
        let (here, there) = (
            all.sort_on_disk == Some(true),
            own.sort_on_disk == Some(true),
        );
        if here == there {
            all.sort_space_kb = larger(all.sort_space_kb, own.sort_space_kb);
        } else if there {
            all.sort_space_kb = own.sort_space_kb;
        }
        if own.sort_on_disk.is_some() {
            all.sort_on_disk = Some(here || there);
        }
    }
    all
}
