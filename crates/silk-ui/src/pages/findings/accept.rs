//! A finding that somebody looked at and accepts: the forms that say so and take it back.

use axum::{extract::Form, response::Response};
use serde::Deserialize;
use silk_core::{
    CallSite,
    record::RequestKind,
    store::{Acceptance, RouteName},
};

use super::known;
use crate::{
    context::Here, error::Failure, findings::lives::accepted, params::Params,
    parts::frame::see_other,
};

#[derive(Deserialize)]
pub(crate) struct AcceptForm {
    csrf: String,
    back: String,
    rule: String,
    kind: String,
    #[serde(default)]
    method: String,
    route: String,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    function: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    line: String,
    /// `here`, `statement`, `line` or `everywhere`.
    place: String,
    by: String,
    why: String,
    #[serde(default)]
    until_build: String,
}

/// `POST /findings/accept`
pub(crate) async fn accept(here: Here, Form(form): Form<AcceptForm>) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let acceptance = form.read(here.now)?;
    here.app.change(|store| store.accept(&acceptance)).await?;
    let notice = here.app.leave_notice(
        "Accepted. It is listed under “accepted”, where it can be taken back.".to_owned(),
    );
    back(&here, &form.back, notice)
}

#[derive(Deserialize)]
pub(crate) struct WithdrawForm {
    csrf: String,
    back: String,
    id: i64,
}

/// `POST /findings/withdraw`
pub(crate) async fn withdraw(
    here: Here,
    Form(form): Form<WithdrawForm>,
) -> Result<Response, Failure> {
    here.app.csrf.check(&form.csrf)?;
    let was_there = here.app.change(|store| store.withdraw(form.id)).await?;
    let words = if was_there {
        "It is not accepted any more."
    } else {
        "It was not accepted any more already."
    };
    let notice = here.app.leave_notice(words.to_owned());
    back(&here, &form.back, notice)
}

/// Back to the page with what it showed; only its own parameters come along.
fn back(here: &Here, query: &str, notice: uuid::Uuid) -> Result<Response, Failure> {
    let params = Params::read(Some(query.trim_start_matches('?')), &known())?;
    let query = params.with(&[("notice", Some(&notice.to_string()))]);
    Ok(see_other(&format!("{}/findings{query}", here.base)))
}

impl AcceptForm {
    fn read(&self, now: chrono::DateTime<chrono::Utc>) -> Result<Acceptance, Failure> {
        let kind: RequestKind = (self.kind.parse())
            .map_err(|_| Failure::bad_request("There is no such kind of request."))?;
        let fingerprint = match &*self.fingerprint {
            "" => None,
            text => Some(
                (text.parse())
                    .map_err(|_| Failure::bad_request("fingerprint must be 16 hex digits."))?,
            ),
        };
        let route = RouteName {
            kind,
            method: self.method.clone(),
            route: self.route.clone(),
        };
        let call_site = self.line.parse().ok().map(|line| CallSite {
            function: self.function.clone(),
            file: self.file.clone(),
            line,
        });
        let (route, fingerprint, call_site) = match &*self.place {
            "here" => (Some(route), fingerprint, None),
            "statement" if fingerprint.is_some() => (None, fingerprint, None),
            "line" if call_site.is_some() => (None, None, call_site),
            "everywhere" => (None, None, None),
            _ => {
                return Err(Failure::bad_request(
                    "Say where it is accepted: here, statement, line or everywhere.",
                ));
            }
        };
        accepted(Acceptance {
            id: 0,
            rule: self.rule.clone(),
            route,
            fingerprint,
            call_site,
            by: self.by.clone(),
            why: self.why.clone(),
            until_build: Some(self.until_build.clone()),
            at: now,
        })
    }
}
