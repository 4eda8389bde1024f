//! From a repeated statement of a stored request to the proof of what is offered in its place: the
//! one way, for the page's button and the API.

use silk_core::{
    ExplainOutput, Fingerprint, QueryRecord, RequestId, RequestRecord, SqlText,
    explain::{Proof, ProofRequest},
};
use silk_plan::Plan;

use super::explain::answer;
use crate::{
    context::{App, read_id},
    draw::{
        fix::{NoProof, executions, fix, proof_request},
        format::whole,
    },
    error::Failure,
};

/// A repeated statement of a request, and the one query that is offered in its place.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) id: RequestId,
    pub(crate) record: RequestRecord,
    pub(crate) fingerprint: Fingerprint,
    /// The one query, as it is offered.
    pub(crate) sql: String,
}

/// What the request itself recorded of the statement.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recorded {
    /// Executions.
    pub(crate) calls: u64,
    /// Of these, those that were kept with their values.
    pub(crate) kept: u64,
    /// How long all of them took together, in µs.
    pub(crate) total_us: u64,
}

impl Offered {
    /// Executions that were kept.
    pub(crate) fn queries(&self) -> Vec<&QueryRecord> {
        executions(&self.record, self.fingerprint)
    }

    /// Text of the statement; none only where the record is broken.
    pub(crate) fn text(&self) -> Option<&SqlText> {
        let first = *self.queries().first()?;
        self.record
            .detail
            .texts
            .get(usize::try_from(first.text).ok()?)
    }

    pub(crate) fn recorded(&self) -> Recorded {
        let parts = self.record.statements.iter();
        let parts = parts.filter(|part| part.statement.fingerprint == self.fingerprint);
        let (calls, total_us) = parts.fold((0, 0), |(calls, us), part| {
            (calls + part.calls, us + part.total_us)
        });
        Recorded {
            calls,
            kept: u64::try_from(self.queries().len()).unwrap_or(u64::MAX),
            total_us,
        }
    }

    /// What to ask to have it proved.
    ///
    /// # Errors
    /// 409 where the values were not captured.
    pub(crate) fn question(&self) -> Result<ProofRequest, Failure> {
        proof_request(&self.record, &self.queries()).map_err(|why| match why {
            NoProof::NoRewrite => no_rewrite(),
            NoProof::NoValues => Failure::conflict(
                "values_not_captured",
                "The values were not captured, so there is nothing to run the queries with. The \
                 instrumented pool captures them.",
            ),
        })
    }
}

fn no_rewrite() -> Failure {
    Failure::not_found("No query is offered in place of this statement in this request.")
}

/// The statement that an address names.
///
/// # Errors
/// 404 where there is none, or nothing is offered in its place; 503 where the store fails.
pub(crate) async fn find(app: &App, id: &str, fingerprint: &str) -> Result<Offered, Failure> {
    let fingerprint: Fingerprint = read_id(fingerprint, "statement")?;
    let (id, record) = app.request(id).await?;
    let fix = fix(&record, &executions(&record, fingerprint)).ok_or_else(no_rewrite)?;
    Ok(Offered {
        id,
        fingerprint,
        sql: fix.sql,
        record,
    })
}

/// Runs both and compares, because a person asked for that.
///
/// # Errors
/// 409 if it is refused, 422 if the database says no.
pub(crate) async fn prove(
    app: &App,
    offered: &Offered,
    is_confirmed: bool,
) -> Result<Proof, Failure> {
    let question = ProofRequest {
        is_confirmed,
        ..offered.question()?
    };
    answer(app.explain.prove(question)).await
}

/// A plan of one of the two sides, read.
pub(crate) struct SidePlan {
    pub(crate) plan: Plan,
    /// Pages that it touched; none if the database does not count them.
    pub(crate) pages: Option<u64>,
}

/// Reads the plan of a side, where there is one.
pub(crate) fn read(output: Option<&ExplainOutput>) -> Option<SidePlan> {
    let output = output?;
    let plan = Plan::parse(output.format, &output.raw).ok()?;
    let counted: Vec<f64> = (plan.nodes())
        .filter_map(|node| node.derived.buffers)
        .map(|buffers| buffers.pages())
        .collect();
    let pages = (!counted.is_empty()).then(|| whole(counted.iter().sum()));
    Some(SidePlan { plan, pages })
}
