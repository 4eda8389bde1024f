//! The plan the database chose: as tree, table, flame graph, sums, text and JSON.

mod others;
pub(crate) mod pasted;
mod table;

use askama::Template;
use axum::{extract::Path, response::Response};
use silk_plan::{Plan, PlanFinding};

use self::{
    others::{changes_of, compare_links, newer},
    table::TableView,
};
use crate::{
    context::Here,
    draw::plan::{findings, flame, sums, text, totals::database_of, tree},
    draw::{
        code::{SqlView, sql_view},
        format::{self, Markup, cut},
        plan::{
            findings::FindingView,
            flame::FlameView,
            origin::{Badge, badge},
            sums::SummaryView,
            text::CodeView,
            totals::{figures, settings},
            tree::TreeView,
        },
    },
    error::Failure,
    params::Params,
    parts::{
        frame::{Frame, plain, render},
        lists::Choice,
        plan_changes::ChangeView,
    },
    plans::{
        judge::Judged,
        kept,
        subject::{self, Subject},
    },
};

/// Parameters of a plan's address.
pub(crate) const PARAMS: &[&str] = &["view", "node", "sort", "page", "notice", "of"];

/// Ways to look at a plan, in the words of the address.
const VIEWS: [(&str, &str); 6] = [
    ("tree", "tree"),
    ("table", "table"),
    ("flame", "flame"),
    ("sums", "sums"),
    ("text", "text"),
    ("json", "JSON"),
];

/// Notes of the reader that are shown.
const MAX_NOTES: usize = 20;

