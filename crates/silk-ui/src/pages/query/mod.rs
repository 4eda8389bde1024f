//! One execution of SQL: what ran, with which values, from where, and what came of it.

mod plans;

use askama::Template;
use axum::{extract::Path, response::Response};
use silk_core::{
    CapturedBy, Database, DatabaseKind, Fingerprint, Outcome, QueryRecord, RequestRecord,
    TransactionRecord,
};

use self::plans::QueryPlans;
use crate::{
    context::Here,
    draw::names::request_name,
    draw::{
        code::{SqlView, sql_view},
        format::{Markup, count, cut, duration, duration_cell, one_line},
        source::{self, SourceLine},
        svg::{self, waterfall::short_name},
        values::{self, ValueRow},
    },
    error::Failure,
    findings::{self, calls},
    parts::{
        finding::{self, FindingView},
        frame::{Frame, plain, render},
    },
    plans::{
        explain::{self, Found},
        of_request,
    },
};

#[derive(Template)]
#[template(path = "pages/query.html")]
struct QueryPage {
    frame: Frame,
    request_href: String,
    request_name: String,
    seq: u32,
    name: String,
    outcome: &'static str,
    is_failed: bool,
    figures: Vec<(&'static str, Markup)>,
    /// Where in the request it ran.
    position: Markup,
    database: String,
    sql: SqlView,
    sql_href: String,
    is_redacted: bool,
    values: Vec<ValueRow>,
    more_values: usize,
    why_no_values: Option<&'static str>,
    /// The SQL with its values in it.
    runnable: Option<SqlView>,
    error: Option<(Option<String>, String)>,
    previous: Option<Neighbour>,
    next: Option<Neighbour>,
    transaction: Option<String>,
    span: Option<String>,
    statement_href: String,
    same_here: Option<(u64, String)>,
    site: Option<SiteView>,
    source: Option<Vec<SourceLine>>,
    why_no_source: &'static str,
    why_no_site: &'static str,
    /// The types that let it pass the pool by, and those to write.
    past_pool: Option<(String, String)>,
    plans: QueryPlans,
    /// What is found about its statement in this request.
    findings: Vec<FindingView>,
}

struct Neighbour {
    href: String,
    seq: u32,
    name: String,
}

struct SiteView {
    function: String,
    place: String,
    /// Opens it in an editor.
    editor_href: Option<String>,
}

/// `GET /requests/{id}/queries/{seq}`
pub(crate) async fn show(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let params = here.params(&["notice"])?;
    let found = explain::find(&here.app, &id, &seq).await?;
    let notice = here.app.notice(params.get("notice"));
    let of_statements = of_request::of(&here, &found.record).await;
    let findings = findings::of_request(&here, &found.record, &of_statements).await;
    let findings = match found.text() {
        Some(text) => {
            finding::of_statement(&here, &found.record, &findings, text.statement.fingerprint).await
        }
        None => Vec::new(),
    };
    let plans = plans::of(&here, &found, &of_statements, notice).await;
    let (source, why_no_source) = source_lines(&here, &found).await;
    let mut page = view(&here, &found, plans)?;
    if let (Some(site), Some(shown)) = (found.site(), &mut page.site) {
        let links = here.app.editor_links().await;
        shown.editor_href = links.and_then(|links| links.to(site));
    }
    page.findings = findings;
    page.source = source;
    page.why_no_source = why_no_source;
    render(&page)
}

fn view(here: &Here, found: &Found, plans: QueryPlans) -> Result<QueryPage, Failure> {
    let (record, query) = (&found.record, found.query());
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let kind = text.database.kind;
    let request_href = format!("{}/requests/{}", here.base, found.id);
    let address = format!("{request_href}/queries/{}", query.seq);
    let fingerprint = text.statement.fingerprint;
    let (values, more_values) = values::rows(query, &text.text, kind);
    let site = found.site();
    Ok(QueryPage {
        frame: Frame::new(
            here,
            "requests",
            format!("Query {}: {}", query.seq, short_name(&text.statement)),
        ),
        request_name: request_name(
            record.summary.kind,
            &record.summary.method,
            &record.summary.path,
        ),
        seq: query.seq,
        name: short_name(&text.statement),
        outcome: query.outcome.as_str(),
        is_failed: query.outcome == Outcome::Error,
        position: svg::position(
            query.started_us,
            query.duration_us,
            record.summary.times.total_us,
        ),
        database: database_name(&text.database),
        sql: sql_view(&text.text, kind),
        sql_href: format!("{address}/sql"),
        is_redacted: text.is_redacted,
        values,
        more_values,
        why_no_values: values::why_none(query),
        runnable: values::runnable(query, &text.text, kind).map(|sql| sql_view(&sql, kind)),
        error: query
            .error
            .as_ref()
            .map(|error| (error.code.clone(), cut(&error.message, 2_000))),
        previous: neighbour(found, &request_href, found.at.checked_sub(1)),
        next: neighbour(found, &request_href, Some(found.at + 1)),
        transaction: transaction(found),
        span: query.span.and_then(|at| {
            let span = record.detail.spans.get(usize::try_from(at).ok()?)?;
            Some(one_line(&span.name, 100))
        }),
        statement_href: format!("{}/statements/{fingerprint}", here.base),
        same_here: same_here(record, fingerprint, &request_href),
        site: site.map(|site| SiteView {
            function: cut(&site.function, 300),
            place: cut(&source::shown(here.app.source_root.as_ref(), site), 300),
            editor_href: None,
        }),
        source: None,
        why_no_source: "",
        why_no_site: why_no_site(query, kind),
        past_pool: query.is_past_pool.then(|| past_pool(kind)),
        figures: figures(query, plans.server_us),
        plans,
        findings: Vec::new(),
        request_href,
    })
}

/// The query before or after, by its index.
fn neighbour(found: &Found, request_href: &str, at: Option<usize>) -> Option<Neighbour> {
    let detail = &found.record.detail;
    let other = detail.queries.get(at?)?;
    let text = detail.texts.get(usize::try_from(other.text).ok()?)?;
    Some(Neighbour {
        href: format!("{request_href}/queries/{}", other.seq),
        seq: other.seq,
        name: short_name(&text.statement),
    })
}

fn database_name(database: &Database) -> String {
    if database.name.is_empty() {
        return database.kind.to_string();
    }
    format!("{} {}", database.kind, one_line(&database.name, 80))
}

/// How often its statement ran in the request, where more than once, with the address of them.
fn same_here(record: &RequestRecord, of: Fingerprint, request_href: &str) -> Option<(u64, String)> {
    let calls = calls(record, of);
    (calls > 1).then(|| (calls, format!("{request_href}?statement={of}#s{of}")))
}

fn why_no_site(query: &QueryRecord, kind: DatabaseKind) -> &'static str {
    match (query.captured_by, kind) {
        (CapturedBy::Pool, _) => {
            "Not known: no function of the app was recognised. A program that was built without line tables or stripped of its symbols has none: set debug = \"line-tables-only\" and strip = \"none\" in its Cargo profile. Code of a library that runs a query in a task of its own has none either."
        }
        (CapturedBy::Layer, DatabaseKind::Sqlite) => {
            "Not captured: SQLite runs queries on a thread of its own. The instrumented pool knows it: let pool = silk.pool(pool);"
        }
        (CapturedBy::Layer, _) => {
            "Not captured. The instrumented pool knows it: let pool = silk.pool(pool); the tracing layer does with Silk::builder().layer_call_sites(true)."
        }
    }
}

