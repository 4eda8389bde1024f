//! Figures per time bucket: packed rows, how batches are added to them, and how they are read.

mod add;
mod compact;
mod first;
mod group;
mod read;
mod rows;
mod totals;

pub(super) use add::{OpenBuckets, add};
pub(super) use compact::compact;
pub(super) use first::step as move_first;
pub(super) use group::{NONE, SIGHTS, of_calls, part_of};
pub(super) use read::{each_of, of_statements, within};
pub(super) use totals::add_totals;
