//! What a request comes to, in one sentence: why it failed, else the largest cause by measured time,
//! else where the time went.

mod failure;

use std::collections::HashMap;

use silk_core::{CallSite, Fingerprint, RequestRecord, Statement, finding::rules::CONNECTION_WAIT};

pub(crate) use silk_core::words::part_of as of_total;

use self::failure::failure;
use super::{RequestFinding, Source, calls, executions, main_site, measured_us};
use crate::{
    draw::{
        call_site::short_site,
        format::{clock_in_words, count, cut, duration, percent},
        svg::waterfall::short_name,
    },
    plans::of_request::StatementPlan,
};

/// The verdict on a request.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: VerdictKind,
    pub(crate) sentence: String,
    /// What to do, or to look at, where no finding says it.
    pub(crate) remedy: Option<String>,
    /// The query to look at.
    pub(crate) query: Option<u32>,
}

/// What a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerdictKind {
    /// The request failed. Index of the finding that says why, where one does.
    Failure(Option<usize>),
    /// A finding; its index.
    Finding(usize),
    /// A statement takes most time, and no rule says why.
    Unexplained,
    /// A wait for a connection takes most time, less than the rule about it speaks of.
    Wait,
    /// Nothing was found, and nothing takes long.
    Nothing,
}

impl VerdictKind {
    /// A word for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Failure(_) => "failure",
            Self::Finding(_) => "finding",
            Self::Unexplained => "unexplained",
            Self::Wait => "wait",
            Self::Nothing => "nothing",
        }
    }

    /// The finding that it is.
    pub(crate) const fn finding(self) -> Option<usize> {
        match self {
            Self::Failure(at) => at,
            Self::Finding(at) => Some(at),
            Self::Unexplained | Self::Wait | Self::Nothing => None,
        }
    }
}

/// Where the time of a quicker request went, in µs, nobody asks: it is being handed from thread to
/// thread.
const QUICK_US: u64 = 1_000;
/// A statement that takes less than this of a request, in µs, needs no explanation.
const WORTH_US: u64 = 20_000;
/// Nor one that takes less than this share, in percent.
const WORTH_SHARE: u64 = 30;

/// A shorter wait for a connection, in µs, is no cause.
const WORTH_WAIT_US: u64 = 5_000;
/// Nor one that takes less than this share, in percent.
const WORTH_WAIT_SHARE: u64 = 20;

/// What a request comes to.
pub(crate) fn verdict(
    record: &RequestRecord,
    findings: &[RequestFinding],
    plans: &HashMap<Fingerprint, StatementPlan>,
) -> Verdict {
    if record.summary.is_failed() {
        return failure(record, findings);
    }
    let total_us = record.summary.times.total_us;
    // They stand last: what a plan of another time does says not what this request did.
    let (findings, of_other_times) =
        findings.split_at(findings.partition_point(RequestFinding::is_of_its_time));
    let largest = largest(record, findings);
    let first = findings
        .first()
        .and_then(|finding| Some((finding, finding.lost_us.filter(|us| *us > 0)?)));
    let is_unexplained =
        |us: u64| us >= WORTH_US && us.saturating_mul(100) >= total_us.saturating_mul(WORTH_SHARE);
    let unexplained_us = largest.map_or(0, |(_, us)| if is_unexplained(us) { us } else { 0 });
    let told_us = first.map_or(0, |(_, lost_us)| lost_us).max(unexplained_us);
    if (told_us > 0 || !findings.is_empty())
        && let Some(verdict) = waiting(record, findings, told_us)
    {
        return verdict;
    }
    if let Some((statement, us)) = largest
        && us > first.map_or(0, |(_, lost_us)| lost_us)
        && is_unexplained(us)
    {
        return unexplained(record, statement, us, plans);
    }
    match (findings.first(), first) {
        (Some(finding), Some((_, lost_us))) => Verdict {
            kind: VerdictKind::Finding(0),
            sentence: told_sentence(finding, lost_us, total_us),
            remedy: None,
            query: finding.query,
        },
        (Some(finding), None) => Verdict {
            kind: VerdictKind::Finding(0),
            sentence: cut(&finding.title, 300),
            remedy: None,
            query: finding.query,
        },
        (None, _)
            if !of_other_times.is_empty()
                && let Some((statement, us)) = largest =>
        {
            unexplained(record, statement, us, plans)
        }
        (None, _) => Verdict {
            kind: VerdictKind::Nothing,
            sentence: format!("No findings. {}", where_it_went(record)),
            remedy: None,
            query: None,
        },
    }
}

