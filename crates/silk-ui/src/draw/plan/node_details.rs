//! What a plan says about a node besides its figures.

use silk_plan::{Execution, PlanNode, Worker};

use super::cells::{ms, number, share};
use crate::draw::format::{cut, one_line};

/// Conditions on the page; more are in the raw plan.
const MAX_CONDITIONS: usize = 8;
/// Other properties on the page.
const MAX_DETAILS: usize = 8;

/// Conditions and keys.
pub(crate) fn conditions(node: &PlanNode) -> Vec<(String, String)> {
    node.conditions
        .iter()
        .take(MAX_CONDITIONS)
        .map(|condition| (one_line(&condition.kind, 40), cut(&condition.text, 320)))
        .collect()
}

/// Counters and properties, each a few words.
pub(crate) fn facts(node: &PlanNode) -> Vec<String> {
    let mut facts = Vec::new();
    counted(node, &mut facts);
    workers_that_came(node, &mut facts);
    memory(node, &mut facts);
    if node.derived.stopped_early {
        facts.push("may have stopped early (LIMIT)".to_owned());
    }
    let details = node
        .details
        .iter()
        .filter(|(key, value)| !is_said(key, value) && !value.is_empty());
    facts.extend(details.take(MAX_DETAILS).map(|(key, value)| {
        in_words(key, value).unwrap_or_else(|| {
            let key = spoken(key);
            match &**value {
                "true" => key,
                value => match value.parse::<u32>() {
                    Ok(count) if count >= 1_000 => format!("{key} {}", number(count.into())),
                    _ => format!("{key} {}", one_line(value, 120)),
                },
            }
        })
    }));
    facts
}

/// What was counted while it ran, and what the planner expected of its filter.
fn counted(node: &PlanNode, facts: &mut Vec<String>) {
    let counters = &node.derived.counters;
    let mut say = |value: Option<f64>, words: &str| {
        if let Some(value) = value {
            facts.push(format!("{} {words}", number(value)));
        }
    };
    let ran = node.derived.execution == Execution::Ran;
    let loops = node.derived.loops.unwrap_or(1.0);
    let of_all = |n: Option<f64>| n.map(|n| n * loops).filter(|n| ran && *n > 0.0);
    say(
        of_all(counters.removed_by_filter),
        "rows removed by the filter",
    );
    say(
        of_all(counters.removed_by_join_filter),
        "pairs removed by the join filter",
    );
    say(
        of_all(counters.removed_by_recheck),
        "rows removed by the recheck",
    );
    say(counters.heap_fetches.filter(|_| ran), "heap fetches");
    say(
        counters.exact_blocks.filter(|n| *n > 0.0),
        "heap blocks exact",
    );
    say(
        counters.lossy_blocks.filter(|n| *n > 0.0),
        "heap blocks lossy",
    );
    say(
        counters.index_searches.filter(|n| *n > 1.0),
        "index searches",
    );
    say(
        counters.subplans_removed.filter(|n| *n > 0.0),
        "partitions left out",
    );
    if let Some(part) = node.derived.discarded.filter(|part| ran && *part >= 0.0005) {
        facts.push(format!("{} of what it read thrown away", share(part)));
    }
    if let Some(filtered) = node
        .estimate
        .and_then(|estimate| estimate.filtered)
        .filter(|percent| *percent < 100.0)
    {
        facts.push(format!(
            "{} % expected to pass the filter",
            number(filtered)
        ));
    }
}

fn workers_that_came(node: &PlanNode, facts: &mut Vec<String>) {
    if let Some(planned) = node.derived.counters.workers_planned {
        facts.push(match node.derived.counters.workers_launched {
            Some(launched) => format!("{} of {} workers came", number(launched), number(planned)),
            None if planned <= 1.0 => "1 worker planned".to_owned(),
            None => format!("{} workers planned", number(planned)),
        });
    }
}

/// What MariaDB's own names of measurements mean.
fn in_words(key: &str, value: &str) -> Option<String> {
    let measured = || value.parse::<f64>().ok();
    Some(match key {
        "r_table_time_ms" => format!("{} reading the table", ms(measured()?)),
        "r_other_time_ms" => format!("{} on conditions and the rest", ms(measured()?)),
        "r_limit" => format!("stops at the limit of {}", number(measured()?)),
        "r_used_priority_queue" if value == "true" => "keeps only the best rows".to_owned(),
        "r_filtered" => format!("{} % passed the filter", number(measured()?)),
        "Maximum Storage" => format!("{} kB at most", number(measured()?)),
        "Storage" => format!(
            "kept {}",
            if value == "Disk" {
                "on disk"
            } else {
                "in memory"
            }
        ),
        _ => return None,
    })
}

