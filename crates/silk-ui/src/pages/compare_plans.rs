//! Two plans side by side: the nodes that stayed, and those that became others.

use askama::Template;
use axum::response::Response;
use silk_core::PlanRecord;
use silk_plan::{Execution, Plan, PlanNode};

use super::{
    Frame, draw,
    plan::{
        cells::{self, Scale},
        database_of,
        diff::{self, Pair},
        find,
        words::{Badge, badge},
    },
};
use crate::{
    context::Here,
    error::Failure,
    filters::{self, Markup, one_line},
};

/// Rows on the page.
const MOST_ROWS: usize = 160;

#[derive(Template)]
#[template(path = "pages/compare_plans.html")]
struct ComparePage {
    frame: Frame,
    crumbs: Vec<(String, String)>,
    before: Side,
    after: Side,
    swap_href: String,
    figures: Vec<FigureRow>,
    rows: Vec<RowView>,
    left_out: usize,
    difference: Option<(String, String)>,
    is_same_form: bool,
    caveats: Vec<String>,
    unread: Option<String>,
    measure: &'static str,
}

/// One of the two.
struct Side {
    href: String,
    badge: Badge,
    at: Markup,
    form: String,
    database: String,
}

/// A figure of both.
struct FigureRow {
    name: &'static str,
    before: String,
    after: String,
    change: Change,
}

/// How a figure changed.
#[derive(Default)]
struct Change {
    text: String,
    class: &'static str,
}

/// Two nodes that belong together, or one that is alone.
struct RowView {
    class: &'static str,
    /// `same`, `changed`, `gone`, `new`.
    word: &'static str,
    before: Option<NodeView>,
    after: Option<NodeView>,
    change: Change,
}

struct NodeView {
    name: String,
    href: String,
    level: usize,
    measure: String,
    rows: String,
    /// Conditions that the other side does not have.
    conditions: Vec<String>,
    is_never: bool,
}

/// `GET /plans/compare?a=…&b=…`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&["a", "b"])?;
    let (Some(a), Some(b)) = (params.get("a"), params.get("b")) else {
        return Err(Failure::bad_request(
            "Two plans are needed: /plans/compare?a=…&b=…, with the id of each.",
        ));
    };
    let (before, after) = (find(&here, a).await?, find(&here, b).await?);
    let base = &*here.base;
    let plans = (read(&before), read(&after));
    let mut page = ComparePage {
        frame: Frame::new(&here, "statements", "Two plans"),
        crumbs: crumbs(&before, &after, base),
        swap_href: format!("{base}/plans/compare?a={}&b={}", after.id, before.id),
        caveats: caveats(&before, &after),
        before: side(&here, &before),
        after: side(&here, &after),
        figures: Vec::new(),
        rows: Vec::new(),
        left_out: 0,
        difference: None,
        is_same_form: false,
        unread: None,
        measure: "own time",
    };
    match plans {
        (Ok(one), Ok(other)) => read_into(&mut page, &one, &other),
        (Err(error), _) | (_, Err(error)) => page.unread = Some(error),
    }
    draw(&page)
}

fn read(record: &PlanRecord) -> Result<Plan, String> {
    Plan::parse(record.output.format, &record.output.raw).map_err(|error| error.to_string())
}

fn side(here: &Here, record: &PlanRecord) -> Side {
    let is_held = here.app.pasted.get(record.id).is_some();
    Side {
        href: format!(
            "{}/{}/{}",
            here.base,
            if is_held { "paste" } else { "plans" },
            record.id
        ),
        badge: badge(record.source, record.output.analyzed),
        at: filters::moment(record.captured_at),
        form: record
            .shape
            .map_or_else(|| "–".to_owned(), super::plan::changes::short),
        database: database_of(record),
    }
}

fn crumbs(before: &PlanRecord, after: &PlanRecord, base: &str) -> Vec<(String, String)> {
    match before
        .fingerprint
        .filter(|_| before.fingerprint == after.fingerprint)
    {
        Some(fingerprint) => vec![(
            "statement".to_owned(),
            format!("{base}/statements/{fingerprint}"),
        )],
        None => Vec::new(),
    }
}

/// What keeps the two from being compared figure by figure.
fn caveats(before: &PlanRecord, after: &PlanRecord) -> Vec<String> {
    let mut caveats = Vec::new();
    if before.source != after.source {
        caveats.push(format!(
            "One is {}, the other {}: their forms compare, their figures do not.",
            badge(before.source, before.output.analyzed).word,
            badge(after.source, after.output.analyzed).word
        ));
    }
    if before.fingerprint != after.fingerprint {
        caveats.push("They are plans of different statements.".to_owned());
    }
    if before.database != after.database {
        caveats.push("They are of different databases.".to_owned());
    }
    caveats
}