#[derive(Template)]
#[template(path = "pages/plan.html")]
struct PlanPage {
    frame: Frame,
    title: String,
    crumbs: Vec<(String, String)>,
    badge: Badge,
    notice: Option<String>,
    newer: Option<(&'static str, Choice)>,
    database: String,
    at: Markup,
    figures: Vec<(&'static str, Markup)>,
    changes: Vec<ChangeView>,
    views: Vec<Choice>,
    body: Body,
    findings: Vec<FindingLink>,
    indexes_href: Option<String>,
    notes: Vec<String>,
    silent: Option<String>,
    settings: String,
    unread: Option<String>,
    sql: Option<SqlView>,
    others: Vec<Choice>,
    api_href: Option<String>,
    keep: Option<KeepForm>,
}

/// What stands below the switches.
enum Body {
    Tree(TreeView),
    Table(TableView),
    Flame(FlameView),
    Sums(SummaryView),
    Code(CodeView),
}

/// A finding at the top, and where its node is.
struct FindingLink {
    finding: FindingView,
    href: Option<String>,
}

/// Keeps what was pasted.
struct KeepForm {
    action: String,
    csrf: String,
}

/// `GET /plans/{id}`
pub(crate) async fn show(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(PARAMS)?;
    let of = params.get("of").and_then(|of| of.parse().ok());
    let subject = subject::of_plan(&here, &id, of).await?;
    page(&here, subject, &params).await
}

/// `GET /plans/{id}/raw`: the whole as the database printed it.
pub(crate) async fn raw(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let params = here.params(&["as"])?;
    let subject = subject::of_plan(&here, &id, None).await?;
    whole(&subject, &params)
}

/// The whole text of a plan, in the form the address asks for.
pub(crate) fn whole(subject: &Subject, params: &Params) -> Result<Response, Failure> {
    let wants_json = params
        .parse("as", "text or json", |v| match v {
            "text" => Some(false),
            "json" => Some(true),
            _ => None,
        })?
        .unwrap_or(false);
    let plan = subject.read.as_ref().ok();
    Ok(plain(if wants_json {
        text::json(&subject.record, plan).0
    } else {
        text::text(&subject.record, plan).0
    }))
}

/// Draws a plan, wherever it is from.
pub(crate) async fn page(
    here: &Here,
    subject: Subject,
    params: &Params,
) -> Result<Response, Failure> {
    let view = params
        .parse("view", "tree, table, flame, sums, text or json", |v| {
            VIEWS.iter().find(|(word, _)| *word == v).map(|view| view.0)
        })?
        .unwrap_or("tree");
    let record = &subject.record;
    let others = kept::beside(&here.app, record).await;
    let parsed = &subject.read;
    let Judged { found, silent } = match parsed {
        Ok(plan) => subject.judge(here, plan, &others).await,
        Err(_) => Judged::default(),
    };
    let views = findings::views(&found);
    let (body, unread) = match parsed {
        Ok(plan) => (body(view, plan, &found, &views, &subject, params)?, None),
        Err(error) => (
            Body::Code(text::code(
                text::text(record, None),
                format!("{}/raw", subject.address),
            )),
            Some(error.to_string()),
        ),
    };
    let plan = parsed.as_ref().ok();
    let page = PlanPage {
        frame: Frame::new(here, subject.nav(), subject.title()),
        title: subject.title(),
        badge: badge(record.source, record.output.analyzed),
        notice: here.app.notice(params.get("notice")),
        newer: newer(here, record, &others).await,
        database: database_of(record),
        at: format::moment(record.captured_at),
        figures: figures(record, plan),
        changes: changes_of(here, record).await,
        views: plan.map_or_else(Vec::new, |_| choices(&subject.address, view)),
        body,
        findings: finding_links(views, &subject.address, view, params),
        indexes_href: indexes_href(&subject),
        notes: plan.map_or_else(Vec::new, notes),
        silent,
        settings: plan.map_or_else(String::new, settings),
        unread,
        sql: subject
            .sql
            .as_ref()
            .map(|text| sql_view(text, record.database.kind)),
        others: compare_links(here, record, &others),
        api_href: subject
            .is_kept
            .then(|| format!("{}/api/plans/{}", here.base, record.id)),
        keep: (!subject.is_kept).then(|| KeepForm {
            action: format!("{}/keep", subject.address),
            csrf: here.app.csrf.token().to_owned(),
        }),
        crumbs: subject.crumbs,
    };
    render(&page)
}

/// The switches between views.
fn choices(address: &str, current: &str) -> Vec<Choice> {
    let choice = |(word, label): &(&str, &str)| Choice {
        label: (*label).to_owned(),
        href: match *word {
            "tree" => address.to_owned(),
            word => format!("{address}?view={word}"),
        },
        is_current: *word == current,
    };
    VIEWS.iter().map(choice).collect()
}

/// Findings, each with the place of its node in the tree.
fn finding_links(
    views: Vec<FindingView>,
    address: &str,
    view: &str,
    params: &Params,
) -> Vec<FindingLink> {
    let is_whole_tree = view == "tree" && params.get("node").is_none();
    let place = |node: usize| {
        if is_whole_tree {
            format!("#n{node}")
        } else {
            format!("{address}#n{node}")
        }
    };
    views
        .into_iter()
        .map(|finding| FindingLink {
            href: finding.node.map(place),
            finding,
        })
        .collect()
}

/// Where to look for indexes, if the recorded query is still kept and searches tables.
fn indexes_href(subject: &Subject) -> Option<String> {
    let sql = subject.sql.as_deref().unwrap_or_default();
    let href = subject.query_href.as_ref()?;
    silk_plan::advice::searches_tables(sql, subject.record.database.kind)
        .then(|| format!("{href}/indexes"))
}

fn notes(plan: &Plan) -> Vec<String> {
    let notes = plan.notes.iter().take(MAX_NOTES);
    notes.map(|note| cut(note, 400)).collect()
}

fn body(
    view: &str,
    plan: &Plan,
    found: &[PlanFinding],
    views: &[FindingView],
    subject: &Subject,
    params: &Params,
) -> Result<Body, Failure> {
    let address = &*subject.address;
    let raw = |form: &str| format!("{address}/raw?as={form}");
    Ok(match view {
        "table" => Body::Table(table::view(plan, &findings::heat(found), address, params)?),
        "flame" => Body::Flame(flame::view(plan, &findings::heat(found), address)),
        "sums" => Body::Sums(sums::view(plan)),
        "text" => Body::Code(text::code(
            text::text(&subject.record, Some(plan)),
            raw("text"),
        )),
        "json" => Body::Code(text::code(
            text::json(&subject.record, Some(plan)),
            raw("json"),
        )),
        _ => {
            let top = params
                .parse("node", "the number of a node of this plan", |v| {
                    plan.node(v.parse().ok()?)
                })?
                .unwrap_or(&plan.root);
            Body::Tree(tree::view(plan, top, found, views, address))
        }
    })
}
