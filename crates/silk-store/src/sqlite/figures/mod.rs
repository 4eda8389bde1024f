//! Figures per time bucket: packed rows, how batches are added to them, and how they are read.

mod add;
mod compact;
mod first;
mod group;
mod lines;
mod notes;
mod open;
mod read;
mod rows;
mod sights;
mod totals;
mod unsummed;

pub(super) use add::add;
pub(super) use compact::compact;
pub(super) use first::step as move_first;
pub(super) use group::{NONE, of_calls, part_of};
pub(super) use lines::{lines, ran};
pub(super) use open::OpenBuckets;
pub(super) use read::{each_of, sights, within};
pub(super) use totals::add_totals;
pub(super) use unsummed::step as sum_lines;