fn told_sentence(finding: &RequestFinding, lost_us: u64, total_us: u64) -> String {
    let mut part = of_total(lost_us, total_us);
    let title = cut(finding.title.trim_end_matches('.'), 280);
    let is_said = title.contains(&duration(lost_us)) && title.contains(&duration(total_us));
    if finding.is_at_most {
        part = format!("Up to {part}");
    }
    if is_said || title.contains(&part) {
        return format!("{title}.");
    }
    if finding.source == Source::Request {
        return format!("{part}: {}.", uncapitalised(&title));
    }
    let query = match (finding.calls, finding.query) {
        (2.., _) => format!("{} queries", count(finding.calls)),
        (_, Some(seq)) => format!("query {seq}"),
        (_, None) => "one query".to_owned(),
    };
    let place = finding
        .call_site
        .as_ref()
        .map_or_else(String::new, |site| format!(" ({})", short_site(site)));
    let title = uncapitalised(&title);
    let is_verb = VERBS.iter().any(|verb| title.starts_with(verb));
    if is_verb && finding.calls < 2 {
        format!("{part}: {query} {title}{place}.")
    } else {
        format!("{part} in {query}{place}: {title}.")
    }
}

/// How titles of findings about plans begin whose subject is the query.
const VERBS: [&str; 5] = ["reads ", "sorts ", "scans ", "builds ", "walks "];

/// A sentence that goes on after a colon: its first word small, unless it is a name.
pub(super) fn uncapitalised(title: &str) -> String {
    let first = title.split(' ').next().unwrap_or_default();
    let mut chars = first.chars();
    let is_word = chars.next().is_some_and(char::is_uppercase)
        && chars.all(|c| c.is_lowercase() || c == '-')
        && first != "I";
    if !is_word {
        return title.to_owned();
    }
    let mut text = first.to_lowercase();
    text.push_str(&title[first.len()..]);
    text
}

/// The statement that takes most time of those that no finding is about.
fn largest<'a>(
    record: &'a RequestRecord,
    findings: &[RequestFinding],
) -> Option<(&'a Statement, u64)> {
    record
        .statements
        .iter()
        .map(|part| &*part.statement)
        .filter(|statement| {
            let is_it = |finding: &RequestFinding| {
                finding.fingerprint == Some(statement.fingerprint) && finding.lost_us.is_some()
            };
            !findings.iter().any(is_it)
        })
        .map(|statement| (statement, measured_us(record, statement.fingerprint)))
        .max_by_key(|(statement, us)| (*us, std::cmp::Reverse(statement.fingerprint)))
}

/// `query 1 SELECT message (messages.rs:75)`, `100 queries SELECT person (…)`
fn name_of(record: &RequestRecord, statement: &Statement) -> (String, Option<u32>) {
    let first = executions(record, statement.fingerprint)
        .first()
        .map(|query| query.seq);
    let queries = match (calls(record, statement.fingerprint), first) {
        (2.., _) | (_, None) => {
            let calls = calls(record, statement.fingerprint);
            format!("{} queries", count(calls.max(1)))
        }
        (_, Some(seq)) => format!("query {seq}"),
    };
    let place = main_site(record, statement.fingerprint).map_or_else(String::new, in_parentheses);
    (format!("{queries} {}{place}", short_name(statement)), first)
}

fn in_parentheses(site: &CallSite) -> String {
    format!(" ({})", short_site(site))
}

