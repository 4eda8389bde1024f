//! The extension that lets the planner see indexes that are not there.

use sqlx_core::{executor::Executor as _, query::query, row::Row as _, sql_str::AssertSqlSafe};
use sqlx_postgres::{PgConnection, Postgres};

use crate::target::Failure;

/// Where its functions are.
pub(super) struct Hypopg {
    /// The schema, as it stands in SQL, with its dot.
    schema: String,
}

impl Hypopg {
    /// Where it is; else how to get it.
    pub(super) async fn find(
        connection: &mut PgConnection,
    ) -> Result<Result<Self, String>, Failure> {
        const FIND: &str = "SELECT \
             (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e \
              JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
              WHERE e.extname = 'hypopg') AS schema, \
             COALESCE((SELECT pg_catalog.has_schema_privilege(e.extnamespace, 'USAGE') \
              FROM pg_catalog.pg_extension e WHERE e.extname = 'hypopg'), false) \
              AS may_use, \
             EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'hypopg') \
              AS is_available, \
             pg_catalog.current_setting('server_version_num')::int4 / 10000 AS version, \
             pg_catalog.quote_ident(pg_catalog.current_database()) AS database, \
             pg_catalog.quote_ident(current_user) AS role";
        let row = connection
            .fetch_one(query::<Postgres>(FIND).persistent(false))
            .await?;
        let schema: Option<String> = row.try_get("schema")?;
        let may_use: bool = row.try_get("may_use")?;
        let is_available: bool = row.try_get("is_available")?;
        let version: i32 = row.try_get("version")?;
        let database: String = row.try_get("database")?;
        let user: String = row.try_get("role")?;
        Ok(match schema {
            Some(schema) if may_use => Ok(Self {
                schema: format!("{schema}."),
            }),
            Some(schema) => Err(format!(
                "the role may not use the schema of hypopg. As its owner: \
                 GRANT USAGE ON SCHEMA {schema} TO {user};"
            )),
            None if is_available => Err(format!(
                "in the database {database}, as a superuser: CREATE EXTENSION hypopg; \
                 then indexes are tried before they are named"
            )),
            None => Err(format!(
                "install hypopg on the server (Debian and Ubuntu: postgresql-{version}-hypopg), \
                 then, as a superuser in the database {database}: CREATE EXTENSION hypopg;"
            )),
        })
    }

    /// Forgets every index.
    pub(super) async fn reset(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let sql = format!("SELECT {}hypopg_reset()", self.schema);
        connection
            .execute(query::<Postgres>(AssertSqlSafe(sql)).persistent(false))
            .await?;
        Ok(())
    }

    /// Lets the planner see an index; what plans call it, and its size in bytes.
    pub(super) async fn create(
        &self,
        connection: &mut PgConnection,
        statement: &str,
    ) -> Result<(String, u64), Failure> {
        // The statement is a value: it is never run.
        let sql = format!(
            "SELECT indexname::text, {0}hypopg_relation_size(indexrelid)::int8 \
             FROM {0}hypopg_create_index($1)",
            self.schema
        );
        let row = connection
            .fetch_one(
                query::<Postgres>(AssertSqlSafe(sql))
                    .bind(statement)
                    .persistent(false),
            )
            .await?;
        let name: String = row.try_get(0)?;
        let bytes: i64 = row.try_get(1)?;
        Ok((name, u64::try_from(bytes).unwrap_or(0)))
    }
}
