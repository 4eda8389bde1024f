//! The dashboard from outside: every page with empty, usual and hostile records, at two mounts;
//! who gets in; what is refused.

mod access;
mod across;
mod api;
mod compare;
mod database;
mod forms;
mod live;
mod markdown;
mod pages;
#[path = "../support/mod.rs"]
mod support;
