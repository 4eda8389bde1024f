//! Every node of a plan as a row, in any order.

use std::{cmp::Ordering, collections::BTreeMap};

use silk_plan::{Execution, Plan, PlanNode};

use crate::{
    draw::{
        counted,
        plan::cells::{self, Measure, Rows, Scale},
    },
    error::Failure,
    params::Params,
    parts::lists::{Choice, Heading},
};

/// Rows on one page.
const PER_PAGE: usize = 120;

/// The table, a page of it.
pub(crate) struct TableView {
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<RowView>,
    pub(crate) is_measured: bool,
    pub(crate) has_rows: bool,
    pub(crate) has_pages: bool,
    pub(crate) pages: Vec<Choice>,
    pub(crate) count: String,
}

/// One node.
pub(crate) struct RowView {
    pub(crate) number: usize,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) is_never: bool,
    pub(crate) measure: Option<Measure>,
    pub(crate) inclusive: String,
    pub(crate) rows: Option<Rows>,
    pub(crate) loops: String,
    pub(crate) removed: String,
    pub(crate) pages: String,
}

type Key = fn(&PlanNode, Scale) -> f64;

/// Orders, in the words of the address.
const SORTS: [(&str, Key); 6] = [
    ("order", |_, _| 0.0),
    ("-own", |node, scale| scale.own(node).unwrap_or(-1.0)),
    ("-rows", |node, _| {
        let expected = node.estimate.and_then(|estimate| estimate.rows);
        node.derived.rows.or(expected).unwrap_or(-1.0)
    }),
    ("-off", |node, _| {
        node.derived.estimate_factor.unwrap_or(-1.0)
    }),
    ("-removed", |node, _| node.derived.removed.unwrap_or(-1.0)),
    ("-pages", |node, _| {
        node.derived.buffers.map_or(-1.0, |buffers| buffers.pages())
    }),
];

/// A page of the table, as the address asks.
///
/// # Errors
/// 400 for an order or a page that makes no sense.
pub(crate) fn view(
    plan: &Plan,
    heat: &BTreeMap<usize, &'static str>,
    address: &str,
    params: &Params,
) -> Result<TableView, Failure> {
    let scale = Scale::of(plan);
    let (word, key) = params
        .parse("sort", "one of the columns", |v| {
            SORTS.iter().find(|(word, _)| *word == v).copied()
        })?
        .unwrap_or(SORTS[0]);
    let mut nodes: Vec<&PlanNode> = plan.nodes().collect();
    nodes.sort_by(|a, b| {
        key(b, scale)
            .partial_cmp(&key(a, scale))
            .unwrap_or(Ordering::Equal)
            .then(a.id.cmp(&b.id))
    });
    let count = nodes.len();
    let last = count.div_ceil(PER_PAGE).max(1);
    let page = params
        .parse("page", "the number of a page", |v| {
            v.parse().ok().filter(|page| (1..=last).contains(page))
        })?
        .unwrap_or(1_usize);
    let is_hot = cells::is_worth_heat(plan);
    let rows: Vec<RowView> = nodes
        .into_iter()
        .skip((page - 1) * PER_PAGE)
        .take(PER_PAGE)
        .map(|node| {
            let heat = heat.get(&node.id).copied().unwrap_or("");
            row(node, scale, address, (heat, is_hot))
        })
        .collect();
    let has_rows = plan.nodes().any(|node| cells::rows(node).is_some());
    let has_pages = plan.nodes().any(|node| cells::pages(node).is_some());
    Ok(TableView {
        headings: headings(scale, has_rows, has_pages, address, params, word),
        rows,
        is_measured: scale.is_any(),
        has_rows,
        has_pages,
        pages: (1..=last)
            .filter(|_| last > 1)
            .map(|number| Choice {
                label: number.to_string(),
                href: format!(
                    "{address}{}",
                    params.with(&[("page", Some(&number.to_string()))])
                ),
                is_current: number == page,
            })
            .collect(),
        count: counted(count, "node"),
    })
}

fn row(node: &PlanNode, scale: Scale, address: &str, (heat, is_hot): (&str, bool)) -> RowView {
    RowView {
        number: node.id + 1,
        href: cells::place_of(address, node.id),
        name: cells::name(node),
        is_never: node.derived.execution == Execution::Never,
        measure: cells::measure(node, scale, heat, is_hot),
        inclusive: match (scale, node.derived.inclusive_ms) {
            (Scale::Time, Some(all)) => cells::ms(all),
            (Scale::Cost, _) => node
                .estimate
                .and_then(|estimate| estimate.total_cost)
                .map_or_else(dash, cells::number),
            _ => dash(),
        },
        rows: cells::rows(node),
        loops: node.derived.loops.map_or_else(dash, cells::number),
        removed: node
            .derived
            .removed
            .filter(|removed| *removed > 0.0)
            .map_or_else(dash, cells::number),
        pages: cells::pages(node).map_or_else(dash, |(text, _)| text),
    }
}

fn dash() -> String {
    "–".to_owned()
}

fn headings(
    scale: Scale,
    has_rows: bool,
    has_pages: bool,
    address: &str,
    params: &Params,
    word: &str,
) -> Vec<Heading> {
    let by = |label, class, sort: &str| {
        let mut heading = Heading::sorted_by(label, class, address, params, sort, word);
        // Another order starts at its beginning.
        heading.href = Some(format!(
            "{address}{}",
            params.with(&[("sort", Some(sort)), ("page", None)])
        ));
        heading
    };
    let mut headings = vec![by("#", "num", "order"), Heading::plain("Node", "main")];
    match scale {
        Scale::Time => {
            headings.push(by("Own time", "num", "-own"));
            headings.push(Heading::plain("With inputs", "num lo"));
        }
        Scale::Cost => {
            headings.push(by("Own cost", "num", "-own"));
            headings.push(Heading::plain("With inputs, once", "num lo"));
        }
        Scale::Nothing => {}
    }
    if has_rows {
        headings.push(by("Rows", "num", "-rows").noted("estimated → actual".to_owned()));
        headings.push(by("Estimate off", "num", "-off"));
        headings.push(Heading::plain("Loops", "num lo"));
        headings.push(by("Removed", "num lo", "-removed"));
    }
    if has_pages {
        headings.push(by("Pages", "num lo", "-pages"));
    }
    headings
}
