//! The profiler as apps hold it.

use std::{
    sync::{Arc, OnceLock, Weak, mpsc},
    time::{Duration, Instant},
};

use silk_capture::{Recorder, ShutdownReport, SilkLayer, sql::tracing::SilkTracingLayer};
use silk_core::{RequestKind, Store, Vitals as _};
use silk_explain::Explainer;
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;

use crate::{job::Job, remote, runtime::SilkRuntime};

/// How long dropping the last handle may block.
const FLUSH_ON_DROP: Duration = Duration::from_secs(1);

/// The profiler: hands out the layer, the pools and the dashboard.
///
/// Cloning is cheap and shares everything. Layers and pools record on when every clone is gone.
/// Dropping the last clone flushes what has ended so far and closes the store's file, and blocks
/// for up to a second for it; [`shutdown`](Self::shutdown) does so without blocking, and reports.
#[derive(Debug, Clone)]
pub struct Silk(Arc<Parts>);

/// The installed profiler; it does not keep it alive.
static GLOBAL: OnceLock<Weak<Parts>> = OnceLock::new();

/// What a [`Silk`] is wired from.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) recorder: Recorder,
    pub(crate) runtime: SilkRuntime,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) explainer: Arc<Explainer>,
    pub(crate) token: String,
    #[cfg(feature = "ui")]
    pub(crate) source_root: silk_ui::SourceRoot,
    #[cfg(feature = "ui")]
    pub(crate) access: silk_ui::Access,
    #[cfg(feature = "ui")]
    pub(crate) editor: Option<silk_ui::Editor>,
    #[cfg(feature = "ui")]
    pub(crate) targets: silk_ui::Targets,
}

impl Drop for Parts {
    fn drop(&mut self) {
        // What is not written by then shows on the Health page at the next look, and is not lost:
        // the writer goes on as long as the process lives.
        let until = Instant::now() + FLUSH_ON_DROP;
        let _is_flushed = self.recorder.flush(FLUSH_ON_DROP);
        // The file is whole without a write-ahead log then; a later recording opens it again.
        let store = Arc::clone(&self.store);
        let (done, is_done) = mpsc::sync_channel(1);
        self.runtime.handle().spawn(async move {
            let _is_closed = store.close().await;
            let _is_waited_for = done.send(());
        });
        let _is_in_time = is_done.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

impl Silk {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Makes this the profiler that [`global`](Self::global) gives. The first one stays; `false`
    /// where there is one already.
    pub fn install(&self) -> bool {
        GLOBAL.set(Arc::downgrade(&self.0)).is_ok()
    }

    /// The profiler that was [installed](Self::install), for code that makes a pool and cannot be
    /// given a handle (behind a trait, in a library of the app's own). None if none was
    /// installed, and once its last handle is gone.
    #[must_use]
    pub fn global() -> Option<Self> {
        GLOBAL.get()?.upgrade().map(Self)
    }

    /// The layer that records requests. Put it around everything, last in the chain of an axum
    /// `Router`, so that it knows the route template.
    #[must_use]
    pub fn layer(&self) -> SilkLayer {
        SilkLayer::new(self.0.recorder.clone())
    }

    /// An instrumented pool around one of sqlx's: adds values, errors, call sites, transactions
    /// and waits to what is recorded.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    #[must_use]
    pub fn pool<DB: silk_explain::ExplainDatabase>(
        &self,
        pool: sqlx_core::pool::Pool<DB>,
    ) -> silk_capture::sql::pool::Pool<DB> {
        self.0.explainer.register(&pool);
        silk_capture::sql::pool::Pool::new(self.0.recorder.clone(), pool)
    }

    /// Options of a PostgreSQL pool whose connections report the plan of each run, if the
    /// app's role may ask for that:
    ///
    /// ```no_run
    /// # async fn run(silk: tower_silk::Silk, url: &str) -> Result<(), sqlx::Error> {
    /// use sqlx::postgres::PgPoolOptions;
    ///
    /// let pool = silk.pg_pool_options(PgPoolOptions::new()).connect(url).await?;
    /// let pool = silk.pool(pool);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A pool that exists already cannot be given it. It sets `after_connect`: an app that has one
    /// of its own calls [`prepare_connection`](Self::prepare_connection) there instead. What the
    /// server does not allow is left undone, and the Health page says why and what would unlock
    /// it. Every query then takes 20 to 40 µs longer, long ones 4 to 20 %
    /// ([`Plans::real_runs`](crate::Plans::real_runs) and [`timing`](crate::Plans::timing) say
    /// how to have less, or more).
    ///
    /// Not for connections through a proxy that shares them between clients by transaction
    /// (PgBouncer's `transaction` mode): the settings are the session's, and would stay with it for
    /// the next client.
    ///
    /// The plans come as messages at TRACE, of target `sqlx::postgres::notice`, and Silk's tracing
    /// layer lets that level through for them alone: the app's own log stays as it is unless it
    /// asks for TRACE. Set the subscriber before the pool connects: then that level costs other
    /// libraries' TRACE events 0.3 ns each, and records of the `log` crate nothing (37 ns each
    /// where the log bridge is set up later).
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn pg_pool_options(
        &self,
        options: sqlx_core::pool::PoolOptions<sqlx_postgres::Postgres>,
    ) -> sqlx_core::pool::PoolOptions<sqlx_postgres::Postgres> {
        silk_capture::sql::plans::auto_explain_setup::pool_options(&self.0.recorder, options)
    }

    /// Has one PostgreSQL connection tell the plan of each run, from the end of an `after_connect`
    /// of the app's own: what that set before (a search path, a role) is read, so that plans that
    /// Silk asks for on its own connection are of the same tables. See
    /// [`pg_pool_options`](Self::pg_pool_options). Never fails: what the server does not allow is
    /// left undone.
    #[cfg(feature = "postgres")]
    pub async fn prepare_connection(&self, connection: &mut sqlx_postgres::PgConnection) {
        silk_capture::sql::plans::auto_explain_setup::prepare(&self.0.recorder, connection).await;
    }

    /// The plans that each known database gives, best first, and what would unlock the others.
    pub async fn plan_ladders(&self) -> Vec<silk_core::explain::PlanLadder> {
        silk_core::Explain::ladders(&*self.0.explainer).await
    }

    /// Installs a global `tracing` subscriber that feeds the profiler and nothing else, for an app
    /// that has none.
    ///
    /// The log of an app that logs through `log` (with `env_logger`, say) stays as it is: libraries
    /// that use `tracing` write there while no subscriber is set, and this one writes the same
    /// lines. Set the logger first; the spans' lines at TRACE come from the next event on
    /// otherwise. Where the app uses `Span::current()`, its lines at TRACE about the span's end are
    /// more by one each.
    ///
    /// A subscriber that the app has set before is left as it is, and the log and the Health page
    /// say what to add: [`tracing_layer`](Self::tracing_layer).
    pub fn init_tracing(&self) {
        use tracing_subscriber::layer::SubscriberExt as _;

        let subscriber = tracing_subscriber::registry().with(self.tracing_layer());
        let subscriber = crate::log_lines::LogLines::new(subscriber);
        if tracing::subscriber::set_global_default(subscriber).is_ok() {
            crate::console::subscriber_is_ours();
        } else if !self.check_tracing() {
            tracing::warn!(
                target: "silk",
                "the app has a tracing subscriber already: add `.with(silk.tracing_layer())` to it \
                 in place of calling `silk.init_tracing()`"
            );
        }
    }

    /// The layer for the app's own subscriber. It brings its own filter: sqlx's events and the
    /// app's spans, whatever other layers want to see.
    #[must_use]
    pub fn tracing_layer<S>(&self) -> impl tracing_subscriber::Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        SilkTracingLayer::new(self.0.recorder.clone())
    }

    /// Checks whether sqlx's events reach the profiler, and logs how to mend it if they do not.
    /// Happens automatically with the first request.
    #[must_use]
    pub fn check_tracing(&self) -> bool {
        silk_capture::record::probe(&self.0.recorder)
    }

    /// The dashboard with its JSON API, for `Router::nest_service("/silk", …)`.
    #[cfg(feature = "ui")]
    #[must_use]
    pub fn dashboard(&self) -> silk_ui::Dashboard {
        let parts = &self.0;
        silk_ui::dashboard(silk_ui::DashboardConfig {
            store: self.store(),
            explain: Arc::clone(&parts.explainer) as Arc<dyn silk_core::Explain>,
            vitals: Arc::new(crate::vitals::DashboardVitals(parts.recorder.clone())),
            access: parts.access.clone(),
            token: Some(parts.token.clone()),
            source_root: Some(parts.source_root.clone()),
            editor: parts.editor.clone(),
            targets: parts.targets,
        })
    }

    /// Makes a raw pool known for EXPLAIN, for an app that uses the tracing layer alone: plans are
    /// asked for over a connection of their own, with the pool's options. Where it is the only one,
    /// the queries that the layer sees are taken to go to its database.
    ///
    /// An ORM that keeps sqlx's own pool gives it:
    /// `silk.explain_with(db.get_postgres_connection_pool())`.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub fn explain_with<DB: silk_explain::ExplainDatabase>(
        &self,
        pool: &sqlx_core::pool::Pool<DB>,
    ) {
        let database = self.0.explainer.register(pool);
        self.0.recorder.note_explained(database);
    }

