//! Plans of real servers, made anew: the relations between their numbers, never the numbers.
//!
//! `SILK_LAB_PLANS=1` puts them into `tests/plans/lab-VERSION.txt`, which is how those came to be;
//! any server from 10 on may stand in for the distribution's.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::Lab;
use plan_corpus::Plans;
use silk_plan::{Execution, JudgeContext, Plan, PlanNode, findings};

const FULL: &str = "ANALYZE, VERBOSE, BUFFERS, SETTINGS, FORMAT";

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn plans_of_the_distribution() {
    hold(Lab::open("SILK_TEST_POSTGRES").await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn plans_of_the_newest() {
    hold(Lab::open("SILK_TEST_POSTGRES_NEWEST").await).await;
}

async fn hold(mut lab: Lab) {
    let mut kept = Plans::new();
    for case in lab.cases() {
        let mut plans = Vec::new();
        for (ending, options) in [
            ("json", format!("{FULL} JSON")),
            ("txt", format!("{FULL} TEXT")),
            (
                "estimated.json",
                "VERBOSE, SETTINGS, FORMAT JSON".to_owned(),
            ),
            (
                "timing_off.json",
                "ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON".to_owned(),
            ),
        ] {
            // What is neither timed nor run says little more than one of its kind.
            let wanted = matches!(ending, "json" | "txt")
                || ["hash_join", "parallel_count", "subplan", "top_n"].contains(&case.name);
            if !wanted {
                continue;
            }
            let raw = lab.explain(&case, &options).await;
            kept.insert(format!("{}.{ending}", case.name), raw.clone());
            let plan = Plan::detect_and_parse(&raw)
                .unwrap_or_else(|error| panic!("{}.{ending}: {error}\n{raw}", case.name));
            adds_up(case.name, &plan, &raw);
            plans.push((ending, raw, plan));
        }
        for (ending, raw, plan) in plans
            .iter()
            .filter(|(_, _, plan)| plan.totals.root_ms.is_some())
        {
            numeric(
                case.name,
                plan,
                &format!("{ending} of {}\n{raw}", lab.version),
            );
        }
    }
    if std::env::var_os("SILK_LAB_PLANS").is_some() {
        plan_corpus::keep(&format!("lab-{}", lab.version), kept).unwrap();
    }
}

/// R8 and R12, and what no rule may leave behind.
fn adds_up(name: &str, plan: &Plan, raw: &str) {
    assert_ne!(
        plan.totals.invariant_holds,
        Some(false),
        "{name}: {:?}\n{raw}",
        plan.totals
    );
    let _ = findings::judge(plan, &JudgeContext::default());
    for node in plan.nodes() {
        let derived = &node.derived;
        assert!(derived.exclusive_ms.is_none_or(|ms| ms >= 0.0), "{name}");
        assert!(derived.participants >= 1.0, "{name}\n{raw}");
        if derived.execution == Execution::Never {
            assert_eq!(
                (derived.exclusive_ms, derived.rows, derived.estimate_factor),
                (None, None, None),
                "{name}"
            );
        }
    }
    let Some(whole) = plan.root.buffers.filter(|_| plan.totals.root_ms.is_some()) else {
        return;
    };
    let outside: f64 = plan
        .totals
        .outside
        .iter()
        .filter_map(|part| {
            // Of a CTE that was read, only what rounding left is outside.
            let node = plan.node(part.node?)?;
            node.buffers.filter(|_| node.derived.paid_by.is_empty())
        })
        .map(|buffers| buffers.pages())
        .sum();
    let sum: f64 = plan
        .nodes()
        .filter_map(|node| node.derived.buffers)
        .map(|buffers| buffers.pages())
        .sum();
    let wanted = whole.pages() + outside;
    assert!(
        (sum - wanted).abs() <= 1.0 + wanted * 0.01,
        "{name}: {sum} pages are not {wanted}\n{raw}"
    );
}

fn find<'a>(plan: &'a Plan, is_it: impl Fn(&PlanNode) -> bool, what: &str) -> &'a PlanNode {
    plan.nodes()
        .find(|node| is_it(node))
        .unwrap_or_else(|| panic!("no {what}: {plan:#?}"))
}

fn exclusive(node: &PlanNode) -> f64 {
    node.derived.exclusive_ms.unwrap()
}

fn inclusive(node: &PlanNode) -> f64 {
    node.derived.inclusive_ms.unwrap()
}

/// Within what three printed decimals allow, once per loop.
fn near(got: f64, wanted: f64, loops: f64, what: &str) {
    let off = 0.002 * loops.max(1.0) + wanted.abs() * 1e-6;
    assert!((got - wanted).abs() <= off, "{got} is not {wanted}: {what}");
}

