//! The one way to what was recorded: the dashboard's JSON API, over HTTP or in process.

mod http;
mod place;
mod store;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::{
    http::{Outgoing, send},
    place::Place,
    store::{Serve, open_for_reading, served},
};
use crate::trouble::{Result, Trouble};

/// Parameters of an address.
pub(crate) type Query = Vec<(&'static str, String)>;

/// Where the API is.
#[derive(Debug, Clone)]
pub(crate) enum Api {
    /// A running app.
    App(http::App),
    /// A file, read by the dashboard in this process.
    Store(store::StoreFile),
}

/// What the API answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The answer, understood.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Trouble::new(format!(
                "The dashboard's answer is not understood: {error}."
            ))
            .with_hint("is the app built with another version of tower-silk than `silk`?")
        })
    }
}

impl Api {
    /// Opens the place that was named.
    pub(crate) async fn open(place: &Place) -> Result<Self> {
        match place {
            Place::App { url, token } => Ok(Self::App(http::App::new(url, token.clone())?)),
            Place::Store(path) => Ok(Self::Store(store::StoreFile::open(path).await?)),
        }
    }

    /// `GET` of an address below the mount, as `api/requests`.
    ///
    /// # Errors
    /// Nobody answers, or the answer is a refusal.
    pub(crate) async fn get(&self, path: &str, query: &Query) -> Result<Answer> {
        self.call("GET", path, query, None).await
    }

    /// `DELETE` of an address below the mount.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer> {
        self.call("DELETE", path, &Query::new(), None).await
    }

    /// `POST` of JSON to an address below the mount.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call("POST", path, &Query::new(), Some(body)).await
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        query: &Query,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let target = target(path, query);
        let body = body.map(ToString::to_string);
        let answer = match self {
            Self::App(app) => app.call(method, &target, body).await?,
            Self::Store(store) => store.call(method, &target, body).await?,
        };
        let is_ours = !path.starts_with("api/")
            || answer.body.is_empty()
            || matches!(answer.body.first(), Some(b'{' | b'['));
        if (200..300).contains(&answer.status) && is_ours {
            return Ok(answer);
        }
        Err(self.refusal(&answer))
    }

    /// Where records come from, in words.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::App(app) => app.url().to_owned(),
            Self::Store(store) => store.path().display().to_string(),
        }
    }

    /// Why the dashboard did not do what it was asked.
    fn refusal(&self, answer: &Answer) -> Trouble {
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let word = |name: &str| json["error"][name].as_str().map(str::to_owned);
        let (Some(kind), Some(message)) = (word("kind"), word("message")) else {
            return Trouble::new(format!(
                "There is no Silk dashboard at {}: it answered with status {}.",
                self.name(),
                answer.status
            ))
            .with_hint(
                "give the address that the app prints, with its mount: --url \
                 http://127.0.0.1:3000/silk",
            );
        };
        let hint = match &*kind {
            "not_allowed" if message.contains("not the token") => Some(
                "the token is printed at the end of the link when the app starts: --token, \
                 SILK_TOKEN, or the whole link as --url"
                    .to_owned(),
            ),
            "not_allowed" => Some(
                "give the token, which the app prints with its link when it starts: --token, \
                 SILK_TOKEN, --token-file silk.db-token, or the whole link as --url"
                    .to_owned(),
            ),
            "not_found" if message.contains("not kept") || message.contains("id of a request") => {
                Some("`silk requests` lists the ids that are kept".to_owned())
            }
            "not_found" if message.contains("tatement") => {
                Some("`silk statements` lists the fingerprints that are kept".to_owned())
            }
            "not_found" if message.contains("no page at this address") => Some(
                "this dashboard is of a version without it: build the app with the version of \
                 `silk`"
                    .to_owned(),
            ),
            _ => word("remedy").filter(|remedy| !remedy.contains('\n')),
        };
        Trouble {
            hint,
            kind: Some(kind),
            ..Trouble::new(message)
        }
    }
}

/// Path and parameters as an address below the mount.
fn target(path: &str, query: &Query) -> String {
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        parameters.append_pair(name, value);
    }
    let parameters = parameters.finish();
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("/{path}{mark}{parameters}")
}

/// A part of a path, whatever was typed.
pub(crate) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A list as the API writes it.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) total: Option<u64>,
    #[serde(default)]
    pub(crate) is_total_estimate: bool,
    #[serde(default)]
    pub(crate) is_partial: bool,
}

/// A request in a list.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct RequestRow {
    pub(crate) id: String,
    pub(crate) started_at: DateTime<Utc>,
    #[serde(default)]
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: String,
    pub(crate) duration_us: u64,
    pub(crate) query_count: u64,
    pub(crate) query_time_us: u64,
    #[serde(default)]
    pub(crate) findings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_whatever_was_typed() {
        let query = vec![
            ("route", "/a b/{id}&x=ü".to_owned()),
            ("sort", "-started_at".to_owned()),
        ];
        assert_eq!(
            target("api/requests", &query),
            "/api/requests?route=%2Fa+b%2F%7Bid%7D%26x%3D%C3%BC&sort=-started_at"
        );
        assert_eq!(target("api/health", &Query::new()), "/api/health");
        assert_eq!(segment("../x?y#z"), "%2E%2E%2Fx%3Fy%23z");
    }
}
