//! Going through the pieces of an expression, forwards only.

use crate::advice::expression::{
    lexer::{Token, tokens},
    style::Style,
    tree::Expr,
};

/// Deeper than this, an expression is opaque.
pub(super) const MAX_DEPTH: usize = 32;
/// Operators in a row, beyond which an expression is opaque: dropping a tree recurses.
pub(super) const MAX_CHAIN: usize = 8;

/// A place in the pieces of an expression.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    pub(super) at: usize,
    pub(super) style: Style,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, style: Style) -> Self {
        Self {
            tokens: tokens(text, style),
            at: 0,
            style,
        }
    }

    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn eat_sign(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn eat_open(&mut self, bracket: char) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Open(found)) if *found == bracket);
        self.at += usize::from(is_there);
        is_there
    }

    /// Goes to the bracket that closes the one that is open, or to the end; not behind it.
    pub(super) fn skip_group(&mut self) -> Expr {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Open(_) => depth += 1,
                Token::Close(_) if depth == 0 => break,
                Token::Close(_) => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Expr::Opaque
    }

    /// Goes behind the bracket that closes; opaque where something else stood before it.
    pub(super) fn close(&mut self, expr: Expr) -> Expr {
        let is_closed = matches!(self.peek(), Some(Token::Close(_)));
        if !is_closed {
            self.skip_group();
        }
        self.at += 1;
        if is_closed { expr } else { Expr::Opaque }
    }
}
