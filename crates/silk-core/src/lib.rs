//! The words of tower-silk: what is recorded, how it is made safe, and the traits its parts meet at.
//!
//! ```text
//! request ─► SilkLayer ─► ActiveRequest ─► Recorder ─► bounded queue ─► Writer ─► Store ─► dashboard
//!                                                                     └────────── silk-core ─────────┘
//! ```
//!
//! Nothing here does I/O. [`RequestRecord`] is what the writer hands to a [`Store`]; the
//! [`Redactor`] makes it safe before; [`sql`] tells which statement a query is an execution of.
//! The dashboard sees the rest of the system only through [`Store`], [`Explain`] and [`Vitals`].

mod boxed;
mod budget;
mod database;
mod id;
mod word_enum;

pub mod across;
pub mod compare;
pub mod explain;
pub mod finding;
pub mod histogram;
pub mod record;
pub mod recording;
pub mod redact;
pub mod sql;
pub mod store;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
pub mod toml_file;
pub mod value;
pub mod vitals;
pub mod words;

pub use boxed::BoxFuture;
pub use database::{Database, DatabaseKind};
pub use explain::{Explain, ExplainError, ExplainMode, ExplainQuery};
pub use histogram::{Histogram, HistogramSum};
pub use id::{BatchId, Fingerprint, PlanId, PlanShape, RequestId, RunId};
pub use record::{
    Body, CallSite, CapturedBy, ConnectionWait, CountedRequest, ExplainOutput, Finding, Header,
    Holder, LogRecord, Outcome, PlanFormat, PlanObservation, PlanRecord, PlanSource, PoolUse,
    QueryError, QueryRecord, QueryRef, RequestDetail, RequestKind, RequestRecord, RequestStatement,
    RequestSummary, RequestTimes, RunRecord, Severity, SpanRecord, SqlText, Statement,
    TransactionEnd, TransactionRecord, WriteBatch,
};
pub use redact::{Redactor, Secrets};
pub use store::{Store, StoreError, StoreErrorKind};
pub use value::{Value, ValueState};
pub use vitals::{LossReason, Vitals};
pub use word_enum::UnknownWord;
