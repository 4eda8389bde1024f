//! How a recorder fares, in figures and words: what the health page shows of capture.

mod captures;
mod ladder_step;
mod plan_captures;
mod tiers;
mod vitals;
