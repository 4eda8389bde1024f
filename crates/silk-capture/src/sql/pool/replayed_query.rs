//! A query taken apart to be looked at, and passed on as it was.

use sqlx_core::{database::Database, error::BoxDynError, executor::Execute, sql_str::SqlStr};

/// A query taken apart to be looked at, and passed on as it was.
pub(super) struct Replay<DB: Database> {
    pub(super) sql: SqlStr,
    pub(super) arguments: Result<Option<DB::Arguments>, BoxDynError>,
    statement: Option<DB::Statement>,
    persistent: bool,
}

impl<DB: Database> Replay<DB> {
    pub(super) fn new<'q>(mut query: impl Execute<'q, DB>) -> Self {
        // The order matters: `Map::persistent` looks at the arguments that `take_arguments` takes,
        // and `sql` consumes the query.
        let persistent = query.persistent();
        let statement = query.statement().cloned();
        let arguments = query.take_arguments();
        Self {
            sql: query.sql(),
            arguments,
            statement,
            persistent,
        }
    }
}

impl<'q, DB: Database> Execute<'q, DB> for Replay<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        std::mem::replace(&mut self.arguments, Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}
