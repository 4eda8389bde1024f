//! How signs are printed: parentheses and the lists in them, dots, operators.

use super::{Piece, Printer};
use crate::{
    DatabaseKind,
    sql::{
        lexer::{Kind, Lexeme},
        operands::expects_operand,
    },
};

impl Printer {
    pub(super) fn sign(&mut self, lexeme: &Lexeme<'_>, all: &[Lexeme<'_>], index: usize) {
        let next = all.get(index + 1);
        let previous = index.checked_sub(1).and_then(|before| all.get(before));
        match lexeme.text {
            "(" | "[" => self.opened(lexeme, previous, next),
            // To SQLite `[` opens a name, so this closes nothing.
            "]" if self.database == DatabaseKind::Sqlite => self.operator("]"),
            ")" | "]" => self.closed(lexeme),
            "," => self.comma(),
            ":" if self.database != DatabaseKind::Postgres => self.operator(":"),
            "." | "::" | ":"
                if matches!(
                    self.before,
                    Piece::Start | Piece::Operator | Piece::Comma | Piece::Glue
                ) =>
            {
                self.operator(lexeme.text);
            }
            // Close behind a variable, MySQL's lexer takes a dot for a part of its name.
            "." if self.database == DatabaseKind::MySql
                && previous.is_some_and(|previous| previous.text.starts_with('@')) =>
            {
                self.operator(".");
            }
            // A dot behind a value is an access in PostgreSQL (`$1.x`) and nonsense elsewhere.
            "." if self.before == Piece::Value && self.database != DatabaseKind::Postgres => {
                self.operator(".");
            }
            "." | "::" | ":" => {
                self.is_member =
                    lexeme.text == "." && matches!(self.before, Piece::Name | Piece::Keyword);
                self.out.push_str(lexeme.text);
                self.before = Piece::Glue;
            }
            ";" => {
                self.part_from_hash();
                self.out.push(';');
                self.before = Piece::End;
            }
            "-" | "+"
                if next.is_some_and(|next| next.kind == Kind::Number)
                    && match self.before {
                        Piece::Open | Piece::Comma | Piece::Operator | Piece::Start => true,
                        Piece::Keyword | Piece::Name => {
                            index > 0 && expects_operand(all, index - 1)
                        }
                        _ => false,
                    } =>
            {
                // The sign of a number is part of it.
            }
            // All columns of a table.
            "*" if self.before == Piece::Glue && self.is_member => {
                self.out.push('*');
                self.before = Piece::Name;
            }
            // jsonb has an operator that looks like a placeholder: it is one in our print.
            "?" => self.value(),
            text => self.operator(text),
        }
    }

    fn opened(
        &mut self,
        lexeme: &Lexeme<'_>,
        previous: Option<&Lexeme<'_>>,
        next: Option<&Lexeme<'_>>,
    ) {
        self.space(Piece::Open);
        self.out.push_str(lexeme.text);
        self.before = Piece::Open;
        let is_query = next.is_some_and(|next| next.is_any_word(&["SELECT", "WITH", "VALUES"]));
        let is_row = self.groups.last().is_some_and(|group| group.is_rows);
        let is_list = !is_query
            && previous.is_some_and(|previous| {
                if lexeme.text == "(" {
                    previous.is_word("IN")
                } else {
                    previous.is_word("ARRAY")
                }
            });
        let length = self.out.len();
        self.open(is_list, false, is_list || is_row, length);
    }

    fn closed(&mut self, lexeme: &Lexeme<'_>) {
        // Rows end with the parenthesis around them.
        while self.groups.last().is_some_and(|group| group.is_rows) {
            self.groups.pop();
        }
        if let Some(mut group) = self.groups.pop() {
            self.end_element(&mut group);
        }
        self.space(Piece::Close);
        self.part_from_hash();
        self.out.push_str(lexeme.text);
        self.before = Piece::Close;
        self.end_row();
    }

    fn comma(&mut self) {
        if let Some(mut group) = self.groups.pop() {
            if !group.is_rows {
                self.end_element(&mut group);
            }
            group.cut = self.out.len();
            self.groups.push(group);
        }
        self.part_from_hash();
        self.out.push(',');
        self.before = Piece::Comma;
    }
}
