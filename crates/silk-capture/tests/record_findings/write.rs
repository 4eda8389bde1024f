//! A record as a file that a person can read and compare.

use std::{fmt::Write as _, fs, path::Path};

use silk_core::{RequestRecord, Value, ValueState, value::render};

use super::{Scenario, across::Many};

pub(super) fn scenario<P>(scenario: &Scenario<P>, record: &RequestRecord) {
    let mut out = head(scenario.about, scenario.source, scenario.expected);
    for (name, value) in scenario.thresholds {
        line(&mut out, &["threshold", name, &value.to_string()]);
    }
    request(&mut out, record);
    save("findings", scenario.name, &out);
}

/// Many requests of one scenario in one file.
pub(super) fn many<P>(scenario: &Many<P>, records: &[RequestRecord]) {
    let mut out = head(scenario.about, scenario.source, scenario.expected);
    for record in records {
        let since_first = record.summary.started_at - records[0].summary.started_at;
        let since_first = since_first.num_microseconds().unwrap().to_string();
        line(&mut out, &["next", &record.summary.route, &since_first]);
        request(&mut out, record);
    }
    save("across", scenario.name, &out);
}

fn head(about: &str, source: &str, expected: &[&str]) -> String {
    let mut out = String::new();
    line(&mut out, &["about", about]);
    line(&mut out, &["source", source]);
    let mut expect = vec!["expect"];
    expect.extend(expected);
    if expected.is_empty() {
        expect.push("nothing");
    }
    line(&mut out, &expect);
    out
}

fn save(folder: &str, name: &str, out: &str) {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../silk-core/tests");
    fs::write(corpora.join(folder).join(format!("{name}.tsv")), out).unwrap();
}

fn request(out: &mut String, record: &RequestRecord) {
    let (detail, times) = (&record.detail, &record.summary.times);
    if let Some(text) = detail.texts.first() {
        line(out, &["database", text.database.kind.as_str()]);
    }
    let status = record.summary.status;
    line(
        out,
        &[
            "request",
            &format!("status={}", some(status)),
            &format!("outcome={}", record.summary.outcome),
            &format!("kind={}", record.summary.kind),
            &format!("head_us={}", times.head_us),
            &format!("total_us={}", times.total_us),
            &format!("sql_us={}", times.sql_us),
            &format!("wait_us={}", times.wait_us),
            &format!("longest_poll_us={}", times.longest_poll_us),
            &format!(
                "longest_poll_started_us={}",
                some(detail.longest_poll_started_us)
            ),
        ],
    );
    if let Some(error) = &detail.error {
        let at = detail.error_site.as_ref().map(ToString::to_string);
        line(out, &["failure", &escaped(error), &some(at)]);
    }
    for (number, text) in (1..).zip(&detail.texts) {
        line(out, &["text", &format!("{number}"), &escaped(&text.text)]);
    }
    for (number, site) in (1..).zip(&detail.call_sites) {
        let number = format!("{number}");
        line(out, &["site", &number, &site.to_string(), "handler"]);
    }
    for wait in &detail.waits {
        let pool = wait
            .pool
            .map(|pool| format!("{}/{}/{}", pool.open, pool.idle, pool.most));
        line(
            out,
            &[
                "wait",
                &wait.started_us.to_string(),
                &wait.duration_us.to_string(),
                &some(wait.error.as_deref()),
                &some(pool),
            ],
        );
        for holder in &wait.holders {
            line(
                out,
                &[
                    "holder",
                    &holder.route,
                    &some(holder.normalized.as_deref().map(escaped)),
                    &holder.connections.to_string(),
                    &holder.idle_in_transaction.to_string(),
                    &holder.held_us.to_string(),
                ],
            );
        }
    }
    for span in &detail.spans {
        let mut cells = vec![
            "span".to_owned(),
            escaped(&span.name),
            span.target.clone(),
            span.started_us.to_string(),
            span.duration_us.to_string(),
        ];
        let fields = span.fields.iter();
        cells.extend(fields.map(|(name, value)| format!("{name}={}", escaped(value))));
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(out, &cells);
    }
    for transaction in &detail.transactions {
        let mut cells = vec![
            "transaction".to_owned(),
            transaction.started_us.to_string(),
            transaction.duration_us.to_string(),
            transaction.begin_us.to_string(),
            transaction.end_us.to_string(),
            transaction.depth.to_string(),
            transaction.end.to_string(),
        ];
        cells.extend(transaction.error.as_ref().map(|e| escaped(&e.message)));
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(out, &cells);
    }
    for query in &detail.queries {
        let kind = detail.texts[usize::try_from(query.text).unwrap()]
            .database
            .kind;
        let mut cells = vec![
            "query".to_owned(),
            query.seq.to_string(),
            (query.text + 1).to_string(),
            query.started_us.to_string(),
            query.duration_us.to_string(),
            some(query.first_row_us),
            query.consumer_us.to_string(),
            query.rows_returned.to_string(),
            query.rows_read.to_string(),
            query.rows_affected.to_string(),
            query.outcome.to_string(),
            some(query.call_site.map(|site| site + 1)),
            some(query.transaction.map(|transaction| transaction + 1)),
            some(query.values.as_ref().map(Vec::len)),
        ];
        for value in query.values.iter().flatten() {
            cells.push(format!("{}={}", value.type_name, shown(value, kind)));
        }
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(out, &cells);
        if let Some(error) = &query.error {
            let code = some(error.code.as_deref());
            line(out, &["error", &code, &escaped(&error.message)]);
        }
    }
}

fn shown(value: &Value, kind: silk_core::DatabaseKind) -> String {
    match &value.state {
        ValueState::Null => "NULL".to_owned(),
        ValueState::Redacted => "[redacted]".to_owned(),
        _ => escaped(&render(value, kind)),
    }
}

fn some(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn escaped(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t")
}

fn line(out: &mut String, cells: &[&str]) {
    writeln!(out, "{}", cells.join("\t")).unwrap();
}