fn past_pool(kind: DatabaseKind) -> (String, String) {
    let prefix = match kind {
        DatabaseKind::Postgres => "Pg",
        DatabaseKind::MySql => "MySql",
        DatabaseKind::Sqlite | DatabaseKind::Unknown => "Sqlite",
    };
    let types = |of: &str| format!("&{of}::{prefix}Pool or &mut {of}::{prefix}Connection");
    (types("sqlx"), types("tower_silk"))
}

fn figures(query: &QueryRecord, server_us: Option<u64>) -> Vec<(&'static str, Markup)> {
    let mut figures = vec![("took", duration_cell(query.duration_us))];
    if let Some(server_us) = query.server_us.or(server_us) {
        figures.push(("server time", duration_cell(server_us)));
    }
    figures.push(("started after", duration_cell(query.started_us)));
    if let Some(first_row) = query.first_row_us {
        figures.push(("first row after", duration_cell(first_row)));
    }
    if query.consumer_us > 0 {
        figures.push((
            "time your code spent between rows",
            duration_cell(query.consumer_us),
        ));
    }
    figures.push(("rows", askama::filters::Safe(count(query.rows_returned))));
    if query.rows_read != query.rows_returned {
        figures.push((
            "rows read by the driver",
            askama::filters::Safe(count(query.rows_read)),
        ));
    }
    if query.rows_affected > 0 {
        figures.push((
            "rows changed",
            askama::filters::Safe(count(query.rows_affected)),
        ));
    }
    figures
}

fn transaction(found: &Found) -> Option<String> {
    let at = found.query().transaction?;
    let transaction: &TransactionRecord = found
        .record
        .detail
        .transactions
        .get(usize::try_from(at).ok()?)?;
    let mates = found
        .record
        .detail
        .queries
        .iter()
        .filter(|query| query.transaction == Some(at));
    let place = mates
        .clone()
        .take_while(|query| query.seq <= found.query().seq)
        .count();
    Some(format!(
        "{place} of {} in a {} of {}, {}",
        mates.count(),
        if transaction.depth > 1 {
            "savepoint"
        } else {
            "transaction"
        },
        duration(transaction.duration_us),
        transaction.end.as_str().replace('_', " ")
    ))
}

async fn source_lines(here: &Here, found: &Found) -> (Option<Vec<SourceLine>>, &'static str) {
    let Some(site) = found.site() else {
        return (None, "");
    };
    if site.file.is_empty() {
        return (
            None,
            "Line not known: the program was built without line tables. Set debug = \"line-tables-only\" in its Cargo profile.",
        );
    }
    let Some(root) = &here.app.source_root else {
        return (
            None,
            "Source not shown: set the source root in the builder.",
        );
    };
    // The file may have been changed since, or belong to another build altogether.
    if found.record.summary.run_id != here.app.vitals.snapshot().run.id {
        return (
            None,
            "Recorded by another run of the program; its source may have changed since.",
        );
    }
    match source::lines(root, site).await {
        Some(lines) => (Some(lines), ""),
        None => (
            None,
            "Source not found: start the app in its workspace, or set the source root.",
        ),
    }
}

/// `GET /requests/{id}/queries/{seq}/sql`: the whole text.
pub(crate) async fn sql(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let found = explain::find(&here.app, &id, &seq).await?;
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    Ok(plain(text.text.to_string()))
}
