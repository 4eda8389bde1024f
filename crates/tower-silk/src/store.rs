//! What a store is asked and answers with: for tests and scripts of the host that look into the
//! [`store`](crate::Silk::store) of their [`Silk`](crate::Silk), and for [stores of one's
//! own](crate::SilkBuilder::store).
//!
//! ```
//! use std::time::Duration;
//!
//! use tower_silk::{RequestKind, Silk, store::{RequestFilter, RequestSort}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let silk = Silk::builder().in_memory().build().await?;
//! silk.job("nightly report").run(async { /* … */ }).await;
//! assert!(silk.flush(Duration::from_secs(10)).await);
//!
//! let slowest_jobs = RequestFilter {
//!     kind: Some(RequestKind::Job),
//!     sort: RequestSort::Duration,
//!     ..RequestFilter::default()
//! };
//! let page = silk.store().requests(&slowest_jobs).await?;
//! assert_eq!(page.items[0].route, "nightly report");
//!
//! let record = silk.store().request(page.items[0].id).await?.ok_or("it is kept")?;
//! assert!(record.detail.queries.is_empty());
//! # Ok(())
//! # }
//! ```

pub use silk_core::{
    BatchId, Body, CallSite, CapturedBy, ConnectionWait, CountedRequest, Database, ExplainOutput,
    Finding, Fingerprint, Header, Histogram, LogRecord, Outcome, PlanFormat, PlanId,
    PlanObservation, PlanRecord, PlanShape, PlanSource, PoolUse, QueryError, QueryRecord, QueryRef,
    RequestDetail, RequestId, RequestRecord, RequestStatement, RequestSummary, RequestTimes, RunId,
    RunRecord, Severity, SpanRecord, SqlText, Statement, TransactionEnd, TransactionRecord, Value,
    ValueState, WriteBatch,
    explain::{PlanBucket, PlanChange, ShapeSpan},
    store::{
        CallSiteUse, Cursor, InvalidCursor, Page, RequestFilter, RequestSort, RouteSummary,
        RouteUse, SlowQuery, StatementDetail, StatementFilter, StatementSort, StatementSummary,
        StatsWindow, StoreError, StoreErrorKind, StoreFuture, StoreSize, TimeBucket,
    },
};
