//! Rules about memory that did not suffice: 4, 5, 12 of the catalogue.

use super::PlanFinding;
use super::facts::{Facts, Remark, count, ran};
use crate::PlanNode;

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    if !ran(node) || !facts.is_heavy(node) {
        return;
    }
    let rules = [sort_on_disk(node), hash_spills(node), temp_io(facts, node)];
    found.extend(
        rules
            .into_iter()
            .flatten()
            .map(|remark| facts.remark(node, remark)),
    );
}

/// 4: a sort went to disk, the leader's or a worker's.
fn sort_on_disk(node: &PlanNode) -> Option<Remark> {
    let counters = &node.derived.counters;
    let space = counters
        .sort_space_kb
        .filter(|kb| counters.sort_on_disk == Some(true) && *kb > 0.0)?;
    let of_worker = || {
        let worker = node.workers.iter().find(|worker| worker.sort_on_disk)?;
        Some(worker.sort.as_ref()?.0.as_str())
    };
    let method = match node.counters.sort_on_disk {
        Some(true) => node.detail("Sort Method"),
        _ => of_worker(),
    };
    let keys = node.condition("Sort Key").unwrap_or("its key");
    Some(Remark {
        rule: "sort_on_disk",
        title: format!("Sorted on disk: {} kB", count(space)),
        evidence: format!(
            "{} by {keys} took {} kB on disk{}",
            method.unwrap_or("the sort"),
            count(space),
            if node.workers.is_empty() {
                ""
            } else {
                " in the process that needed most"
            }
        ),
        action: format!(
            "an index that gives the order of {keys}; else work_mem of {} kB for this role or transaction, not for all",
            count((space * 2.5).ceil())
        ),
        unless: "the whole result is wanted rarely, in a report",
        saves: 0.5,
    })
}

/// 5: a hash did not fit its memory.
fn hash_spills(node: &PlanNode) -> Option<Remark> {
    let batches = node.derived.counters.hash_batches.unwrap_or(0.0);
    let disk = node.derived.counters.disk_kb.unwrap_or(0.0);
    if batches <= 1.0 && disk <= 0.0 {
        return None;
    }
    let more = node
        .derived
        .counters
        .original_hash_batches
        .is_some_and(|planned| planned < batches);
    Some(Remark {
        rule: "hash_spills",
        title: format!("{} did not fit its memory: {} batches", node.title(), count(batches)),
        evidence: format!(
            "{} batches{}, {} kB in memory{}",
            count(batches),
            if more { ", more than planned: the estimate was wrong" } else { "" },
            count(node.derived.counters.peak_memory_kb.unwrap_or(0.0)),
            on_disk(node)
        ),
        action: "more work_mem (or hash_mem_multiplier) for this role or transaction; fewer columns; an earlier filter".to_owned(),
        unless: "many such queries run at once: the memory is taken by each",
        saves: 0.3,
    })
}

/// What went to disk, where the plan tells: a hash join prints no figure of its own.
fn on_disk(node: &PlanNode) -> String {
    let written = node.derived.buffers.map_or(0.0, |own| own.temp_written);
    match node.derived.counters.disk_kb {
        Some(disk) if disk > 0.0 => format!(", {} kB on disk", count(disk)),
        _ if written > 0.0 => format!(", {} pages written to temporary files", count(written)),
        _ => String::new(),
    }
}

/// Whether the node reads a CTE that need not be kept: one that writes or refers to itself must be.
fn may_be_inlined(facts: &Facts<'_>, node: &PlanNode) -> bool {
    let part = node
        .cte
        .as_deref()
        .filter(|_| node.node_type == "CTE Scan")
        .and_then(|name| facts.cte(name));
    part.is_some_and(|part| {
        let mut below = part.preorder();
        !below.any(|below| {
            matches!(
                below.node_type.as_str(),
                "ModifyTable" | "Recursive Union" | "LockRows"
            )
        })
    })
}

/// 12: temporary files elsewhere.
fn temp_io(facts: &Facts<'_>, node: &PlanNode) -> Option<Remark> {
    let pages = node
        .derived
        .buffers
        .map_or(0.0, |buffers| buffers.temp_pages());
    let by_kind = matches!(
        node.node_type.as_str(),
        "Materialize" | "CTE Scan" | "WindowAgg" | "Recursive Union" | "Function Scan"
    );
    let on_disk = node.detail("Storage") == Some("Disk");
    if !(by_kind && (pages >= 1_000.0 || on_disk)) {
        return None;
    }
    Some(Remark {
        rule: "temp_io",
        title: format!("{} wrote its rows to disk", node.title()),
        evidence: match pages {
            pages if pages > 0.0 => format!("{} pages of temporary files", count(pages)),
            _ => "its storage is on disk".to_owned(),
        },
        action: format!(
            "fewer rows or columns at this point; {}more work_mem",
            if may_be_inlined(facts, node) {
                "NOT MATERIALIZED for the CTE; "
            } else {
                ""
            }
        ),
        unless: "its rows are read more than once and dear to compute",
        saves: 0.3,
    })
}
