//! What the rules ask of a plan.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use silk_core::{DatabaseKind, Severity};

pub(super) use super::figures::{count, percent};
use super::{JudgeContext, PlanFinding, text};
use crate::advice::{self, Listed, TableWants};
use crate::{Execution, Plan, PlanFormat, PlanNode, Role};

/// A plan with what the rules ask of it, looked up once.
pub(super) struct Facts<'a> {
    pub(super) plan: &'a Plan,
    pub(super) context: &'a JudgeContext,
    pub(super) nodes: Vec<&'a PlanNode>,
    parents: Vec<Option<usize>>,
    /// Share of the whole in each subtree, 0 to 1: of the time, else of the cost.
    shares: Vec<f64>,
    /// How many scans read each CTE, by its name.
    readers: HashMap<&'a str, usize>,
    /// The top node of each CTE, by its name.
    ctes: HashMap<&'a str, usize>,
    /// Values that InitPlans give: `$0` (up to 16; from 17 on they are named where they stand).
    init_values: HashSet<&'a str>,
    /// Subqueries that NOT IN reads for every row.
    not_in: HashSet<usize>,
    /// Whether the shares are of time.
    pub(super) timed: bool,
    /// The plan in ms, where it is timed.
    pub(super) total_ms: f64,
    /// What the statement says of its tables, and its queries that ask for their first rows.
    statement: OnceCell<(Vec<TableWants>, Vec<Listed>)>,
    /// What the plan wants of its tables.
    wants: OnceCell<Vec<TableWants>>,
}

/// What a rule says; see [`PlanFinding`] for the words.
pub(super) struct Remark {
    pub(super) rule: &'static str,
    pub(super) title: String,
    pub(super) evidence: String,
    pub(super) action: String,
    pub(super) unless: &'static str,
    /// Fraction of the subtree's time that could be saved.
    pub(super) saves: f64,
}

/// What stands before a figure that no run counted.
const ABOUT: &str = "about ";

/// Plans quicker than this are not worth a finding, in ms.
pub(super) const MIN_TOTAL_MS: f64 = 5.0;
/// Without times, plans cheaper than this, in planner units.
const MIN_COST: f64 = 100.0;

impl<'a> Facts<'a> {
    pub(super) fn of(plan: &'a Plan, context: &'a JudgeContext) -> Self {
        let nodes: Vec<&PlanNode> = plan.nodes().collect();
        let mut parents = vec![None; nodes.len()];
        for node in &nodes {
            for child in &node.children {
                parents[child.id] = Some(node.id);
            }
        }
        let timed = plan.totals.root_ms.is_some();
        let total_ms = plan.totals.total_ms.unwrap_or(0.0);
        let mut shares: Vec<f64> = nodes
            .iter()
            .map(|node| node.derived.cost_share.unwrap_or(0.0))
            .collect();
        for at in (0..nodes.len()).rev() {
            if timed {
                let ms = nodes[at].derived.inclusive_ms.unwrap_or(0.0);
                shares[at] = if total_ms > 0.0 {
                    (ms / total_ms).min(1.0)
                } else {
                    0.0
                };
            } else if let Some(parent) = parents[at] {
                let below: f64 = shares[at];
                shares[parent] += below;
            }
        }
        let mut readers = HashMap::new();
        let mut ctes = HashMap::new();
        let mut init_values = HashSet::new();
        let mut not_in = HashSet::new();
        for node in &nodes {
            not_in.extend(node.not_in_subplans());
            if let Some(name) = node
                .subplan
                .as_deref()
                .filter(|_| node.role == Role::InitPlan)
            {
                init_values.extend(text::placeholders(name));
            }
            if let Some(name) = node.cte.as_deref().filter(|_| node.node_type == "CTE Scan") {
                *readers.entry(name).or_insert(0) += 1;
            }
            if let Some(name) = node
                .subplan
                .as_deref()
                .and_then(|part| part.strip_prefix("CTE "))
            {
                ctes.entry(name).or_insert(node.id);
            }
        }
        Self {
            plan,
            context,
            nodes,
            parents,
            shares,
            readers,
            ctes,
            init_values,
            not_in,
            timed,
            total_ms,
            statement: OnceCell::new(),
            wants: OnceCell::new(),
        }
    }

