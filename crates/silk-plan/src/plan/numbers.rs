//! Raw numbers, as the database prints them.

use serde::Serialize;

/// What the planner expected of a node.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Estimate {
    /// Cost until the first row, in planner units.
    pub startup_cost: Option<f64>,
    /// Cost of one execution with its children, in planner units.
    pub total_cost: Option<f64>,
    /// Rows per loop and per process.
    pub rows: Option<f64>,
    /// Bytes per row.
    pub width: Option<f64>,
    /// Share of the rows read that is kept, in percent (MySQL, MariaDB).
    pub filtered: Option<f64>,
}

/// What a node did in a run: averages over its loops, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Actual {
    /// Until the first row, in ms.
    pub startup_ms: Option<f64>,
    /// With its children, in ms.
    pub total_ms: Option<f64>,
    /// Without its children and over all loops, in ms: where the database measures that (MariaDB).
    pub own_ms: Option<f64>,
    /// Rows given.
    pub rows: Option<f64>,
    /// What the rows are rounded to: 1, or 0.01 where the print has decimals.
    pub rows_step: f64,
    /// Executions, over all processes; 0 where it never ran.
    pub loops: f64,
}

/// Counters of a run. Removed rows are averages per loop; all others are totals.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Counters {
    /// Rows read and thrown away by the filter, per loop.
    pub removed_by_filter: Option<f64>,
    /// Pairs thrown away by the join's filter, per loop.
    pub removed_by_join_filter: Option<f64>,
    /// Rows thrown away when a condition was checked again, per loop.
    pub removed_by_recheck: Option<f64>,
    /// Rows for which an index-only scan had to visit the table.
    pub heap_fetches: Option<f64>,
    /// Pages a bitmap knew row by row.
    pub exact_blocks: Option<f64>,
    /// Pages a bitmap only knew as a whole.
    pub lossy_blocks: Option<f64>,
    /// Descents of an index.
    pub index_searches: Option<f64>,
    /// Workers the planner wanted.
    pub workers_planned: Option<f64>,
    /// Workers there were.
    pub workers_launched: Option<f64>,
    /// Space a sort took, in kB.
    pub sort_space_kb: Option<f64>,
    /// Whether that space was on disk.
    pub sort_on_disk: Option<bool>,
    /// Parts a hash was cut into, one at a time in memory.
    pub hash_batches: Option<f64>,
    /// Parts the planner expected.
    pub original_hash_batches: Option<f64>,
    /// Memory at the highest, in kB.
    pub peak_memory_kb: Option<f64>,
    /// Disk used, in kB.
    pub disk_kb: Option<f64>,
    /// Lookups answered from a Memoize's cache.
    pub cache_hits: Option<f64>,
    /// Lookups that were not.
    pub cache_misses: Option<f64>,
    /// Entries pushed out of the cache.
    pub cache_evictions: Option<f64>,
    /// Results too big for the cache.
    pub cache_overflows: Option<f64>,
    /// Partitions left out while running.
    pub subplans_removed: Option<f64>,
}

/// The larger of what is known.
pub(crate) fn larger(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.max(right)),
        (left, right) => left.or(right),
    }
}

/// Pages and time reading and writing them. As printed they include the children's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Buffers {
    /// Found in the shared cache.
    pub shared_hit: f64,
    /// Read from outside the shared cache.
    pub shared_read: f64,
    /// Made dirty.
    pub shared_dirtied: f64,
    /// Written back.
    pub shared_written: f64,
    /// Temporary tables: found in the cache.
    pub local_hit: f64,
    /// Temporary tables: read.
    pub local_read: f64,
    /// Temporary tables: made dirty.
    pub local_dirtied: f64,
    /// Temporary tables: written.
    pub local_written: f64,
    /// Temporary files: read.
    pub temp_read: f64,
    /// Temporary files: written.
    pub temp_written: f64,
    /// Time reading, in ms, where `track_io_timing` is on. May exceed wall time in a parallel plan.
    pub read_ms: f64,
    /// Time writing, in ms.
    pub write_ms: f64,
    /// Time reading temporary files, in ms.
    pub temp_read_ms: f64,
    /// Time writing temporary files, in ms.
    pub temp_write_ms: f64,
}

impl Buffers {
    /// Every figure.
    fn figures(&self) -> [f64; 14] {
        [
            self.shared_hit,
            self.shared_read,
            self.shared_dirtied,
            self.shared_written,
            self.local_hit,
            self.local_read,
            self.local_dirtied,
            self.local_written,
            self.temp_read,
            self.temp_written,
            self.read_ms,
            self.write_ms,
            self.temp_read_ms,
            self.temp_write_ms,
        ]
    }

    /// Figure by figure.
    fn zip(&self, other: &Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        let (left, right) = (self.figures(), other.figures());
        let at = |index: usize| apply(left[index], right[index]);
        Self {
            shared_hit: at(0),
            shared_read: at(1),
            shared_dirtied: at(2),
            shared_written: at(3),
            local_hit: at(4),
            local_read: at(5),
            local_dirtied: at(6),
            local_written: at(7),
            temp_read: at(8),
            temp_written: at(9),
            read_ms: at(10),
            write_ms: at(11),
            temp_read_ms: at(12),
            temp_write_ms: at(13),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.zip(other, |left, right| left + right)
    }

    /// What is left without the other's; never below zero.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.zip(other, |left, right| (left - right).max(0.0))
    }

    /// The smaller of each figure.
    #[must_use]
    pub fn least(&self, other: &Self) -> Self {
        self.zip(other, f64::min)
    }

    /// Pages of tables and indexes touched: hit and read, shared and local.
    #[must_use]
    pub fn pages(&self) -> f64 {
        self.shared_hit + self.shared_read + self.local_hit + self.local_read
    }

    /// Pages of temporary files read and written.
    #[must_use]
    pub fn temp_pages(&self) -> f64 {
        self.temp_read + self.temp_written
    }

    /// Whether nothing was touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures().iter().all(|figure| *figure <= 0.0)
    }
}
