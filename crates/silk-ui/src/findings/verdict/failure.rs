//! Why a request failed, in a sentence.

use silk_core::{Outcome, QueryRecord, RequestRecord};

use super::{Verdict, VerdictKind, in_parentheses};
use crate::{
    draw::{
        format::{cut, duration},
        svg::waterfall::short_name,
    },
    findings::RequestFinding,
};

/// Why a request failed, if that is known.
pub(super) fn failure(record: &RequestRecord, findings: &[RequestFinding]) -> Verdict {
    let summary = &record.summary;
    let how = match (summary.outcome, summary.status) {
        (Outcome::Panicked, _) => "Panicked".to_owned(),
        (_, Some(status)) => format!("Failed with {status}"),
        (_, None) => "Failed".to_owned(),
    };
    if let Some(at) = findings.iter().position(|finding| finding.is_failure) {
        let finding = &findings[at];
        return Verdict {
            kind: VerdictKind::Failure(Some(at)),
            // A panic names itself.
            sentence: match summary.outcome {
                Outcome::Panicked => cut(&finding.title, 400),
                _ => format!("{how}: {}", cut(&finding.title, 400)),
            },
            remedy: None,
            query: finding.query,
        };
    }
    let query = record
        .detail
        .queries
        .iter()
        .find(|query| query.error.is_some());
    if let Some((query, sentence)) = query.and_then(|query| {
        let words = failed_query(record, query)?;
        Some((query, words))
    }) {
        return Verdict {
            kind: VerdictKind::Failure(None),
            sentence: format!("{how}: {sentence}"),
            remedy: None,
            query: Some(query.seq),
        };
    }
    let logged = record.detail.logs.iter().find(|log| log.level == "ERROR");
    let refused = record.detail.waits.iter().find_map(|wait| {
        let error = wait.error.as_deref()?;
        Some((error, wait.duration_us))
    });
    let (sentence, remedy) = match (&record.detail.error, logged, refused) {
        (_, _, Some((error, us))) => (
            format!("{how}: no connection came within {} ({}).", duration(us), cut(error, 200)),
            None,
        ),
        (Some(error), ..) => (format!("{how}: {}", cut(error, 400)), None),
        (None, Some(log), _) => (
            format!("{how}. The app logged: {}", cut(&log.message, 400)),
            None,
        ),
        (None, None, None) => (
            format!("{how}. Why is not known."),
            Some("No query failed, and nothing was logged at ERROR. Log the error where you answer it.".to_owned()),
        ),
    };
    Verdict {
        kind: VerdictKind::Failure(None),
        sentence,
        remedy,
        query: None,
    }
}

/// `query 3 INSERT thread (errors.rs:40): duplicate key value … (23505).`
fn failed_query(record: &RequestRecord, query: &QueryRecord) -> Option<String> {
    let error = query.error.as_ref()?;
    let text = record.detail.texts.get(usize::try_from(query.text).ok()?)?;
    let place = query
        .call_site
        .and_then(|at| record.detail.call_sites.get(usize::try_from(at).ok()?))
        .map_or_else(String::new, in_parentheses);
    let code = error
        .code
        .as_deref()
        .map_or_else(String::new, |code| format!(" ({})", cut(code, 20)));
    Some(format!(
        "query {} {}{place}: {}{code}.",
        query.seq,
        short_name(&text.statement),
        cut(error.message.trim_end_matches('.'), 400)
    ))
}
