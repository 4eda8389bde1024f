//! The plan the database chose, as a tree.

use askama::Template;
use axum::{extract::Path, response::Response};

use super::{Frame, draw, plan_tree};
use crate::{
    code::{SqlView, sql_view},
    context::{Here, read_id},
    error::Failure,
    filters::{self, Markup, cut, fine_duration, one_line},
    svg::waterfall::short_name,
};

/// More of a raw plan than this is to be had from the API.
const MOST_RAW: usize = 24_000;

#[derive(Template)]
#[template(path = "pages/plan.html")]
struct PlanPage {
    frame: Frame,
    name: String,
    database: String,
    at: Markup,
    how: &'static str,
    source: String,
    query_href: String,
    statement_href: String,
    api_href: String,
    figures: Vec<(&'static str, String)>,
    sql: Option<SqlView>,
    rows: Vec<plan_tree::NodeRow>,
    has_times: bool,
    has_costs: bool,
    left_out: usize,
    findings: Vec<FindingView>,
    notes: Vec<String>,
    unread: Option<String>,
    raw: String,
}

struct FindingView {
    class: &'static str,
    title: String,
    evidence: String,
    action: String,
}

/// `GET /plans/{id}`
pub(crate) async fn show(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    here.params(&[])?;
    let id = read_id(&id, "plan")?;
    let record = here
        .app
        .ask(|store| store.plan(id))
        .await?
        .ok_or_else(|| Failure::not_found("No plan of this id is kept."))?;
    // The request may be gone by now; the plan is still worth showing.
    let request = match record.query {
        Some(query) => here
            .app
            .ask(|store| store.request(query.request_id))
            .await
            .ok()
            .flatten(),
        None => None,
    };
    let text = request.as_ref().and_then(|request| {
        let seq = record.query?.seq;
        let query = request
            .detail
            .queries
            .iter()
            .find(|query| query.seq == seq)?;
        request.detail.texts.get(usize::try_from(query.text).ok()?)
    });
    let base = &*here.base;
    let plan = silk_plan::Plan::parse(record.output.format, &record.output.raw);
    let name = text.map_or_else(
        || "a statement".to_owned(),
        |text| short_name(&text.statement),
    );
    let mut page = PlanPage {
        frame: Frame::new(
            &here,
            "statements",
            format!("Plan of {}", one_line(&name, 80)),
        ),
        name,
        database: format!(
            "{} {}",
            record.database.kind,
            one_line(&record.database.name, 80)
        ),
        at: filters::moment(record.captured_at),
        how: if record.output.analyzed {
            "run for it (ANALYZE)"
        } else {
            "estimated, not run"
        },
        source: record.source.as_str().replace('_', " "),
        query_href: record.query.map_or_else(String::new, |query| {
            format!("{base}/requests/{}/queries/{}", query.request_id, query.seq)
        }),
        statement_href: record.fingerprint.map_or_else(String::new, |fingerprint| {
            format!("{base}/statements/{fingerprint}")
        }),
        api_href: format!("{base}/api/plans/{}", record.id),
        figures: Vec::new(),
        sql: text.map(|text| sql_view(&text.text, record.database.kind)),
        rows: Vec::new(),
        has_times: false,
        has_costs: false,
        left_out: 0,
        findings: Vec::new(),
        notes: Vec::new(),
        unread: None,
        raw: cut(&pretty(&record.output.raw), MOST_RAW),
    };
    match plan {
        Ok(plan) => read_into(&mut page, &plan),
        Err(error) => page.unread = Some(error.to_string()),
    }
    draw(&page)
}

fn read_into(page: &mut PlanPage, plan: &silk_plan::Plan) {
    let ms = |ms: f64| fine_duration(ms * 1e3);
    let mut figure = |name, value: Option<f64>| {
        if let Some(value) = value {
            page.figures.push((name, ms(value)));
        }
    };
    figure("planning", plan.planning_ms);
    figure("execution", plan.execution_ms);
    figure("outside the tree", plan.totals.outside_ms);
    figure(
        "compilation",
        plan.jit.as_ref().and_then(|jit| jit.total_ms),
    );
    page.figures.push(("nodes", plan.totals.nodes.to_string()));
    page.figures.push(("shape", plan.shape.clone()));
    (page.rows, page.left_out) = plan_tree::rows(plan);
    page.has_times = page.rows.iter().any(|row| row.time.is_some());
    page.has_costs = page.rows.iter().any(|row| row.cost != "–");
    page.notes = plan
        .notes
        .iter()
        .take(20)
        .map(|note| cut(note, 400))
        .collect();
    page.findings = silk_plan::findings::judge(plan, &silk_plan::JudgeContext::default())
        .into_iter()
        .take(20)
        .map(|finding| FindingView {
            class: super::severity_class(finding.severity),
            title: cut(&finding.title, 300),
            evidence: cut(&finding.evidence, 600),
            action: cut(&finding.action, 600),
        })
        .collect();
}

/// JSON with line breaks; anything else as it is.
fn pretty(raw: &str) -> String {
    serde_json::from_str::<serde_json::Value>(raw)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| raw.to_owned())
}