    /// The tables of the statement, and its queries that ask for their first rows; none if the
    /// statement is not known.
    pub(super) fn statement(&self) -> &(Vec<TableWants>, Vec<Listed>) {
        self.statement.get_or_init(|| {
            let sql = self.context.sql.as_deref();
            sql.map_or_else(Default::default, |sql| {
                advice::tables_and_lists(sql, kind(self.plan))
            })
        })
    }

    /// What PostgreSQL's plan wants of the table that a node reads.
    pub(super) fn wants_of(&self, scan: &PlanNode) -> Option<TableWants> {
        let wants = self.wants.get_or_init(|| advice::wants_of_any(self.plan));
        let mut wants = wants.iter();
        wants.find(|wants| wants.node == Some(scan.id)).cloned()
    }

    /// Whether the plan as a whole is worth judging.
    pub(super) fn matters(&self) -> bool {
        if self.context.is_top_statement || self.plan.format == PlanFormat::SqliteRows {
            return true;
        }
        if self.timed {
            return self.total_ms >= MIN_TOTAL_MS;
        }
        match self
            .plan
            .root
            .estimate
            .and_then(|estimate| estimate.total_cost)
        {
            Some(cost) => cost >= MIN_COST,
            // Ran without times and costs, or neither: only figures of rows can be judged.
            None => true,
        }
    }

    /// Whether the node and what is below it take enough of the whole.
    pub(super) fn is_heavy(&self, node: &PlanNode) -> bool {
        let known = self.timed || self.plan.root.derived.cost_share.is_some();
        !known || self.share(node) >= if self.timed { 0.1 } else { 0.2 }
    }

    /// The subtree's share of the whole, 0 to 1.
    pub(super) fn share(&self, node: &PlanNode) -> f64 {
        self.shares[node.id]
    }

    /// How many scans read the CTE of this name.
    pub(super) fn readers(&self, cte: &str) -> usize {
        self.readers.get(cte).copied().unwrap_or(0)
    }

    /// Whether a value (`$0`) is what an InitPlan gives, and not one that was bound.
    pub(super) fn is_of_init_plan(&self, value: &str) -> bool {
        self.init_values.contains(value)
    }

