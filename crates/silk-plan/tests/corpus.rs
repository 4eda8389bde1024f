//! Every plan of the corpus, read and measured, against what was measured before.
//!
//! `SILK_UPDATE_SNAPSHOTS=1 cargo test -p silk-plan --test corpus` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use plan_corpus::{Plans, sources};
use silk_plan::{Counters, Direction, Execution, JudgeContext, Plan, PlanNode, findings};

fn drawn(plan: &Plan) -> String {
    let mut out = String::new();
    let number = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.3}", value + 0.0))
    };
    let totals = &plan.totals;
    writeln!(
        out,
        "{} total {} planning {} outside {} holds {:?}",
        plan.shape,
        number(totals.total_ms),
        number(plan.planning_ms),
        number(totals.outside_ms),
        totals.invariant_holds
    )
    .unwrap();
    let found = findings::judge(plan, &JudgeContext::default());
    let mut stack = vec![(0, &plan.root)];
    while let Some((depth, node)) = stack.pop() {
        let derived = &node.derived;
        write!(
            out,
            "{:indent$}{}",
            "",
            node.title(),
            indent = 2 * depth + 2
        )
        .unwrap();
        for (label, text) in [
            ("on", &node.relation),
            ("using", &node.index),
            ("as", &node.subplan),
        ] {
            if let Some(text) = text {
                write!(out, " {label} {text}").unwrap();
            }
        }
        match derived.execution {
            Execution::Never => out.push_str(" never"),
            Execution::Unknown => {}
            Execution::Ran => {
                let direction = match derived.direction {
                    Some(Direction::Over) => " over",
                    Some(Direction::Under) => " under",
                    None if derived.stopped_early => " early",
                    None => "",
                };
                write!(
                    out,
                    " T {} S {} P {:.2} rows {} removed {} factor {}{direction}",
                    number(derived.inclusive_ms),
                    number(derived.exclusive_ms),
                    derived.participants,
                    number(derived.rows),
                    number(derived.removed),
                    number(derived.estimate_factor),
                )
                .unwrap();
                if let Some(buffers) = derived.buffers {
                    write!(
                        out,
                        " pages {} temp {}",
                        buffers.pages(),
                        buffers.temp_pages()
                    )
                    .unwrap();
                }
            }
        }
        for payment in &derived.paid {
            write!(out, " paid {} {:.3}", payment.name, payment.ms).unwrap();
        }
        for finding in found.iter().filter(|finding| finding.node == Some(node.id)) {
            write!(out, " !{}", finding.rule).unwrap();
        }
        out.push('\n');
        stack.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
    }
    for finding in found.iter().filter(|finding| finding.node.is_none()) {
        writeln!(out, "  !{}", finding.rule).unwrap();
    }
    out
}

