//! What is refused, with the word for programs and the sentence for people.

use silk_capture::sql::values::RebindError;
use silk_core::{
    Database, DatabaseKind, ExplainError, ExplainMode, ExplainQuery, Value, ValueState,
    sql::{SqlTokenClass, highlight, is_explainable},
};

fn refused(code: &'static str, reason: impl Into<String>) -> ExplainError {
    ExplainError::Refused {
        code,
        reason: reason.into(),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
const NO_ROOM: &str = "no_room";

/// The database has no connection to spare: the limit of `whose`, and how to raise it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn no_room(whose: &str, most: i64, remedy: &str) -> ExplainError {
    let connections = if most == 1 {
        "connection"
    } else {
        "connections"
    };
    refused(
        NO_ROOM,
        format!(
            "{whose} may have {most} {connections}, and with Silk's own all of them are open. Silk \
             leaves the last one to the app and asks again in a minute. To allow one more: {remedy}"
        ),
    )
}

/// The server refused the connection because it has no more.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn no_connection_left(said: &str) -> ExplainError {
    refused(
        NO_ROOM,
        format!(
            "the database has no connection left for Silk: {said}. Silk asks again in a minute; \
             to have plans, allow one connection more than the app's pools may open"
        ),
    )
}

/// Whether it is such a refusal.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn is_no_room(error: &ExplainError) -> bool {
    matches!(error, ExplainError::Refused { code, .. } if *code == NO_ROOM)
}

/// The values to bind, where the query can be explained as it ran.
pub(crate) fn check(query: &ExplainQuery) -> Result<Vec<Value>, ExplainError> {
    if query.is_redacted {
        return Err(refused(
            "redacted_value",
            "a literal of the statement was redacted, so it cannot be run as it was",
        ));
    }
    if !is_explainable(&query.sql, query.database.kind) {
        return Err(refused(
            "not_explainable",
            "databases explain one SELECT, WITH, VALUES, INSERT, UPDATE, DELETE or MERGE at a time",
        ));
    }
    if names_a_file(&query.sql, query.database.kind) {
        return Err(refused(
            "not_explainable",
            "the statement writes a file on the server (INTO OUTFILE or DUMPFILE)",
        ));
    }
    if query.mode == ExplainMode::Generic {
        // It is planned without them.
        return Ok(query.values.clone().unwrap_or_default());
    }
    let Some(values) = &query.values else {
        if has_placeholders(&query.sql, query.database.kind) {
            return Err(refused(
                "values_not_captured",
                "the values were not captured, and the plan depends on them; use the instrumented \
                 pool, which captures them",
            ));
        }
        return Ok(Vec::new());
    };
    for (value, position) in values.iter().zip(1..) {
        check_value(value, position)?;
    }
    Ok(values.clone())
}

/// Refuses a value that is not kept whole; `position` is that of its placeholder, from 1.
pub(crate) fn check_value(value: &Value, position: usize) -> Result<(), ExplainError> {
    Err(of_value(match value.state {
        ValueState::Null | ValueState::Bytes(_) => return Ok(()),
        ValueState::Redacted => RebindError::Redacted(position),
        ValueState::Truncated { .. } => RebindError::Truncated(position),
        ValueState::Unavailable => RebindError::Unavailable(position),
    }))
}

/// MySQL and MariaDB may write the file even when they are asked for the plan.
fn names_a_file(sql: &str, kind: DatabaseKind) -> bool {
    kind == DatabaseKind::MySql
        && highlight(sql, kind).iter().any(|(class, word)| {
            matches!(class, SqlTokenClass::Keyword | SqlTokenClass::Identifier)
                && (word.eq_ignore_ascii_case("outfile") || word.eq_ignore_ascii_case("dumpfile"))
        })
}

fn has_placeholders(sql: &str, kind: DatabaseKind) -> bool {
    highlight(sql, kind)
        .iter()
        .any(|(class, _)| *class == SqlTokenClass::Placeholder)
}

/// A value that cannot be bound again.
pub(crate) fn of_value(error: RebindError) -> ExplainError {
    let code = match error {
        RebindError::Redacted(_) => "redacted_value",
        RebindError::Truncated(_) => "value_truncated",
        RebindError::Unavailable(_) => "values_not_captured",
    };
    refused(
        code,
        format!("{error}, so the statement cannot be bound as it was"),
    )
}

/// `ANALYZE` of what may write.
pub(crate) fn analyze_may_write() -> ExplainError {
    refused(
        "analyze_refused",
        "ANALYZE runs the statement, and it cannot be shown that this one only reads; \
         the plan without ANALYZE is safe",
    )
}

/// The generic plan where there is none.
pub(crate) fn generic_unsupported() -> ExplainError {
    refused(
        "generic_unsupported",
        "only PostgreSQL plans statements without their values",
    )
}

