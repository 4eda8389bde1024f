//! Each app of this crate, driven by real requests: what was recorded, and what Health says.
//!
//! A subscriber and a logger are set once in a process, so each test runs in a process of its own:
//! this very program, started again for that test alone.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod behind_trait;
mod borrowed;
mod generic;
mod grpc;
mod logged;
mod migrated;
mod nested;
mod orm;
mod plain_hyper;
mod sessions;
mod sqlx_test;
mod support;
