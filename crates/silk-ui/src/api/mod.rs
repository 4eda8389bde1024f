//! The same data as JSON, for scripts, tests and agents.

pub(crate) mod compare;
pub(crate) mod databases;
pub(crate) mod error;
mod findings;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod lives;
pub(crate) mod openapi;
pub(crate) mod plan_history;
pub(crate) mod plans;
pub(crate) mod prove;
pub(crate) mod requests;
pub(crate) mod routes;
pub(crate) mod statements;
