//! Call sites: which line of the app ran a query.
//!
//! On the app's thread only return addresses are collected, and the walk stops at the first frame
//! that is known to be the app's own. The writer's thread turns addresses into function, file and
//! line (the first time costs 100–200 ms) and remembers each address, so that the walk is short
//! ever after. Nothing locks between the two.

mod origin;
mod resolver;
mod symbols;
pub mod workspace;

pub use origin::workspace_of_current_folder;
pub use resolver::CallSiteResolver;