    /// The token that opens the dashboard: print `/silk?token=…` where your people see it. Treat
    /// it like a password.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.token
    }

    /// Background work to be recorded under `name`: `silk.job("nightly report").run(future)`.
    pub fn job(&self, name: impl Into<String>) -> Job {
        Job {
            recorder: self.0.recorder.clone(),
            name: name.into(),
            kind: RequestKind::Job,
        }
    }

    /// The store, for scripts and tests; its calls run on Silk's own threads.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(remote::RemoteStore::new(
            Arc::clone(&self.0.store),
            self.0.runtime.clone(),
        ))
    }

    /// How the profiler fares: recorded, lost and why, queue, own cost.
    #[must_use]
    pub fn vitals(&self) -> silk_core::vitals::VitalsSnapshot {
        self.0.recorder.snapshot()
    }

    /// Switches recording on or off. Off costs a request one atomic load.
    pub fn set_recording(&self, is_recording: bool) {
        self.0.recorder.set_recording(is_recording);
    }

    /// Writes what has ended so far; `false` if that took longer than `timeout`.
    pub async fn flush(&self, timeout: Duration) -> bool {
        let recorder = self.0.recorder.clone();
        let flush = self
            .0
            .runtime
            .handle()
            .spawn_blocking(move || recorder.flush(timeout));
        flush.await.unwrap_or(false)
    }

    /// Stops recording, writes what is left, closes the store and reports. Later calls report the
    /// same; the dashboard goes on to show what was stored.
    ///
    /// # Cancellation
    /// The writer goes on to flush when the returned future is dropped.
    pub async fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        let recorder = self.0.recorder.clone();
        let stop = self
            .0
            .runtime
            .handle()
            .spawn_blocking(move || recorder.shutdown(timeout));
        match stop.await {
            Ok(report) => report,
            // Only a panic of ours ends up here; what was counted so far can still be reported.
            Err(_) => self.0.recorder.shutdown(Duration::ZERO),
        }
    }
}
