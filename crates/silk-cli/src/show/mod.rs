//! What people see of an answer: tables that fit the terminal, and text without surprises.

mod table;
mod text;

pub(crate) use self::{
    table::{Cell, Column, Table},
    text::{clock, cut, duration_ms, one_line, safe, site},
};
