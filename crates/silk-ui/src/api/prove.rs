//! `POST api/prove`: runs the query that is offered in place of a repeated one, and compares rows.

use axum::{
    Json,
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use silk_core::{
    Fingerprint, RequestId,
    explain::{ProofRequest, ProofSide, ProofVerdict},
    value::render,
};
use silk_plan::PlanNode;

use super::{plans::read_body, requests::DatabaseJson};
use crate::{
    context::Here,
    draw::{format::cut, proof},
    error::Failure,
    plans::prove::{self, Recorded},
};

/// Characters of a value.
const MAX_VALUE: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProveBody {
    request: String,
    statement: String,
    #[serde(default)]
    confirmed: bool,
}

#[derive(Debug, Serialize)]
struct ProofJson<'a> {
    request: RequestId,
    statement: Fingerprint,
    database: DatabaseJson<'a>,
    /// `equal`, `reordered`, `different` or `unknown`.
    verdict: &'static str,
    /// The verdict as a sentence.
    summary: String,
    notes: Vec<String>,
    /// A word for why the verdict is `unknown`.
    code: Option<&'static str>,
    rows: Option<RowsJson<'a>>,
    recorded: RecordedJson,
    before: SideJson<'a>,
    after: SideJson<'a>,
}

#[derive(Debug, Serialize)]
struct RowsJson<'a> {
    /// Different values, each with rows of its own.
    values: u64,
    equal: u64,
    rounded: u64,
    empty: u64,
    reordered: u64,
    different: u64,
    strangers: u64,
    /// The first values with other rows.
    differences: Vec<DifferenceJson<'a>>,
}

#[derive(Debug, Serialize)]
struct DifferenceJson<'a> {
    value: String,
    /// `missing`, `extra` or `differs`.
    kind: &'static str,
    rows_before: u64,
    rows_after: u64,
    columns: &'a [String],
}

#[derive(Debug, Serialize)]
struct RecordedJson {
    calls: u64,
    kept: u64,
    total_us: u64,
}

#[derive(Debug, Serialize)]
struct SideJson<'a> {
    sql: &'a str,
    queries: u64,
    rows: u64,
    bytes: u64,
    took_us: u64,
    /// Pages that one of its queries touched, where the database counts them.
    pages_per_query: Option<u64>,
    plan: Option<PlanJson>,
}

#[derive(Debug, Serialize)]
struct PlanJson {
    format: &'static str,
    analyzed: bool,
    shape: String,
    root: PlanNode,
}

/// `POST api/prove`
pub(crate) async fn run(here: Here, headers: HeaderMap, body: Bytes) -> Result<Response, Failure> {
    here.params(&[])?;
    let body: ProveBody = read_body(
        &headers,
        &body,
        "{\"request\": id, \"statement\": fingerprint, \"confirmed\": true or false}",
    )?;
    let offered = prove::find(&here.app, &body.request, &body.statement).await?;
    let question = offered.question()?;
    let proof = prove::prove(&here.app, &offered, body.confirmed).await?;
    let words = proof::words(&proof);
    let Recorded {
        calls,
        kept,
        total_us,
    } = offered.recorded();
    let rows = proof.rows.as_ref().map(|rows| RowsJson {
        values: rows.keys,
        equal: rows.equal,
        rounded: rows.rounded,
        empty: rows.empty,
        reordered: rows.reordered,
        different: rows.different,
        strangers: rows.strangers,
        differences: (rows.differences.iter())
            .map(|one| DifferenceJson {
                value: value_of(&question, one.key),
                kind: one.kind.as_str(),
                rows_before: one.rows_before,
                rows_after: one.rows_after,
                columns: &one.columns,
            })
            .collect(),
    });
    let json = ProofJson {
        request: offered.id,
        statement: offered.fingerprint,
        database: DatabaseJson {
            kind: question.database.kind.as_str(),
            name: &question.database.name,
        },
        verdict: proof.verdict.as_str(),
        summary: words.sentence,
        notes: words.notes,
        code: match proof.verdict {
            ProofVerdict::Unknown { code, .. } => Some(code),
            _ => None,
        },
        rows,
        recorded: RecordedJson {
            calls,
            kept,
            total_us,
        },
        before: side(&question.sql, &proof.before),
        after: side(&offered.sql, &proof.after),
    };
    Ok(Json(json).into_response())
}

fn value_of(question: &ProofRequest, key: usize) -> String {
    let value = question.keys.get(key);
    value.map_or_else(String::new, |value| {
        cut(&render(value, question.database.kind), MAX_VALUE)
    })
}

fn side<'a>(sql: &'a str, side: &ProofSide) -> SideJson<'a> {
    let read = prove::read(side.plan.as_ref());
    SideJson {
        sql,
        queries: side.queries,
        rows: side.rows,
        bytes: side.bytes,
        took_us: side.took_us,
        pages_per_query: read.as_ref().and_then(|read| read.pages),
        plan: read.map(|read| PlanJson {
            format: read.plan.format.as_str(),
            analyzed: read.plan.analyzed,
            shape: read.plan.shape.clone(),
            root: read.plan.root.clone(),
        }),
    }
}
