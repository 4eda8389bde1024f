//! The two sides of a comparison, as addresses name them: one request, or what ran within a stretch
//! of time.

mod relative;
mod request;
mod subject;
mod window;

use silk_core::{
    RequestSummary,
    compare::{Comparison, Names, Side, compare},
};

pub(crate) use self::subject::{SUBJECT_HINT, Span, Subject};
use crate::{context::Here, error::Failure, params::Params};

/// One side, with what pages say of it.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) subject: Subject,
    /// `GET /api/messages/list_some`
    pub(crate) name: String,
    /// What keeps the figures from being all of it: that only some requests were read.
    pub(crate) notes: Vec<String>,
    /// The request, where the side is one.
    pub(crate) request: Option<RequestSummary>,
    pub(crate) side: Side,
}

/// Both sides.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) a: Compared,
    pub(crate) b: Compared,
}

/// What an address asks to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing: the page says how.
    Nothing,
    /// One side; the other must be chosen.
    One(Subject),
    /// Both.
    Both(Subject, Subject),
}

/// Parameters of comparisons, pages and API alike.
pub(crate) const COMPARE_PARAMS: &[&str] = &["a", "b"];

/// Reads `a` and `b`. A side may be given relative to the other: `fastest`, `slowest` or `previous`
/// of its route.
///
/// # Errors
/// 400 for a side that makes no sense, 404 where the route has no other request.
pub(crate) async fn asked(here: &Here, params: &Params) -> Result<Asked, Failure> {
    let (a, b) = (params.get("a"), params.get("b"));
    let read = |name: &str| params.parse(name, SUBJECT_HINT, |v| Subject::read(v, here.now));
    let word = |side: Option<&str>| side.and_then(relative::Relative::read);
    Ok(match (word(a), word(b)) {
        (Some(_), Some(_)) => {
            return Err(Failure::bad_request(
                "One side must name a request; fastest, slowest and previous are looked for on its \
                 route.",
            ));
        }
        (Some(relative), None) => match read("b")? {
            Some(b) => Asked::Both(relative.to(here, &b).await?, b),
            None => return Err(needs_other(relative)),
        },
        (None, Some(relative)) => match read("a")? {
            Some(a) => {
                let b = relative.to(here, &a).await?;
                Asked::Both(a, b)
            }
            None => return Err(needs_other(relative)),
        },
        (None, None) => match (read("a")?, read("b")?) {
            (Some(a), Some(b)) => Asked::Both(a, b),
            (Some(one), None) | (None, Some(one)) => Asked::One(one),
            (None, None) => Asked::Nothing,
        },
    })
}

fn needs_other(relative: relative::Relative) -> Failure {
    Failure::bad_request(format!(
        "{} is looked for on the route of the other side; give the id of a request there.",
        relative.as_str()
    ))
}

/// Both sides that an address names, for answers that need both.
///
/// # Errors
/// As [`asked`] and [`load`]; 400 where a side is missing.
pub(crate) async fn both(here: &Here, params: &Params) -> Result<Both, Failure> {
    match asked(here, params).await? {
        Asked::Both(a, b) => load(here, a, b).await,
        Asked::Nothing | Asked::One(_) => Err(Failure::bad_request(format!(
            "Two sides are needed: compare?a=…&b=…; each must be {SUBJECT_HINT}."
        ))),
    }
}

/// Reads both sides from the store.
///
/// # Errors
/// 404 for what is not kept, 503 where the store fails.
pub(crate) async fn load(here: &Here, a: Subject, b: Subject) -> Result<Both, Failure> {
    Ok(Both {
        a: one(here, a).await?,
        b: one(here, b).await?,
    })
}

async fn one(here: &Here, subject: Subject) -> Result<Compared, Failure> {
    match &subject {
        Subject::Request(id) => request::load(here, *id).await,
        Subject::Route { .. } => window::route(here, subject).await,
        Subject::Statement { .. } => window::statement(here, subject).await,
        Subject::All { .. } => window::all(here, subject).await,
    }
}

impl Both {
    /// What differs.
    pub(crate) fn compare(&self) -> Comparison<'_> {
        compare(&self.a.side, &self.b.side)
    }

    /// The comparison as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.compare().markdown(Names {
            a: &self.a.name,
            b: &self.b.name,
        });
        for (side, compared) in [("A", &self.a), ("B", &self.b)] {
            for note in &compared.notes {
                text.push_str(&format!("\n{side}: {note}\n"));
            }
        }
        text
    }

    /// `?a=…&b=…`
    pub(crate) fn query(&self) -> String {
        query_of(&self.a.subject, &self.b.subject)
    }
}

/// `?a=…&b=…`
pub(crate) fn query_of(a: &Subject, b: &Subject) -> String {
    let (a, b) = (a.to_string(), b.to_string());
    Params::default().with(&[("a", Some(&*a)), ("b", Some(&*b))])
}
