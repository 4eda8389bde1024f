//! From SQL to the shape of it.

mod setting;
mod sign;

use std::collections::HashSet;

use self::setting::Setting;
use super::{
    fingerprint::hash,
    keywords::is_reserved,
    lexer::{Kind, Lexeme},
    operands::{is_constant, is_function, may_be_text},
    structure::{is_values, names_command},
};
use crate::DatabaseKind;

/// Deeper lists than this are not folded, so that hostile nesting stays linear.
const MAX_FOLDED_DEPTH: usize = 32;

/// The normalised text of significant lexemes. `as_text` tells of a quoted identifier whether it
/// stands for a string (SQLite takes `"x"` as one where no column has that name).
pub(super) fn normalize(
    lexemes: &[Lexeme<'_>],
    database: DatabaseKind,
    as_text: &dyn Fn(&Lexeme<'_>) -> bool,
) -> String {
    let end = lexemes
        .iter()
        .rposition(|lexeme| !lexeme.is_sign(";"))
        .map_or(0, |last| last + 1);
    let mut printer = Printer {
        database,
        out: String::new(),
        before: Piece::Start,
        groups: Vec::new(),
        is_member: false,
        folds_constants: false,
        setting: Setting::None,
    };
    let lexemes = &lexemes[..end];
    for (index, lexeme) in lexemes.iter().enumerate() {
        let text = as_text(lexeme);
        if printer.starts_statement(index, lexemes) {
            printer.folds_constants = names_command(&lexemes[index..]);
            printer.setting = Setting::at(lexeme);
        }
        if printer.is_setting(lexeme, lexemes, index) {
            continue;
        }
        printer.push(lexeme, lexemes, index, text);
    }
    printer.out
}

/// What was printed last: what spacing depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Start,
    Keyword,
    Name,
    Value,
    Operator,
    Open,
    Close,
    Comma,
    /// `.`, `::` and `:` stick to both sides.
    Glue,
    End,
}

/// An open parenthesis or bracket, or the rows behind VALUES.
struct Group {
    /// Whether equal elements of it are written once.
    is_folded: bool,
    is_rows: bool,
    /// Whether constants such as NULL are written as `?`, as any other value of a list.
    has_plain_constants: bool,
    seen: HashSet<u64>,
    /// Where the present element starts in the output, and where the output is cut if it is
    /// another of the same.
    element: usize,
    cut: usize,
}

struct Printer {
    database: DatabaseKind,
    out: String,
    before: Piece,
    groups: Vec<Group>,
    /// Whether the last dot stands behind a name.
    is_member: bool,
    /// Whether NULL, TRUE and FALSE are values of the present statement, not options of it.
    folds_constants: bool,
    setting: Setting,
}

impl Printer {
    fn starts_statement(&self, index: usize, all: &[Lexeme<'_>]) -> bool {
        index == 0
            || (self.groups.is_empty()
                && index
                    .checked_sub(1)
                    .and_then(|before| all.get(before))
                    .is_some_and(|before| before.is_sign(";")))
    }

    fn push(&mut self, lexeme: &Lexeme<'_>, all: &[Lexeme<'_>], index: usize, is_text: bool) {
        self.leave_rows(lexeme);
        match lexeme.kind {
            // Strings behind each other are one.
            Kind::Text
                if self.before == Piece::Value
                    && self.database != DatabaseKind::Sqlite
                    && index
                        .checked_sub(1)
                        .and_then(|before| all.get(before))
                        .is_some_and(|before| before.kind == Kind::Text) => {}
            Kind::Text | Kind::Number | Kind::Placeholder => self.value(),
            Kind::Quoted if is_text || self.is_string(all, index) => self.value(),
            Kind::Quoted => {
                self.space(Piece::Name);
                push_quoted(&mut self.out, lexeme.text, self.database);
                self.before = Piece::Name;
            }
            Kind::Word => self.word(lexeme, all, index),
            Kind::Punctuation => self.sign(lexeme, all, index),
            Kind::Comment | Kind::Space | Kind::Unread => {}
        }
    }

    /// Whether a quoted name is a string for all we know.
    fn is_string(&self, all: &[Lexeme<'_>], index: usize) -> bool {
        let is_element = matches!(self.before, Piece::Open | Piece::Comma)
            && self
                .groups
                .last()
                .is_some_and(|group| group.has_plain_constants);
        self.database == DatabaseKind::Unknown && may_be_text(all, index, is_element)
    }

    fn value(&mut self) {
        self.space(Piece::Value);
        self.out.push('?');
        self.before = Piece::Value;
    }

    fn word(&mut self, lexeme: &Lexeme<'_>, all: &[Lexeme<'_>], index: usize) {
        let is_alone = || {
            matches!(self.before, Piece::Open | Piece::Comma)
                && all
                    .get(index + 1)
                    .is_none_or(|next| next.is_sign(",") || next.is_sign(")"))
                && self
                    .groups
                    .last()
                    .is_some_and(|group| group.has_plain_constants)
        };
        let is_value = (self.folds_constants && is_constant(all, index))
            || (lexeme.is_any_word(&["NULL", "TRUE", "FALSE", "DEFAULT"]) && is_alone());
        if is_value {
            self.value();
            return;
        }
        let is_values = is_values(all, index);
        let piece = if lexeme.is_reserved || is_values {
            Piece::Keyword
        } else {
            Piece::Name
        };
        self.space(piece);
        if self.before == Piece::Glue
            && !self.is_member
            && lexeme
                .text
                .starts_with(|first: char| first == '_' || first.is_ascii_digit())
        {
            // The tokenizer refuses `._` unless a name stands before it, and reads `.1a` as a
            // number.
            self.out.push(' ');
        }
        if is_values {
            // MySQL knows it as VALUE too.
            self.out.push_str("VALUES");
        } else if lexeme.is_reserved {
            self.out.extend(
                lexeme
                    .text
                    .chars()
                    .map(|letter| letter.to_ascii_uppercase()),
            );
        } else if lexeme.text == "\\N" {
            // MySQL's other word for NULL; `\n` is none.
            self.out.push_str(lexeme.text);
        } else if self.database == DatabaseKind::MySql && !is_function(all, index) {
            // Names of tables may differ by case there, those of functions do not.
            self.out.push_str(lexeme.text);
        } else {
            self.out.extend(
                lexeme
                    .text
                    .chars()
                    .map(|letter| letter.to_ascii_lowercase()),
            );
        }
        self.before = piece;
        if is_values {
            let length = self.out.len();
            self.open(true, true, true, length);
        }
    }

    /// A `#` takes whatever stands close behind it for its name where the database is not known.
    fn part_from_hash(&mut self) {
        if self.out.ends_with('#') {
            self.out.push(' ');
        }
    }

    fn operator(&mut self, text: &str) {
        self.space(Piece::Operator);
        if self.before == Piece::Glue {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.before = Piece::Operator;
    }

    fn open(&mut self, is_folded: bool, is_rows: bool, has_plain_constants: bool, element: usize) {
        let is_folded = is_folded && self.groups.len() < MAX_FOLDED_DEPTH;
        self.groups.push(Group {
            is_folded,
            is_rows,
            has_plain_constants,
            seen: HashSet::new(),
            element,
            cut: element,
        });
    }

    /// Ends an element of a folded list: drops it if an equal one was written before.
    fn end_element(&mut self, group: &mut Group) {
        if !group.is_folded {
            return;
        }
        let element = self.out.get(group.cut..).unwrap_or_default();
        let element = element.trim_start_matches([',', ' ']);
        let is_new = group.seen.insert(hash(element.as_bytes()));
        if !is_new && group.cut > group.element {
            self.out.truncate(group.cut);
        }
    }

    /// Ends a row of VALUES.
    fn end_row(&mut self) {
        let Some(mut group) = self.groups.pop() else {
            return;
        };
        if group.is_rows {
            self.end_element(&mut group);
        }
        self.groups.push(group);
    }

    /// Rows are over when neither a row nor a comma follows.
    fn leave_rows(&mut self, lexeme: &Lexeme<'_>) {
        if self.groups.last().is_some_and(|group| group.is_rows)
            && !lexeme.is_sign("(")
            && !lexeme.is_sign(",")
            && !lexeme.is_sign(")")
        {
            self.groups.pop();
        }
    }

    fn space(&mut self, next: Piece) {
        let is_tight = matches!(self.before, Piece::Start | Piece::Open | Piece::Glue)
            || next == Piece::Close
            || (next == Piece::Open && self.before == Piece::Name);
        if !is_tight {
            self.out.push(' ');
        }
    }
}

/// A quoted identifier as the database sees it: without quotes where that is the same name.
fn push_quoted(out: &mut String, quoted: &str, database: DatabaseKind) {
    let inner = quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default();
    let folds_case = matches!(database, DatabaseKind::Sqlite);
    let keeps_case = database == DatabaseKind::MySql;
    let is_simple = inner.bytes().enumerate().all(|(index, byte)| match byte {
        b'a'..=b'z' => true,
        b'A'..=b'Z' => folds_case || keeps_case,
        // A name that starts with `_` after a dot does not always tokenize.
        b'0'..=b'9' | b'_' => index > 0,
        _ => false,
    }) && !inner.is_empty()
        && !is_reserved(inner);
    if !is_simple {
        out.push_str(quoted);
    } else if folds_case {
        out.extend(inner.chars().map(|letter| letter.to_ascii_lowercase()));
    } else {
        out.push_str(inner);
    }
}
