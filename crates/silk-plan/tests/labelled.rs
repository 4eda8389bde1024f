//! Every rule against plans that were labelled by hand: precision and recall, one by one.
//!
//! `tests/plans/labels.txt` lists for each plan the findings it must have and the rules it is a
//! near miss of. `cargo test -p silk-plan --test labelled -- --nocapture` prints the table.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use silk_plan::{JudgeContext, Plan, findings};

/// The catalogue, in its order.
const RULES: [&str; 34] = [
    "seq_scan_filters_most",
    "index_scan_filters_many",
    "index_only_scan_visits_heap",
    "sort_on_disk",
    "hash_spills",
    "nested_loop_repeats",
    "row_misestimate",
    "deep_offset",
    "counts_everything",
    "lossy_bitmap",
    "correlated_subquery",
    "temp_io",
    "jit_overhead",
    "missing_workers",
    "limit_walks_wrong_index",
    "covering_index",
    "planning_dominates",
    "triggers",
    "cte_fence",
    "leading_wildcard",
    "function_on_column",
    "cast_on_column",
    "or_blocks_index",
    "not_in_subquery",
    "cartesian_product",
    "join_filter_discards",
    "memoize_thrashes",
    "slow_io",
    "many_pages_per_row",
    "no_partition_pruning",
    "waited",
    "generic_plan_regression",
    "many_index_searches",
    "sorts_all_for_first_rows",
];
/// What only SQLite prints.
const MORE_RULES: [&str; 2] = ["automatic_index", "full_scan"];

struct Label<'a> {
    file: &'a str,
    context: &'a str,
    hits: Vec<&'a str>,
    near_misses: Vec<&'a str>,
}

/// `folder/file | context | findings | near misses`; all but the first may be empty.
fn labels(text: &str) -> Vec<Label<'_>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let mut parts = line.split('|').map(str::trim);
            let mut next = || parts.next().unwrap_or_default();
            let (file, context, hits, near) = (next(), next(), next(), next());
            Label {
                file,
                context,
                hits: hits.split_whitespace().collect(),
                near_misses: near.split_whitespace().collect(),
            }
        })
        .collect()
}

fn plan(file: &str) -> Plan {
    let raw = plan_corpus::plan(file);
    Plan::detect_and_parse(raw).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// `rows:message=100000; type:message.id=bigint; visible:message=0.95; leads:message=a,b; calls=9;
/// wall=900; custom=folder/file; sql=SELECT …; top`.
fn context(text: &str) -> JudgeContext {
    let mut context = JudgeContext::default();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (kind, name) = key.split_once(':').unwrap_or((key, ""));
        let name = name.to_owned();
        match kind {
            "rows" => {
                context.table_rows.insert(name, value.parse().unwrap());
            }
            "type" => {
                context.column_types.insert(name, value.to_owned());
            }
            "visible" => {
                context.all_visible.insert(name, value.parse().unwrap());
            }
            "leads" => {
                let columns = value.split(',').map(ToOwned::to_owned).collect();
                context.leading_columns.insert(name, columns);
            }
            "calls" => context.calls = Some(value.parse().unwrap()),
            "sql" => context.sql = Some(value.to_owned()),
            "wall" => context.wall_ms = Some(value.parse().unwrap()),
            "custom" => context.custom = Some(Box::new(plan(value))),
            "top" => context.is_top_statement = true,
            _ => panic!("unknown context: {part}"),
        }
    }
    context
}

#[derive(Default)]
struct Score {
    hits: u32,
    wrong: Vec<String>,
    missed: Vec<String>,
    near_misses: u32,
}

fn ratio(good: u32, bad: usize) -> f64 {
    let all = f64::from(good) + f64::from(u32::try_from(bad).unwrap());
    if all > 0.0 {
        f64::from(good) / all
    } else {
        1.0
    }
}

#[test]
fn precision_and_recall_are_one() {
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let labels = labels(include_str!("plans/labels.txt"));
    for label in &labels {
        let plan = plan(label.file);
        let mut found: Vec<&str> = findings::judge(&plan, &context(label.context))
            .iter()
            .map(|finding| finding.rule)
            .collect();
        found.sort_unstable();
        found.dedup();
        for rule in label.hits.iter().chain(&label.near_misses) {
            assert!(
                RULES.contains(rule) || MORE_RULES.contains(rule),
                "{}: no rule is called {rule}",
                label.file
            );
        }
        let place = || format!("{} ({})", label.file, label.context);
        for &rule in &found {
            let score = scores.entry(rule).or_default();
            if label.hits.contains(&rule) {
                score.hits += 1;
            } else {
                score.wrong.push(place());
            }
        }
        for &rule in label.hits.iter().filter(|rule| !found.contains(rule)) {
            scores.entry(rule).or_default().missed.push(place());
        }
        for rule in &label.near_misses {
            assert!(!label.hits.contains(rule), "{}: {rule}", label.file);
            scores.entry(rule).or_default().near_misses += 1;
        }
    }
    println!("{} plans", labels.len());
    println!(
        "{:30} {:>4} {:>4} {:>9} {:>6}",
        "rule", "hits", "near", "precision", "recall"
    );
    let (mut hits, mut wrong, mut missed) = (0, 0, 0);
    for rule in RULES.iter().chain(&MORE_RULES) {
        let score = scores.entry(rule).or_default();
        println!(
            "{rule:30} {:4} {:4} {:9.3} {:6.3}",
            score.hits,
            score.near_misses,
            ratio(score.hits, score.wrong.len()),
            ratio(score.hits, score.missed.len())
        );
        hits += score.hits;
        wrong += score.wrong.len();
        missed += score.missed.len();
    }
    println!(
        "{:30} {hits:4} {:4} {:9.3} {:6.3}",
        "overall",
        "",
        ratio(hits, wrong),
        ratio(hits, missed)
    );
    for (rule, score) in &scores {
        assert!(
            score.wrong.is_empty(),
            "{rule} is wrong at {:#?}",
            score.wrong
        );
        assert!(
            score.missed.is_empty(),
            "{rule} is missing at {:#?}",
            score.missed
        );
        assert!(score.hits >= 1, "{rule} has no plan");
        assert!(
            score.near_misses >= 2,
            "{rule} has {} near misses",
            score.near_misses
        );
    }
}

#[test]
fn every_rule_about_plans_is_documented() {
    let text = include_str!("../../../docs/reference/findings.md");
    let (_, table) = text.split_once("## Of a plan").unwrap();
    for rule in RULES.iter().chain(&MORE_RULES) {
        assert!(table.contains(&format!("| `{rule}` | ")), "{rule}");
    }
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), RULES.len() + MORE_RULES.len());
}