/// A name of a property as people say it: MySQL's are written for programs.
fn spoken(key: &str) -> String {
    one_line(key, 40).replace('_', " ")
}

/// Sorts, hashes and caches.
fn memory(node: &PlanNode, facts: &mut Vec<String>) {
    let counters = &node.derived.counters;
    let method = node
        .detail("Sort Method")
        .map(|method| one_line(method, 40));
    // What a worker's own sort took stands beside the worker.
    let sort = match node.counters.sort_space_kb {
        Some(_) => &node.counters,
        None => counters,
    };
    let space = sort.sort_space_kb.map(|kb| {
        let place = match sort.sort_on_disk {
            Some(true) => "on disk",
            _ => "in memory",
        };
        format!("{} kB {place}", number(kb))
    });
    match (method, space) {
        (Some(method), Some(space)) => facts.push(format!("{method}, {space}")),
        (Some(said), None) | (None, Some(said)) => facts.push(said),
        (None, None) => {}
    }
    if let Some(batches) = counters.hash_batches {
        facts.push(match counters.original_hash_batches {
            Some(original) if original < batches => format!(
                "{} batches instead of {}",
                number(batches),
                number(original)
            ),
            _ if batches > 1.0 => format!("{} batches", number(batches)),
            _ => "one batch".to_owned(),
        });
    }
    if let Some(kb) = counters.peak_memory_kb {
        facts.push(format!("{} kB of memory", number(kb)));
    }
    if let Some(kb) = counters.disk_kb.filter(|kb| *kb > 0.0) {
        facts.push(format!("{} kB on disk", number(kb)));
    }
    if let (Some(hits), Some(misses)) = (counters.cache_hits, counters.cache_misses) {
        let mut text = format!("cache: {} hits, {} misses", number(hits), number(misses));
        for (n, word) in [
            (counters.cache_evictions, "evictions"),
            (counters.cache_overflows, "overflows"),
        ] {
            if let Some(n) = n.filter(|n| *n > 0.0) {
                text.push_str(&format!(", {} {word}", number(n)));
            }
        }
        facts.push(text);
    }
}

/// Properties that are shown elsewhere, or say nothing to a person.
fn is_said(key: &str, value: &str) -> bool {
    matches!(
        key,
        "Sort Method"
            | "Inner Unique"
            | "Scan Direction"
            | "Disabled"
            | "Single Copy"
            | "Params Evaluated"
            | "Original Hash Buckets"
            | "Hash Buckets"
            | "access_type"
            | "select_id"
            | "r_sort_mode"
            // Of it the cost has a column, and the rest is the planner's arithmetic.
            | "cost_info"
    ) || (key == "r_filtered" && value == "100")
        || (key == "Planned Partitions" && value == "0")
        // The pages have a column.
        || (key == "r_engine_stats" && value.starts_with("pages_accessed") && !value.contains(','))
}

/// What each worker did.
pub(crate) fn workers(node: &PlanNode) -> Vec<String> {
    node.workers
        .iter()
        .filter(|worker| worker.actual.is_some() || worker.sort.is_some())
        .take(16)
        .map(worker)
        .collect()
}

fn worker(worker: &Worker) -> String {
    let mut parts = Vec::new();
    if let Some(actual) = worker.actual {
        if let Some(time) = actual.total_ms {
            parts.push(ms(time * actual.loops.max(1.0)));
        }
        if let Some(rows) = actual.rows {
            let rows = rows * actual.loops.max(1.0);
            let word = if (rows - 1.0).abs() < f64::EPSILON {
                "row"
            } else {
                "rows"
            };
            parts.push(format!("{} {word}", number(rows)));
        }
    }
    if let Some((method, kb)) = &worker.sort {
        let place = if worker.sort_on_disk {
            "on disk"
        } else {
            "in memory"
        };
        parts.push(format!(
            "{}, {} kB {place}",
            one_line(method, 40),
            number(*kb)
        ));
    }
    format!("worker {}: {}", worker.number, parts.join(", "))
}

/// Parts that hang in one place and ran in another.
pub(crate) fn payments(node: &PlanNode, name_of: impl Fn(usize) -> String) -> Vec<String> {
    let mut notes: Vec<String> = node
        .derived
        .paid
        .iter()
        .take(4)
        .map(|payment| {
            format!(
                "{} ran in here: {} of this node's time went to it and stands there",
                one_line(&payment.name, 60),
                ms(payment.ms)
            )
        })
        .collect();
    if !node.derived.paid_by.is_empty() {
        let payers = node
            .derived
            .paid_by
            .iter()
            .take(4)
            .map(|id| name_of(*id))
            .collect::<Vec<_>>()
            .join("; ");
        notes.push(format!("It hangs here, and ran within {payers}."));
    }
    notes
}
