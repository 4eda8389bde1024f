//! The hot path of tower-silk: what runs within the app's requests, and the writer behind it.
//!
//! ```text
//! request ─► SilkLayer ─► ActiveRequest ─► Recorder ─► bounded queue ─► Writer ─► Store
//!                              ▲
//!           queries, spans, pool waits (sql::tracing, sql::pool)
//! ```
//!
//! Nothing on the app's side waits, blocks, or returns an error of ours.

pub mod http;
pub mod record;
pub mod sql;
pub mod suppress;
pub mod testing;
pub mod writer;

mod health;
mod job;
mod start;

pub use crate::{
    http::{SilkLayer, SilkService},
    job::{in_current_request, run_job},
    record::{ActiveRequest, Recorder, RecorderConfig, ShutdownReport, plans::Plans},
    sql::tracing::SilkTracingLayer,
};
