//! The dashboard of tower-silk: server-rendered pages and a JSON API over a [`Store`].
//!
//! [`dashboard`] makes a tower service that is mounted with `Router::nest_service` at any path. It
//! sees the rest of the system only through [`Store`], [`Explain`] and [`Vitals`]. Pages follow one
//! name: `pages/request.html` = `pages/request.rs` = `RequestPage` = `GET /requests/{id}`.
//!
//! Pages work without script; nothing is loaded from elsewhere, and nothing stands inline, so that
//! what the app's users sent stays text.
//!
//! [`Store`]: silk_core::Store
//! [`Explain`]: silk_core::Explain
//! [`Vitals`]: silk_core::Vitals

mod ahead;
mod api;
mod assets;
mod config;
mod context;
mod dashboard;
mod draw;
mod error;
mod findings;
#[cfg(test)]
mod fixtures;
mod held;
mod pages;
mod params;
mod parts;
mod plans;
mod routes;
mod security;
mod sides;

pub use config::{DashboardConfig, Targets};
pub use dashboard::{Dashboard, dashboard};
pub use draw::fix::{OneQuery, one_query};
pub use draw::replay::NOT_REPLAYED;
pub use draw::{
    editor::{Editor, InvalidEditor},
    source::SourceRoot,
};
pub use security::access::Access;
