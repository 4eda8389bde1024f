//! The index that helps a statement, for pages that name it next to the finding: the database is asked
//! in the background, the answer is held for a while, and no page waits for it long.

use std::sync::Arc;

use silk_core::{
    QueryRecord, SqlText,
    explain::{AdvisedIndex, Verification},
};
use tokio::time::{Instant, timeout_at};

use super::advise::advise;
use crate::{
    context::Here,
    held::indexes::{Answer, Index},
};

/// A statement that can be pasted before another.
pub(crate) fn with_semicolon(sql: &str) -> String {
    format!("{};", sql.trim().trim_end_matches(';'))
}

/// What pages need to know of an advised index.
fn index(advised: &AdvisedIndex) -> Index {
    Index {
        sql: with_semicolon(&advised.statement),
        relation: advised.relation.clone(),
        unproved: match &advised.verification {
            Verification::Hypothetical | Verification::Shadow => None,
            Verification::NotVerified { remedy } => Some(remedy.clone()),
        },
    }
}

/// The index that helps a query best, waited for until `until` at the longest.
pub(crate) async fn of(here: &Here, query: &QueryRecord, text: &SqlText, until: Instant) -> Answer {
    if !may_be_asked(here, text) {
        return Answer::None;
    }
    let key = (text.statement.fingerprint, (*text.database).clone());
    let Some((mut answer, promise)) = here.app.indexes.place(&key) else {
        return Answer::Asked;
    };
    if let Some(promise) = promise {
        let (here, query, text) = (here.clone(), query.clone(), text.clone());
        // A panic on the way drops the promise, which is an answer too.
        tokio::spawn(async move {
            let advised = advise(&here, &query, &text).await;
            let first = advised.ok().and_then(|advised| {
                let indexes = advised.advice.indexes;
                indexes.first().map(|index| Arc::new(self::index(index)))
            });
            promise.send_replace(Some(first.map_or(Answer::None, Answer::Index)));
        });
    }
    match timeout_at(until, answer.wait_for(Option::is_some)).await {
        Ok(Ok(answer)) => answer.clone().unwrap_or(Answer::None),
        Ok(Err(_)) => Answer::None,
        Err(_) => Answer::Asked,
    }
}

/// Whether the database may be asked without a person's wish, and could answer.
fn may_be_asked(here: &Here, text: &SqlText) -> bool {
    here.app.explain.asks_unasked()
        && !text.is_redacted
        && silk_plan::advice::searches_tables(&text.text, text.database.kind)
}
