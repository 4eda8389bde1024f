//! What two plans came to, and how that changed.

use silk_plan::Plan;

use crate::draw::{format, plan::cells};

/// A figure of both.
pub(super) struct FigureRow {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: Change,
}

/// How a figure changed.
#[derive(Default)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) class: &'static str,
}

/// `+12.1 ms`, and whether that is worse; a change below `gate` is not shown.
pub(super) fn change(was: f64, is: f64, gate: f64) -> Change {
    let (low, high) = (was.min(is), was.max(is));
    if !(high - low).is_finite() || high - low < gate * 0.05 || high < low * 1.1 {
        return Change::default();
    }
    let times = if low > 0.0 && high / low >= 1.95 {
        format!("{}×", cells::number((high / low * 10.0).round() / 10.0))
    } else if low > 0.0 {
        cells::share((high - low) / low)
    } else {
        String::new()
    };
    let is_worse = is > was;
    Change {
        text: if times.is_empty() {
            (if is_worse { "▲" } else { "▼" }).to_owned()
        } else if is_worse {
            format!("▲ {times} more")
        } else {
            format!("▼ {times} less")
        },
        class: match (is_worse, high - low >= gate && high >= low * 1.5) {
            (true, true) => "bad",
            (false, true) => "good",
            _ => "q",
        },
    }
}

pub(super) fn figures(before: &Plan, after: &Plan) -> Vec<FigureRow> {
    type Ask = fn(&Plan) -> Option<f64>;
    let asks: [(&'static str, Ask, bool); 5] = [
        (
            "execution",
            |plan| plan.execution_ms.or(plan.totals.total_ms),
            true,
        ),
        ("planning", |plan| plan.planning_ms, true),
        (
            "planner's cost",
            |plan| plan.root.estimate?.total_cost,
            false,
        ),
        (
            "pages",
            |plan| plan.root.buffers.map(|buffers| buffers.pages()),
            false,
        ),
        (
            "rows read and thrown away",
            |plan| {
                plan.nodes()
                    .filter_map(|node| node.derived.removed)
                    .reduce(|a, b| a + b)
            },
            false,
        ),
    ];
    let nodes = |plan: &Plan| format::count(u64::try_from(plan.totals.nodes).unwrap_or(u64::MAX));
    let mut rows: Vec<FigureRow> = asks
        .iter()
        .filter_map(|(name, ask, is_time)| {
            let (was, is) = (ask(before), ask(after));
            let words = |value: Option<f64>| {
                value.map_or_else(
                    || "–".to_owned(),
                    if *is_time { cells::ms } else { cells::number },
                )
            };
            (was.is_some() || is.is_some()).then(|| FigureRow {
                name,
                before: words(was),
                after: words(is),
                change: was
                    .zip(is)
                    .map(|(was, is)| change(was, is, if *is_time { 1.0 } else { 10.0 }))
                    .unwrap_or_default(),
            })
        })
        .collect();
    rows.push(FigureRow {
        name: "nodes",
        before: nodes(before),
        after: nodes(after),
        change: Change::default(),
    });
    rows
}