/// A wait that takes more of the request than what else would be its first line, and that no
/// finding tells.
fn waiting(record: &RequestRecord, findings: &[RequestFinding], told_us: u64) -> Option<Verdict> {
    let total_us = record.summary.times.total_us;
    // A check across a slow network is no wait: see the rule.
    let waits = record.detail.waits.iter();
    let long = waits.filter(|wait| wait.duration_us >= WORTH_WAIT_US);
    let sum_us = long.clone().map(|wait| wait.duration_us);
    let us = sum_us
        .fold(0, u64::saturating_add)
        .min(record.summary.times.wait_us);
    let longest = long.max_by_key(|wait| wait.duration_us)?;
    let is_told = findings
        .iter()
        .any(|finding| finding.rule == CONNECTION_WAIT);
    if is_told
        || us <= told_us
        || us < WORTH_WAIT_US
        || us.saturating_mul(100) < total_us.saturating_mul(WORTH_WAIT_SHARE)
    {
        return None;
    }
    // sqlx's count of idle ones may have wrapped below zero.
    let (why, remedy) = match longest.pool {
        Some(pool) if pool.idle > 0 && pool.idle <= pool.open => (
            "; the pool checked one (test_before_acquire)",
            Some("Use one connection for the whole request (pool.acquire())."),
        ),
        Some(pool) if pool.open < pool.most => (
            "; the pool opened a new one",
            Some(
                "Keep connections open: set min_connections of the pool's options, and run a \
                 query on each before the first request.",
            ),
        ),
        Some(_) => (
            "; all were in use",
            Some("Shorten what holds the connections, or raise max_connections."),
        ),
        None => ("", None),
    };
    Some(Verdict {
        kind: VerdictKind::Wait,
        sentence: format!("{}: waiting for a connection{why}.", of_total(us, total_us)),
        remedy: remedy.map(ToOwned::to_owned),
        query: None,
    })
}

fn unexplained(
    record: &RequestRecord,
    statement: &Statement,
    us: u64,
    plans: &HashMap<Fingerprint, StatementPlan>,
) -> Verdict {
    let (name, query) = name_of(record, statement);
    let remedy = match plans.get(&statement.fingerprint) {
        Some(plan)
            if plan.is_judged
                && let Some(when) = plan.time.in_words() =>
        {
            &format!(
                "Why is not known: the plan of that time is not known. The plan of {}, {when}, {}.",
                clock_in_words(plan.record.captured_at),
                if plan.findings.found.is_empty() {
                    "has no findings"
                } else {
                    "is judged below"
                }
            )
        }
        Some(plan) if plan.is_judged => "Why is not known: the rules find nothing in its plan.",
        Some(_) => "Why is not known: its plan was not judged. Open the plan.",
        None => "Why is not known: no plan of it is kept. Open the query and press EXPLAIN.",
    };
    Verdict {
        kind: VerdictKind::Unexplained,
        sentence: format!("{}: {name}.", of_total(us, record.summary.times.total_us)),
        remedy: Some(remedy.to_owned()),
        query,
    }
}

/// Where the time of a request went, in a sentence.
fn where_it_went(record: &RequestRecord) -> String {
    let times = &record.summary.times;
    let total_us = times.total_us;
    let mut kinds = [
        (times.sql_us, "SQL"),
        (times.wait_us, "waiting for a connection"),
        (times.polling_us, "running your code"),
        (
            times.other_us(),
            "waiting for something that Silk does not see (another service, a timer, a lock)",
        ),
    ];
    kinds.sort_by_key(|(us, _)| std::cmp::Reverse(*us));
    let (us, kind) = kinds[0];
    if us == 0 || total_us < QUICK_US {
        return format!("It took {}.", duration(total_us));
    }
    let mut text = format!(
        "{} ({}) went into {kind}",
        of_total(us, total_us),
        percent(us, total_us)
    );
    if kind == "SQL"
        && let Some((statement, us)) = largest(record, &[])
    {
        let (name, _) = name_of(record, statement);
        text.push_str(&format!("; largest: {name}, {}", duration(us)));
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_goes_on_after_a_colon() {
        for (title, small) in [
            ("Reads all of person", "reads all of person"),
            ("SQLite builds an index", "SQLite builds an index"),
            ("N+1 of person", "N+1 of person"),
            ("The same query ran", "the same query ran"),
            ("", ""),
        ] {
            assert_eq!(uncapitalised(title), small);
        }
    }
}
