//! A store that does as the test says.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use silk_core::{
    CountedRequest, Fingerprint, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary,
    Store, StoreError, StoreErrorKind, WriteBatch,
    store::{
        Acceptance, Budget, FindingLives, FindingSums, Hotspot, Page, RequestFilter, RouteDetail,
        RouteName, RouteSummary, StatementDetail, StatementFilter, StatementSummary, StatsWindow,
        StoreFuture, StoreSize,
    },
};

/// How the store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Failing(StoreErrorKind),
    Panicking,
    Slow(Duration),
    /// Never answers.
    Silent,
}

#[derive(Debug)]
pub struct TestStore {
    mood: Mutex<Mood>,
    pub writes: AtomicU64,
    /// How reading back what was written fails.
    pub unreadable: Mutex<Option<StoreErrorKind>>,
    pub(super) requests: Mutex<Vec<RequestRecord>>,
    pub(super) counted: Mutex<Vec<CountedRequest>>,
}

impl TestStore {
    pub(super) fn new() -> Self {
        Self {
            mood: Mutex::new(Mood::Well),
            writes: AtomicU64::new(0),
            unreadable: Mutex::default(),
            requests: Mutex::default(),
            counted: Mutex::default(),
        }
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The record of the request with this name, once it was written.
    pub fn take(&self, name: &str) -> Option<RequestRecord> {
        let mut requests = self.requests.lock().unwrap();
        let at = requests
            .iter()
            .position(|record| record.summary.route == name)?;
        Some(requests.swap_remove(at))
    }
}

impl Store for TestStore {
    fn kind(&self) -> String {
        "test".to_owned()
    }

    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        let mood = *self.mood.lock().unwrap();
        self.writes.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match mood {
                Mood::Well => {}
                Mood::Failing(kind) => return Err(StoreError::new(kind, "write", "as told")),
                Mood::Panicking => panic!("as told"),
                Mood::Slow(pause) => tokio::time::sleep(pause).await,
                Mood::Silent => std::future::pending().await,
            }
            self.requests
                .lock()
                .unwrap()
                .extend(batch.requests.iter().cloned());
            self.counted
                .lock()
                .unwrap()
                .extend(batch.counted.iter().cloned());
            Ok(())
        })
    }

    fn retain(&self, _: Budget, _: DateTime<Utc>) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        let unreadable = *self.unreadable.lock().unwrap();
        Box::pin(async move {
            match unreadable {
                Some(kind) => Err(StoreError::new(kind, "read back", "as told")),
                None => Ok(()),
            }
        })
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        Box::pin(async { Ok(StoreSize::default()) })
    }

    fn requests<'a>(&'a self, _: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        Box::pin(async { Ok(Page::default()) })
    }

    fn request(&self, _: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        Box::pin(async { Ok(None) })
    }

    fn routes(&self, _: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn route<'a>(
        &'a self,
        _: &'a RouteName,
        _: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>> {
        Box::pin(async { Ok(None) })
    }

    fn hotspots(&self, _: StatsWindow, _: u32) -> StoreFuture<'_, Vec<Hotspot>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn finding_lives(&self, _: StatsWindow, _: u32) -> StoreFuture<'_, FindingLives> {
        Box::pin(async { Ok(FindingLives::default()) })
    }

    fn accept<'a>(&'a self, _: &'a Acceptance) -> StoreFuture<'a, i64> {
        Box::pin(async { Ok(1) })
    }

    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn withdraw(&self, _: i64) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn findings(&self, _: StatsWindow) -> StoreFuture<'_, FindingSums> {
        Box::pin(async { Ok(FindingSums::default()) })
    }

    fn statements<'a>(&'a self, _: &'a StatementFilter) -> StoreFuture<'a, Page<StatementSummary>> {
        Box::pin(async { Ok(Page::default()) })
    }

    fn statement(
        &self,
        _: Fingerprint,
        _: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        Box::pin(async { Ok(None) })
    }

    fn add_plan<'a>(&'a self, _: &'a PlanRecord) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn plan(&self, _: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        Box::pin(async { Ok(None) })
    }

    fn plans_of_request(&self, _: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn plans_of_statement(&self, _: Fingerprint, _: u32) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn plan_history(
        &self,
        _: Fingerprint,
        _: StatsWindow,
    ) -> StoreFuture<'_, Vec<silk_core::explain::PlanBucket>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn plan_changes(
        &self,
        _: StatsWindow,
        _: u32,
    ) -> StoreFuture<'_, Vec<silk_core::explain::PlanChange>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
