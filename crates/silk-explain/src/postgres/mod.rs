//! PostgreSQL.

mod advise;
mod analyze;
mod connection;
mod estimate;
mod generic;
mod inspect;
mod ladder;
mod names;
mod prove;
mod sharing;
mod table_facts;

use std::{fmt, sync::Arc, time::Duration};

use silk_capture::record::plans::KnownSession;
use silk_core::{
    BoxFuture, ExplainMode, ExplainOutput, PlanFormat,
    explain::{IndexAdvice, LadderStep, Proof, Relation, RelationFacts},
};
use sqlx_postgres::{PgConnectOptions, PgConnection, Postgres};

use crate::{
    checks::inspect_timeout,
    database::ExplainDatabase,
    session::{Session, quiet},
    target::{AdviceQuestion, ExplainTarget, Failure, Inspection, ProofQuestion, Question},
    time_limits::ExplainConfig,
};
use connection::{has_room, open};

/// A PostgreSQL database.
struct PostgresTarget {
    options: PgConnectOptions,
    session: Session<PgConnection>,
    /// How many connections the app's pool may have.
    app_connections: u32,
}

impl ExplainDatabase for Postgres {
    fn target(
        options: &PgConnectOptions,
        config: ExplainConfig,
        app_connections: u32,
    ) -> Arc<dyn ExplainTarget> {
        Arc::new(PostgresTarget {
            options: quiet(options).application_name("tower-silk explain"),
            session: Session::new(config.idle),
            app_connections,
        })
    }

    fn preferring_indexes(options: PgConnectOptions) -> PgConnectOptions {
        options.options([("enable_seqscan", "off")])
    }
}

impl ExplainTarget for PostgresTarget {
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            let timeout = question.timeout;
            let raw = match question.mode {
                ExplainMode::Estimated => {
                    self.session
                        .run(timeout, open, async |c| estimate::ask(c, &question).await)
                        .await?
                }
                ExplainMode::Generic => {
                    self.session
                        .run(timeout, open, async |c| generic::ask(c, &question).await)
                        .await?
                }
                ExplainMode::Analyze { confirmed } => {
                    self.session
                        .run_once(timeout, open, async |c| {
                            analyze::ask(c, &question, confirmed).await
                        })
                        .await?
                }
            };
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw,
                analyzed: question.mode.runs(),
            })
        })
    }

    fn ladder(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            self.session
                .run(timeout, open, async |c| {
                    let mut steps = ladder::ladder(c).await?;
                    // Room for Silk's second connection beside all that the app may open.
                    if has_room(c, self.app_connections.saturating_add(1)).await {
                        steps.extend(sharing::look(c, &self.options).await);
                    }
                    Ok(steps)
                })
                .await
        })
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            let timeout = asked.question.timeout + asked.budget;
            self.session
                .run(timeout, open, async |c| advise::advise(c, &asked).await)
                .await
        })
    }

    fn prove(&self, asked: ProofQuestion) -> BoxFuture<'_, Result<Proof, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            self.session
                .run_once(asked.limit, open, async |c| prove::ask(c, &asked).await)
                .await
        })
    }

    fn facts(
        &self,
        relations: Vec<Relation>,
        session: KnownSession,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            self.session
                .run(timeout, open, async |c| {
                    table_facts::facts(c, relations, &session, timeout).await
                })
                .await
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, self.app_connections).await;
            self.session
                .run(inspect_timeout(timeout), open, async |c| {
                    inspect::inspect(c, timeout).await
                })
                .await
        })
    }
}

impl fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("PostgresTarget")
            .field("host", &self.options.get_host())
            .finish_non_exhaustive()
    }
}
