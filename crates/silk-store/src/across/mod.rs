//! What is told about many requests at once: summed here, the same for every store.

mod builds;
mod hotspots;
mod lives;
mod route;

pub(crate) use builds::{BuildsOf, RunOf};
pub(crate) use hotspots::{Seen, Sites, as_hotspot};
pub(crate) use lives::{Lives, When};
pub(crate) use route::RanBy;