    /// The top node of the CTE of this name.
    pub(super) fn cte(&self, name: &str) -> Option<&'a PlanNode> {
        self.ctes.get(name).map(|at| self.nodes[*at])
    }

    /// Whether an index of the node's relation starts with this column; `None` where nobody knows.
    pub(super) fn leads_index(&self, node: &PlanNode, column: &str) -> Option<bool> {
        let columns = self
            .context
            .leading_columns
            .get(node.relation.as_deref()?)?;
        Some(columns.iter().any(|leading| leading == column))
    }

    /// True rows the node gave upward.
    ///
    /// A table's rows are those kept in PostgreSQL's print, and those read in the others'.
    pub(super) fn kept(&self, node: &PlanNode) -> f64 {
        if self.counts_read() {
            (rows(node) - removed_by_filter(node)).max(0.0)
        } else {
            rows(node)
        }
    }

    /// True rows the node read: those it gave, and those its filter threw away.
    pub(super) fn read(&self, node: &PlanNode) -> f64 {
        if self.counts_read() {
            rows(node)
        } else {
            rows(node) + removed_by_filter(node)
        }
    }

    fn counts_read(&self) -> bool {
        kind(self.plan) == DatabaseKind::MySql
    }

    /// Whether the node is a subquery that NOT IN reads for every row.
    pub(super) fn is_not_in(&self, node: &PlanNode) -> bool {
        self.not_in.contains(&node.id)
    }

    pub(super) fn parent(&self, node: &PlanNode) -> Option<&'a PlanNode> {
        self.parents[node.id].map(|parent| self.nodes[parent])
    }

    pub(super) fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[at], |at| self.parents[*at])
    }

    /// Sums over the nodes whose work a finding is about: never all that is below.
    fn spared(&self, rule: &str, node: &'a PlanNode, of: impl Fn(&PlanNode) -> f64) -> f64 {
        let below = |node: &'a PlanNode| node.preorder().map(&of).sum::<f64>();
        match rule {
            // What is repeated is repeated with all of it.
            "correlated_subquery" | "not_in_subquery" => below(node),
            "nested_loop_repeats" => {
                let mut inputs = node.children.iter();
                let inner = inputs.find(|child| child.role == Role::Inner);
                of(node) + inner.map_or(0.0, below)
            }
            "cte_fence" => {
                let part = node.cte.as_deref().and_then(|name| self.cte(name));
                of(node) + part.map_or(0.0, below)
            }
            // Rows handed up one by one, if they come from one place.
            "counts_everything" | "deep_offset" | "limit_walks_wrong_index" => {
                let mut sum = of(node);
                let mut at = node;
                loop {
                    let mut inputs = at
                        .children
                        .iter()
                        .filter(|child| child.role.runs_in_parent());
                    let (Some(only), None) = (inputs.next(), inputs.next()) else {
                        return sum;
                    };
                    sum += of(only);
                    at = only;
                }
            }
            _ => {
                let parts = node.children.iter().filter(|child| {
                    child.node_type.starts_with("Bitmap") || child.node_type == "Materialize"
                });
                of(node) + parts.map(of_ref(&of)).sum::<f64>()
            }
        }
    }

    /// A figure as it can be said: counted by a run, else expected by the planner.
    pub(super) fn about(&self, value: f64) -> String {
        self.said(count(value))
    }

    /// A share as it can be said: counted by a run, else expected by the planner.
    pub(super) fn about_percent(&self, fraction: f64) -> String {
        self.said(percent(fraction))
    }

    fn said(&self, figure: String) -> String {
        if self.plan.analyzed {
            figure
        } else {
            format!("{ABOUT}{figure}")
        }
    }

    /// A sentence of a finding, marked where figures in it are estimates.
    pub(super) fn marked(&self, mut sentence: String) -> String {
        if !self.plan.analyzed && sentence.contains(ABOUT) {
            sentence.push_str(" (estimated)");
        }
        sentence
    }

    /// Builds a finding about a node.
    pub(super) fn remark(&self, node: &'a PlanNode, remark: Remark) -> PlanFinding {
        let saves = remark.saves.clamp(0.0, 1.0);
        let part = self.spared(remark.rule, node, |node| {
            let derived = &node.derived;
            let part = if self.timed {
                derived.share
            } else {
                derived.cost_share
            };
            part.unwrap_or(0.0)
        });
        let is_known = self.timed || self.plan.root.derived.cost_share.is_some();
        let share = self.share(node);
        let severity = match remark.saves {
            saves if saves <= 0.0 => Severity::Info,
            _ if share.min(part) >= 0.5 => Severity::Critical,
            _ => Severity::Warning,
        };
        PlanFinding {
            rule: remark.rule,
            severity,
            node: Some(node.id),
            title: self.marked(remark.title),
            evidence: self.marked(remark.evidence),
            action: remark.action,
            unless: remark.unless.to_owned(),
            verified: false,
            estimated: !self.plan.analyzed,
            saves_ms: self.timed.then(|| {
                let own = self.spared(remark.rule, node, |node| {
                    node.derived.exclusive_ms.unwrap_or(0.0)
                });
                (own * saves).min(self.total_ms)
            }),
            share: is_known.then(|| (part * saves).clamp(0.0, 1.0)),
            index: None,
        }
    }
}

fn of_ref<'f>(of: &'f impl Fn(&PlanNode) -> f64) -> impl Fn(&PlanNode) -> f64 + 'f {
    move |node| of(node)
}

/// The database whose plan it is.
pub(super) const fn kind(plan: &Plan) -> DatabaseKind {
    match plan.format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
    }
}

/// Whether the node ran, or would.
pub(super) fn ran(node: &PlanNode) -> bool {
    node.derived.execution != Execution::Never
}

/// True rows the node gave.
pub(super) fn rows(node: &PlanNode) -> f64 {
    node.derived.rows.unwrap_or(0.0)
}

/// True rows its own filter threw away.
pub(super) fn removed_by_filter(node: &PlanNode) -> f64 {
    node.counters.removed_by_filter.unwrap_or(0.0) * loops(node)
}

/// Executions over all processes.
pub(super) fn loops(node: &PlanNode) -> f64 {
    node.derived.loops.unwrap_or(0.0)
}

/// Fraction of the rows read that the filter threw away; what a recheck threw away is not its
/// doing.
pub(super) fn discarded(node: &PlanNode) -> f64 {
    let removed = removed_by_filter(node);
    match node.derived.removed {
        Some(all) if all > removed => removed / (rows(node) + removed).max(1.0),
        _ => node.derived.discarded.unwrap_or(0.0),
    }
}

/// Name of the relation as people know it.
pub(super) fn name(node: &PlanNode) -> &str {
    node.relation
        .as_deref()
        .or(node.alias.as_deref())
        .unwrap_or("a relation")
}
