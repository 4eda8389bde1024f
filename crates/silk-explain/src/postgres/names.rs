//! Whether a name means one table only, where the app's search path is not known.

use silk_capture::record::plans::KnownSession;
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_postgres::{PgConnection, Postgres};

use crate::{
    refusal,
    target::{Failure, Question},
};

/// Of the names, one that stands in several schemas that the role may look into.
const SEVERAL: &str = "SELECT c.relname::text, \
       pg_catalog.string_agg(n.nspname::text, ', ' ORDER BY n.nspname) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relname::text = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
     GROUP BY 1 HAVING pg_catalog.count(*) > 1 ORDER BY 1 LIMIT 1";

/// Refuses a question whose tables could be others to the app: the plan of another table of the
/// same name would be a lie.
pub(super) async fn check(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<(), Failure> {
    let why = match question.session {
        KnownSession::Known(_) => return Ok(()),
        KnownSession::Unknown => None,
        KnownSession::Varies { why } => Some(why),
    };
    match several(connection, question.unqualified.clone()).await? {
        Some((table, schemas)) => Err(Failure::Refused(refusal::ambiguous_table(
            &table, &schemas, why,
        ))),
        None => Ok(()),
    }
}

/// Whether at most one table has the name.
pub(super) async fn is_one(connection: &mut PgConnection, name: &str) -> Result<bool, Failure> {
    Ok(several(connection, vec![name.to_owned()]).await?.is_none())
}

async fn several(
    connection: &mut PgConnection,
    names: Vec<String>,
) -> Result<Option<(String, String)>, Failure> {
    if names.is_empty() {
        return Ok(None);
    }
    let row = connection
        .fetch_optional(query::<Postgres>(SEVERAL).bind(names).persistent(false))
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((row.try_get(0)?, row.try_get(1)?)))
}
