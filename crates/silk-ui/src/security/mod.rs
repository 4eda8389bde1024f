//! Who gets in, and what a page may do.

pub(crate) mod access;
mod cookie;
pub(crate) mod csp;
pub(crate) mod csrf;
pub(crate) mod origin;
