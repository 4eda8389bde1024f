//! The store as the dashboard sees it: every call runs on Silk's own threads.

use std::sync::Arc;

use silk_core::{
    Fingerprint, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary, Store, StoreError,
    StoreErrorKind, WriteBatch,
    explain::{PlanBucket, PlanChange},
    store::{
        Acceptance, Budget, FindingLives, FindingSums, Hotspot, Page, RequestFilter, RouteDetail,
        RouteName, RouteSummary, StatementDetail, StatementFilter, StatementSummary, StatsWindow,
        StoreFuture, StoreSize,
    },
};

use crate::runtime::SilkRuntime;

/// A store whose calls are carried to Silk's runtime, and that keeps it running: the writer holds
/// one, so that layers and pools record on when every [`Silk`](crate::Silk) is gone.
#[derive(Debug, Clone)]
pub(crate) struct RemoteStore {
    store: Arc<dyn Store>,
    runtime: SilkRuntime,
}

impl RemoteStore {
    pub(crate) fn new(store: Arc<dyn Store>, runtime: SilkRuntime) -> Self {
        Self { store, runtime }
    }

    /// Carries one call over; a call that panics or outlives the runtime is an error, not a panic.
    fn call<T, F, R>(&self, operation: &'static str, call: F) -> StoreFuture<'static, T>
    where
        T: Send + 'static,
        F: FnOnce(Arc<dyn Store>) -> R + Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send,
    {
        let store = Arc::clone(&self.store);
        let runtime = self.runtime.clone();
        Box::pin(async move {
            runtime
                .run(async move { call(store).await })
                .await
                .unwrap_or_else(|| {
                    Err(StoreError::new(
                        StoreErrorKind::Unavailable,
                        operation,
                        "the profiler was shut down, or the store panicked",
                    ))
                })
        })
    }
}

impl Store for RemoteStore {
    fn kind(&self) -> String {
        self.store.kind()
    }

    // The writer calls these three, and it is on Silk's runtime already: no copy of the batch.
    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        self.store.write(batch)
    }

    fn retain(&self, budget: Budget, now: chrono::DateTime<chrono::Utc>) -> StoreFuture<'_, bool> {
        self.store.retain(budget, now)
    }

    fn check(&self) -> StoreFuture<'_, ()> {
        self.store.check()
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.call("measure", |store| async move { store.size().await })
    }

    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        let filter = filter.clone();
        self.call("list requests", move |store| async move {
            store.requests(&filter).await
        })
    }

    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        self.call("read a request", move |store| async move {
            store.request(id).await
        })
    }

    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        self.call("sum up routes", move |store| async move {
            store.routes(window).await
        })
    }

    fn route<'a>(
        &'a self,
        name: &'a RouteName,
        window: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>> {
        let name = name.clone();
        self.call("read a route", move |store| async move {
            store.route(&name, window).await
        })
    }

    fn hotspots(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<Hotspot>> {
        self.call("sum up lines of code", move |store| async move {
            store.hotspots(window, limit).await
        })
    }

    fn finding_lives(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, FindingLives> {
        self.call("follow findings", move |store| async move {
            store.finding_lives(window, limit).await
        })
    }

    fn accept<'a>(&'a self, acceptance: &'a Acceptance) -> StoreFuture<'a, i64> {
        let acceptance = acceptance.clone();
        self.call("accept a finding", move |store| async move {
            store.accept(&acceptance).await
        })
    }

    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>> {
        self.call("list accepted findings", |store| async move {
            store.acceptances().await
        })
    }

    fn withdraw(&self, id: i64) -> StoreFuture<'_, bool> {
        self.call("withdraw an acceptance", move |store| async move {
            store.withdraw(id).await
        })
    }

    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums> {
        self.call("sum up findings", move |store| async move {
            store.findings(window).await
        })
    }

    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>> {
        let filter = filter.clone();
        self.call("list statements", move |store| async move {
            store.statements(&filter).await
        })
    }

    fn statement(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        self.call("read a statement", move |store| async move {
            store.statement(fingerprint, window).await
        })
    }

    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()> {
        let plan = plan.clone();
        self.call("keep a plan", move |store| async move {
            store.add_plan(&plan).await
        })
    }

    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        self.call(
            "read a plan",
            move |store| async move { store.plan(id).await },
        )
    }

    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.call("list plans", move |store| async move {
            store.plans_of_request(id).await
        })
    }

    fn plans_of_statement(
        &self,
        fingerprint: Fingerprint,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.call("list plans", move |store| async move {
            store.plans_of_statement(fingerprint, limit).await
        })
    }

    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>> {
        self.call("read the history of a plan", move |store| async move {
            store.plan_history(fingerprint, window).await
        })
    }

    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>> {
        self.call("list changed plans", move |store| async move {
            store.plan_changes(window, limit).await
        })
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        self.call("clear", |store| async move { store.clear().await })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.call("close", |store| async move { store.close().await })
    }
}
