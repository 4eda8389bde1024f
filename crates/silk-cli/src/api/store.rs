//! The dashboard in this process, on a store's file that is only read.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::body::Body;
use chrono::Utc;
use http::{Request, header};
use http_body_util::BodyExt as _;
use silk_core::{
    BoxFuture, Explain, ExplainError, ExplainOutput, ExplainQuery, RunId, RunRecord, Store,
    StoreError, Vitals,
    explain::{Proof, ProofRequest},
    store::Budget,
    vitals::{CaptureLevel, CaptureStatus, VitalsSnapshot},
};
use silk_store::{SqliteStore, SqliteStoreConfig};
use silk_ui::{Access, Dashboard, DashboardConfig, SourceRoot, Targets};
use tower_service::Service as _;
use uuid::Uuid;

use super::Answer;
use crate::trouble::{Result, Trouble};

/// A store's file behind a dashboard of our own.
#[derive(Debug, Clone)]
pub(crate) struct StoreFile {
    path: PathBuf,
    dashboard: Dashboard,
}

impl StoreFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// It is not there, is no store, or is of another version.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let store = open_for_reading(path).await?;
        Ok(Self::new(path, store))
    }

    fn new(path: &Path, store: Arc<dyn Store>) -> Self {
        let access = Access::Custom(Arc::new(|_| true));
        Self {
            path: path.to_owned(),
            dashboard: dashboard(store, access, None),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn call(
        &self,
        method: &str,
        target: &str,
        body: Option<String>,
    ) -> Result<Answer> {
        if method == "DELETE" {
            // The one call that writes. The file was looked at: it is of this version.
            let store = Arc::new(SqliteStore::new(&self.path, SqliteStoreConfig::default()));
            let answer = ask(
                Self::new(&self.path, Arc::clone(&store) as Arc<dyn Store>).dashboard,
                method,
                target,
                body,
            )
            .await;
            store.close().await;
            return answer;
        }
        ask(self.dashboard.clone(), method, target, body).await
    }
}

async fn ask(
    mut dashboard: Dashboard,
    method: &str,
    target: &str,
    body: Option<String>,
) -> Result<Answer> {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, Body::from))
        .map_err(|error| Trouble::new(format!("{target} cannot be asked for: {error}.")))?;
    let response = match dashboard.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| Trouble::new(format!("The answer broke off: {error}.")))?;
    Ok(Answer {
        status,
        body: body.to_bytes().to_vec(),
    })
}

/// Opens a store's file for reading, and sees whether that works.
///
/// # Errors
/// As [`StoreFile::open`].
pub(crate) async fn open_for_reading(path: &Path) -> Result<Arc<SqliteStore>> {
    let config = SqliteStoreConfig::default().read_only();
    let store = Arc::new(SqliteStore::new(path, config));
    store
        .open()
        .await
        .map_err(|error| cannot_open(path, &error))?;
    Ok(store)
}

fn cannot_open(path: &Path, error: &StoreError) -> Trouble {
    use std::error::Error as _;
    let why = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    Trouble::new(format!("{} cannot be opened: {why}.", path.display())).with_hint(error.remedy())
}

/// How a store is served to browsers.
#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) token: String,
}

/// The dashboard for browsers, opened by its token alone.
pub(crate) fn served(store: Arc<SqliteStore>, serve: Serve) -> Dashboard {
    dashboard(store, Access::Token, Some(serve.token))
}

fn dashboard(store: Arc<dyn Store>, access: Access, token: Option<String>) -> Dashboard {
    silk_ui::dashboard(DashboardConfig {
        store,
        explain: Arc::new(NobodyToAsk),
        vitals: Arc::new(NotRecording::default()),
        access,
        token,
        source_root: std::env::current_dir().ok().map(SourceRoot::folder),
        editor: None,
        targets: Targets::default(),
    })
}

/// There is no app whose databases could be asked.
#[derive(Debug)]
struct NobodyToAsk;

impl Explain for NobodyToAsk {
    fn explain(
        &self,
        _: ExplainQuery,
    ) -> BoxFuture<'_, std::result::Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "This is a look into the store's file: only the running app can ask its \
                     database for a plan."
                .to_owned(),
        })))
    }

    fn prove(&self, _: ProofRequest) -> BoxFuture<'_, std::result::Result<Proof, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "This is a look into the store's file: only the running app can run queries \
                     on its database."
                .to_owned(),
        })))
    }

    fn asks_unasked(&self) -> bool {
        false
    }
}

/// Nothing is recorded here.
#[derive(Debug)]
struct NotRecording(RunRecord);

impl Default for NotRecording {
    fn default() -> Self {
        Self(RunRecord {
            id: RunId(Uuid::nil()),
            started_at: Utc::now(),
            service: "silk (a look into the store's file)".to_owned(),
            build: None,
            instance: String::new(),
        })
    }
}

impl Vitals for NotRecording {
    fn snapshot(&self) -> VitalsSnapshot {
        let budget = Budget::default();
        VitalsSnapshot {
            run: self.0.clone(),
            is_recording: false,
            seen: 0,
            recorded: 0,
            not_sampled: 0,
            lost: Vec::new(),
            active: 0,
            queue_length: 0,
            queue_capacity: 0,
            memory_bytes: 0,
            memory_budget_bytes: 0,
            queries: 0,
            unattributed_queries: 0,
            app_cost_us: None,
            writer_cost_us: None,
            budget,
            store_error: None,
            captures: vec![CaptureStatus {
                what: "recording".to_owned(),
                level: CaptureLevel::Off,
                reason: "This is a look into the store's file. Whether an app records into it is \
                         known to that app's own dashboard."
                    .to_owned(),
                remedy: None,
            }],
            minutes: Vec::new(),
        }
    }

    fn set_recording(&self, _: bool) {}
}
