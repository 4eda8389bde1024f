//! PostgreSQL, 9.6 to 18.

mod distributed;
mod figures;
mod json;
mod lines;
mod operators;
mod properties;
mod text;
mod title;
mod writes;

pub(crate) use json::{from_json, is_plan};
pub(crate) use text::{from_text, looks_like_text};
