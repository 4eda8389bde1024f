//! SQLite.

mod advise;
mod estimate;
mod inspect;
mod ladder;
mod prove;
mod reach;
mod size;
mod table_facts;

use std::{fmt, sync::Arc, time::Duration};

use silk_capture::record::plans::KnownSession;
use silk_core::{
    BoxFuture, ExplainOutput, PlanFormat,
    explain::{IndexAdvice, LadderStep, Proof, Relation, RelationFacts},
};
use sqlx_core::{
    connection::ConnectOptions as _, executor::Executor as _, raw_sql::raw_sql,
    sql_str::AssertSqlSafe,
};
use sqlx_sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};

use crate::{
    checks::inspect_timeout,
    database::ExplainDatabase,
    refusal,
    room::Room,
    session::{Session, quiet},
    target::{AdviceQuestion, ExplainTarget, Failure, Inspection, ProofQuestion, Question},
    time_limits::ExplainConfig,
};
use reach::{Reach, reach};

/// An SQLite database.
struct SqliteTarget {
    options: SqliteConnectOptions,
    reach: Reach,
    session: Session<SqliteConnection>,
}

impl ExplainDatabase for Sqlite {
    fn target(
        options: &SqliteConnectOptions,
        config: ExplainConfig,
        _app_connections: u32,
    ) -> Arc<dyn ExplainTarget> {
        let options = quiet(options)
            .create_if_missing(false)
            .busy_timeout(config.timeout)
            .optimize_on_close(false, None);
        let reach = reach(&options);
        Arc::new(SqliteTarget {
            options,
            reach,
            session: Session::new(config.idle),
        })
    }
}

impl ExplainTarget for SqliteTarget {
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            if question.mode.runs() {
                return Err(Failure::Refused(refusal::analyze_unsupported()));
            }
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let timeout = question.timeout;
            let raw = self
                .ask(timeout, timeout, async |c| {
                    estimate::ask(c, &question).await
                })
                .await?;
            Ok(ExplainOutput {
                format: PlanFormat::SqliteRows,
                raw,
                analyzed: false,
            })
        })
    }

    fn ladder(&self, _timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        let steps = ladder::ladder(self.reach == Reach::Private);
        Box::pin(std::future::ready(Ok(steps)))
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let locks = asked.question.timeout;
            self.ask(locks + asked.budget, locks, async |c| {
                advise::advise(c, &self.options, &asked).await
            })
            .await
        })
    }

    fn prove(&self, asked: ProofQuestion) -> BoxFuture<'_, Result<Proof, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let open = async || self.open().await;
            let limit = asked.limit;
            self.session
                .run_once(limit, open, async |c| {
                    wait_for_locks(c, limit).await?;
                    prove::ask(c, asked).await
                })
                .await
        })
    }

    fn facts(
        &self,
        relations: Vec<Relation>,
        _session: KnownSession,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            self.ask(timeout, timeout, async |c| {
                table_facts::facts(c, relations).await
            })
            .await
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let file = (self.reach == Reach::File).then(|| self.options.get_filename());
            self.ask(inspect_timeout(timeout), timeout, async |c| {
                inspect::inspect(c, file).await
            })
            .await
        })
    }
}

impl SqliteTarget {
    /// Asks on Silk's own connection, which waits for each lock of the app's for `locks` at most.
    async fn ask<T>(
        &self,
        timeout: Duration,
        locks: Duration,
        ask: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let open = async || self.open().await;
        self.session
            .run(timeout, open, async |connection| {
                wait_for_locks(connection, locks).await?;
                ask(connection).await
            })
            .await
    }

    async fn open(&self) -> Result<(SqliteConnection, Room), Failure> {
        let mut connection = match self.reach {
            Reach::File => match self.options.clone().read_only(true).connect().await {
                Ok(connection) => connection,
                // A pragma of the app's (the journal's mode, say) may want to write.
                Err(_) => {
                    let plain = SqliteConnectOptions::new().filename(self.options.get_filename());
                    quiet(&plain).read_only(true).connect().await?
                }
            },
            // Memory is opened by name, and cannot be opened read-only.
            Reach::SharedMemory | Reach::Private => self.options.connect().await?,
        };
        connection
            .execute(raw_sql("PRAGMA query_only = ON"))
            .await?;
        // SQLite has no limit on connections.
        Ok((connection, Room::Ample))
    }
}

/// Has the connection wait for each lock of the app's for `locks` at most.
async fn wait_for_locks(connection: &mut SqliteConnection, locks: Duration) -> Result<(), Failure> {
    let wait = format!("PRAGMA busy_timeout = {}", locks.as_millis());
    connection.execute(raw_sql(AssertSqlSafe(wait))).await?;
    Ok(())
}

impl fmt::Debug for SqliteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTarget")
            .field("file", &self.options.get_filename())
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
