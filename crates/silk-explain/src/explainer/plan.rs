//! One plan: refused, asked for, and cleared of secrets.

use std::time::Duration;

use silk_core::{
    DatabaseKind, ExplainError, ExplainMode, ExplainOutput, ExplainQuery, sql::reading_calls,
};

use super::databases::{Databases, failed};
use crate::refusal;

/// Asks for a plan that nobody waits for, with a shorter limit; never runs the statement.
pub(super) async fn ask_quickly(
    databases: &Databases,
    query: ExplainQuery,
) -> Result<ExplainOutput, ExplainError> {
    if query.mode.runs() {
        return Err(refusal::analyze_may_write());
    }
    ask(databases, query, databases.config.background()).await
}

/// Asks for a plan.
pub(super) async fn ask(
    databases: &Databases,
    query: ExplainQuery,
    timeout: Duration,
) -> Result<ExplainOutput, ExplainError> {
    let kind = query.database.kind;
    databases.wanted()?;
    let question = databases.question(&query, query.mode, timeout)?;
    if query.mode == ExplainMode::Generic && kind != DatabaseKind::Postgres {
        return Err(refusal::generic_unsupported());
    }
    // What its functions do, the database knows better.
    if query.mode.runs() && reading_calls(&query.sql, kind).is_none() {
        return Err(refusal::analyze_may_write());
    }
    let target = databases.reach(&query.database)?;
    let asked = databases.ask(async move { target.explain(question).await });
    let Some(answer) = asked.await else {
        return Err(failed("asking for the plan was broken off"));
    };
    let mut output = answer.map_err(|failure| databases.told(kind, failure))?;
    databases.redact(&mut output, &query.sql);
    Ok(output)
}
