//! What a plan suggests changing.
//!
//! Each rule looks at one node, or at the whole, and speaks only above a gate: the plan takes
//! long enough to matter, and the node takes enough of it. What a plan alone cannot tell (the type
//! of a column, the size of a table) comes in a [`JudgeContext`]; unknown keeps a rule silent
//! where it would otherwise guess.

mod expected;
mod facts;
mod figures;
mod first_rows;
mod folded;
mod index;
mod joins;
mod known;
mod limits;
mod other_databases;
mod scans;
mod sorted;
mod spills;
mod subqueries;
mod text;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use silk_core::Severity;

use crate::Plan;
use facts::Facts;
pub use index::{IndexColumn, IndexSuggestion};
pub use known::relations;

/// What is known beside the plan itself. Everything unknown keeps a rule cautious.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JudgeContext {
    /// The statement takes much of its request: judged although the plan is quick.
    pub is_top_statement: bool,
    /// How often the statement was run. Unless it is known to be often, planning is not judged.
    pub calls: Option<u64>,
    /// Live rows by relation.
    pub table_rows: BTreeMap<String, f64>,
    /// Types of columns, by `relation.column`, as `format_type` names them.
    pub column_types: BTreeMap<String, String>,
    /// Columns that an index starts with, by relation. A relation that is not listed is unknown.
    pub leading_columns: BTreeMap<String, Vec<String>>,
    /// Fraction of pages all of whose rows are visible to everyone, by relation, 0 to 1.
    pub all_visible: BTreeMap<String, f64>,
    /// The plan of the same statement for its values, where this one is the generic one.
    pub custom: Option<Box<Plan>>,
    /// Wall-clock time of the query in the app, in ms.
    pub wall_ms: Option<f64>,
    /// The statement: what plans of SQLite and MySQL leave out (orders, limits, names of tables) is
    /// read from it.
    pub sql: Option<String>,
    /// Rows that the query gave to the app.
    pub rows_given: Option<f64>,
    /// When the plan was made (`02:10:33 UTC`), where what is known of its tables is of a later
    /// time: an index of now may not have existed then, so no rule blames the planner for it.
    pub made_before_facts: Option<String>,
}

/// What a rule found in a plan, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanFinding {
    /// Name of the rule: `seq_scan_filters_most`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The node it is about.
    pub node: Option<usize>,
    /// One line: what was seen.
    pub title: String,
    /// The numbers it rests on.
    pub evidence: String,
    /// What to do.
    pub action: String,
    /// What would make it wrong.
    pub unless: String,
    /// Whether the action was tried and helped.
    pub verified: bool,
    /// Whether it rests on the planner's estimates only.
    pub estimated: bool,
    /// Time it would save at best, in ms, of the run that the plan is of; none if the plan has no
    /// times. Never more than the whole, nor than the time of the nodes it is about.
    pub saves_ms: Option<f64>,
    /// The same as a fraction of the whole, 0 to 1, by time, else by cost or rows: where
    /// [`saves_ms`](Self::saves_ms) is none, a measured time of the query can be multiplied with it.
    /// None if the plan tells neither.
    pub share: Option<f64>,
    /// The index it asks for, where it is known in full.
    pub index: Option<IndexSuggestion>,
}

/// What a plan suggests changing, what saves most first.
#[must_use]
pub fn judge(plan: &Plan, context: &JudgeContext) -> Vec<PlanFinding> {
    let folded = folded::of(plan);
    let plan = folded.as_ref().unwrap_or(plan);
    if plan.analyzed {
        judge_figures(plan, context)
    } else {
        judge_figures(&expected::of(plan, context), context)
    }
}

fn judge_figures(plan: &Plan, context: &JudgeContext) -> Vec<PlanFinding> {
    let facts = Facts::of(plan, context);
    let mut found = Vec::new();
    if facts.matters() {
        for node in &facts.nodes {
            scans::judge(&facts, node, &mut found);
            spills::judge(&facts, node, &mut found);
            joins::judge(&facts, node, &mut found);
            subqueries::judge(&facts, node, &mut found);
            limits::judge(&facts, node, &mut found);
            first_rows::judge(&facts, node, &mut found);
            other_databases::judge(&facts, node, &mut found);
        }
        whole::judge(&facts, &mut found);
    }
    // These are about time that is not the plan's, and have gates of their own.
    whole::judge_beside(&facts, &mut found);
    let mut found = one_per_cause(&facts, found);
    found.sort_by(|a, b| {
        let ms = |finding: &PlanFinding| finding.saves_ms.unwrap_or(0.0);
        let share = |finding: &PlanFinding| finding.share.unwrap_or(0.0);
        ms(b)
            .total_cmp(&ms(a))
            .then(share(b).total_cmp(&share(a)))
            .then(b.severity.cmp(&a.severity))
            .then(a.node.cmp(&b.node))
    });
    found
}

/// Pairs of rules where the first says why, and the second says the same with less.
const EXPLAINED: [(&str, &str); 17] = [
    ("sorts_all_for_first_rows", "sort_on_disk"),
    ("not_in_subquery", "temp_io"),
    ("cte_fence", "temp_io"),
    ("leading_wildcard", "seq_scan_filters_most"),
    ("function_on_column", "seq_scan_filters_most"),
    ("cast_on_column", "seq_scan_filters_most"),
    ("or_blocks_index", "seq_scan_filters_most"),
    ("limit_walks_wrong_index", "seq_scan_filters_most"),
    ("leading_wildcard", "index_scan_filters_many"),
    ("function_on_column", "index_scan_filters_many"),
    ("cast_on_column", "index_scan_filters_many"),
    ("sort_on_disk", "temp_io"),
    ("hash_spills", "temp_io"),
    ("cartesian_product", "nested_loop_repeats"),
    ("or_blocks_index", "nested_loop_repeats"),
    ("not_in_subquery", "correlated_subquery"),
    ("or_blocks_index", "join_filter_discards"),
];

/// One finding per cause at a node; what a flagged parent explains is not said again below it.
fn one_per_cause(facts: &Facts<'_>, found: Vec<PlanFinding>) -> Vec<PlanFinding> {
    let said: BTreeSet<(&str, Option<usize>)> = found
        .iter()
        .map(|finding| (finding.rule, finding.node))
        .collect();
    let repeated: BTreeSet<usize> = found
        .iter()
        .filter(|finding| {
            matches!(
                finding.rule,
                "nested_loop_repeats"
                    | "correlated_subquery"
                    | "not_in_subquery"
                    | "limit_walks_wrong_index"
            )
        })
        .filter_map(|finding| finding.node)
        .collect();
    let mut told = BTreeSet::new();
    found
        .into_iter()
        .filter(|finding| {
            // Every reader of a CTE goes through the same rows on disk.
            let cte = finding.node.and_then(|node| facts.nodes[node].cte.clone());
            finding.rule != "temp_io" || cte.is_none() || told.insert(cte)
        })
        .filter(|finding| {
            let explained = EXPLAINED
                .iter()
                .any(|(why, what)| *what == finding.rule && said.contains(&(*why, finding.node)));
            // A scan within something repeated is that thing's cost.
            let within = matches!(
                finding.rule,
                "seq_scan_filters_most"
                    | "index_scan_filters_many"
                    | "many_pages_per_row"
                    | "temp_io"
                    | "join_filter_discards"
            ) && finding
                .node
                .is_some_and(|node| facts.ancestors(node).any(|above| repeated.contains(&above)));
            !explained && !within
        })
        .collect()
}