#[test]
fn every_plan_measures_as_before() {
    let update = std::env::var_os("SILK_UPDATE_SNAPSHOTS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    fs::create_dir_all(&folder).unwrap();
    let mut count = 0;
    for (name, plans) in sources() {
        let mut drawn_plans = String::new();
        for (file, raw) in plans {
            let plan = Plan::detect_and_parse(raw)
                .unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
            write!(drawn_plans, "{file} {}", drawn(&plan)).unwrap();
            count += 1;
        }
        let path = folder.join(format!("{name}.snap"));
        if update {
            fs::write(&path, &drawn_plans).unwrap();
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        for (got, wanted) in drawn_plans.lines().zip(wanted.lines()) {
            assert_eq!(got, wanted, "{name}");
        }
        assert_eq!(
            drawn_plans.lines().count(),
            wanted.lines().count(),
            "{name}"
        );
    }
    assert!(count >= 150, "{count} plans");
}

/// What the corpus is made of: where it came from, and in which formats.
#[test]
fn the_corpus_is_of_every_database_and_format() {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (name, plans) in sources() {
        for raw in plans.values() {
            let format = format!("{:?}", Plan::detect_and_parse(raw).unwrap().format);
            *counts.entry((name.clone(), format)).or_default() += 1;
        }
    }
    for ((name, format), count) in &counts {
        println!("{name:16} {format:14} {count:4}");
    }
    let of = |prefix: &str| -> usize {
        let named = counts
            .iter()
            .filter(|((name, _), _)| name.starts_with(prefix));
        named.map(|(_, count)| count).sum()
    };
    // What was printed by servers that were there; MySQL's is after its documentation.
    assert!(of("lab-15") >= 200 && of("lab-18") >= 200, "{counts:?}");
    for old in ["lab-10", "lab-11", "lab-12", "lab-13", "lab-14"] {
        assert!(of(old) >= 150, "{old}: {counts:?}");
    }
    assert!(of("lab-16") >= 120 && of("lab-17") >= 120, "{counts:?}");
    assert!(
        of("mariadb") >= 25 && of("sqlite") >= 25 && of("mysql") >= 4,
        "{counts:?}"
    );
}

#[test]
fn exclusive_times_add_up_on_every_timed_plan() {
    // In edited plans figures were changed one by one.
    for (name, plans) in sources().iter().filter(|(name, _)| *name != "edited") {
        for (file, raw) in plans {
            let plan = Plan::detect_and_parse(raw).unwrap();
            assert_ne!(
                plan.totals.invariant_holds,
                Some(false),
                "{name}/{file}: {:?}",
                plan.totals
            );
            for node in plan.nodes() {
                assert!(
                    node.derived.exclusive_ms.unwrap_or(0.0) >= 0.0,
                    "{name}/{file}"
                );
            }
        }
    }
}

#[test]
fn pages_add_up_on_every_plan_that_counts_them() {
    for (name, plans) in sources()
        .iter()
        .filter(|(name, _)| name.starts_with("postgres") || name.starts_with("lab"))
    {
        for (file, raw) in plans {
            let plan = Plan::detect_and_parse(raw).unwrap();
            let Some(whole) = plan.root.buffers else {
                continue;
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
                (sum - wanted).abs() <= 1.0,
                "{name}/{file}: {sum} is not {wanted}"
            );
        }
    }
}

#[test]
fn text_and_json_give_the_same_tree() {
    let mut pairs = 0;
    for (name, plans) in sources() {
        if name == "postgres-15" || name.starts_with("lab-") {
            pairs += pairs_of(plans);
        }
    }
    assert!(pairs >= 300, "{pairs}");
}

/// Which triggers ran. The text names a relation only where there are several.
fn triggers(plan: &Plan) -> Vec<(String, Option<String>)> {
    let triggers = plan.triggers.iter();
    triggers
        .map(|trigger| (trigger.name.clone(), trigger.constraint.clone()))
        .collect()
}

/// Which figures a node and its workers have.
fn figures(node: &PlanNode) -> Vec<String> {
    let counters = |counters: &Counters| {
        [
            ("filter", counters.removed_by_filter),
            ("join filter", counters.removed_by_join_filter),
            ("recheck", counters.removed_by_recheck),
            ("heap fetches", counters.heap_fetches),
            ("workers planned", counters.workers_planned),
            ("workers launched", counters.workers_launched),
            ("sort space", counters.sort_space_kb),
            ("hash batches", counters.hash_batches),
            ("hash batches planned", counters.original_hash_batches),
            ("memory", counters.peak_memory_kb),
            ("cache hits", counters.cache_hits),
            ("partitions removed", counters.subplans_removed),
        ]
        .into_iter()
        // The text is silent about none of these.
        .filter(|(_, count)| count.is_some_and(|count| count > 0.0))
        .map(|(name, _)| name.to_owned())
        .collect::<Vec<_>>()
    };
    let mut found = counters(&node.counters);
    found.extend(node.actual.map(|_| "actual".to_owned()));
    for worker in &node.workers {
        for name in counters(&worker.counters) {
            found.push(format!("worker {}: {name}", worker.number));
        }
    }
    found
}

/// Compares every plan in JSON with its twin in text; gives how many there were.
fn pairs_of(plans: &Plans) -> usize {
    let mut pairs = 0;
    for (file, json) in plans
        .iter()
        .filter(|(file, _)| file.ends_with(".json") && !file.contains("timing_off"))
    {
        let text = file.replace(".json", ".txt");
        let Some(text) = plans.get(&text) else {
            continue;
        };
        let (json, text) = (
            Plan::detect_and_parse(json).unwrap(),
            Plan::detect_and_parse(text).unwrap(),
        );
        assert_eq!(json.shape, text.shape, "{file}");
        assert_eq!(triggers(&json), triggers(&text), "{file}");
        for (json, text) in json.nodes().zip(text.nodes()) {
            assert_eq!(json.role, text.role, "{file} {}", json.title());
            assert_eq!(json.alias, text.alias, "{file} {}", json.title());
            let width = |node: &PlanNode| node.estimate.map(|estimate| estimate.width);
            assert_eq!(width(json), width(text), "{file} {}", json.title());
            let kinds = |node: &PlanNode| node.conditions.clone();
            assert_eq!(kinds(json), kinds(text), "{file} {}", json.title());
            // Two runs: the figures differ, and not which of them there are.
            assert_eq!(figures(json), figures(text), "{file} {}", json.title());
            assert_eq!(json.schema, text.schema, "{file} {}", json.title());
            assert_eq!(json.output, text.output, "{file} {}", json.title());
        }
        pairs += 1;
    }
    pairs
}

#[test]
fn the_same_plan_in_any_frame() {
    let plans = plan_corpus::source("postgres-15");
    for (file, raw) in plans.iter().filter(|(file, _)| file.ends_with(".txt")) {
        let bare = Plan::detect_and_parse(raw).unwrap();
        let width = raw.lines().map(str::len).max().unwrap();
        let rule = "-".repeat(width);
        let lines = |prefix: &str, suffix: &str| {
            raw.lines()
                .map(|line| format!("{prefix}{line:width$}{suffix}\n"))
                .collect::<String>()
        };
        let frames = [
            format!(
                "   QUERY PLAN\n{rule}\n{}({} rows)\n\n",
                lines(" ", ""),
                raw.lines().count()
            ),
            format!(
                "+{rule}+\n| QUERY PLAN |\n+{rule}+\n{}+{rule}+\n(9 rows)\n",
                lines("| ", " |")
            ),
            format!(
                "2026-01-02 03:04:05 UTC [1] LOG:  duration: 12.500 ms  plan:\n\tQuery Text: SELECT 1\n{}",
                lines("\t", "")
            ),
            lines("", "\r"),
        ];
        for frame in frames {
            let framed = Plan::detect_and_parse(&frame)
                .unwrap_or_else(|error| panic!("{file}: {error}\n{frame}"));
            assert_eq!(framed.shape, bare.shape, "{file}\n{frame}");
            assert_eq!(framed.totals.root_ms, bare.totals.root_ms, "{file}");
        }
    }
}
