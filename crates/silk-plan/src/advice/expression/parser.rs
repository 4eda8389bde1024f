//! Reads expressions by precedence, without ever going back: what is not understood is skipped to
//! the end of its brackets, once.

use super::{
    Column, Expr, MAX_CHAIN, MAX_DEPTH, SortKey, Style,
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
        if list.iter().any(|item| *item == Expr::Opaque) {
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

    fn signed(&mut self, depth: usize) -> Expr {
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

    /// A column or a call, of which the first name is read.
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

    /// `timestamp(3) with time zone`, `public."Mood"[]`.
    fn type_name(&mut self) -> String {
        let mut name = String::new();
        let push = |name: &mut String, part: &str| {
            if !name.is_empty() && !name.ends_with('.') {
                name.push(' ');
            }
            name.push_str(part);
        };
        match self.peek() {
            Some(Token::Word(word)) => push(&mut name, &word.to_lowercase()),
            Some(Token::Name(word)) => {
                name = format!("\"{}\"", word.replace('"', "\"\""));
            }
            _ => return name,
        }
        self.at += 1;
        for _ in 0..8 {
            match self.peek() {
                Some(Token::Sign(".")) => {
                    name.push('.');
                    self.at += 1;
                    match self.peek() {
                        Some(Token::Word(word)) => name.push_str(&word.to_lowercase()),
                        Some(Token::Name(word)) => {
                            name.push('"');
                            name.push_str(&word.replace('"', "\"\""));
                            name.push('"');
                        }
                        _ => return name,
                    }
                    self.at += 1;
                }
                Some(Token::Open('(')) if matches!(self.peek_at(1), Some(Token::Literal(_))) => {
                    self.at += 1;
                    let mut figures = Vec::new();
                    while let Some(Token::Literal(figure)) = self.peek() {
                        figures.push((*figure).to_owned());
                        self.at += 1;
                        self.eat_sign(",");
                    }
                    if matches!(self.peek(), Some(Token::Close(')'))) {
                        self.at += 1;
                    }
                    name.push('(');
                    name.push_str(&figures.join(","));
                    name.push(')');
                }
                Some(Token::Open('[')) if matches!(self.peek_at(1), Some(Token::Close(']'))) => {
                    self.at += 2;
                    name.push_str("[]");
                }
                Some(Token::Word(word))
                    if [
                        "precision",
                        "varying",
                        "with",
                        "without",
                        "time",
                        "zone",
                        "unsigned",
                    ]
                    .iter()
                    .any(|more| word.eq_ignore_ascii_case(more)) =>
                {
                    push(&mut name, &word.to_lowercase());
                    self.at += 1;
                }
                _ => break,
            }
        }
        name
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
