//! The rows of a batch's requests.

use silk_core::{Finding, RequestRecord};
use sqlx::{Arguments, SqliteConnection};

use super::super::{
    bulk_insert::insert_rows,
    error::Fault,
    finding_names,
    intern::Intern,
    numbers::{outcome_number, severity_number, to_i64},
};
use crate::detail::Encoder;

/// The rows of a batch, one list a table.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) requests: Vec<Row<'a>>,
    details: Vec<(i64, Vec<u8>)>,
    statements: Vec<StatementRow>,
    findings: Vec<FindingRow<'a>>,
    errors: Vec<(i64, Vec<u8>)>,
}

impl<'a> Rows<'a> {
    /// Adds the detail, the statements and the findings of a request, with the numbers of what they
    /// point at.
    pub(super) async fn add_parts(
        &mut self,
        connection: &mut SqliteConnection,
        intern: &mut Intern,
        encoder: &mut Encoder,
        sequence: i64,
        record: &'a RequestRecord,
    ) -> Result<(), Fault> {
        let detail = &record.detail;
        // When each is used: the batch may hold requests that began hours apart.
        let at_us = record.summary.started_at.timestamp_micros();
        let mut texts = Vec::with_capacity(detail.texts.len());
        for text in &detail.texts {
            texts.push(intern.text(connection, text, at_us).await?);
        }
        let mut call_sites = Vec::with_capacity(detail.call_sites.len());
        for call_site in &detail.call_sites {
            let id = intern.call_site(connection, Some(call_site), at_us).await?;
            call_sites.push(id.cast_unsigned());
        }
        let blob = encoder.encode(detail, &texts, &call_sites);
        self.details.push((sequence, blob));
        if let Some(mut errors) = record.error_text() {
            errors.make_ascii_lowercase();
            self.errors.push((sequence, errors.into_bytes()));
        }
        for (position, used) in (0..).zip(&record.statements) {
            self.statements.push(StatementRow {
                sequence,
                position,
                statement: intern.statement(connection, &used.statement, at_us).await?,
                call_site: intern
                    .call_site(connection, used.call_site.as_ref(), at_us)
                    .await?,
                figures: [
                    used.calls,
                    used.errors,
                    used.total_us,
                    used.max_us,
                    used.rows,
                ]
                .map(to_i64),
                distinct_values: used.distinct_values.map(to_i64),
            });
        }
        for (position, finding) in (0..).zip(&record.findings) {
            self.findings.push(FindingRow {
                sequence,
                position,
                finding,
                call_site: intern
                    .call_site(connection, finding.call_site.as_ref(), at_us)
                    .await?,
            });
        }
        Ok(())
    }

    /// Inserts all of them.
    pub(super) async fn insert(self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        insert_requests(connection, &self.requests).await?;
        insert_details(connection, self.details).await?;
        insert_statements(connection, &self.statements).await?;
        insert_findings(connection, &self.findings).await?;
        insert_errors(connection, &self.errors).await
    }
}

/// A request with the numbers of what it points at.
pub(super) struct Row<'a> {
    pub(super) record: &'a RequestRecord,
    pub(super) sequence: i64,
    pub(super) route: i64,
    /// Whether the route has its own name.
    pub(super) is_named: bool,
    pub(super) run: i64,
    pub(super) is_top: [bool; 3],
}

/// A row of `findings`.
struct FindingRow<'a> {
    pub(super) sequence: i64,
    pub(super) position: i64,
    pub(super) finding: &'a Finding,
    /// 0 for none.
    pub(super) call_site: i64,
}

struct StatementRow {
    pub(super) sequence: i64,
    pub(super) position: i64,
    pub(super) statement: i64,
    pub(super) call_site: i64,
    pub(super) figures: [i64; 5],
    pub(super) distinct_values: Option<i64>,
}

