//! What a plan page is about: the plan, its statement, and the way back.

use silk_core::{
    Fingerprint, PlanRecord, PlanSource, QueryRecord, RequestRecord, SqlText,
    store::StatementDetail,
};
use silk_plan::{Plan, PlanError};

use super::{
    judge::{Judged, Known, judge},
    kept, of_request,
    tables::Tables,
};
use crate::{
    context::{Here, read_id},
    draw::{format::one_line, svg::waterfall::short_name},
    error::Failure,
    params::Window,
};

/// A plan with what is known about it.
pub(crate) struct Subject {
    pub(crate) record: PlanRecord,
    /// Its output, parsed once.
    pub(crate) read: Result<Plan, PlanError>,
    /// The statement in a few words, where it is known.
    pub(crate) name: Option<String>,
    pub(crate) sql: Option<String>,
    /// How often the statement ran.
    pub(crate) calls: Option<u64>,
    /// How long the recorded query took, in µs.
    pub(crate) query_us: Option<u64>,
    /// Rows that the recorded query gave to the app.
    pub(crate) query_rows: Option<u64>,
    /// Whether the executions in its request are worth a finding together.
    pub(crate) is_top: bool,
    /// The recorded query whose plan it is, where that is still kept.
    pub(crate) query_href: Option<String>,
    pub(crate) crumbs: Vec<(String, String)>,
    /// Where the page is, without parameters.
    pub(crate) address: String,
    pub(crate) is_kept: bool,
}

impl Subject {
    /// What the page is called.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("Plan of {}", one_line(name, 80)),
            None if self.record.source == PlanSource::Pasted => "Pasted plan".to_owned(),
            None => "Plan of a statement".to_owned(),
        }
    }

    /// The page of the menu that it belongs to.
    pub(crate) const fn nav(&self) -> &'static str {
        if matches!(self.record.source, PlanSource::Pasted) {
            "paste"
        } else {
            "statements"
        }
    }

    /// Judges the plan with what is known about it.
    pub(crate) async fn judge(&self, here: &Here, plan: &Plan, others: &[PlanRecord]) -> Judged {
        let known = Known {
            calls: self.calls,
            rows: self.query_rows,
            query_us: self.query_us,
            is_top: self.is_top,
            others,
        };
        let tables = Tables::new(&here.app);
        judge(&tables, plan, &self.record, self.sql.as_deref(), known).await
    }
}

/// A plan of the store; `of` is the statement that the link to it named.
///
/// # Errors
/// 404 where there is none, 410 where there is another of its statement, 503 where the store fails.
pub(crate) async fn of_plan(
    here: &Here,
    id: &str,
    of: Option<Fingerprint>,
) -> Result<Subject, Failure> {
    let id = read_id(id, "plan")?;
    let Some(record) = here.app.ask(|store| store.plan(id)).await? else {
        return Err(missing(here, of).await);
    };
    let request = request_of(here, &record).await;
    let query = request
        .as_ref()
        .and_then(|request| query_of(request, &record));
    let text = request
        .as_ref()
        .zip(query)
        .and_then(|(request, query)| text_of(request, query));
    let statement = statement_of(here, &record).await;
    let known = statement.as_ref().map(|detail| &detail.summary);
    let name = match (text, known) {
        (Some(text), _) => Some(short_name(&text.statement)),
        (None, Some(summary)) => Some(short_name(&summary.statement)),
        (None, None) => None,
    };
    let base = &*here.base;
    let query_href = query
        .and(record.query)
        .map(|place| format!("{base}/requests/{}/queries/{}", place.request_id, place.seq));
    let known_name = name.as_deref().filter(|_| known.is_some());
    let crumbs = crumbs(base, &record, known_name, query_href.as_deref());
    let read = Plan::parse(record.output.format, &record.output.raw);
    let printed = || read.as_ref().ok()?.query_text.clone();
    Ok(Subject {
        sql: text
            .map(|text| text.text.to_string())
            .or_else(|| known.map(|summary| summary.statement.normalized.clone()))
            .or_else(printed),
        calls: known.map(|summary| summary.calls),
        query_us: query.map(|query| query.duration_us),
        query_rows: query.map(|query| query.rows_read),
        is_top: request
            .as_ref()
            .zip(record.fingerprint)
            .is_some_and(|(request, fingerprint)| of_request::is_worth_it(request, fingerprint)),
        name,
        query_href,
        crumbs,
        address: format!("{base}/plans/{}", record.id),
        is_kept: true,
        read,
        record,
    })
}

/// The request that a plan was kept with; it may be gone by now, and the plan is still worth showing.
async fn request_of(here: &Here, record: &PlanRecord) -> Option<RequestRecord> {
    let id = record.query?.request_id;
    let request = here.app.ask(|store| store.request(id)).await;
    request.ok().flatten()
}

/// What the store knows of a plan's statement.
async fn statement_of(here: &Here, record: &PlanRecord) -> Option<StatementDetail> {
    let (fingerprint, day) = (record.fingerprint?, Window::Day.range(here.now));
    let detail = here
        .app
        .ask(|store| store.statement(fingerprint, day))
        .await;
    detail.ok().flatten()
}

/// The way to a plan: its list, its statement where that is known, and its query.
fn crumbs(
    base: &str,
    record: &PlanRecord,
    known_name: Option<&str>,
    query_href: Option<&str>,
) -> Vec<(String, String)> {
    let mut crumbs = vec![if record.source == PlanSource::Pasted {
        ("Paste".to_owned(), format!("{base}/paste"))
    } else {
        ("Statements".to_owned(), format!("{base}/statements"))
    }];
    if let Some((name, fingerprint)) = known_name.zip(record.fingerprint) {
        let href = format!("{base}/statements/{fingerprint}");
        crumbs.push((one_line(name, 80), href));
    }
    if let Some(href) = query_href {
        crumbs.push(("query".to_owned(), href.to_owned()));
    }
    crumbs
}

/// Why there is no plan of an id, with the one that is there now.
async fn missing(here: &Here, of: Option<Fingerprint>) -> Failure {
    const WHY: &str = "one plan is kept for each plan shape of a statement, and a slower run or a newer plan \
         replaces it";
    let plans = match of {
        Some(fingerprint) => kept::of_statement(&here.app, fingerprint).await,
        None => Vec::new(),
    };
    match of.zip(kept::best(plans)) {
        Some((fingerprint, present)) => Failure::replaced(
            format!("This plan is not kept any more: {WHY}."),
            (
                "The statement's present plan".to_owned(),
                format!("{}/plans/{}?of={fingerprint}", here.base, present.id),
            ),
        ),
        None => Failure::not_found(format!(
            "No plan of this id is kept: {WHY}, and old ones are removed. The page of its \
             statement lists those that there are."
        )),
    }
}

fn query_of<'a>(request: &'a RequestRecord, record: &PlanRecord) -> Option<&'a QueryRecord> {
    let seq = record.query?.seq;
    request.detail.queries.iter().find(|query| query.seq == seq)
}

fn text_of<'a>(request: &'a RequestRecord, query: &QueryRecord) -> Option<&'a SqlText> {
    request.detail.texts.get(usize::try_from(query.text).ok()?)
}
