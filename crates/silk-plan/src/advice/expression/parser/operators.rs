//! What joins operands: `AND`, `OR`, comparisons, `IN`, `BETWEEN`, arithmetic, by precedence.

use super::cursor::{MAX_CHAIN, MAX_DEPTH, Parser};
use crate::advice::expression::{lexer::Token, tree::Expr};

/// Binding of comparisons; weaker are `AND`, `OR` and `NOT`.
const COMPARISON: u8 = 1;

impl<'a> Parser<'a> {
    pub(super) fn expr(&mut self, depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return self.skip_group();
        }
        let first = self.all(depth);
        if !self.is_word("OR") {
            return first;
        }
        let mut parts = vec![first];
        while self.eat_word("OR") {
            parts.push(self.all(depth));
        }
        Expr::Or(parts)
    }

    fn all(&mut self, depth: usize) -> Expr {
        let first = self.negated(depth);
        if !self.is_word("AND") {
            return first;
        }
        let mut parts = vec![first];
        while self.eat_word("AND") {
            parts.push(self.negated(depth));
        }
        Expr::And(parts)
    }

    fn negated(&mut self, depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return self.skip_group();
        }
        if self.eat_word("NOT") {
            return Expr::Not(Box::new(self.negated(depth + 1)));
        }
        self.binary(COMPARISON, depth)
    }

    pub(super) fn binary(&mut self, weakest: u8, depth: usize) -> Expr {
        let mut left = self.signed(depth);
        for _ in 0..MAX_CHAIN {
            let Some(operator) = self.operator(weakest) else {
                return left;
            };
            left = match operator {
                Operator::Signs(sign, binding) => {
                    self.at += 1;
                    self.operands(left, sign.to_owned(), binding, depth)
                }
                Operator::Word(word, binding) => {
                    self.at += 1;
                    self.operands(left, word.to_ascii_uppercase(), binding, depth)
                }
                Operator::Is => self.is(left, depth),
                Operator::In => {
                    self.at += 1;
                    self.within(left, depth)
                }
                Operator::Between => {
                    self.at += 1;
                    self.between(left, depth)
                }
                Operator::Not => {
                    self.at += 1;
                    let inner = match self.operator(weakest) {
                        Some(Operator::In) => {
                            self.at += 1;
                            self.within(left, depth)
                        }
                        Some(Operator::Between) => {
                            self.at += 1;
                            self.between(left, depth)
                        }
                        Some(Operator::Word(word, binding)) => {
                            self.at += 1;
                            self.operands(left, word.to_ascii_uppercase(), binding, depth)
                        }
                        _ => Expr::Opaque,
                    };
                    Expr::Not(Box::new(inner))
                }
            };
        }
        self.skip_group()
    }

    /// The operator that comes now, where it binds at least as strongly.
    fn operator(&self, weakest: u8) -> Option<Operator<'a>> {
        let found = match self.peek()? {
            Token::Sign(sign) if !matches!(*sign, "," | "." | "::") => {
                Operator::Signs(sign, binding(sign))
            }
            Token::Word(word) => {
                let is_one = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
                if is_one(&["IS", "ISNULL", "NOTNULL"]) {
                    Operator::Is
                } else if is_one(&["IN"]) {
                    Operator::In
                } else if is_one(&["BETWEEN"]) {
                    Operator::Between
                } else if is_one(&["LIKE", "ILIKE", "GLOB", "REGEXP", "RLIKE", "MATCH"]) {
                    Operator::Word(word, COMPARISON)
                } else if is_one(&["DIV", "MOD", "COLLATE"]) {
                    Operator::Word(word, 5)
                } else if is_one(&["NOT"]) {
                    Operator::Not
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        let strength = match found {
            Operator::Signs(_, binding) | Operator::Word(_, binding) => binding,
            _ => COMPARISON,
        };
        (strength >= weakest).then_some(found)
    }

    /// The right side of an operator.
    fn operands(&mut self, left: Expr, operator: String, binding: u8, depth: usize) -> Expr {
        if operator == "COLLATE" {
            // The name of a collation: an index has another one, perhaps.
            self.at += 1;
            return Expr::Opaque;
        }
        for word in ["ANY", "SOME", "ALL"] {
            if self.is_word(word) && matches!(self.peek_at(1), Some(Token::Open('('))) {
                self.at += 2;
                let inside = self.expr(depth + 1);
                let array = self.close(inside);
                return if word == "ALL" {
                    Expr::Opaque
                } else {
                    Expr::AnyOf(operator, Box::new(left), Box::new(array))
                };
            }
        }
        let right = self.binary(binding + 1, depth);
        Expr::Operator(operator, Box::new(left), Box::new(right))
    }

    fn is(&mut self, left: Expr, depth: usize) -> Expr {
        let left = Box::new(left);
        if self.eat_word("ISNULL") {
            return Expr::Is(left, "NULL");
        }
        if self.eat_word("NOTNULL") {
            return Expr::Is(left, "NOT NULL");
        }
        self.at += 1;
        let negated = self.eat_word("NOT");
        for (word, plain, opposite) in [
            ("NULL", "NULL", "NOT NULL"),
            ("TRUE", "TRUE", "NOT TRUE"),
            ("FALSE", "FALSE", "NOT FALSE"),
            ("UNKNOWN", "NULL", "NOT NULL"),
        ] {
            if self.eat_word(word) {
                return Expr::Is(left, if negated { opposite } else { plain });
            }
        }
        // `IS DISTINCT FROM x`, and SQLite's `a IS b`.
        if self.eat_word("DISTINCT") {
            self.eat_word("FROM");
        }
        self.binary(COMPARISON + 1, depth);
        Expr::Opaque
    }

    fn within(&mut self, left: Expr, depth: usize) -> Expr {
        if !self.eat_open('(') {
            return Expr::Opaque;
        }
        let list = self.list(depth);
        if list.contains(&Expr::Opaque) {
            return Expr::Opaque;
        }
        Expr::In(Box::new(left), list)
    }

    fn between(&mut self, left: Expr, depth: usize) -> Expr {
        self.eat_word("SYMMETRIC");
        let low = self.binary(COMPARISON + 1, depth);
        if !self.eat_word("AND") {
            return Expr::Opaque;
        }
        let high = self.binary(COMPARISON + 1, depth);
        // It is needed twice: what is doubled again and again would grow without end.
        if left.walk().nth(MAX_CHAIN).is_some() {
            return Expr::Opaque;
        }
        Expr::And(vec![
            Expr::Operator(">=".to_owned(), Box::new(left.clone()), Box::new(low)),
            Expr::Operator("<=".to_owned(), Box::new(left), Box::new(high)),
        ])
    }

    /// Expressions up to the closing bracket, and behind it. One opaque where they cannot be read.
    pub(super) fn list(&mut self, depth: usize) -> Vec<Expr> {
        let mut items = Vec::new();
        if matches!(self.peek(), Some(Token::Close(_))) {
            self.at += 1;
            return items;
        }
        loop {
            items.push(self.expr(depth + 1));
            if !self.eat_sign(",") {
                break;
            }
        }
        match self.close(Expr::List(items)) {
            Expr::List(items) => items,
            _ => vec![Expr::Opaque],
        }
    }
}

enum Operator<'a> {
    Signs(&'a str, u8),
    Word(&'a str, u8),
    Is,
    In,
    Between,
    Not,
}

fn binding(sign: &str) -> u8 {
    match sign {
        "=" | "<" | ">" | "<=" | ">=" | "<>" | "!=" | "==" | "<=>" => COMPARISON,
        "+" | "-" => 3,
        "*" | "/" | "%" => 4,
        "^" => 5,
        _ => 2,
    }
}
