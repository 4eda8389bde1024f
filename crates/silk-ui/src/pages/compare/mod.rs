//! Two requests side by side, or two stretches of time: what became of queries, time, plans and
//! findings.

mod choose;
mod statements;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use silk_core::{
    RequestTimes,
    compare::{Comparison, FindingDifference, Side, average, change_of_count, change_of_time},
};

use self::{
    choose::ChooseView,
    statements::{StatementRow, rows},
};
use crate::{
    context::Here,
    draw::{
        format::{self, Markup, bytes, count, cut, duration_cell, one_line},
        names::{rule_name, status_of},
        svg,
    },
    error::Failure,
    parts::frame::{Frame, plain, render},
    sides::{self, Asked, Both, COMPARE_PARAMS, Compared},
};

#[derive(Template)]
#[template(path = "pages/compare.html")]
struct ComparePage {
    frame: Frame,
    verdict: String,
    class: &'static str,
    sides: [SideView; 2],
    swap_href: String,
    markdown_href: String,
    json_href: String,
    figures: Vec<FigureRow>,
    statements: Vec<StatementRow>,
    more_statements: usize,
    unchanged: Vec<StatementRow>,
    more_unchanged: usize,
    findings: [FindingPart; 3],
    /// Whether the figures are averages of many requests.
    is_average: bool,
    is_one: bool,
    choose: ChooseView,
}

#[derive(Template)]
#[template(path = "pages/compare_choose.html")]
struct ChoosePage {
    frame: Frame,
    choose: ChooseView,
}

/// One of the two.
struct SideView {
    letter: &'static str,
    name: String,
    /// The request, or the requests of the stretch of time.
    href: String,
    /// When it started, or from when.
    at: Markup,
    until: Option<Markup>,
    status: Option<(String, &'static str)>,
    bar: Markup,
    total: Markup,
    notes: Vec<String>,
}

/// A figure of both.
struct FigureRow {
    name: &'static str,
    /// The kind of time that it is, for the key.
    kind: Option<&'static str>,
    a: String,
    b: String,
    change: String,
    class: &'static str,
}

/// Findings that are gone, new, or on both sides.
struct FindingPart {
    id: &'static str,
    title: &'static str,
    class: &'static str,
    rows: Vec<FindingRow>,
}

struct FindingRow {
    title: String,
    rule: String,
    place: Option<String>,
    lost: Option<String>,
}

/// Findings of each kind on the page.
const MAX_FINDINGS: usize = 20;

/// `GET /compare?a=…&b=…`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(COMPARE_PARAMS)?;
    let asked = sides::asked(&here, &params).await?;
    let (a, b) = match asked {
        Asked::Both(a, b) => (a, b),
        Asked::One(one) => {
            let page = ChoosePage {
                frame: Frame::new(&here, "requests", "Compare"),
                choose: choose::with(&here, &one).await?,
            };
            return render(&page);
        }
        Asked::Nothing => {
            let page = ChoosePage {
                frame: Frame::new(&here, "requests", "Compare"),
                choose: choose::empty(&here),
            };
            return render(&page);
        }
    };
    // An address that can be kept: it names both, by id or by times that do not move.
    let query = sides::query_of(&a, &b);
    if is_other(params.get("a"), &a.to_string()) || is_other(params.get("b"), &b.to_string()) {
        return Ok(Redirect::to(&format!("{}/compare{query}", here.base)).into_response());
    }
    let both = sides::load(&here, a, b).await?;
    render(&view(&here, &both))
}

fn is_other(given: Option<&str>, canonical: &str) -> bool {
    given.is_none_or(|given| given != canonical)
}

/// `GET /compare.md?a=…&b=…`
pub(crate) async fn markdown(here: Here) -> Result<Response, Failure> {
    let params = here.params(COMPARE_PARAMS)?;
    let both = sides::both(&here, &params).await?;
    Ok(plain(both.markdown()))
}

fn view(here: &Here, both: &Both) -> ComparePage {
    let comparison = both.compare();
    let base = &*here.base;
    let query = both.query();
    let longest = mean_times(&both.a.side)
        .total_us
        .max(mean_times(&both.b.side).total_us);
    let (changed, unchanged) = rows(here, &comparison);
    let findings = |is: fn(&FindingDifference<'_>) -> bool| -> Vec<FindingRow> {
        (comparison.findings.iter())
            .filter(|one| is(one))
            .take(MAX_FINDINGS)
            .filter_map(|one| finding_row(here, one))
            .collect()
    };
    ComparePage {
        frame: Frame::new(here, "requests", "Compare"),
        verdict: comparison.verdict(),
        class: verdict_class(&comparison),
        sides: [
            side_view(here, "A", &both.a, longest),
            side_view(here, "B", &both.b, longest),
        ],
        swap_href: format!(
            "{base}/compare{}",
            sides::query_of(&both.b.subject, &both.a.subject)
        ),
        markdown_href: format!("{base}/compare.md{query}"),
        json_href: format!("{base}/api/compare{query}"),
        figures: figures(&comparison),
        statements: changed.rows,
        more_statements: changed.more,
        unchanged: unchanged.rows,
        more_unchanged: unchanged.more,
        is_average: both.a.side.requests != 1 || both.b.side.requests != 1,
        findings: [
            FindingPart {
                id: "gone",
                title: "Findings gone",
                class: "",
                rows: findings(|one| one.b.is_none()),
            },
            FindingPart {
                id: "new",
                title: "Findings new",
                class: "warn",
                rows: findings(|one| one.a.is_none()),
            },
            FindingPart {
                id: "both",
                title: "Findings on both sides",
                class: "",
                rows: findings(|one| one.a.is_some() && one.b.is_some()),
            },
        ],
        is_one: both.a.subject == both.b.subject,
        choose: choose::form(
            here,
            &both.a.subject.to_string(),
            &both.b.subject.to_string(),
        ),
    }
}

