use std::{fmt, fmt::Write as _, sync::Arc, time::Duration};

use silk_core::{
    BoxFuture, ExplainOutput, PlanFormat,
    explain::{IndexAdvice, LadderStep},
};
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query_with,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};

use super::{
    ExplainConfig,
    advise::{self, AdviceQuestion},
    inspect::{self, INSPECT_TIMEOUT},
    ladder, refusal,
    session::{Session, quiet},
    target::{ExplainTarget, Failure, Inspection, Question},
};
use crate::sql::values::sqlite::rebind;

/// An SQLite database.
struct SqliteTarget {
    options: SqliteConnectOptions,
    reach: Reach,
    session: Session<SqliteConnection>,
}

/// Who can see a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Whoever can open its file.
    File,
    /// Every connection of this process with the same name.
    SharedMemory,
    /// The connection that made it.
    Private,
}

/// The way to an SQLite database with the app's options.
pub(crate) fn target(
    options: &SqliteConnectOptions,
    config: ExplainConfig,
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

fn reach(options: &SqliteConnectOptions) -> Reach {
    let file = options.get_filename();
    // The two switches can only be read from what `Debug` writes: the address that the options make
    // panics in sqlx 0.9 for the very name that it gives to memory. The name comes first, and is cut
    // off. Where the form is another one, asking the database tells (its tables are missing).
    let written = format!("{options:?}");
    let switches = written
        .split_once(", in_memory: ")
        .map_or("", |(_, switches)| switches);
    let in_memory = switches.starts_with("true");
    let is_shared = switches.contains("shared_cache: true");
    if file.as_os_str().is_empty() || file.as_os_str() == ":memory:" {
        Reach::Private
    } else if !in_memory {
        Reach::File
    } else if is_shared {
        Reach::SharedMemory
    } else {
        Reach::Private
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
            let open = async || self.open().await;
            let timeout = question.timeout;
            let raw = self
                .session
                .run(timeout, open, async |c| ask(c, &question).await)
                .await?;
            Ok(ExplainOutput {
                format: PlanFormat::SqliteRows,
                raw,
                analyzed: false,
            })
        })
    }

    fn ladder(&self, _timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        let steps = ladder::sqlite::ladder(self.reach == Reach::Private);
        Box::pin(std::future::ready(Ok(steps)))
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let open = async || self.open().await;
            let timeout = asked.question.timeout + asked.budget;
            self.session
                .run(timeout, open, async |c| {
                    advise::sqlite::advise(c, &self.options, &asked).await
                })
                .await
        })
    }

    fn inspect(&self, _timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            if self.reach == Reach::Private {
                return Err(Failure::Refused(refusal::private_database()));
            }
            let open = async || self.open().await;
            let file = (self.reach == Reach::File).then(|| self.options.get_filename());
            self.session
                .run(INSPECT_TIMEOUT, open, async |c| {
                    inspect::sqlite::inspect(c, file).await
                })
                .await
        })
    }
}

impl SqliteTarget {
    async fn open(&self) -> Result<SqliteConnection, Error> {
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
        Ok(connection)
    }
}

impl fmt::Debug for SqliteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTarget")
            .field("file", &self.options.get_filename())
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

async fn ask(connection: &mut SqliteConnection, question: &Question) -> Result<String, Failure> {
    let arguments = rebind(&question.values)?;
    // EXPLAIN runs nothing, so SQLite does not see that another connection changed the schema: this
    // reads it, and what is remembered of the old one is forgotten.
    connection
        .execute(raw_sql("SELECT 1 FROM sqlite_schema LIMIT 1"))
        .await?;
    // Without a transaction: nothing is run, and none would be held open.
    let explain = format!("EXPLAIN QUERY PLAN {}", question.sql);
    let query = query_with::<Sqlite, _>(AssertSqlSafe(explain), arguments).persistent(false);
    let mut raw = String::new();
    for row in connection.fetch_all(query).await? {
        let (id, parent): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let detail: String = row.try_get(3)?;
        let detail = detail.replace(['\n', '\r'], " ");
        if !raw.is_empty() {
            raw.push('\n');
        }
        // Writing to a string does not fail.
        let _ = write!(raw, "{id}|{parent}|{detail}");
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(address: &str) -> Reach {
        reach(&address.parse().expect("an address of sqlx"))
    }

    #[test]
    fn who_can_see_a_database_is_told_by_its_address() {
        assert_eq!(reach_of("sqlite://app.db"), Reach::File);
        assert_eq!(
            reach_of("sqlite://app.db?mode=rwc&cache=shared"),
            Reach::File
        );
        assert_eq!(reach_of("sqlite::memory:"), Reach::SharedMemory);
        assert_eq!(reach_of("sqlite://x?mode=memory"), Reach::SharedMemory);
        assert_eq!(reach_of("sqlite://?mode=memory"), Reach::Private);
        assert_eq!(
            reach_of("sqlite://x?mode=memory&cache=private"),
            Reach::Private
        );
        assert_eq!(reach(&SqliteConnectOptions::new()), Reach::Private);
        assert_eq!(
            reach(&SqliteConnectOptions::new().filename("")),
            Reach::Private
        );
    }
}
