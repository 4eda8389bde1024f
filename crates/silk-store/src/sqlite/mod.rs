//! A store in a SQLite file of its own.
//!
//! One connection writes, a few read. What the environment does (the file is removed, locked, on a
//! full disk) is an answer to one call, never a state: the next call opens the file anew.

mod across;
mod bulk_insert;
mod clear;
mod config;
mod error;
mod figures;
mod finding_names;
mod findings;
mod generation;
mod intern;
mod json;
mod lease;
mod log;
mod names;
mod numbers;
mod open;
mod peers;
mod plans;
mod refill;
mod requests;
mod retain;
mod retention_state;
mod routes;
mod share;
mod size;
mod statements;
mod steps;
mod top;
mod watch;
mod whole_request;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use chrono::{DateTime, Utc};
use silk_core::{
    Fingerprint, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary, Store, StoreError,
    WriteBatch,
    explain::{PlanBucket, PlanChange},
    store::{
        Acceptance, Budget, FindingLives, FindingSums, Hotspot, Page, RequestFilter, RouteDetail,
        RouteName, RouteSummary, StatementDetail, StatementFilter, StatementSummary, StatsWindow,
        StoreFuture, StoreSize,
    },
};

pub use config::SqliteStoreConfig;
use error::Fault;
use open::FileId;
use peers::Connections;

/// Keeps records in a SQLite file.
///
/// The file is opened by the first call, and made where there is none (its folder must be there).
/// It is the store's alone: its write lock must never be one that the app waits for.
#[derive(Debug)]
pub struct SqliteStore {
    config: SqliteStoreConfig,
    connections: Arc<Connections>,
    /// What the file was found to hold by this store, so that it may be moved aside when it is
    /// damaged. A file that was never opened is left alone.
    opened: Mutex<Option<FileId>>,
    /// The budget's bytes, as retention was asked for last.
    max_bytes: AtomicU64,
}

impl SqliteStore {
    /// A store in the file `path`, which is not opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, config: SqliteStoreConfig) -> Self {
        Self {
            config,
            connections: Connections::new(path.into()),
            opened: Mutex::default(),
            max_bytes: AtomicU64::new(u64::MAX),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.connections.path()
    }

    /// Opens the file now, makes it where there is none, and sees whether it can be written to; of
    /// a store that [only reads](SqliteStoreConfig::read_only), whether it can be read.
    ///
    /// # Errors
    /// Why it cannot; the next call tries again.
    pub async fn open(&self) -> Result<(), StoreError> {
        let open = async {
            if self.config.is_read_only {
                return self.reader().await.map(drop);
            }
            let mut lease = self.lease().await?;
            // Takes the write lock without writing: a file may be readable only.
            let lock = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK");
            lock.execute(&mut lease.writer.connection).await?;
            self.finish(lease)
        };
        open.await.or_else(during("open"))
    }

    /// Closes every connection and waits for them, so that the file stands alone without a
    /// write-ahead log. The next call opens it again.
    pub async fn close(&self) {
        let mut slot = self.connections.writer.lock().await;
        self.connections.close_readers().await;
        if let Some(writer) = slot.take() {
            writer.close().await;
        }
        // What becomes of it from now on is not ours to judge.
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn during<T>(operation: &'static str) -> impl FnOnce(Fault) -> Result<T, StoreError> {
    move |fault| Err(fault.during(operation))
}

impl Store for SqliteStore {
    fn kind(&self) -> String {
        format!("SQLite file {}", self.path().display())
    }

    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.write_batch(batch)
                .await
                .or_else(during("write a batch"))
        })
    }

    fn retain(&self, budget: Budget, now: DateTime<Utc>) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            self.retain_step(budget, now)
                .await
                .or_else(during("remove what is over the budget"))
        })
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.check_file()
                .await
                .or_else(during("read back what was written"))
        })
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.read("measure the store", move |mut connection| async move {
            size::size(&mut connection, self.path()).await
        })
    }

    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        self.read("list requests", move |mut connection| async move {
            requests::requests(&mut connection, filter, self.config.scan_time).await
        })
    }

    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        self.read("read a request", move |mut connection| async move {
            whole_request::request(&mut connection, id).await
        })
    }

    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        self.read("sum up routes", move |mut connection| async move {
            routes::routes(&mut connection, &window).await
        })
    }

    fn route<'a>(
        &'a self,
        name: &'a RouteName,
        window: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>> {
        self.read("read a route", move |mut connection| async move {
            across::route(&mut connection, name, &window).await
        })
    }

    fn hotspots(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<Hotspot>> {
        self.read("sum up lines of code", move |mut connection| async move {
            across::hotspots(&mut connection, &window, limit).await
        })
    }

    fn finding_lives(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, FindingLives> {
        self.read("follow findings", move |mut connection| async move {
            across::lives(&mut connection, &window, limit).await
        })
    }

    fn accept<'a>(&'a self, acceptance: &'a Acceptance) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let work = async {
                let mut lease = self.lease().await?;
                let id = across::accept(&mut lease.writer.connection, acceptance).await;
                self.finish(lease)?;
                id
            };
            work.await.or_else(during("accept a finding"))
        })
    }

    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>> {
        self.read("list accepted findings", move |mut connection| async move {
            across::acceptances(&mut connection).await
        })
    }

    fn withdraw(&self, id: i64) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let work = async {
                let mut lease = self.lease().await?;
                let is_any = across::withdraw(&mut lease.writer.connection, id).await?;
                self.finish(lease)?;
                Ok(is_any)
            };
            work.await.or_else(during("withdraw an acceptance"))
        })
    }

    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums> {
        self.read("sum up findings", move |mut connection| async move {
            findings::findings(&mut connection, &window).await
        })
    }

    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>> {
        self.read("list statements", move |mut connection| async move {
            statements::statements(&mut connection, filter).await
        })
    }

    fn statement(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        self.read("read a statement", move |mut connection| async move {
            statements::detail::statement(&mut connection, fingerprint, &window).await
        })
    }

    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let work = async {
                let mut lease = self.lease().await?;
                write::add_plan(&mut lease.writer, plan).await?;
                self.finish(lease)
            };
            work.await.or_else(during("keep a plan"))
        })
    }

    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        self.read("read a plan", move |mut connection| async move {
            plans::plan(&mut connection, id).await
        })
    }

    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.read(
            "list the plans of a request",
            move |mut connection| async move { plans::of_request(&mut connection, id).await },
        )
    }

    fn plans_of_statement(
        &self,
        fingerprint: Fingerprint,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.read(
            "list the plans of a statement",
            move |mut connection| async move {
                plans::of_statement(&mut connection, fingerprint, limit).await
            },
        )
    }

    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>> {
        self.read(
            "read the plans of a statement over time",
            move |mut connection| async move {
                plans::history(&mut connection, fingerprint, &window).await
            },
        )
    }

    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>> {
        self.read("list changed plans", move |mut connection| async move {
            plans::changes(&mut connection, &window, limit, self.config.scan_time).await
        })
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let work = async {
                let mut lease = self.lease().await?;
                clear::clear(&mut lease.writer).await?;
                self.connections.set_written(None);
                self.finish(lease)
            };
            work.await.or_else(during("remove every record"))
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            Self::close(self).await;
            Ok(())
        })
    }
}