async fn insert_requests(connection: &mut SqliteConnection, rows: &[Row<'_>]) -> Result<(), Fault> {
    const HEAD: &str =
        "INSERT OR FAIL INTO requests (sequence, id, started_us, route_id, run_id, status,
         outcome, total_us, sql_us, query_count, query_errors, head_us, body_us, wait_us,
         polling_us, poll_total_us, longest_poll_us, polls, is_top_duration, is_top_query_time,
         is_top_query_count, path, parent_id, trace_id, findings)";
    insert_rows(connection, HEAD, 25, rows, |arguments, row| {
        let summary = &row.record.summary;
        let times = &summary.times;
        arguments.add(row.sequence)?;
        arguments.add(&summary.id.0.as_bytes()[..])?;
        arguments.add(summary.started_at.timestamp_micros())?;
        arguments.add(row.route)?;
        arguments.add(row.run)?;
        arguments.add(summary.status)?;
        arguments.add(outcome_number(summary.outcome))?;
        for number in [
            times.total_us,
            times.sql_us,
            summary.query_count,
            summary.query_errors,
            times.head_us,
            times.body_us,
            times.wait_us,
            times.polling_us,
            times.poll_total_us,
            times.longest_poll_us,
            times.polls,
        ] {
            arguments.add(to_i64(number))?;
        }
        for is_top in row.is_top {
            arguments.add(is_top)?;
        }
        let is_route = row.is_named && summary.path == summary.route;
        arguments.add((!is_route).then_some(&*summary.path))?;
        arguments.add(summary.parent_id.as_ref().map(|id| &id.0.as_bytes()[..]))?;
        match summary
            .trace_id
            .as_deref()
            .map(|text| (text, hex_bytes(text)))
        {
            None => arguments.add(None::<&str>)?,
            Some((_, Some(bytes))) => arguments.add(&bytes[..])?,
            Some((text, None)) => arguments.add(text)?,
        }
        arguments.add(finding_names::write(summary))
    })
    .await
}

/// The bytes of 32 hex digits in lower case, as a `traceparent` has them.
fn hex_bytes(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32
        || !text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

async fn insert_details(
    connection: &mut SqliteConnection,
    details: Vec<(i64, Vec<u8>)>,
) -> Result<(), Fault> {
    insert_rows(
        connection,
        "INSERT OR FAIL INTO request_details (sequence, detail)",
        2,
        &details,
        |arguments, (sequence, detail)| {
            arguments.add(*sequence)?;
            arguments.add(&**detail)
        },
    )
    .await
}

async fn insert_errors(
    connection: &mut SqliteConnection,
    errors: &[(i64, Vec<u8>)],
) -> Result<(), Fault> {
    insert_rows(
        connection,
        "INSERT OR FAIL INTO request_errors (sequence, text)",
        2,
        errors,
        |arguments, (sequence, text)| {
            arguments.add(*sequence)?;
            arguments.add(&**text)
        },
    )
    .await
}

async fn insert_statements(
    connection: &mut SqliteConnection,
    rows: &[StatementRow],
) -> Result<(), Fault> {
    const HEAD: &str = "INSERT OR FAIL INTO request_statements (sequence, position, statement_id,
         call_site_id, calls, errors, total_us, max_us, rows_returned, distinct_values)";
    insert_rows(connection, HEAD, 10, rows, |arguments, row| {
        arguments.add(row.sequence)?;
        arguments.add(row.position)?;
        arguments.add(row.statement)?;
        arguments.add(row.call_site)?;
        for figure in row.figures {
            arguments.add(figure)?;
        }
        arguments.add(row.distinct_values)
    })
    .await
}

async fn insert_findings(
    connection: &mut SqliteConnection,
    findings: &[FindingRow<'_>],
) -> Result<(), Fault> {
    const HEAD: &str =
        "INSERT OR FAIL INTO findings (sequence, position, rule, severity, title, detail,
         fingerprint, saves_us, remedy, query, call_site_id)";
    insert_rows(connection, HEAD, 11, findings, |arguments, row| {
        let finding = row.finding;
        arguments.add(row.sequence)?;
        arguments.add(row.position)?;
        arguments.add(&*finding.rule)?;
        arguments.add(severity_number(finding.severity))?;
        arguments.add(&*finding.title)?;
        arguments.add(&*finding.detail)?;
        arguments.add(
            finding
                .fingerprint
                .map(|fingerprint| fingerprint.0.cast_signed()),
        )?;
        arguments.add(finding.lost_us.map(to_i64))?;
        arguments.add(finding.remedy.as_deref())?;
        arguments.add(finding.query)?;
        arguments.add(row.call_site)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trace_ids_become_bytes() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let bytes = hex_bytes(id).unwrap();
        assert_eq!(format!("{:032x}", u128::from_be_bytes(bytes)), id);
        assert_eq!(hex_bytes(&id.to_uppercase()), None);
        assert_eq!(hex_bytes("+bf92f3577b34da6a3ce929d0e0e4736"), None);
        assert_eq!(hex_bytes("é"), None);
    }
}
