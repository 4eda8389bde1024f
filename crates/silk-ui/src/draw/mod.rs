//! Everything that draws: numbers, times, code, values, JSON, plans and SVG. Nothing here asks a store
//! or knows of a page.

pub(crate) mod call_site;
pub(crate) mod code;
pub(crate) mod editor;
pub(crate) mod fix;
pub(crate) mod format;
pub(crate) mod instruction;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod proof;
mod quantities;
pub(crate) mod replay;
pub(crate) mod short_sql;
pub(crate) mod source;
pub(crate) mod svg;
pub(crate) mod values;

pub(crate) use quantities::{counted, listed, n, plural};
