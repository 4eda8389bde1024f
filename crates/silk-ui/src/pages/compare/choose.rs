//! What to compare with what: the form, and the requests of a route to choose from.

use silk_core::RequestKind;

use crate::{
    context::Here,
    draw::{
        format::{duration, one_line},
        names::request_name,
    },
    error::Failure,
    params::Params,
    sides::{Span, Subject},
};

/// The form with both sides, and what is offered for a side that is missing.
pub(super) struct ChooseView {
    pub(super) action: String,
    pub(super) a: String,
    pub(super) b: String,
    /// What A is, where it alone is given.
    pub(super) known: Option<String>,
    pub(super) offers: Vec<Offer>,
    pub(super) requests_href: String,
}

/// Another request to compare with.
pub(super) struct Offer {
    pub(super) words: &'static str,
    pub(super) href: String,
}

pub(super) fn form(here: &Here, a: &str, b: &str) -> ChooseView {
    ChooseView {
        action: format!("{}/compare", here.base),
        a: a.to_owned(),
        b: b.to_owned(),
        known: None,
        offers: Vec::new(),
        requests_href: format!("{}/requests", here.base),
    }
}

pub(super) fn empty(here: &Here) -> ChooseView {
    form(here, "", "")
}

/// A is known: a request with others of its route, or a stretch of time with the one before it.
pub(super) async fn with(here: &Here, one: &Subject) -> Result<ChooseView, Failure> {
    let mut view = form(here, &one.to_string(), "");
    match one {
        Subject::Request(id) => {
            let (id, record) = here.app.request(&id.to_string()).await?;
            let summary = &record.summary;
            view.known = Some(format!(
                "{}, {}",
                one_line(
                    &request_name(summary.kind, &summary.method, &summary.route),
                    160
                ),
                duration(summary.times.total_us)
            ));
            view.offers = offers(&here.base, &id.to_string());
            let list = Params::default().with(&[
                ("compare", Some(&*id.to_string())),
                ("kind", Some(summary.kind.as_str())),
                ("method", Some(&*summary.method).filter(|m| !m.is_empty())),
                ("route", Some(&*summary.route)),
            ]);
            view.requests_href = format!("{}/requests{list}", here.base);
        }
        other => {
            if let Some(span) = other.span() {
                view.known = Some(one_line(&other.to_string(), 200));
                view.offers = before(here, other, span);
            }
        }
    }
    Ok(view)
}

/// A stretch of time with the one of the same length before it.
fn before(here: &Here, subject: &Subject, span: Span) -> Vec<Offer> {
    let length = span.until - span.since;
    let Some(since) = span.since.checked_sub_signed(length) else {
        return Vec::new();
    };
    let earlier = subject.within(Span {
        since,
        until: span.since,
    });
    vec![Offer {
        words: "the same length of time before",
        href: format!(
            "{}/compare{}",
            here.base,
            crate::sides::query_of(&earlier, subject)
        ),
    }]
}

/// Links to other requests of the route; which they are is looked up when one is followed.
pub(super) fn offers(base: &str, id: &str) -> Vec<Offer> {
    [
        ("the previous", "previous"),
        ("the fastest", "fastest"),
        ("the slowest", "slowest"),
    ]
    .into_iter()
    .map(|(words, word)| Offer {
        words,
        href: format!("{base}/compare?a={word}&b={id}"),
    })
    .collect()
}

/// The request, or the requests of the stretch of time.
pub(super) fn href_of(here: &Here, subject: &Subject) -> String {
    let base = &*here.base;
    let Some(span) = subject.span() else {
        return format!("{base}/requests/{subject}");
    };
    let span = span.to_string();
    let (since, until) = span.split_once("..").unwrap_or_default();
    let times = [("since", Some(since)), ("until", Some(until))];
    let query = match subject {
        Subject::Route {
            kind,
            method,
            route,
            ..
        } => {
            let method = Some(&**method).filter(|_| *kind == RequestKind::Request);
            let what = [
                ("kind", Some(kind.as_str())),
                ("method", method),
                ("route", Some(&**route)),
            ];
            Params::default().with(&[what.as_slice(), times.as_slice()].concat())
        }
        Subject::Statement { fingerprint, .. } => {
            let fingerprint = fingerprint.to_string();
            let what = [("fingerprint", Some(&*fingerprint)), times[0], times[1]];
            Params::default().with(&what)
        }
        Subject::Request(_) | Subject::All { .. } => Params::default().with(&times),
    };
    format!("{base}/requests{query}")
}
