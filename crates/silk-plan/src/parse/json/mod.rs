//! JSON as plans use it: deep, with repeated keys, in the midst of other text.

mod reader;
mod value;

pub(crate) use reader::{UNENDED_STRING, read};
pub(crate) use value::{Json, number};
