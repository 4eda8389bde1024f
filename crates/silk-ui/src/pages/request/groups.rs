//! The queries of a request by statement: "×100", with each execution a click away.

use std::collections::HashMap;

use silk_core::{
    DatabaseKind, Fingerprint, QueryRecord, RequestDetail, RequestRecord, Value, ValueState,
};

use crate::{
    draw::{call_site::short_site, plan},
    draw::{
        counted,
        format::{Markup, count, cut, duration_cell, one_line},
        short_sql::brief,
        svg,
    },
    plans::{of_request::StatementPlan, whose::Whose},
};

/// Executions on one page of an unfolded group.
const PER_PAGE: usize = 100;
/// Statements on the page.
const MAX_GROUPS: usize = 100;

/// The queries of a request that share a statement.
pub(crate) struct Group {
    pub(crate) calls: String,
    pub(crate) total: Markup,
    pub(crate) each: Markup,
    pub(crate) bar: Markup,
    pub(crate) sql: Markup,
    /// The whole statement, for the title.
    pub(crate) whole_sql: String,
    pub(crate) statement_href: String,
    /// The one query, or the group unfolded; folded again where it is open.
    pub(crate) href: String,
    pub(crate) anchor: String,
    pub(crate) sites: Vec<String>,
    pub(crate) more_sites: usize,
    pub(crate) errors: u64,
    pub(crate) rows: Option<String>,
    pub(crate) not_kept: u64,
    pub(crate) plan: Option<PlanLink>,
    pub(crate) is_repeated: bool,
    /// Whether it unfolds into several executions.
    pub(crate) folds: bool,
    pub(crate) open: Option<Executions>,
}

/// The plan of a group.
pub(crate) struct PlanLink {
    pub(crate) href: String,
    pub(crate) words: String,
    /// Whether the rules find something in it.
    pub(crate) has_findings: bool,
    /// Whose plan it is, where not this request's.
    pub(crate) whose: Option<&'static str>,
}

/// One page of a group's executions.
pub(crate) struct Executions {
    pub(crate) rows: Vec<ExecutionRow>,
    pub(crate) page: usize,
    pub(crate) pages: usize,
    pub(crate) previous_href: Option<String>,
    pub(crate) next_href: Option<String>,
}

/// One execution.
pub(crate) struct ExecutionRow {
    pub(crate) seq: u32,
    pub(crate) href: String,
    pub(crate) started: Markup,
    pub(crate) duration: Markup,
    pub(crate) bar: Markup,
    /// Rows given or changed; of how many that were read, where those were more.
    pub(crate) rows: String,
    pub(crate) values: String,
    pub(crate) site: String,
    pub(crate) outcome: &'static str,
    pub(crate) error: Option<String>,
}

/// Groups of a request, most time first, and how many there are beyond those shown.
pub(crate) fn groups(
    record: &RequestRecord,
    plans: &HashMap<Fingerprint, StatementPlan>,
    base: &str,
    open: Option<(Fingerprint, usize)>,
) -> (Vec<Group>, usize) {
    let here = format!("{base}/requests/{}", record.summary.id);
    let mut kept: HashMap<Fingerprint, Vec<&QueryRecord>> = HashMap::new();
    for query in &record.detail.queries {
        if let Some(text) = usize::try_from(query.text)
            .ok()
            .and_then(|at| record.detail.texts.get(at))
        {
            kept.entry(text.statement.fingerprint)
                .or_default()
                .push(query);
        }
    }
    let mut sums = sum(record);
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.total_us));
    let longest = sums.first().map_or(0, |sum| sum.total_us);
    let more = sums.len().saturating_sub(MAX_GROUPS);
    let is_open =
        |sum: &Sum<'_>| open.is_some_and(|(fingerprint, _)| fingerprint == sum.fingerprint);
    let shown: Vec<_> = sums
        .iter()
        .enumerate()
        // The one that was asked for is shown wherever it stands.
        .filter(|(at, sum)| *at < MAX_GROUPS || is_open(sum))
        .map(|(_, sum)| sum)
        .collect();
    let groups = shown
        .into_iter()
        .map(|sum| {
            let queries = kept.get(&sum.fingerprint).map_or(&[][..], Vec::as_slice);
            let fingerprint = sum.fingerprint;
            let plan = plans.get(&fingerprint);
            let open = open
                .filter(|(other, _)| *other == fingerprint)
                .map(|(_, page)| executions(queries, &record.detail, &here, fingerprint, page));
            let href = match queries {
                [one] if sum.calls == 1 => format!("{here}/queries/{}", one.seq),
                _ if open.is_some() => format!("{here}#s{fingerprint}"),
                _ => format!("{here}?statement={fingerprint}#s{fingerprint}"),
            };
            Group {
                calls: count(sum.calls),
                total: duration_cell(sum.total_us),
                each: duration_cell(sum.total_us / sum.calls.max(1)),
                bar: svg::bar(sum.total_us, longest, "k-sql"),
                sql: brief(sum.normalized, sum.database, 160),
                whole_sql: one_line(sum.normalized, 1_000),
                statement_href: format!("{base}/statements/{fingerprint}"),
                href,
                anchor: format!("s{fingerprint}"),
                folds: sum.calls > 1,
                sites: sum.sites.iter().take(2).cloned().collect(),
                more_sites: sum.sites.len().saturating_sub(2),
                errors: sum.errors,
                rows: rows_in_words(sum.rows, queries),
                not_kept: sum
                    .calls
                    .saturating_sub(u64::try_from(queries.len()).unwrap_or(u64::MAX)),
                plan: plan.map(|plan| PlanLink {
                    href: format!("{base}/plans/{}?of={fingerprint}", plan.record.id),
                    words: plan::origin::in_one_line(&plan.record, 3, 60),
                    has_findings: !plan.findings.found.is_empty(),
                    whose: whose_words(plan.whose),
                }),
                is_repeated: record
                    .findings
                    .iter()
                    .any(|finding| finding.fingerprint == Some(fingerprint)),
                open,
            }
        })
        .collect();
    (groups, more)
}

