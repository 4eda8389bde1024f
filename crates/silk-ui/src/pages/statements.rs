//! Which SQL costs most across requests?

use askama::Template;
use axum::response::Response;
use silk_core::store::StatementSummary;

use crate::{
    context::Here,
    draw::{
        counted,
        format::{self, Markup, count, count_or_dash, duration_cell, one_line, ratio},
        short_sql::brief,
        svg,
    },
    error::Failure,
    params::{STATEMENT_PARAMS, statement_filter},
    parts::{
        frame::{Frame, render},
        lists::{Chip, Heading, chips, row_count},
    },
};

#[derive(Template)]
#[template(path = "pages/statements.html")]
struct StatementsPage {
    frame: Frame,
    text: String,
    table: String,
    command: String,
    database: String,
    hidden: Vec<(String, String)>,
    chips: Vec<Chip>,
    headings: Vec<Heading>,
    rows: Vec<StatementRow>,
    count: String,
    is_partial: bool,
    first_href: Option<String>,
    next_href: Option<String>,
    clear_href: String,
}

impl StatementsPage {
    const COMMANDS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    const DATABASES: [&str; 3] = ["postgres", "mysql", "sqlite"];
}

struct StatementRow {
    href: String,
    sql: Markup,
    whole_sql: String,
    tables: String,
    database: &'static str,
    calls: String,
    requests: String,
    per_request: String,
    total: Markup,
    bar: Markup,
    mean: Markup,
    max: Markup,
    rows: Markup,
    errors: Markup,
    seen: Markup,
}

fn row(summary: &StatementSummary, most: u64, base: &str) -> StatementRow {
    let statement = &summary.statement;
    StatementRow {
        href: format!("{base}/statements/{}", statement.fingerprint),
        sql: brief(&statement.normalized, statement.database, 160),
        whole_sql: one_line(&statement.normalized, 1_000),
        tables: one_line(&statement.tables.join(", "), 80),
        database: statement.database.as_str(),
        calls: count(summary.calls),
        requests: counted(summary.requests, "request"),
        per_request: ratio(summary.calls, summary.requests),
        total: duration_cell(summary.total_us),
        bar: svg::bar(summary.total_us, most, "k-sql"),
        mean: duration_cell(summary.total_us / summary.calls.max(1)),
        max: duration_cell(summary.max_us),
        rows: count_or_dash(summary.rows),
        errors: count_or_dash(summary.errors),
        seen: format::ago(summary.last_seen_at),
    }
}

/// `GET /statements`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(STATEMENT_PARAMS)?;
    let filter = statement_filter(&params)?;
    let page = here.app.ask(|store| store.statements(&filter)).await?;
    let path = format!("{}/statements", here.base);
    let sort = filter.sort.as_str();
    let by = |label, class, word| Heading::sorted_by(label, class, &path, &params, word, sort);
    let most = page
        .items
        .iter()
        .map(|item| item.total_us)
        .max()
        .unwrap_or(0);
    let field = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let next = page.next.map(|next| next.key.to_string());
    let list = StatementsPage {
        frame: Frame::new(&here, "statements", "Statements"),
        text: field("text"),
        table: field("table"),
        command: field("command").to_ascii_uppercase(),
        database: field("database"),
        hidden: params
            .iter()
            .filter(|(name, _)| matches!(*name, "sort" | "limit"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        chips: chips(&path, &params),
        headings: vec![
            Heading::plain("Statement", "main"),
            by("Total", "num", "-total_us"),
            by("Calls", "num", "-calls"),
            by("Per request", "num", "-calls_per_request"),
            by("Mean", "num", "-mean_us"),
            by("Max", "num", "-max_us"),
            Heading::plain("Rows", "num lo"),
            Heading::plain("Errors", "num lo"),
            Heading::plain("Last seen", "lo"),
        ],
        rows: page
            .items
            .iter()
            .map(|item| row(item, most, &here.base))
            .collect(),
        count: row_count(&page, "statement"),
        is_partial: page.is_partial,
        first_href: (filter.offset > 0)
            .then(|| format!("{path}{}", params.with(&[("cursor", None)]))),
        next_href: next.map(|next| format!("{path}{}", params.with(&[("cursor", Some(&next))]))),
        clear_href: path,
    };
    render(&list)
}
