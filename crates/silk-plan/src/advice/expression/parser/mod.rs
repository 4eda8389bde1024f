//! Reads expressions by precedence, without ever going back: what is not understood is skipped to
//! the end of its brackets, once.

mod operand;

use super::{
    Expr, MAX_CHAIN, MAX_DEPTH, SortKey, Style,
    lexer::{Token, tokens},
};

/// Binding of comparisons; weaker are `AND`, `OR` and `NOT`.
const COMPARISON: u8 = 1;

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
            break;
        }
        keys.push(SortKey {
            expr,
            descending,
            nulls_first,
        });
        parser.eat_sign(",");
    }
    keys
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    style: Style,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, style: Style) -> Self {
        Self {
            tokens: tokens(text, style),
            at: 0,
            style,
        }
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_open(&mut self, bracket: char) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Open(found)) if *found == bracket);
        self.at += usize::from(is_there);
        is_there
    }

    /// Goes to the bracket that closes the one that is open, or to the end; not behind it.
    fn skip_group(&mut self) -> Expr {
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
    fn close(&mut self, expr: Expr) -> Expr {
        let is_closed = matches!(self.peek(), Some(Token::Close(_)));
        if !is_closed {
            self.skip_group();
        }
        self.at += 1;
        if is_closed { expr } else { Expr::Opaque }
    }

    fn expr(&mut self, depth: usize) -> Expr {
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

    fn binary(&mut self, weakest: u8, depth: usize) -> Expr {
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
    fn list(&mut self, depth: usize) -> Vec<Expr> {
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
