//! Asks the databases: refuses what has no honest answer, sends the rest to the database, and takes
//! the secrets out of what comes back.

mod advise;
mod databases;
mod inspect;
mod ladders;
mod plan;
mod prove;
mod table_facts;

use std::{fmt, sync::Arc};

use silk_capture::record::plans::{PlanMode, PlanNotes};
use silk_core::{
    BoxFuture, Database, Explain, ExplainError, ExplainOutput, ExplainQuery, Redactor,
    explain::{
        AdviceRequest, DatabaseReport, IndexAdvice, PlanLadder, Proof, ProofRequest, Relation,
        RelationFacts,
    },
};
use tokio::runtime::Handle;

use crate::time_limits::ExplainConfig;
use databases::Databases;

/// Asks the databases that the app named for plans.
pub struct Explainer {
    databases: Databases,
    ladders: ladders::Cache,
    facts: Arc<table_facts::Cache>,
}

impl Explainer {
    /// An explainer that works on `runtime` (Silk's own) and redacts what databases say.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, runtime: Handle, config: ExplainConfig) -> Self {
        Self {
            databases: Databases::new(redactor, runtime, config),
            ladders: ladders::Cache::default(),
            facts: Arc::default(),
        }
    }

    /// Lets it know what a recorder's connections tell: it keeps to the
    /// [mode](silk_capture::record::plans::PlanMode) of its plans, and its
    /// [`ladders`](Explain::ladders) begin with those of the real runs.
    #[must_use]
    pub fn with_notes(mut self, notes: &Arc<PlanNotes>) -> Self {
        self.databases.notes = Some(Arc::clone(notes));
        self
    }

    /// Makes the database of a pool known: it is reached with the pool's options, over a connection
    /// of its own. Of two pools of one name, the later holds.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub fn register<DB: crate::ExplainDatabase>(
        &self,
        pool: &sqlx_core::pool::Pool<DB>,
    ) -> Database {
        let options = pool.connect_options();
        let database = Database {
            kind: DB::KIND,
            name: DB::name(&options),
        };
        let target = DB::target(
            &options,
            self.databases.config,
            pool.options().get_max_connections(),
        );
        self.databases.add(database.clone(), target);
        database
    }
}

impl Explain for Explainer {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        let timeout = self.databases.config.timeout;
        Box::pin(plan::ask(&self.databases, query, timeout))
    }

    fn explain_quickly(
        &self,
        query: ExplainQuery,
    ) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(plan::ask_quickly(&self.databases, query))
    }

    fn knows(&self, database: &Database) -> bool {
        self.databases.find(database).is_some()
    }

    fn asks_unasked(&self) -> bool {
        let mode = self.databases.notes.as_ref().map(|notes| notes.mode());
        mode.is_none_or(|mode| mode == PlanMode::Automatic)
    }

    fn facts(
        &self,
        database: &Database,
        relations: Vec<Relation>,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, ExplainError>> {
        let database = database.clone();
        Box::pin(table_facts::of(
            &self.databases,
            &self.facts,
            database,
            relations,
        ))
    }

    fn advise(&self, request: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        Box::pin(advise::advise(&self.databases, request))
    }

    fn prove(&self, request: ProofRequest) -> BoxFuture<'_, Result<Proof, ExplainError>> {
        Box::pin(prove::prove(&self.databases, request))
    }

    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(ladders::all(&self.databases, &self.ladders))
    }

    fn databases(&self) -> Vec<Database> {
        let all = self.databases.all();
        all.into_iter().map(|(database, _)| database).collect()
    }

    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(inspect::all(&self.databases))
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer")
            .field("databases", &self.databases)
            .finish_non_exhaustive()
    }
}
