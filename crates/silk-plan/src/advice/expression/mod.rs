//! Conditions as trees: what databases print in plans, and what people write in SQL.
//!
//! Only the part that matters for indexes is understood: columns, literals, comparisons, calls and
//! how they are joined. Everything else becomes [`Expr::Opaque`], which nothing is concluded from.

mod lexer;
mod parser;
mod render;
mod reserved;
mod style;
mod tree;

pub(crate) use parser::{all_sort_keys, expression, sort_keys};
pub(crate) use render::render;
pub(crate) use style::{Style, quote};
pub(crate) use tree::{Column, Expr, SortKey};

#[cfg(test)]
mod tests;
