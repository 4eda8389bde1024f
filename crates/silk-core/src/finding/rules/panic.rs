//! The handler or the body panicked.
//!
//! **Definition.** A panic unwound through the request, or was caught within it and became a 5xx.
//! **Evidence.** Its message, and file and line where the panic hook was ours to ask.
//! **Silent on.** Panics of tasks that the request started: they are not seen in it.

use super::PANIC;
use crate::{Finding, Outcome, Severity, finding::facts::Facts};

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let record = facts.record;
    let site = record.detail.error_site.as_ref();
    let is_caught = site.is_some() && record.summary.is_failed();
    if record.summary.outcome != Outcome::Panicked && !is_caught {
        return None;
    }
    let message = record
        .detail
        .error
        .as_deref()
        .filter(|message| !message.is_empty())
        .unwrap_or("without a message");
    let at = site.map(|site| format!(" at {site}")).unwrap_or_default();
    // The last query that had ended: what the code held in its hands.
    let last = record.detail.queries.last();
    let after = last.map_or_else(
        || "No query ran before it.".to_owned(),
        |query| {
            format!(
                "The last query before it was query {}, {}{}.",
                query.seq,
                facts.name(query),
                facts.from(query)
            )
        },
    );
    Some(Finding {
        rule: PANIC.to_owned(),
        severity: Severity::Critical,
        title: format!("The request panicked{at}: {message}"),
        detail: after,
        remedy: Some("Return an error instead of unwrapping, and answer it.".to_owned()),
        call_site: site.cloned(),
        fingerprint: None,
        query: None,
        lost_us: None,
    })
}
