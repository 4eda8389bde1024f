//! `silk await`: the next request that matches.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{ids, request};
use crate::{
    api::{Answer, Api, List, Query, RequestRow},
    screen::Screen,
    trouble::{Result, Trouble},
};

/// How often the list is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Newest matching requests that are looked at each time.
const NEWEST: usize = 100;

/// Waits, and prints what came.
pub(crate) async fn run(
    api: &Api,
    screen: Screen,
    filters: &Query,
    after: Option<&str>,
    patience: Duration,
) -> Result<()> {
    let known = match after {
        Some(id) => Known::after(&ids::whole(api, id).await?),
        None => Known::look(api, filters).await?,
    };
    screen.note("waiting for the next request that matches …");
    let answer = next(api, filters, &known, patience).await?;
    request::print(screen, &answer, false)
}

/// What does not count.
#[derive(Debug)]
pub(crate) enum Known {
    /// What was recorded before the waiting began.
    Recorded {
        ids: HashSet<String>,
        /// Of a full page, the start of its oldest: what started before may come up from further
        /// below.
        oldest: Option<DateTime<Utc>>,
    },
    /// What started before this request, whose id is whole: ids order by start.
    UpTo(String),
}

impl Known {
    /// What was recorded so far.
    pub(crate) async fn look(api: &Api, filters: &Query) -> Result<Self> {
        let rows = newest(api, filters).await?;
        Ok(Self::Recorded {
            oldest: (rows.len() >= NEWEST)
                .then(|| rows.iter().map(|row| row.started_at).min())
                .flatten(),
            ids: rows.into_iter().map(|row| row.id).collect(),
        })
    }

    /// Everything up to a request, by its whole id.
    pub(crate) fn after(id: &str) -> Self {
        Self::UpTo(id.to_owned())
    }

    fn is_new(&self, row: &RequestRow) -> bool {
        match self {
            Self::Recorded { ids, oldest } => {
                !ids.contains(&row.id) && oldest.is_none_or(|oldest| row.started_at >= oldest)
            }
            Self::UpTo(id) => row.id > *id,
        }
    }
}

/// Waits until a request is recorded that matches and was not there before; of several, the first
/// that started.
///
/// # Errors
/// None came within `patience` (the answer is no), or the app cannot be asked.
pub(crate) async fn next(
    api: &Api,
    filters: &Query,
    known: &Known,
    patience: Duration,
) -> Result<Answer> {
    let until = Instant::now() + patience;
    loop {
        let rows = newest(api, filters).await?;
        let first = rows
            .iter()
            .filter(|row| known.is_new(row))
            .min_by_key(|row| row.started_at);
        if let Some(row) = first {
            return request::answer(api, &row.id).await;
        }
        if Instant::now() >= until {
            return Err(Trouble::no(format!(
                "No matching request was recorded within {} s.",
                patience.as_secs()
            ))
            .with_hint(
                "send one while this waits; `silk requests` shows under which route it is recorded",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn newest(api: &Api, filters: &Query) -> Result<Vec<RequestRow>> {
    let mut query = filters.clone();
    query.push(("limit", NEWEST.to_string()));
    let list: List<RequestRow> = api.get("api/requests", &query).await?.read()?;
    Ok(list.items)
}
