//! weave as its tests see it: the routes over a database that is there.

pub mod database;
pub mod routes;
