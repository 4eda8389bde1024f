//! One file or folder per page: what it asks the store, and what it shows. The markup stands in the
//! template of the same name. A page reads the rooms below it ([`parts`](crate::parts),
//! [`findings`](crate::findings), [`plans`](crate::plans), [`draw`](crate::draw)) and no other page.

pub(crate) mod advice;
pub(crate) mod compare;
pub(crate) mod compare_plans;
pub(crate) mod database;
pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod health;
pub(crate) mod hotspots;
pub(crate) mod overview;
pub(crate) mod paste;
pub(crate) mod plan;
pub(crate) mod plan_analyze;
pub(crate) mod prove;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod route;
pub(crate) mod statement;
pub(crate) mod statements;
