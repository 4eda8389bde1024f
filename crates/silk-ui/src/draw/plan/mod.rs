//! A plan drawn: as tree, flame graph, sums and text, with what its nodes did in words.

pub(crate) mod cells;
pub(crate) mod diff;
pub(crate) mod findings;
pub(crate) mod flame;
mod node_details;
mod nodes_shown;
mod operators;
pub(crate) mod origin;
mod outside_tree;
pub(crate) mod sums;
pub(crate) mod text;
pub(crate) mod totals;
pub(crate) mod tree;