/// `ANALYZE` of what calls functions that are not known to be harmless, or as a role that may do
/// anything: a person has to say yes to that.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn needs_confirmation(functions: &[String], is_superuser: bool) -> ExplainError {
    let mut reasons = Vec::new();
    if !functions.is_empty() {
        reasons.push(format!(
            "it calls what may do more than read: {}",
            functions.join(", ")
        ));
    }
    if is_superuser {
        reasons.push("the app's role is a superuser, whom read-only mode does not stop".to_owned());
    }
    refused(
        "needs_confirmation",
        format!(
            "ANALYZE runs the query again, in a transaction that is read-only and rolled back; but \
             {}. Run anyway?",
            reasons.join("; ")
        ),
    )
}

/// Running a rewrite, for a reason.
pub(crate) fn proof_refused(reason: &str) -> ExplainError {
    refused("proof_refused", reason)
}

/// Running what may write.
pub(crate) fn proof_may_write() -> ExplainError {
    proof_refused(
        "it cannot be shown that the query only reads, and only what reads is run for a proof",
    )
}

/// Running what calls functions that are not known to be harmless. Unlike `ANALYZE` of one
/// statement, a proof runs it many times: a person's yes does not help.
pub(crate) fn proof_calls(functions: &[String]) -> ExplainError {
    proof_refused(&format!(
        "the query calls what may do more than read ({}), and is not run for a proof",
        functions.join(", ")
    ))
}

/// Running as a role that may do anything: a person has to say yes to that.
#[cfg(feature = "postgres")]
pub(crate) fn proof_as_superuser() -> ExplainError {
    refused(
        "needs_confirmation",
        "The queries only read, in a transaction that is read-only and rolled back; but the app's \
         role is a superuser, whom read-only mode does not stop. Run anyway?",
    )
}

/// More values than are put into one query.
pub(crate) fn too_many_values(values: usize, most: usize) -> ExplainError {
    refused(
        "too_many_values",
        format!("the runs have {values} different values, and a proof takes {most} at most"),
    )
}

/// Explaining what MySQL or MariaDB would partly run for it.
#[cfg(feature = "mysql")]
pub(crate) fn explaining_may_write(functions: &[String]) -> ExplainError {
    refused(
        "not_explainable",
        format!(
            "the database may run stored functions while it plans, and the statement calls some \
             that may write: {}",
            functions.join(", ")
        ),
    )
}

/// Everything, where the builder says so.
pub(crate) fn plans_off() -> ExplainError {
    refused(
        "plans_off",
        "plans are switched off in the builder: Silk::builder().plans(Plans::on_demand())",
    )
}

/// `ANALYZE` where the database has none.
#[cfg(feature = "sqlite")]
pub(crate) fn analyze_unsupported() -> ExplainError {
    refused(
        "analyze_refused",
        "SQLite does not count what a run does; leave ANALYZE out",
    )
}

/// No way to the database.
pub(crate) fn no_connection(database: &Database) -> ExplainError {
    let which = match (database.kind, database.name.as_str()) {
        (DatabaseKind::Unknown, _) => "which database the query went to is not known".to_owned(),
        (kind, "") => format!("there is no connection for EXPLAIN to a {kind} database"),
        (kind, name) => {
            format!("there is no connection for EXPLAIN to the {kind} database `{name}`")
        }
    };
    refused(
        "no_connection",
        format!("{which}; give Silk the pool that the app uses"),
    )
}

/// A database that only the app's own connection can see.
#[cfg(feature = "sqlite")]
pub(crate) fn private_database() -> ExplainError {
    refused(
        "private_database",
        "the database is private to the app's own connection (in memory, without a shared cache); \
         a second connection would see an empty one",
    )
}

/// A name that means one of several tables, where it is not known which. `why` says why it is not
/// known, where the app's connections were seen.
#[cfg(feature = "postgres")]
pub(crate) fn ambiguous_table(table: &str, schemas: &str, why: Option<&str>) -> ExplainError {
    let rest = match why {
        Some(why) => format!("{why}; name the schema in the statement"),
        None => "Silk has not seen to which of them the app's search path leads: make the pool \
                 with silk.pg_pool_options(…), or call silk.prepare_connection(connection).await \
                 at the end of an after_connect of your own"
            .to_owned(),
    };
    refused(
        "ambiguous_table",
        format!("`{table}` stands in several schemas ({schemas}), and {rest}"),
    )
}

/// A connection that Silk may not set up as the app's are.
#[cfg(feature = "postgres")]
pub(crate) fn session_differs(what: &str, error: &str) -> ExplainError {
    refused(
        "session_differs",
        format!(
            "the app's connections have {what}, which Silk's own, with the same login, cannot \
             take on ({error}); the plan could be another"
        ),
    )
}
