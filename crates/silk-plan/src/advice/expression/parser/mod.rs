//! Reads expressions by precedence, without ever going back: what is not understood is skipped to
//! the end of its brackets, once.

mod cursor;
mod operand;
mod operators;
mod type_name;

use super::{
    lexer::Token,
    style::Style,
    tree::{Expr, SortKey},
};
use cursor::Parser;

/// Reads one expression; opaque where something is left over.
pub(crate) fn expression(text: &str, style: Style) -> Expr {
    let mut parser = Parser::new(text, style);
    let expr = parser.expr(0);
    if parser.peek().is_none() {
        expr
    } else {
        Expr::Opaque
    }
}

/// Reads `a DESC NULLS LAST, lower(b)`. What cannot be read ends the list.
pub(crate) fn sort_keys(text: &str, style: Style) -> Vec<SortKey> {
    read_keys(text, style).0
}

/// Reads `a DESC NULLS LAST, lower(b)`; none if any part of it cannot be read.
pub(crate) fn all_sort_keys(text: &str, style: Style) -> Option<Vec<SortKey>> {
    match read_keys(text, style) {
        (keys, true) if !keys.is_empty() => Some(keys),
        _ => None,
    }
}

/// The keys that could be read, and whether these are all.
fn read_keys(text: &str, style: Style) -> (Vec<SortKey>, bool) {
    let mut parser = Parser::new(text, style);
    let mut keys = Vec::new();
    while parser.peek().is_some() {
        let expr = parser.expr(0);
        let descending = parser.eat_word("DESC");
        if !descending {
            parser.eat_word("ASC");
        }
        let mut nulls_first = None;
        if parser.eat_word("NULLS") {
            nulls_first = Some(parser.eat_word("FIRST"));
            parser.eat_word("LAST");
        }
        let is_read =
            expr != Expr::Opaque && matches!(parser.peek(), None | Some(Token::Sign(",")));
        if !is_read {
            return (keys, false);
        }
        keys.push(SortKey {
            expr,
            descending,
            nulls_first,
        });
        parser.eat_sign(",");
    }
    (keys, true)
}