/// Colour only where requests enough say so.
fn verdict_class(comparison: &Comparison<'_>) -> &'static str {
    use silk_core::compare::Speed;
    match comparison.speed {
        Speed::Faster => "good",
        Speed::Slower => "bad",
        Speed::Same | Speed::TooFew => "",
    }
}

/// Of one request, on average.
fn mean_times(side: &Side) -> RequestTimes {
    let of = side.requests.max(1);
    let times = &side.times;
    RequestTimes {
        total_us: times.total_us / of,
        sql_us: times.sql_us / of,
        wait_us: times.wait_us / of,
        polling_us: times.polling_us / of,
        ..*times
    }
}

fn side_view(here: &Here, letter: &'static str, compared: &Compared, longest: u64) -> SideView {
    let times = mean_times(&compared.side);
    let subject = &compared.subject;
    let span = subject.span();
    let (at, status) = match (&compared.request, span) {
        (Some(request), _) => (format::moment(request.started_at), Some(status_of(request))),
        (None, Some(span)) => (format::moment(span.since), None),
        (None, None) => (format::dash(), None),
    };
    SideView {
        letter,
        name: one_line(&compared.name, 160),
        href: choose::href_of(here, subject),
        at,
        until: span.map(|span| format::moment(span.until)),
        status,
        bar: svg::breakdown(&times, longest, "breakdown"),
        total: duration_cell(times.total_us),
        notes: compared.notes.clone(),
    }
}

fn figures(comparison: &Comparison<'_>) -> Vec<FigureRow> {
    let (a, b) = (comparison.a, comparison.b);
    let mut rows = Vec::new();
    if a.requests != 1 || b.requests != 1 {
        rows.push(FigureRow {
            name: "requests",
            kind: None,
            a: count(a.requests),
            b: count(b.requests),
            change: String::new(),
            class: "q",
        });
        for (name, p) in [("median", 50.0), ("p95", 95.0)] {
            let of = |side: &Side| side.durations.percentile(p);
            rows.push(time_row(name, None, of(a), of(b)));
        }
    }
    let queries = |side: &Side| average(side.query_count, side.requests);
    rows.push(FigureRow {
        name: "queries",
        kind: None,
        a: queries(a),
        b: queries(b),
        change: if a.requests == b.requests {
            let each = |side: &Side| side.query_count / side.requests.max(1);
            change_of_count(each(a), each(b))
        } else {
            String::new()
        },
        class: class_of(a.query_count, b.query_count),
    });
    let (one, other) = (mean_times(a), mean_times(b));
    rows.push(time_row("total", None, one.total_us, other.total_us));
    for (kind, to) in svg::kinds(&one).into_iter().zip(svg::kinds(&other)) {
        rows.push(time_row(kind.name, Some(kind.class), kind.us, to.us));
    }
    for (name, a_bytes, b_bytes) in [
        ("request body", a.request_bytes, b.request_bytes),
        ("response body", a.response_bytes, b.response_bytes),
    ] {
        let of = |sum: Option<u64>, side: &Side| {
            sum.map_or_else(|| "–".to_owned(), |sum| bytes(sum / side.read.max(1)))
        };
        if a_bytes.is_some() || b_bytes.is_some() {
            rows.push(FigureRow {
                name,
                kind: None,
                a: of(a_bytes, a),
                b: of(b_bytes, b),
                change: String::new(),
                class: "q",
            });
        }
    }
    rows
}

fn time_row(name: &'static str, kind: Option<&'static str>, a: u64, b: u64) -> FigureRow {
    FigureRow {
        name,
        kind,
        a: format::duration(a),
        b: format::duration(b),
        change: change_of_time(a, b),
        class: "q",
    }
}

/// More queries are marked, fewer are not: they are facts, where times may be chance.
const fn class_of(a: u64, b: u64) -> &'static str {
    if b > a { "warn" } else { "q" }
}

fn finding_row(here: &Here, one: &FindingDifference<'_>) -> Option<FindingRow> {
    let finding = one.b.or(one.a)?;
    Some(FindingRow {
        title: cut(&finding.title, 300),
        rule: rule_name(&finding.rule),
        place: finding.call_site.as_ref().map(|site| {
            cut(
                &crate::draw::source::shown(here.app.source_root.as_ref(), site),
                200,
            )
        }),
        lost: (finding.lost_us.filter(|us| *us > 0)).map(format::duration),
    })
}
