//! The dashboard from outside: every page with empty, usual and hostile records, at two mounts;
//! who gets in; what is refused.

mod access;
mod api;
mod database;
mod forms;
mod pages;
#[path = "../support/mod.rs"]
mod support;
