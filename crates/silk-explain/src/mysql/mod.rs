//! MySQL and MariaDB.

mod advise;
mod analyze;
mod connection;
mod estimate;
mod inspect;
mod ladder;
mod prove;
mod routines;
mod table_facts;

use std::{fmt, sync::Arc, time::Duration};

use silk_capture::record::plans::KnownSession;
use silk_core::{
    BoxFuture, ExplainMode, ExplainOutput, PlanFormat,
    explain::{IndexAdvice, LadderStep, Proof, Relation, RelationFacts},
};
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlConnection};

use crate::{
    checks::inspect_timeout,
    database::ExplainDatabase,
    session::{Session, quiet},
    target::{AdviceQuestion, ExplainTarget, Failure, Inspection, ProofQuestion, Question},
    time_limits::ExplainConfig,
};
use connection::{limit, open};

/// A MySQL or MariaDB database.
struct MySqlTarget {
    options: MySqlConnectOptions,
    session: Session<MySqlConnection>,
    /// How many connections the app's pool may have.
    app_connections: u32,
}

impl ExplainDatabase for MySql {
    fn target(
        options: &MySqlConnectOptions,
        config: ExplainConfig,
        app_connections: u32,
    ) -> Arc<dyn ExplainTarget> {
        Arc::new(MySqlTarget {
            options: quiet(options),
            session: Session::new(config.idle),
            app_connections,
        })
    }
}

impl ExplainTarget for MySqlTarget {
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            let timeout = question.timeout;
            let open = async || open(&self.options, timeout, self.app_connections).await;
            let (format, raw) = match question.mode {
                ExplainMode::Analyze { confirmed } => {
                    self.session
                        .run_once(timeout, open, async |c| {
                            analyze::ask(c, &question, confirmed).await
                        })
                        .await?
                }
                ExplainMode::Estimated | ExplainMode::Generic => {
                    let raw = self
                        .session
                        .run(timeout, open, async |c| estimate::ask(c, &question).await)
                        .await?;
                    (PlanFormat::MySqlJson, raw)
                }
            };
            Ok(ExplainOutput {
                format,
                raw,
                analyzed: question.mode.runs(),
            })
        })
    }

    fn ladder(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, timeout, self.app_connections).await;
            self.session
                .run(timeout, open, async |c| ladder::ladder(c).await)
                .await
        })
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            let timeout = asked.question.timeout;
            let open = async || open(&self.options, timeout, self.app_connections).await;
            self.session
                .run(timeout + asked.budget, open, async |c| {
                    let raw = estimate::ask(c, &asked.question).await?;
                    advise::advise(c, &asked, &raw).await
                })
                .await
        })
    }

    fn prove(&self, asked: ProofQuestion) -> BoxFuture<'_, Result<Proof, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, asked.limit, self.app_connections).await;
            self.session
                .run_once(asked.limit, open, async |c| prove::ask(c, &asked).await)
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
            let open = async || open(&self.options, timeout, self.app_connections).await;
            self.session
                .run(timeout, open, async |c| {
                    limit(c, timeout).await?;
                    table_facts::facts(c, relations).await
                })
                .await
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, timeout, self.app_connections).await;
            self.session
                .run(inspect_timeout(timeout), open, async |c| {
                    limit(c, timeout).await?;
                    inspect::inspect(c).await
                })
                .await
        })
    }
}

impl fmt::Debug for MySqlTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("MySqlTarget")
            .field("host", &self.options.get_host())
            .finish_non_exhaustive()
    }
}
