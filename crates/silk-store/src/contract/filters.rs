//! Requests that differ, and the filters that tell them apart.

use silk_core::{Fingerprint, Outcome, RequestKind, RequestRecord, store::RequestFilter};

use super::fixture::{add_queries, at, request, statement};

/// Sixty requests that differ in everything that can be filtered by, with many ties.
pub(super) fn varied() -> Vec<RequestRecord> {
    (0..60)
        .map(|number: u64| {
            // Four start together.
            let mut record = request(number, i64::try_from(number / 4).unwrap());
            let summary = &mut record.summary;
            summary.times.total_us = 1000 * (number % 7);
            summary.times.sql_us = 100 * (number % 5);
            summary.query_count = number % 4;
            summary.status =
                [Some(200), Some(404), Some(500), None][usize::try_from(number % 4).unwrap()];
            if number.is_multiple_of(6) {
                summary.method = "POST".to_owned();
                summary.route = "/threads".to_owned();
                summary.path = "/threads".to_owned();
            }
            if number % 10 == 9 {
                summary.kind = RequestKind::Job;
                summary.method = String::new();
                summary.route = "nightly".to_owned();
                summary.path = "nightly".to_owned();
                summary.outcome = Outcome::Panicked;
            }
            if number.is_multiple_of(5) {
                summary.findings.push("repeated_statement".to_owned());
            }
            if number.is_multiple_of(15) {
                summary.findings.push("slow_query".to_owned());
            }
            summary.trace_id = (number % 7 == 2).then(|| trace_id(number));
            if number % 8 == 1 {
                record.detail.error = Some(format!("gave up\0 on Threads of {number}"));
            }
            if number.is_multiple_of(3) {
                add_queries(&mut record, &statement(5, "threads"), 1, 2, 10);
            }
            record
        })
        .collect()
}

fn trace_id(number: u64) -> String {
    format!("{:032x}", 0x4bf9_u128 << 112 | u128::from(number))
}

/// A filter and what it is to select.
pub(super) type Selection = (RequestFilter, fn(&RequestRecord) -> bool);

/// Each condition alone, and none.
pub(super) fn filters() -> Vec<Selection> {
    let none = RequestFilter::default;
    vec![
        (none(), |_| true),
        (
            RequestFilter {
                kind: Some(RequestKind::Job),
                ..none()
            },
            |record| record.summary.kind == RequestKind::Job,
        ),
        (
            RequestFilter {
                kind: Some(RequestKind::Test),
                ..none()
            },
            |_| false,
        ),
        (
            RequestFilter {
                method: Some("POST".to_owned()),
                ..none()
            },
            |record| record.summary.method == "POST",
        ),
        (
            RequestFilter {
                route: Some("/threads".to_owned()),
                ..none()
            },
            |record| record.summary.route == "/threads",
        ),
        (
            RequestFilter {
                route: Some("/threads*".to_owned()),
                ..none()
            },
            |record| record.summary.route.starts_with("/threads"),
        ),
        (
            RequestFilter {
                route: Some("/nowhere".to_owned()),
                ..none()
            },
            |_| false,
        ),
        (
            RequestFilter {
                path: Some("/threads/7".to_owned()),
                ..none()
            },
            |record| record.summary.path == "/threads/7",
        ),
        (
            RequestFilter {
                path: Some("/threads/1*".to_owned()),
                ..none()
            },
            |record| record.summary.path.starts_with("/threads/1"),
        ),
        (
            RequestFilter {
                path: Some("nightly".to_owned()),
                ..none()
            },
            |record| record.summary.path == "nightly",
        ),
        (
            RequestFilter {
                path: Some("*s/*5*".to_owned()),
                ..none()
            },
            |record| record.summary.path.contains('5'),
        ),
        (
            RequestFilter {
                route: Some("*t*d*".to_owned()),
                ..none()
            },
            |record| record.summary.route.starts_with("/threads"),
        ),
        (
            RequestFilter {
                path: Some("*".to_owned()),
                ..none()
            },
            |_| true,
        ),
        (
            RequestFilter {
                status: Some((404, 404)),
                ..none()
            },
            |record| record.summary.status == Some(404),
        ),
        (
            RequestFilter {
                status: Some((400, 599)),
                ..none()
            },
            |record| record.summary.status >= Some(400),
        ),
        (
            RequestFilter {
                min_duration_us: Some(4000),
                ..none()
            },
            |record| record.summary.times.total_us >= 4000,
        ),
        (
            RequestFilter {
                min_queries: Some(3),
                ..none()
            },
            |record| record.summary.query_count >= 3,
        ),
        (
            RequestFilter {
                finding: Some("any".to_owned()),
                ..none()
            },
            |record| !record.summary.findings.is_empty(),
        ),
        (
            RequestFilter {
                finding: Some("slow_query".to_owned()),
                ..none()
            },
            |record| record.summary.findings.contains(&"slow_query".to_owned()),
        ),
        (
            RequestFilter {
                fingerprint: Some(Fingerprint(5)),
                ..none()
            },
            |record| !record.statements.is_empty(),
        ),
        (
            RequestFilter {
                fingerprint: Some(Fingerprint(6)),
                ..none()
            },
            |_| false,
        ),
        (
            RequestFilter {
                text: Some("FROM threads".to_owned()),
                ..none()
            },
            |record| !record.statements.is_empty(),
        ),
        (
            RequestFilter {
                text: Some("on threads OF".to_owned()),
                ..none()
            },
            |record| record.detail.error.is_some(),
        ),
        (
            RequestFilter {
                text: Some(format!("00-{}-00f067aa0ba902b7-01", trace_id(2))),
                ..none()
            },
            |record| record.summary.path == "/threads/2",
        ),
        (
            RequestFilter {
                text: Some(trace_id(16).to_uppercase()),
                ..none()
            },
            |record| record.summary.path == "/threads/16",
        ),
        (
            // A part of a trace id is none.
            RequestFilter {
                text: Some("4bf9".to_owned()),
                ..none()
            },
            |_| false,
        ),
        (
            RequestFilter {
                since: Some(at(4)),
                ..none()
            },
            |record| record.summary.started_at >= at(4),
        ),
        (
            RequestFilter {
                until: Some(at(4)),
                ..none()
            },
            |record| record.summary.started_at < at(4),
        ),
    ]
}

/// Which conditions a filter has, a bit each.
pub(super) fn filters_set(filter: &RequestFilter) -> u16 {
    [
        filter.kind.is_some(),
        filter.method.is_some(),
        filter.route.is_some(),
        filter.path.is_some(),
        filter.status.is_some(),
        filter.min_duration_us.is_some(),
        filter.min_queries.is_some(),
        filter.finding.is_some(),
        filter.fingerprint.is_some(),
        filter.text.is_some(),
        filter.since.is_some(),
        filter.until.is_some(),
    ]
    .into_iter()
    .fold(0, |bits, is_set| bits << 1 | u16::from(is_set))
}