fn read_into(page: &mut ComparePage, before: &Plan, after: &Plan) {
    let scale = match (Scale::of(before), Scale::of(after)) {
        (Scale::Time, Scale::Time) => Scale::Time,
        (Scale::Nothing, _) | (_, Scale::Nothing) => Scale::Nothing,
        _ => Scale::Cost,
    };
    page.measure = match scale {
        Scale::Time => "own time",
        Scale::Cost => "own cost",
        Scale::Nothing => "",
    };
    page.figures = figures(before, after);
    page.is_same_form = before.shape == after.shape;
    page.difference = diff::first_difference(before, after)
        .map(|(from, to)| (one_line(&from, 140), one_line(&to, 140)));
    let levels = (levels(before), levels(after));
    let pairs = diff::pairs(before, after);
    page.left_out = pairs.len().saturating_sub(MOST_ROWS)
        + before.totals.nodes.saturating_sub(diff::MOST_NODES)
        + after.totals.nodes.saturating_sub(diff::MOST_NODES);
    // Long comparisons keep what differs.
    let is_long = pairs.len() > MOST_ROWS;
    let rows = pairs
        .iter()
        .filter(|pair| !is_long || !matches!(pair, Pair::Same(..)))
        .take(MOST_ROWS);
    let (a, b) = (page.before.href.clone(), page.after.href.clone());
    page.rows = rows
        .map(|pair| row(*pair, scale, &levels, (&a, &b)))
        .collect();
    if is_long {
        page.left_out = pairs.len() - page.rows.len();
    }
}

/// How deep each node lies.
fn levels(plan: &Plan) -> Vec<usize> {
    let mut levels = vec![0; plan.totals.nodes];
    for node in plan.nodes() {
        for child in &node.children {
            levels[child.id] = levels[node.id] + 1;
        }
    }
    levels
}

fn row(
    pair: Pair<'_>,
    scale: Scale,
    levels: &(Vec<usize>, Vec<usize>),
    (a, b): (&str, &str),
) -> RowView {
    let (class, word, before, after) = match pair {
        Pair::Same(x, y) => ("", "same", Some(x), Some(y)),
        Pair::Changed(x, y) => ("changed", "changed", Some(x), Some(y)),
        Pair::Gone(x) => ("gone", "gone", Some(x), None),
        Pair::New(y) => ("new-node", "new", None, Some(y)),
    };
    let change = match (before, after) {
        (Some(x), Some(y)) => match (scale.own(x), scale.own(y)) {
            (Some(was), Some(is)) => change(was, is, if scale.is_time() { 1.0 } else { 10.0 }),
            _ => Change::default(),
        },
        _ => Change::default(),
    };
    RowView {
        class,
        word,
        before: before.map(|node| {
            node_view(
                node,
                after,
                scale,
                levels.0.get(node.id).copied().unwrap_or(0),
                a,
            )
        }),
        after: after.map(|node| {
            node_view(
                node,
                before,
                scale,
                levels.1.get(node.id).copied().unwrap_or(0),
                b,
            )
        }),
        change,
    }
}

fn node_view(
    node: &PlanNode,
    other: Option<&PlanNode>,
    scale: Scale,
    level: usize,
    address: &str,
) -> NodeView {
    let is_new = |text: &str| {
        other.is_none_or(|other| {
            !other
                .conditions
                .iter()
                .any(|condition| condition.text == text)
        })
    };
    NodeView {
        name: cells::name(node),
        href: if node.id == 0 {
            address.to_owned()
        } else {
            format!("{address}?node={}", node.id)
        },
        level: level.min(9),
        measure: match scale.own(node) {
            Some(_) if scale.is_time() && node.derived.negligible => "≈ 0".to_owned(),
            Some(own) => scale.words(own),
            None => String::new(),
        },
        rows: cells::rows(node).map_or_else(String::new, |rows| rows.text),
        conditions: node
            .conditions
            .iter()
            .filter(|condition| is_new(&condition.text))
            .take(4)
            .map(|condition| {
                format!(
                    "{} {}",
                    one_line(&condition.kind, 40),
                    one_line(&condition.text, 200)
                )
            })
            .collect(),
        is_never: node.derived.execution == Execution::Never,
    }
}

/// `+12.1 ms`, and whether that is worse; below `gate` a change is not told.
fn change(was: f64, is: f64, gate: f64) -> Change {
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

fn figures(before: &Plan, after: &Plan) -> Vec<FigureRow> {
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
    let nodes = |plan: &Plan| filters::count(u64::try_from(plan.totals.nodes).unwrap_or(u64::MAX));
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
