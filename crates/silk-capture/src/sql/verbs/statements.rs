//! The statements of a text, one after another, each by its verb.

use silk_core::DatabaseKind;

use super::{
    Verb,
    pieces::{Piece, Pieces},
};

/// The verbs of a text's statements, in order; empty statements are left out.
pub(super) struct Verbs<'a> {
    pieces: Pieces<'a>,
}

impl<'a> Verbs<'a> {
    pub(super) const fn new(sql: &'a str, kind: DatabaseKind) -> Self {
        Self {
            pieces: Pieces::new(sql, kind),
        }
    }

    /// Reads to the end of the statement.
    pub(super) fn skip_statement(&mut self, is_create: bool) {
        let mut blocks = 0_u32;
        while let Some(piece) = self.pieces.next() {
            match piece {
                Piece::End if blocks == 0 => return,
                // The body of a trigger or routine has semicolons of its own.
                Piece::Word(word) if is_create => {
                    if word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("case") {
                        blocks += 1;
                    } else if word.eq_ignore_ascii_case("end") {
                        blocks = blocks.saturating_sub(1);
                    }
                }
                _ => {}
            }
        }
    }

    /// The verb that common table expressions lead to.
    fn after_with(&mut self) -> Verb {
        let mut depth = 0_u32;
        loop {
            let before = self.pieces.at;
            match self.pieces.next() {
                None => return Verb::Other,
                Some(Piece::End) => {
                    self.pieces.at = before;
                    return Verb::Other;
                }
                Some(Piece::Open) => depth += 1,
                Some(Piece::Close) => depth = depth.saturating_sub(1),
                Some(Piece::Word(word)) if depth == 0 => {
                    let verb = of_word(word);
                    if matches!(verb, Verb::Change | Verb::Read) {
                        return verb;
                    }
                }
                Some(_) => {}
            }
        }
    }
}

fn of_word(word: &str) -> Verb {
    const VERBS: &[(&str, Verb)] = &[
        ("select", Verb::Read),
        ("insert", Verb::Change),
        ("update", Verb::Change),
        ("delete", Verb::Change),
        ("merge", Verb::Change),
        ("replace", Verb::Change),
        ("values", Verb::Read),
        ("table", Verb::Read),
        ("show", Verb::Read),
        ("fetch", Verb::Read),
        ("move", Verb::Move),
        ("explain", Verb::Read),
        ("describe", Verb::Read),
        ("desc", Verb::Read),
        ("pragma", Verb::Read),
        ("begin", Verb::Control),
        ("start", Verb::Control),
        ("savepoint", Verb::Control),
        ("release", Verb::Control),
        ("commit", Verb::Commit),
        ("end", Verb::Commit),
        ("rollback", Verb::Rollback),
        ("abort", Verb::Rollback),
    ];
    VERBS
        .iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map_or(Verb::Other, |(_, verb)| *verb)
}

impl Iterator for Verbs<'_> {
    type Item = Verb;

    fn next(&mut self) -> Option<Verb> {
        let (verb, is_create) = self.head()?;
        self.skip_statement(is_create);
        Some(verb)
    }
}

impl Verbs<'_> {
    /// The verb of the statement that comes now, and whether that is a `CREATE`; the rest of it
    /// stays.
    pub(super) fn head(&mut self) -> Option<(Verb, bool)> {
        let word = loop {
            match self.pieces.next()? {
                Piece::End | Piece::Open | Piece::Close => {}
                Piece::Rest => break "",
                Piece::Word(word) => break word,
            }
        };
        let verb = if word.eq_ignore_ascii_case("with") {
            self.after_with()
        } else {
            of_word(word)
        };
        let verb = match verb {
            // `START TRANSACTION`, not `START SLAVE`.
            Verb::Control if word.eq_ignore_ascii_case("start") => {
                self.if_next("transaction", Verb::Control, Verb::Other)
            }
            // `COMMIT PREPARED` and `ROLLBACK PREPARED` are of another transaction.
            Verb::Commit => self.if_next("prepared", Verb::Other, Verb::Commit),
            Verb::Rollback => self.rollback(),
            verb => verb,
        };
        Some((verb, word.eq_ignore_ascii_case("create")))
    }
}

impl Verbs<'_> {
    /// One verb where the next word is this one, else another; the word is not taken.
    fn if_next(&mut self, next: &str, then: Verb, other: Verb) -> Verb {
        let before = self.pieces.at;
        let piece = self.pieces.next();
        self.pieces.at = before;
        match piece {
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case(next) => then,
            _ => other,
        }
    }

    /// `ROLLBACK [WORK | TRANSACTION] [TO …]`.
    fn rollback(&mut self) -> Verb {
        let before = self.pieces.at;
        let mut verb = Verb::Rollback;
        for _ in 0..2 {
            match self.pieces.next() {
                Some(Piece::Word(word)) if word.eq_ignore_ascii_case("to") => {
                    verb = Verb::RollbackTo;
                }
                Some(Piece::Word(word)) if word.eq_ignore_ascii_case("prepared") => {
                    verb = Verb::Other;
                }
                Some(Piece::Word(_)) => continue,
                _ => {}
            }
            break;
        }
        self.pieces.at = before;
        verb
    }
}
