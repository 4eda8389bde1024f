//! Rules about the plan as a whole: 13, 14, 17, 18, 30–32 of the catalogue.

use silk_core::Severity;

use super::PlanFinding;
use super::facts::{Facts, MIN_TOTAL_MS, count, percent, ran};
use crate::Plan;

/// What the rules say about the plan.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Vec<PlanFinding>) {
    let rules = [
        jit_overhead,
        missing_workers,
        triggers,
        no_pruning,
        generic_plan,
    ];
    found.extend(rules.iter().filter_map(|rule| rule(facts)));
}

/// What the rules say about time that is not the plan's: planning and waiting.
pub(super) fn judge_beside(facts: &Facts<'_>, found: &mut Vec<PlanFinding>) {
    let beside = facts.plan.planning_ms.unwrap_or(0.0) + facts.total_ms;
    if facts.context.is_top_statement || beside >= MIN_TOTAL_MS {
        found.extend(planning_dominates(facts));
    }
    let wall = facts.context.wall_ms.unwrap_or(0.0).max(facts.total_ms);
    if facts.context.is_top_statement || wall >= MIN_TOTAL_MS {
        found.extend(waited(facts));
    }
}

/// A finding about the whole plan, or one node of it.
fn finding(
    facts: &Facts<'_>,
    rule: &'static str,
    node: Option<usize>,
    words: [String; 4],
    saves_ms: Option<f64>,
) -> PlanFinding {
    let [title, evidence, action, unless] = words;
    PlanFinding {
        rule,
        severity: if saves_ms.is_some() {
            Severity::Warning
        } else {
            Severity::Info
        },
        node,
        title,
        evidence,
        action,
        unless,
        verified: false,
        estimated: !facts.plan.analyzed,
        share: saves_ms
            .filter(|_| facts.total_ms > 0.0)
            .map(|ms| (ms / facts.total_ms).clamp(0.0, 1.0)),
        saves_ms,
        index: None,
    }
}

/// 13: compiling took longer than it gained.
fn jit_overhead(facts: &Facts<'_>) -> Option<PlanFinding> {
    let jit = facts.plan.jit.as_ref()?;
    let total = jit.total_ms?;
    let execution = facts.plan.execution_ms.unwrap_or(facts.total_ms);
    let processes = 1.0
        + facts
            .nodes
            .iter()
            .filter_map(|node| node.counters.workers_launched)
            .fold(0.0, f64::max);
    // Of a parallel plan that does not tell its processes apart, one spent at least its part.
    let wall = jit.wall_ms.unwrap_or(total / processes).min(execution);
    let is_much = wall >= 20.0 && wall >= 0.2 * execution;
    if !is_much && wall <= execution - wall {
        return None;
    }
    let share = percent((wall / execution).min(1.0));
    let (least, functions) = (jit.wall_ms.is_none(), count(jit.functions));
    Some(finding(facts, "jit_overhead", None, [
        format!("Compiling took {}{share} of the time", if least { "at least " } else { "" }),
        if processes > 1.0 {
            format!(
                "{wall:.1} of {execution:.1} ms in one process; {functions} functions and {total:.1} ms over {} processes",
                count(processes)
            )
        } else {
            format!("{total:.1} ms for {functions} functions, of {execution:.1} ms")
        },
        "SET jit = off for this role, or a higher jit_above_cost; and look at why the planner thought it this dear".to_owned(),
        "it is a long analytic query that gains by it".to_owned(),
    ], Some(wall)))
}

/// 14: workers that did not come.
fn missing_workers(facts: &Facts<'_>) -> Option<PlanFinding> {
    let node = facts.nodes.iter().find(|node| {
        let planned = node.counters.workers_planned.unwrap_or(0.0);
        let launched = node.counters.workers_launched.unwrap_or(planned);
        ran(node)
            && launched < planned
            && node.detail("Single Copy") != Some("true")
            && facts.is_heavy(node)
    })?;
    let planned = node.counters.workers_planned.unwrap_or(0.0);
    let launched = node.counters.workers_launched.unwrap_or(0.0);
    Some(finding(
        facts,
        "missing_workers",
        Some(node.id),
        [
            format!("{} of {} workers came", count(launched), count(planned)),
            format!("{} planned, {} launched", count(planned), count(launched)),
            "max_parallel_workers and max_worker_processes, where this happens often".to_owned(),
            "rows were fetched through a cursor, or the session forbids parallel work".to_owned(),
        ],
        None,
    ))
}

/// 17: longer planned than run.
fn planning_dominates(facts: &Facts<'_>) -> Option<PlanFinding> {
    let (planning, execution) = (facts.plan.planning_ms?, facts.plan.execution_ms?);
    let cold = facts
        .plan
        .planning_buffers
        .is_some_and(|buffers| buffers.shared_read > 0.0);
    if planning <= execution
        || planning < 2.0
        || cold
        || facts.context.calls.is_none_or(|calls| calls < 5)
    {
        return None;
    }
    Some(finding(facts, "planning_dominates", None, [
        format!("Planned for {planning:.1} ms, run in {execution:.1} ms"),
        format!("{planning:.3} ms of planning before {execution:.3} ms of execution"),
        "let the statement be prepared and kept (sqlx does, unless persistent(false)); fewer partitions or joins".to_owned(),
        "it was the first time on this connection, with a cold catalog".to_owned(),
    ], Some(planning - execution.min(planning))))
}

