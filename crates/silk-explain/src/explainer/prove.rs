//! A rewrite: refused where anything could be written or is not known, run, and cleared of secrets.

use silk_core::{
    DatabaseKind, ExplainError, ExplainMode, ExplainQuery,
    explain::{MAX_PROOF_KEYS, Proof, ProofRequest, ProofSide, ProofVerdict},
    sql::reading_calls,
};

use super::databases::{Databases, failed};
use crate::{
    refusal,
    target::{Failure, ProofQuestion},
};

/// Runs both, and compares.
pub(super) async fn prove(
    databases: &Databases,
    request: ProofRequest,
) -> Result<Proof, ExplainError> {
    let kind = request.database.kind;
    databases.wanted()?;
    let limit = databases.config.proof;
    let query = ExplainQuery {
        database: request.database.clone(),
        sql: request.sql.clone(),
        is_redacted: request.is_redacted,
        values: request.values_of(0),
        mode: ExplainMode::Analyze {
            confirmed: request.is_confirmed,
        },
    };
    let many = databases.question(&query, query.mode, limit)?;
    check_keys(&request)?;
    for sql in [&request.sql, &request.one.sql] {
        let calls = reading_calls(sql, kind).ok_or_else(refusal::proof_may_write)?;
        // What its functions do, servers know better. SQLite has no others than these.
        let unknown = calls.iter().find(|call| !call.is_harmless);
        if let (DatabaseKind::Sqlite, Some(call)) = (kind, unknown) {
            return Err(refusal::proof_calls(std::slice::from_ref(&call.name)));
        }
    }
    let target = databases.reach(&request.database)?;
    let sql = (request.sql.clone(), request.one.sql.clone());
    let asked = ProofQuestion {
        request,
        many,
        limit,
    };
    let answer = databases.ask(async move { target.prove(asked).await });
    let Some(answer) = answer.await else {
        return Err(failed("running the queries was broken off"));
    };
    let mut proof = match answer {
        Ok(proof) => proof,
        Err(Failure::TimedOut(limit)) => Proof {
            verdict: ProofVerdict::Unknown {
                code: "time_limit",
                reason: format!(
                    "Stopped after {} ms, before all of the queries had run.",
                    limit.as_millis()
                ),
            },
            rows: None,
            before: ProofSide::default(),
            after: ProofSide::default(),
        },
        Err(failure) => return Err(databases.told(kind, failure)),
    };
    for (side, sql) in [(&mut proof.before, &sql.0), (&mut proof.after, &sql.1)] {
        if let Some(plan) = &mut side.plan {
            databases.redact(plan, sql);
        }
    }
    Ok(proof)
}

/// Refuses keys that cannot be bound again as they were, or not in one list.
fn check_keys(request: &ProofRequest) -> Result<(), ExplainError> {
    if request.keys.len() > MAX_PROOF_KEYS {
        return Err(refusal::too_many_values(request.keys.len(), MAX_PROOF_KEYS));
    }
    for key in &request.keys {
        refusal::check_value(key, request.varied + 1)?;
    }
    let mut types = (request.keys.iter())
        .filter(|key| key.bytes().is_some())
        .map(|key| &key.type_name);
    match types.next() {
        Some(first) if types.all(|other| other == first) => Ok(()),
        Some(_) => Err(refusal::proof_refused(
            "the values are of several types, and a list has one",
        )),
        None => Err(refusal::proof_refused(
            "no value was recorded that a row could have",
        )),
    }
}
