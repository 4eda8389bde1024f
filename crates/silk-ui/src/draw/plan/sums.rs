//! A plan summed by table, by index and by kind of node.

use std::collections::BTreeMap;

use silk_plan::{Execution, Plan, PlanNode};

use super::cells::{self, Scale};
use crate::draw::format::{Markup, one_line};

/// Rows of each table.
const MAX_ROWS: usize = 40;

/// One sum after another.
pub(crate) struct SummaryView {
    pub(crate) groups: Vec<GroupView>,
    pub(crate) is_measured: bool,
    pub(crate) measure: &'static str,
    pub(crate) has_pages: bool,
}

/// The sums by one thing.
pub(crate) struct GroupView {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) head: &'static str,
    pub(crate) lines: Vec<LineView>,
    pub(crate) more: usize,
    /// All of them together, where there are several.
    pub(crate) whole: Option<LineView>,
    /// Shown if there are no lines.
    pub(crate) none: &'static str,
}

/// The sum of the nodes that share a name.
pub(crate) struct LineView {
    pub(crate) name: String,
    pub(crate) nodes: String,
    pub(crate) own: String,
    pub(crate) share: String,
    pub(crate) bar: Option<Markup>,
    pub(crate) rows: String,
    pub(crate) pages: String,
    pub(crate) how: String,
}

#[derive(Default)]
struct Sum {
    nodes: u64,
    never: u64,
    own: f64,
    share: f64,
    rows: Option<f64>,
    pages: f64,
    how: BTreeMap<String, u64>,
}

impl Sum {
    /// Counts another's nodes to its own. Rows are not summed: what one node gives, another takes.
    fn add(&mut self, other: &Self) {
        self.nodes += other.nodes;
        self.never += other.never;
        self.own += other.own;
        self.share += other.share;
        self.pages += other.pages;
    }
}

pub(crate) fn view(plan: &Plan) -> SummaryView {
    let scale = Scale::of(plan);
    let groups = vec![
        group(
            plan,
            scale,
            ("by-table", "By table", "Table"),
            |node| node.relation.clone(),
            cells_title,
            "No node names a table.",
        ),
        group(
            plan,
            scale,
            ("by-index", "By index", "Index"),
            |node| node.index.clone(),
            cells_title,
            "No node uses an index.",
        ),
        group(
            plan,
            scale,
            ("by-type", "By kind of node", "Node"),
            |node| Some(node.title()),
            |node| node.relation.clone().unwrap_or_default(),
            "There is no node.",
        ),
    ];
    SummaryView {
        groups,
        is_measured: scale.is_any(),
        measure: if scale.is_time() {
            "Own time"
        } else {
            "Own cost"
        },
        has_pages: plan.nodes().any(|node| cells::pages(node).is_some()),
    }
}

fn cells_title(node: &PlanNode) -> String {
    node.title()
}

fn group(
    plan: &Plan,
    scale: Scale,
    (id, title, head): (&'static str, &'static str, &'static str),
    key: impl Fn(&PlanNode) -> Option<String>,
    how: impl Fn(&PlanNode) -> String,
    none: &'static str,
) -> GroupView {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for node in plan.nodes() {
        let Some(name) = key(node) else { continue };
        let sum = sums.entry(name).or_default();
        sum.nodes += 1;
        sum.never += u64::from(node.derived.execution == Execution::Never);
        sum.own += scale.own(node).unwrap_or(0.0);
        sum.share += scale.share(node).unwrap_or(0.0);
        if let Some(rows) = node.derived.rows {
            *sum.rows.get_or_insert(0.0) += rows;
        }
        sum.pages += node.derived.buffers.map_or(0.0, |buffers| buffers.pages());
        let word = how(node);
        if !word.is_empty() {
            *sum.how.entry(word).or_default() += 1;
        }
    }
    let mut sums: Vec<(String, Sum)> = sums.into_iter().collect();
    sums.sort_by(|(a_name, a), (b_name, b)| {
        b.own
            .total_cmp(&a.own)
            .then(b.nodes.cmp(&a.nodes))
            .then_with(|| a_name.cmp(b_name))
    });
    let mut whole = Sum::default();
    for (_, sum) in &sums {
        whole.add(sum);
    }
    GroupView {
        id,
        title,
        head,
        whole: (sums.len() > 1).then(|| line(scale, "together", &whole)),
        more: sums.len().saturating_sub(MAX_ROWS),
        lines: sums
            .into_iter()
            .take(MAX_ROWS)
            .map(|(name, sum)| line(scale, &name, &sum))
            .collect(),
        none,
    }
}

fn line(scale: Scale, name: &str, sum: &Sum) -> LineView {
    let mut how = sum
        .how
        .iter()
        .take(4)
        .map(|(word, n)| {
            let word = one_line(word, 50);
            if *n > 1 {
                format!("{word} ×{n}")
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(", ");
    if sum.how.len() > 4 {
        how.push_str(", …");
    }
    let dash = || "–".to_owned();
    LineView {
        name: one_line(name, 120),
        nodes: match sum.never {
            0 => sum.nodes.to_string(),
            never => format!("{} ({never} never ran)", sum.nodes),
        },
        own: if scale.is_any() {
            scale.words(sum.own)
        } else {
            dash()
        },
        share: cells::share(sum.share),
        bar: scale
            .is_any()
            .then(|| cells::bar(sum.share, if scale.is_time() { "k-sql" } else { "k-cost" })),
        rows: sum.rows.map_or_else(dash, cells::number),
        pages: if sum.pages > 0.0 {
            cells::number(sum.pages)
        } else {
            dash()
        },
        how,
    }
}
