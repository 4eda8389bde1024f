//! The store: where records are kept, and how they are asked for.
//!
//! A [`Store`] is called on Silk's own runtime only, never on the app's. It degrades instead of
//! failing for good: a store that is gone, full or locked answers with a [`StoreError`] and is
//! tried again with the next batch. Not found is `Ok(None)`, never an error.

mod across;
mod error;
mod filter;
mod life_state;
mod lives;
mod pattern;
mod view;

pub use crate::budget::Budget;
pub use across::{
    BuildFigures, Hotspot, LOOKED_AT, MAX_OWN_STATEMENTS, NewestRequests, OtherStatements,
    RouteDetail, RouteName, RouteStatement,
};
pub use error::{StoreError, StoreErrorKind};
pub use filter::{
    Cursor, InvalidCursor, Page, RequestFilter, RequestSort, Searched, StatementFilter,
    StatementSort, trace_id_of,
};
pub use life_state::{BuildSight, MIN_REQUESTS, life_state};
pub use lives::{Acceptance, FindingLife, FindingLives, LifeState, MAX_FINDINGS};
pub use pattern::{TextPattern, TooManyStars};
pub use view::{
    CallSiteUse, FindingSum, FindingSums, RouteSummary, RouteUse, SlowQuery, StatementDetail,
    StatementSummary, StatsWindow, StoreSize, TimeBucket,
};

use chrono::{DateTime, Utc};

use crate::{
    BoxFuture, Fingerprint, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary,
    WriteBatch,
    explain::{PlanBucket, PlanChange},
};

/// At most so many findings are accepted at a time.
pub const MAX_ACCEPTANCES: u32 = 1000;

/// What a call of the store returns.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps records and answers the dashboard.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Name of the kind of store for people: `SQLite file silk.db`, `memory`.
    fn kind(&self) -> String;

    /// Stores a batch in one transaction, or nothing of it. A request whose id is known already is
    /// left as it is, and what is only counted is counted once per batch id, so that a batch may be
    /// written again after an unclear failure (before the next one of its run).
    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()>;

    /// Removes one small step of what is over the budget; `true` if more is left to remove.
    fn retain(&self, budget: Budget, now: DateTime<Utc>) -> StoreFuture<'_, bool>;

    /// Reads back what was written last. The recorder asks for it about once a second while it
    /// writes, so that a store that was removed, overwritten or damaged by others is noticed, and
    /// opened anew where it can be.
    ///
    /// An error of kind [`Corrupt`](StoreErrorKind::Corrupt) or
    /// [`Unavailable`](StoreErrorKind::Unavailable) says that what was written since the last
    /// check cannot be read any more.
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Size and counts, cheap enough to be asked every few seconds (counts may be estimates).
    fn size(&self) -> StoreFuture<'_, StoreSize>;

    /// A page of requests.
    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>>;

    /// One request, whole.
    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>>;

    /// Routes (and jobs) with their figures within the window, by total time, largest first.
    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>>;

    /// One route (or job) with what it ran and how its builds fared; none if nothing of it is known
    /// within the window.
    fn route<'a>(
        &'a self,
        name: &'a RouteName,
        window: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>>;

    /// Lines of code by the time of their queries within the window, largest first, at most `limit`
    /// (500 at most); the window's buckets are not looked at.
    fn hotspots(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<Hotspot>>;

    /// What became of each finding, by all that is known up to the end of the window: by time lost
    /// within the window, largest first, at most `limit`; the window's buckets are not looked at.
    fn finding_lives(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, FindingLives>;

    /// Keeps that somebody accepts a finding; returns its number. It stays when records are cleared.
    ///
    /// # Errors
    /// Of kind [`Other`](StoreErrorKind::Other) where [`MAX_ACCEPTANCES`] are kept already.
    fn accept<'a>(&'a self, acceptance: &'a Acceptance) -> StoreFuture<'a, i64>;

    /// What is accepted, newest first.
    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Takes an acceptance back; `false` if there is none of that number.
    fn withdraw(&self, id: i64) -> StoreFuture<'_, bool>;

    /// What was found within the window, summed; the window's buckets are not looked at.
    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums>;

    /// A page of statements.
    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>>;

    /// One statement with who runs it.
    fn statement(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>>;

    /// Keeps a plan and counts one sight of it, as a batch with this plan alone would.
    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()>;

    /// One plan.
    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>>;

    /// Plans of a request's queries, newest first.
    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>>;

    /// Plans of a statement, newest first, at most `limit`.
    fn plans_of_statement(
        &self,
        fingerprint: Fingerprint,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PlanRecord>>;

    /// How often each form of a statement's plan was seen within the window, oldest bucket first.
    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>>;

    /// Plans that became others within the window, newest first, at most `limit`: what
    /// [`plan_changes`](crate::explain::plan_changes) says of every statement with more than one
    /// form.
    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>>;

    /// Removes every record, statistics included.
    fn clear(&self) -> StoreFuture<'_, ()>;

    /// Puts everything in its final place and closes files and connections. Called when the
    /// recorder stops; a later call of another method opens the store again. Does nothing unless
    /// the store says otherwise.
    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