/// Whose plan it is, where not the request's own.
pub(crate) const fn whose_words(whose: Whose) -> Option<&'static str> {
    match whose {
        Whose::Own => None,
        Whose::SameShape => Some("(same shape, plan from another run)"),
        Whose::OtherRun => Some("(plan from another run)"),
    }
}

/// Rows in sum; and how many were read for them, where the driver read more.
fn rows_in_words(rows: u64, kept: &[&QueryRecord]) -> Option<String> {
    let sum = |of: fn(&QueryRecord) -> u64| {
        (kept.iter()).fold(0, |sum: u64, query| sum.saturating_add(of(query)))
    };
    let (read, returned) = (
        sum(|query| query.rows_read),
        sum(|query| query.rows_returned),
    );
    match rows {
        _ if read > returned => Some(format!("{}, {} read", counted(rows, "row"), count(read))),
        0 => None,
        rows => Some(counted(rows, "row")),
    }
}

struct Sum<'a> {
    fingerprint: Fingerprint,
    normalized: &'a str,
    database: DatabaseKind,
    calls: u64,
    errors: u64,
    total_us: u64,
    rows: u64,
    sites: Vec<String>,
}

/// Call sites of one statement summed: the record keeps them apart, and exact beyond the cap.
fn sum(record: &RequestRecord) -> Vec<Sum<'_>> {
    let mut sums: Vec<Sum<'_>> = Vec::new();
    let mut places: HashMap<Fingerprint, usize> = HashMap::new();
    for part in &record.statements {
        let at = *places.entry(part.statement.fingerprint).or_insert_with(|| {
            sums.push(Sum {
                fingerprint: part.statement.fingerprint,
                normalized: &part.statement.normalized,
                database: part.statement.database,
                calls: 0,
                errors: 0,
                total_us: 0,
                rows: 0,
                sites: Vec::new(),
            });
            sums.len() - 1
        });
        let sum = &mut sums[at];
        sum.calls += part.calls;
        sum.errors += part.errors;
        sum.total_us += part.total_us;
        sum.rows += part.rows;
        if let Some(site) = &part.call_site {
            let site = short_site(site);
            if !sum.sites.contains(&site) {
                sum.sites.push(site);
            }
        }
    }
    sums
}

fn executions(
    queries: &[&QueryRecord],
    detail: &RequestDetail,
    here: &str,
    fingerprint: Fingerprint,
    page: usize,
) -> Executions {
    let pages = queries.len().div_ceil(PER_PAGE).max(1);
    let page = page.clamp(1, pages);
    let longest = queries
        .iter()
        .map(|query| query.duration_us)
        .max()
        .unwrap_or(0);
    let href = |page: usize| format!("{here}?statement={fingerprint}&page={page}#s{fingerprint}");
    let rows = queries
        .iter()
        .skip((page - 1) * PER_PAGE)
        .take(PER_PAGE)
        .map(|query| {
            let text = usize::try_from(query.text)
                .ok()
                .and_then(|at| detail.texts.get(at));
            let kind = text.map_or(DatabaseKind::Unknown, |text| text.database.kind);
            let site = query
                .call_site
                .and_then(|at| detail.call_sites.get(usize::try_from(at).ok()?));
            ExecutionRow {
                seq: query.seq,
                href: format!("{here}/queries/{}", query.seq),
                started: duration_cell(query.started_us),
                duration: duration_cell(query.duration_us),
                bar: svg::bar(query.duration_us, longest, "k-sql"),
                rows: if query.rows_read > query.rows_returned {
                    format!(
                        "{} of {} read",
                        count(query.rows_returned),
                        count(query.rows_read)
                    )
                } else {
                    count(query.rows_returned.max(query.rows_affected))
                },
                values: values(query.values.as_deref(), kind),
                site: site.map_or_else(String::new, short_site),
                outcome: query.outcome.as_str(),
                error: query
                    .error
                    .as_ref()
                    .map(|error| one_line(&error.message, 120)),
            }
        })
        .collect();
    Executions {
        rows,
        page,
        pages,
        previous_href: (page > 1).then(|| href(page - 1)),
        next_href: (page < pages).then(|| href(page + 1)),
    }
}

/// The first values on one line.
fn values(values: Option<&[Value]>, kind: DatabaseKind) -> String {
    let Some(values) = values else {
        return "values not captured".to_owned();
    };
    let mut line = values
        .iter()
        .take(4)
        .map(|value| short_value(value, kind))
        .collect::<Vec<_>>()
        .join(", ");
    if values.len() > 4 {
        line.push_str(", …");
    }
    line
}

fn short_value(value: &Value, kind: DatabaseKind) -> String {
    match value.state {
        ValueState::Redacted => "redacted".to_owned(),
        ValueState::Null => "NULL".to_owned(),
        _ => cut(&silk_core::value::render(value, kind), 48),
    }
}
