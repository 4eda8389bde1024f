//! How a recorder fares, in figures and words: what the health page shows of capture.

mod captures;
mod plan_captures;
mod real_runs;
mod vitals;
mod ways;
