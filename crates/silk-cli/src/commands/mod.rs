//! One file per command, or per pair that belongs together.

pub(crate) mod across;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod clear;
pub(crate) mod compare;
pub(crate) mod health;
pub(crate) mod ids;
pub(crate) mod plan;
pub(crate) mod prove;
pub(crate) mod replay;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod serve;
pub(crate) mod statements;
pub(crate) mod wait;
