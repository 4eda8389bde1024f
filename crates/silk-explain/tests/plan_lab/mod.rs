//! A recorder with plans, over a store in memory, with the tracing layer on this thread.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use silk_capture::{Plans, Recorder, RecorderConfig, SilkTracingLayer, run_job};
use silk_core::{
    Database, DatabaseKind, Explain, ExplainMode, ExplainQuery, PlanRecord, PlanSource, Redactor,
    RequestKind, RequestRecord, Store, Value, Vitals as _,
    explain::LadderStep,
    store::{Budget, RequestFilter},
    vitals::CaptureStatus,
};
use silk_explain::{ExplainConfig, ExplainDatabase, Explainer};
use silk_store::MemoryStore;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

/// Nothing takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Lab {
    pub recorder: Recorder,
    pub explainer: Arc<Explainer>,
    pub store: Arc<MemoryStore>,
    /// What an app's log at INFO would have shown.
    pub log: Arc<Mutex<Vec<String>>>,
    runtime: Option<tokio::runtime::Runtime>,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An app's log of everything from INFO on.
struct AppLog(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for AppLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {event:?}", event.metadata().target()));
    }
}

/// A lab whose tracing layer is that of this thread: tests run on one thread each.
pub fn lab(plans: Plans) -> Lab {
    lab_with(RecorderConfig {
        plans,
        ..RecorderConfig::default()
    })
}

pub fn lab_with(config: RecorderConfig) -> Lab {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let store = Arc::new(MemoryStore::new(Budget::default()));
    let redactor = Arc::new(Redactor::default());
    let recorder = Recorder::start(
        config,
        Arc::clone(&store) as Arc<dyn Store>,
        Arc::clone(&redactor),
        runtime.handle().clone(),
    )
    .unwrap();
    let config = ExplainConfig {
        // Longer than the default, for a busy machine.
        timeout: Duration::from_secs(5),
        ..ExplainConfig::default()
    };
    let explainer = Explainer::new(redactor, runtime.handle().clone(), config)
        .with_notes(recorder.plan_notes());
    let explainer = Arc::new(explainer);
    silk_capture::writer::plans::collect(
        &recorder,
        &(Arc::clone(&explainer) as Arc<dyn Explain>),
        Arc::clone(&store) as Arc<dyn Store>,
        runtime.handle(),
    );
    let log = Arc::new(Mutex::new(Vec::new()));
    let app_log =
        AppLog(Arc::clone(&log)).with_filter(tracing_subscriber::filter::LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry()
        .with(app_log)
        .with(SilkTracingLayer::new(recorder.clone()));
    let guard = tracing::subscriber::set_default(subscriber);
    Lab {
        recorder,
        explainer,
        store,
        log,
        runtime: Some(runtime),
        _subscriber: guard,
    }
}

impl Lab {
    /// Runs `future` as one request, and gives its record.
    pub async fn record<F: Future>(&self, future: F) -> (F::Output, RequestRecord) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("test {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let output = run_job(&self.recorder, RequestKind::Test, name.as_str(), future).await;
        let record = self
            .wait_for("the record", async || {
                let filter = RequestFilter {
                    kind: Some(RequestKind::Test),
                    ..RequestFilter::default()
                };
                let page = self.store.requests(&filter).await.unwrap();
                let found = page.items.iter().find(|item| item.route == name)?.id;
                self.store.request(found).await.unwrap()
            })
            .await;
        (output, record)
    }

    /// Asks until there is an answer.
    pub async fn wait_for<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{what} did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a plan of one of a request's queries.
    pub async fn plan(&self, record: &RequestRecord, source: PlanSource) -> PlanRecord {
        self.wait_for(&format!("the {source} plan"), async || {
            self.plans(record)
                .await
                .into_iter()
                .find(|plan| plan.source == source)
        })
        .await
    }

    pub async fn plans(&self, record: &RequestRecord) -> Vec<PlanRecord> {
        self.store
            .plans_of_request(record.summary.id)
            .await
            .unwrap()
    }

    pub fn register<DB: ExplainDatabase>(&self, pool: &sqlx::Pool<DB>) {
        self.explainer.register(pool);
    }

    /// The step of a database's ladder.
    pub async fn step(&self, kind: DatabaseKind, source: PlanSource) -> LadderStep {
        let ladders = self.explainer.ladders().await;
        let ladder = ladders
            .into_iter()
            .find(|ladder| ladder.database.kind == kind)
            .unwrap();
        ladder
            .steps
            .iter()
            .find(|step| step.source == source)
            .unwrap_or_else(|| panic!("no {source} in {:#?}", ladder.steps))
            .clone()
    }

    /// What Health says of plans.
    pub fn status(&self) -> CaptureStatus {
        let captures = self.recorder.snapshot().captures;
        captures
            .into_iter()
            .find(|capture| capture.what == "plans")
            .unwrap()
    }
}

/// A query to explain.
pub fn query(
    database: &Database,
    sql: &str,
    values: Vec<Value>,
    mode: ExplainMode,
) -> ExplainQuery {
    ExplainQuery {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: Some(values),
        mode,
    }
}

/// The kinds of nodes of a plan, from the top.
pub fn nodes(plan: &PlanRecord) -> Vec<String> {
    let plan = silk_plan::Plan::parse(plan.output.format, &plan.output.raw).unwrap();
    plan.nodes().map(silk_plan::PlanNode::title).collect()
}