/// 18: triggers and foreign keys.
fn triggers(facts: &Facts<'_>) -> Option<PlanFinding> {
    let total: f64 = facts
        .plan
        .triggers
        .iter()
        .filter_map(|trigger| trigger.ms)
        .sum();
    let execution = facts.plan.execution_ms.unwrap_or(facts.total_ms);
    let worst = facts
        .plan
        .triggers
        .iter()
        .max_by(|a, b| a.ms.unwrap_or(0.0).total_cmp(&b.ms.unwrap_or(0.0)))?;
    if execution <= 0.0 || total < 0.1 * execution {
        return None;
    }
    let each = worst.ms.unwrap_or(0.0) / worst.calls.max(1.0);
    let foreign_key = worst.constraint.is_some() || worst.name.starts_with("RI_ConstraintTrigger");
    Some(finding(
        facts,
        "triggers",
        None,
        [
            format!(
                "Triggers took {} of the time",
                percent((total / execution).min(1.0))
            ),
            format!(
                "{}: {} calls of {each:.3} ms each",
                worst.constraint.as_deref().unwrap_or(&worst.name),
                count(worst.calls)
            ),
            if foreign_key {
                "an index on the referencing column of that foreign key; check rows in batches"
                    .to_owned()
            } else {
                "do less per row: a statement-level trigger, or the work done later".to_owned()
            },
            "the index is there, and there is just much to check".to_owned(),
        ],
        Some(total.min(execution)),
    ))
}

/// 30: all partitions are read.
fn no_pruning(facts: &Facts<'_>) -> Option<PlanFinding> {
    let node = facts.nodes.iter().find(|node| {
        let read = node
            .children
            .iter()
            .filter(|child| ran(child) && child.node_type.ends_with("Scan"));
        let in_vain = read
            .clone()
            .filter(|child| {
                let discarded = child.derived.discarded;
                discarded.is_some_and(|discarded| discarded >= 0.95)
            })
            .count();
        // The rows wanted lie in one partition, or two: those are read rightly. Empty ones tell nothing.
        let others = read
            .filter(|child| {
                let discarded = child.derived.discarded;
                discarded.is_some_and(|discarded| discarded < 0.95)
            })
            .count();
        matches!(node.node_type.as_str(), "Append" | "Merge Append")
            && node.counters.subplans_removed.unwrap_or(0.0) <= 0.0
            && in_vain >= 10
            && others <= 2
            && facts.is_heavy(node)
    })?;
    Some(finding(
        facts,
        "no_partition_pruning",
        Some(node.id),
        [
            format!("{} partitions are read", node.children.len()),
            "nearly every row of each was thrown away by a filter".to_owned(),
            "compare the partition key itself in WHERE, with a value of its own type".to_owned(),
            "the rows wanted are spread over all partitions".to_owned(),
        ],
        facts.timed.then(|| {
            let scans = node.children.iter();
            let own = scans.filter_map(|child| child.derived.exclusive_ms);
            own.sum::<f64>() * 0.8
        }),
    ))
}

/// 31: the time went elsewhere.
fn waited(facts: &Facts<'_>) -> Option<PlanFinding> {
    let execution = facts.plan.execution_ms?;
    let lock = facts.nodes.iter().find(|node| {
        let own = node.derived.exclusive_ms.unwrap_or(0.0);
        let pages = node.derived.buffers.map(|buffers| buffers.pages());
        matches!(node.node_type.as_str(), "LockRows" | "ModifyTable")
            && own >= 50.0
            && own >= 0.5 * execution
            && facts.plan.triggers.is_empty()
            && pages.is_some_and(|pages| pages <= 100.0)
    });
    let wall = facts
        .context
        .wall_ms
        .filter(|wall| *wall >= 3.0 * execution && wall - execution >= 20.0);
    if lock.is_none() && wall.is_none() {
        return None;
    }
    Some(finding(facts, "waited", lock.map(|node| node.id), [
        "Waited rather than worked".to_owned(),
        match (lock, wall) {
            (Some(node), _) => format!("{} took {:.1} ms for few pages", node.title(), node.derived.exclusive_ms.unwrap_or(0.0)),
            (None, wall) => format!("{:.1} ms in the app, {execution:.1} ms in the database", wall.unwrap_or(0.0)),
        },
        "look at pg_locks and pg_stat_activity while it happens: who holds the row, and for how long".to_owned(),
        "the time went to the network or to decoding many rows".to_owned(),
    ], None))
}

/// 32: the plan without values is much worse than the one with.
fn generic_plan(facts: &Facts<'_>) -> Option<PlanFinding> {
    let custom = facts.context.custom.as_deref()?;
    let price = |plan: &Plan| {
        let cost = plan.root.estimate.and_then(|estimate| estimate.total_cost);
        if plan.totals.root_ms.is_some() {
            plan.totals.root_ms
        } else {
            cost
        }
    };
    let same = facts.timed == custom.totals.root_ms.is_some();
    let (here, there) = (price(facts.plan)?, price(custom)?);
    if !same || there <= 0.0 || here < 2.0 * there {
        return None;
    }
    Some(finding(facts, "generic_plan_regression", None, [
        format!("The generic plan is {:.1} times dearer", here / there),
        format!("{here:.1} against {there:.1} {}", if facts.timed { "ms" } else { "planner units" }),
        "SET plan_cache_mode = force_custom_plan for this role, or persistent(false) for this query".to_owned(),
        "these values are rare, and the generic plan is right for the usual ones".to_owned(),
    ], facts.timed.then_some(here - there)))
}
