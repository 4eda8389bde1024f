//! A store in memory: for tests, and for a look at an app without a file.

mod acceptances;
mod across;
mod figures;
mod findings;
mod lives;
mod plans;
mod query;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use silk_core::{
    Fingerprint, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary, Store, WriteBatch,
    explain::{PlanBucket, PlanChange},
    store::{
        Acceptance, Budget, FindingLives, FindingSums, Hotspot, Page, RequestFilter, RouteDetail,
        RouteName, RouteSummary, StatementDetail, StatementFilter, StatementSummary, StatsWindow,
        StoreFuture, StoreSize,
    },
};

use acceptances::Acceptances;
use state::State;

/// Keeps records in memory, within a budget, until the process ends.
///
/// Unlike a store on disk it keeps to its budget with every write (rows and bytes; the size of a
/// record is estimated), so that it cannot grow even if nobody calls [`Store::retain`].
#[derive(Debug)]
pub struct MemoryStore {
    budget: Budget,
    state: Mutex<State>,
    /// Apart from what is cleared.
    acceptances: Mutex<Acceptances>,
}

impl MemoryStore {
    /// What [`MemoryStore::default`] keeps: 10,000 requests and 64 MiB, of 7 days.
    pub const DEFAULT_BUDGET: Budget = Budget {
        max_age: std::time::Duration::from_secs(7 * 24 * 3600),
        max_requests: 10_000,
        max_bytes: 64 << 20,
    };

    /// An empty store that keeps within `budget`.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            state: Mutex::default(),
            acceptances: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, or at worst a count off: better than no store.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_acceptances(&self) -> MutexGuard<'_, Acceptances> {
        self.acceptances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The smaller of each limit: what a caller asks for must not lift the store's own.
    fn budget(&self, asked: Budget) -> Budget {
        Budget {
            max_age: self.budget.max_age.min(asked.max_age),
            max_requests: self.budget.max_requests.min(asked.max_requests),
            max_bytes: self.budget.max_bytes.min(asked.max_bytes),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Self::DEFAULT_BUDGET)
    }
}

impl Store for MemoryStore {
    fn kind(&self) -> String {
        "memory".to_owned()
    }

    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            state.write(batch);
            while state.is_over(&self.budget) && state.remove_oldest() {}
            Ok(())
        })
    }

    fn retain(&self, budget: Budget, now: DateTime<Utc>) -> StoreFuture<'_, bool> {
        Box::pin(async move { Ok(self.state().retain(&self.budget(budget), now)) })
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        Box::pin(async move { Ok(self.state().size()) })
    }

    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        Box::pin(async move { query::requests(&self.state(), filter) })
    }

    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        Box::pin(async move { Ok(self.state().request(id).cloned()) })
    }

    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        Box::pin(async move { Ok(query::routes(&self.state(), &window)) })
    }

    fn route<'a>(
        &'a self,
        name: &'a RouteName,
        window: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>> {
        Box::pin(async move { Ok(across::route(&self.state(), name, &window)) })
    }

    fn hotspots(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<Hotspot>> {
        Box::pin(async move { Ok(across::hotspots(&self.state(), &window, limit)) })
    }

    fn finding_lives(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, FindingLives> {
        Box::pin(async move {
            let acceptances = self.kept_acceptances().list();
            Ok(lives::lives(&self.state(), &window, limit, &acceptances))
        })
    }

    fn accept<'a>(&'a self, acceptance: &'a Acceptance) -> StoreFuture<'a, i64> {
        Box::pin(async move { self.kept_acceptances().accept(acceptance) })
    }

    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move { Ok(self.kept_acceptances().list()) })
    }

    fn withdraw(&self, id: i64) -> StoreFuture<'_, bool> {
        Box::pin(async move { Ok(self.kept_acceptances().withdraw(id)) })
    }

    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums> {
        Box::pin(async move { Ok(findings::findings(&self.state(), &window)) })
    }

    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>> {
        Box::pin(async move { Ok(query::statements(&self.state(), filter)) })
    }

    fn statement(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        Box::pin(async move { Ok(query::statement(&self.state(), fingerprint, &window)) })
    }

    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.state().plans.add_alone(plan);
            Ok(())
        })
    }

    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        Box::pin(async move { Ok(self.state().plans.list(|plan| plan.id == id, 1).pop()) })
    }

    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async move {
            Ok(self.state().plans.list(
                |plan| plan.query.is_some_and(|query| query.request_id == id),
                usize::MAX,
            ))
        })
    }

    fn plans_of_statement(
        &self,
        fingerprint: Fingerprint,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async move {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            Ok(self
                .state()
                .plans
                .list(|plan| plan.fingerprint == Some(fingerprint), limit))
        })
    }

    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>> {
        Box::pin(async move { Ok(self.state().plans.history(fingerprint, &window)) })
    }

    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>> {
        Box::pin(async move { Ok(self.state().plans.changes(&window, limit)) })
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            *self.state() = State::default();
            Ok(())
        })
    }
}
