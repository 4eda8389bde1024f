//! What stands between operators: literals, columns, calls, casts.

use super::cursor::{MAX_CHAIN, MAX_DEPTH, Parser};
use crate::advice::expression::{
    lexer::Token,
    tree::{Column, Expr},
};

impl<'a> Parser<'a> {
    pub(super) fn signed(&mut self, depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return self.skip_group();
        }
        if let Some(Token::Sign(sign)) = self.peek()
            && matches!(*sign, "-" | "+" | "~" | "@" | "!" | "*")
        {
            let sign = (*sign).to_owned();
            self.at += 1;
            if sign == "*" {
                return Expr::Column(Column {
                    table: None,
                    name: sign,
                });
            }
            return Expr::Sign(sign, Box::new(self.signed(depth + 1)));
        }
        let mut expr = self.primary(depth);
        for _ in 0..MAX_CHAIN {
            if self.eat_sign("::") {
                let name = self.type_name();
                expr = Expr::Cast(Box::new(expr), name);
            } else if self.eat_open('[') {
                self.list(depth);
                expr = Expr::Opaque;
            } else if matches!(self.peek(), Some(Token::Sign("."))) {
                // A field of something: `(composite).field`.
                self.at += 2;
                expr = Expr::Opaque;
            } else {
                return expr;
            }
        }
        self.skip_group()
    }

    fn primary(&mut self, depth: usize) -> Expr {
        let Some(token) = self.peek().cloned() else {
            return Expr::Opaque;
        };
        match token {
            Token::Close(_) => return Expr::Opaque,
            Token::Sign(",") => return Expr::Opaque,
            _ => self.at += 1,
        }
        match token {
            Token::Literal(text) => Expr::Literal(text.to_owned()),
            Token::Param(text) => Expr::Param(text.to_owned()),
            Token::Open('(') => {
                let mut items = self.list(depth);
                if items.len() == 1 {
                    items.pop().unwrap_or(Expr::Opaque)
                } else {
                    Expr::List(items)
                }
            }
            Token::Open(_) => {
                self.list(depth);
                Expr::Opaque
            }
            Token::Name(name) => self.name(name, true, depth),
            Token::Word(word) => self.word(word, depth),
            Token::Sign(_) | Token::Close(_) | Token::Unknown => Expr::Opaque,
        }
    }

    fn word(&mut self, word: &'a str, depth: usize) -> Expr {
        let upper = word.to_ascii_uppercase();
        match upper.as_str() {
            "NULL" | "TRUE" | "FALSE" => return Expr::Literal(word.to_owned()),
            "CASE" => return self.case(),
            "SELECT" | "WITH" | "HASHED" | "SUBPLAN" | "ALTERNATIVES" | "INITPLAN" | "VALUES" => {
                return self.skip_group();
            }
            "EXISTS" => {
                if self.eat_open('(') {
                    self.list(depth);
                }
                return Expr::Opaque;
            }
            "ARRAY" if self.eat_open('[') => return Expr::List(self.list(depth)),
            "ROW" if self.eat_open('(') => return Expr::List(self.list(depth)),
            "CAST" if self.eat_open('(') => return self.cast(depth),
            "CURRENT_DATE" | "CURRENT_TIME" | "CURRENT_TIMESTAMP" | "LOCALTIME"
            | "LOCALTIMESTAMP" => return Expr::Call(word.to_owned(), Vec::new()),
            "INTERVAL" | "DATE" | "TIME" | "TIMESTAMP" => {
                if let Some(Token::Literal(text)) = self.peek() {
                    let text = (*text).to_owned();
                    self.at += 1;
                    return Expr::Literal(format!("{word} {text}"));
                }
            }
            _ => {}
        }
        self.name(word.to_owned(), false, depth)
    }

    /// A column or a call; its first name is read already.
    fn name(&mut self, first: String, is_quoted: bool, depth: usize) -> Expr {
        let style = self.style;
        let fold = |name: String, is_quoted: bool| {
            if style.folds_names && !is_quoted {
                name.to_lowercase()
            } else {
                name
            }
        };
        let mut names = vec![fold(first, is_quoted)];
        while matches!(self.peek(), Some(Token::Sign("."))) {
            let next = match self.peek_at(1) {
                Some(Token::Word(word)) => fold((*word).to_owned(), false),
                Some(Token::Name(name)) => name.clone(),
                Some(Token::Sign("*")) => "*".to_owned(),
                _ => break,
            };
            self.at += 2;
            names.push(next);
            if names.len() > 4 {
                return self.skip_group();
            }
        }
        if self.eat_open('(') {
            // `count(DISTINCT x)` and the like are no matter of indexes.
            let args = self.list(depth);
            return if args.contains(&Expr::Opaque) && args.len() == 1 {
                Expr::Opaque
            } else {
                Expr::Call(names.join("."), args)
            };
        }
        let name = names.pop().unwrap_or_default();
        Expr::Column(Column {
            table: names.pop(),
            name,
        })
    }

    fn cast(&mut self, depth: usize) -> Expr {
        let inside = self.expr(depth + 1);
        let cast = if self.eat_word("AS") {
            let name = self.type_name();
            Expr::Cast(Box::new(inside), name)
        } else {
            Expr::Opaque
        };
        self.close(cast)
    }

    /// Goes behind the `END` that belongs to it.
    fn case(&mut self) -> Expr {
        let mut open = 1_usize;
        let mut brackets = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Word(word) if word.eq_ignore_ascii_case("CASE") => open += 1,
                Token::Word(word) if word.eq_ignore_ascii_case("END") => open -= 1,
                Token::Open(_) => brackets += 1,
                Token::Close(_) if brackets == 0 => return Expr::Opaque,
                Token::Close(_) => brackets -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        Expr::Opaque
    }
}
