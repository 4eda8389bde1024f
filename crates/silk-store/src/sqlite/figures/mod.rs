//! Figures per time bucket: packed rows, how batches are added to them, and how they are read.

mod add;
mod compact;
mod first;
mod group;
mod read;
mod rows;
mod sights;
mod totals;

pub(super) use add::{OpenBuckets, add};
pub(super) use compact::compact;
pub(super) use first::step as move_first;
pub(super) use group::{NONE, of_calls, part_of};
pub(super) use read::{each_of, of_statements, sights, within};
pub(super) use sights::add_sights;
pub(super) use totals::add_totals;