/// The eight cases that were worked out by hand.
fn numeric(name: &str, plan: &Plan, raw: &str) {
    let gather = |node: &PlanNode| node.node_type.starts_with("Gather");
    match name {
        // The leader has no part in the work: workers + 1 would be one too many.
        "leader_off" => {
            let gather = find(plan, gather, "Gather");
            let launched = gather.counters.workers_launched.unwrap();
            let child = &gather.children[0];
            near(
                child.derived.participants,
                child.actual.unwrap().loops,
                1.0,
                raw,
            );
            if launched > 0.0 {
                near(child.derived.participants, launched, 1.0, raw);
            }
            near(
                inclusive(child),
                child.actual.unwrap().total_ms.unwrap(),
                2.0,
                raw,
            );
        }
        // One copy in one worker: nothing is halved.
        "single_copy" => {
            let gather = find(plan, gather, "Gather");
            let child = &gather.children[0];
            near(child.derived.participants, 1.0, 1.0, raw);
            near(
                inclusive(child),
                child.actual.unwrap().total_ms.unwrap(),
                1.0,
                raw,
            );
            near(
                exclusive(gather) + inclusive(child),
                inclusive(gather),
                2.0,
                raw,
            );
        }
        // Members ran in one process each: they add up all the same.
        "parallel_append" => {
            let append = find(plan, |node| node.node_type == "Append", "Append");
            let sum: f64 = append.children.iter().map(inclusive).sum();
            let processes = append.derived.participants;
            let members = append
                .children
                .iter()
                .map(|child| child.derived.participants);
            assert!(
                members.clone().all(|own| (own - processes).abs() < 1e-9),
                "{raw}"
            );
            near(
                exclusive(append) + sum,
                inclusive(append).max(sum),
                9.0,
                raw,
            );
        }
        // The first reader pays for nearly all of it, and both together for no more than all.
        "cte_two_readers" => {
            let cte = find(plan, |node| node.subplan.as_deref() == Some("CTE c"), "CTE");
            let paid: Vec<f64> = plan
                .nodes()
                .flat_map(|node| &node.derived.paid)
                .filter(|payment| payment.node == cte.id)
                .map(|payment| payment.ms)
                .collect();
            assert!(!paid.is_empty(), "{raw}");
            near(
                paid.iter().sum::<f64>() + outside(plan, cte),
                inclusive(cte),
                3.0,
                raw,
            );
            assert!(paid[0] >= 0.5 * inclusive(cte), "{paid:?}\n{raw}");
        }
        // It hangs at the top and runs in the scan below.
        "initplan_deep" => {
            let init = find(plan, is_init_plan, "InitPlan");
            let payer = plan.node(init.derived.paid_by[0]).unwrap();
            assert_eq!(init.derived.paid_by.len(), 1, "{raw}");
            assert_eq!(payer.relation.as_deref(), Some("message"), "{raw}");
            let hangs_there = payer.children.iter().any(|child| child.id == init.id);
            assert!(!hangs_there, "it runs where it hangs\n{raw}");
            assert!(
                exclusive(payer) <= inclusive(payer) - inclusive(init) + 0.002,
                "{raw}"
            );
        }
        // Values are worked out before workers start.
        "initplan_gather" => {
            let init = find(plan, is_init_plan, "InitPlan");
            let payer = plan.node(init.derived.paid_by[0]).unwrap();
            // Before 11 what needs such a value is not given to workers.
            let within: Vec<usize> = init.preorder().map(|node| node.id).collect();
            let mut outer = plan.nodes().filter(|node| !within.contains(&node.id));
            assert!(
                gather(payer) || !outer.any(gather),
                "paid by {}\n{raw}",
                payer.title()
            );
        }
        // Nobody reads it: it runs when the rest is done.
        "modifying_cte" => {
            let cte = find(plan, |node| node.subplan.as_deref() == Some("CTE u"), "CTE");
            near(outside(plan, cte), inclusive(cte), 1.0, raw);
            near(exclusive(&plan.root), inclusive(&plan.root), 1.0, raw);
            assert!(
                plan.totals.outside_ms.unwrap() > inclusive(&plan.root),
                "{raw}"
            );
            assert!(plan.totals.total_ms.unwrap() >= inclusive(cte), "{raw}");
        }
        // Before the row is within the node, after it within nothing.
        "insert_triggers" => {
            let named = |wanted: &str| {
                let trigger = plan.triggers.iter().find(|trigger| trigger.name == wanted);
                trigger.unwrap().ms.unwrap()
            };
            assert!(inclusive(&plan.root) >= named("a_before"), "{raw}");
            assert!(
                inclusive(&plan.root) < named("a_before") + named("b_after"),
                "{raw}"
            );
            // Numbers alone may not tell which of the two it was: they tell how much.
            let after: f64 = plan
                .totals
                .outside
                .iter()
                .filter(|part| part.label.starts_with("Trigger"))
                .map(|part| part.ms)
                .sum();
            assert!(after >= 40.0, "{:?}\n{raw}", plan.totals.outside);
            assert!(
                after <= named("a_before").max(named("b_after")) + 1.0,
                "{:?}\n{raw}",
                plan.totals.outside
            );
        }
        // A Limit takes exactly its rows, also from workers: what rule 8 rests on.
        "top_n_parallel" => {
            let limit = &plan.root;
            near(limit.derived.rows.unwrap(), 100.0, 1.0, raw);
            near(limit.children[0].derived.rows.unwrap(), 100.0, 1.0, raw);
        }
        // Lazily read, and no mistake of the planner.
        "cte_partial" => {
            let cte = find(plan, |node| node.subplan.as_deref() == Some("CTE c"), "CTE");
            assert!(
                cte.derived.stopped_early && cte.derived.direction.is_none(),
                "{raw}"
            );
        }
        "initplan_exists" => {
            let init = find(plan, is_init_plan, "InitPlan");
            assert!(
                init.derived.stopped_early && init.derived.direction.is_none(),
                "{raw}"
            );
        }
        _ => {}
    }
}

fn is_init_plan(node: &PlanNode) -> bool {
    let name = node.subplan.as_deref();
    name.is_some_and(|name| name.starts_with("InitPlan"))
}

fn outside(plan: &Plan, node: &PlanNode) -> f64 {
    let parts = plan.totals.outside.iter();
    parts
        .filter(|part| part.node == Some(node.id))
        .map(|part| part.ms)
        .sum()
}
