//! Names of types behind `::` and in `CAST`.

use super::cursor::Parser;
use crate::advice::expression::lexer::Token;

impl Parser<'_> {
    /// `timestamp(3) with time zone`, `public."Mood"[]`.
    pub(super) fn type_name(&mut self) -> String {
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
