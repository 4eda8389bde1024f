//! MySQL and MariaDB.

mod json;
mod json_v2;
mod table;
mod times;
mod tree_text;

pub(crate) use json::{from_json, is_plan};
pub(crate) use tree_text::{from_tree, looks_like_tree};
