//! What stands behind the `?` of our addresses: read strictly, written in one way.

mod filters;
mod route;
mod window;

use std::str::FromStr;

use chrono::{DateTime, Utc};
use silk_core::UnknownWord;

pub(crate) use self::{
    filters::{REQUEST_PARAMS, STATEMENT_PARAMS, moment, request_filter, statement_filter},
    route::{ROUTE_PARAMS, route_name},
    window::{WINDOW_PARAMS, Window},
};
use crate::{draw::format::one_line, error::Failure};

/// The parameters of an address, each given once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string; parameters without a value (a form sends them) are left out.
    ///
    /// # Errors
    /// A parameter that is not `known`, or given twice.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Failure> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !known.contains(&&*name) {
                let known = known.join(", ");
                return Err(Failure::bad_request(format!(
                    "There is no parameter “{}” here. Use one of: {known}.",
                    one_line(&name, 60)
                )));
            }
            if value.is_empty() {
                continue;
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Failure::bad_request(format!(
                    "{name} is given twice; give it once."
                )));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// A parameter as it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| &**value)
    }

    /// A parameter, understood.
    ///
    /// # Errors
    /// A value that `read` does not understand; the failure names the parameter and what is meant.
    pub(crate) fn parse<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.get(name)
            .map(|value| {
                read(value).ok_or_else(|| {
                    Failure::bad_request(format!(
                        "{name} must be {expected}; got “{}”.",
                        one_line(value, 60)
                    ))
                })
            })
            .transpose()
    }

    /// A parameter that is one of a list of words.
    ///
    /// # Errors
    /// Another word; the failure names the list.
    pub(crate) fn word<T: FromStr<Err = UnknownWord>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(word) => Ok(Some(word)),
            Err(UnknownWord { expected, .. }) => {
                self.parse(name, &alternatives(expected), |_| None)
            }
        }
    }

    /// A parameter that is a time, or a while ago.
    ///
    /// # Errors
    /// Another text.
    pub(crate) fn moment(
        &self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Failure> {
        self.parse(name, filters::TIME_HINT, |v| moment(v, now))
    }

    /// How many items are wanted at most.
    ///
    /// # Errors
    /// Less than 1 or more than 500.
    pub(crate) fn limit(&self, unless_given: u32) -> Result<u32, Failure> {
        let limit = self.parse("limit", "a whole number from 1 to 500", |v| {
            v.parse().ok().filter(|n| (1..=500).contains(n))
        })?;
        Ok(limit.unwrap_or(unless_given))
    }

    /// The same parameters with one set (`Some`) or taken out (`None`), as `?a=b` or nothing.
    pub(crate) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            if !changes.iter().any(|(changed, _)| changed == name) {
                out.append_pair(name, value);
            }
        }
        for (name, value) in changes {
            if let Some(value) = value {
                out.append_pair(name, value);
            }
        }
        let query = out.finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }

    /// Name and value of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Words to choose from: `a`, `a or b`, `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
