//! Two plans side by side: the nodes that stayed, and those that became others.

mod nodes;
mod totals;

use askama::Template;
use axum::response::Response;
use silk_core::PlanRecord;
use silk_plan::Plan;

use self::{
    nodes::{RowView, levels, row},
    totals::{FigureRow, figures},
};
use crate::{
    context::Here,
    draw::{
        format::{self, Markup, one_line},
        plan::{
            cells::Scale,
            diff::{self, Pair},
            origin::{Badge, badge},
            totals::database_of,
        },
    },
    error::Failure,
    parts::frame::{Frame, render},
    parts::plan_changes,
    plans::kept::find,
};

/// Rows on the page.
const MAX_ROWS: usize = 160;

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
    is_same_shape: bool,
    /// Whether both sides are the same plan.
    is_one: bool,
    caveats: Vec<String>,
    unread: Option<String>,
    measure: &'static str,
}

/// One of the two.
struct Side {
    href: String,
    badge: Badge,
    at: Markup,
    shape: String,
    database: String,
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
        is_one: before.id == after.id,
        before: side(&here, &before),
        after: side(&here, &after),
        figures: Vec::new(),
        rows: Vec::new(),
        left_out: 0,
        difference: None,
        is_same_shape: false,
        unread: None,
        measure: "own time",
    };
    match plans {
        (Ok(one), Ok(other)) => read_into(&mut page, &one, &other),
        (Err(error), _) | (_, Err(error)) => page.unread = Some(error),
    }
    render(&page)
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
        at: format::moment(record.captured_at),
        shape: record
            .shape
            .map_or_else(|| "–".to_owned(), plan_changes::short),
        database: database_of(record),
    }
}

fn crumbs(before: &PlanRecord, after: &PlanRecord, base: &str) -> Vec<(String, String)> {
    let mut crumbs = vec![("Statements".to_owned(), format!("{base}/statements"))];
    if let Some(fingerprint) = before
        .fingerprint
        .filter(|_| before.fingerprint == after.fingerprint)
    {
        crumbs.push((
            "statement".to_owned(),
            format!("{base}/statements/{fingerprint}"),
        ));
    }
    crumbs
}

/// What keeps the two from being compared figure by figure.
fn caveats(before: &PlanRecord, after: &PlanRecord) -> Vec<String> {
    let mut caveats = Vec::new();
    if before.source != after.source {
        caveats.push(format!(
            "One is {}, the other {}: compare their shapes, not their figures.",
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
    page.is_same_shape = before.shape == after.shape;
    page.difference = diff::first_difference(before, after)
        .map(|(from, to)| (one_line(&from, 140), one_line(&to, 140)));
    let levels = (levels(before), levels(after));
    let pairs = diff::pairs(before, after);
    page.left_out = pairs.len().saturating_sub(MAX_ROWS)
        + before.totals.nodes.saturating_sub(diff::MAX_NODES)
        + after.totals.nodes.saturating_sub(diff::MAX_NODES);
    // Long comparisons keep what differs.
    let is_long = pairs.len() > MAX_ROWS;
    let rows = pairs
        .iter()
        .filter(|pair| !is_long || !matches!(pair, Pair::Same(..)))
        .take(MAX_ROWS);
    let (a, b) = (page.before.href.clone(), page.after.href.clone());
    page.rows = rows
        .map(|pair| row(*pair, scale, &levels, (&a, &b)))
        .collect();
    if is_long {
        page.left_out = pairs.len() - page.rows.len();
    }
}
