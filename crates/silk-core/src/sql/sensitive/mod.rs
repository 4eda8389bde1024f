//! Which literals and placeholders meet a column of a sensitive name.
//!
//! The text is cut into segments: what stands between clause words, AND, OR and the commas of
//! lists. A segment that names a sensitive column is sensitive with all that is nested in it
//! (`password = crypt('x', gen_salt('bf'))`); one within a call or a row makes the segment around
//! it sensitive too (`crypt('x', password) = …`). Values that are inserted are matched with their
//! columns by position. What gets a name of its own on the way is followed through it ([`flow`]),
//! and what a settings table says is a secret is one ([`settings`]). Where this errs, it errs
//! towards taking out too much.

mod accounts;
mod arrays;
mod flow;
mod group;
mod lists;
mod names;
mod parentheses;
mod procedures;
mod rows;
mod secret_words;
pub(super) mod settings;
mod walk;

use self::{
    flow::Flow,
    group::{Group, GroupKind, Segment},
    rows::Rows,
    settings::Links,
};
use super::{
    lexer::{Kind, Lexeme},
    structure::positions,
};
use crate::Redactor;

/// Groups nested deeper than this are not kept apart.
const MAX_DEPTH: usize = 200;

/// What is secret in a text.
pub(super) struct Found {
    /// Of each significant lexeme, whether it is a value of a sensitive column.
    pub(super) flags: Vec<bool>,
    /// Which bound values are secrets where another bound value says so.
    pub(super) links: Links,
}

/// Looks for the values of sensitive columns among the significant lexemes.
pub(super) fn sensitive(lexemes: &[Lexeme<'_>], redactor: &Redactor) -> Found {
    let root = Segment {
        parent: None,
        is_sensitive: false,
        leaks_to: None,
        scope: 0,
        role: group::Role::Other,
        column: None,
        key: None,
    };
    let mut walk = Walk {
        lexemes,
        redactor,
        segments: vec![root],
        groups: vec![Group::new(GroupKind::Query, None, 0)],
        of: Vec::with_capacity(lexemes.len()),
        bases: Vec::new(),
        scopes: vec![0],
        names: Vec::new(),
        flow: Flow::default(),
        tables: Vec::new(),
        skip_to: 0,
        list: None,
        rows: Rows::default(),
        has_between: false,
        paths: Vec::new(),
    };
    let output = walk.flow.open();
    walk.group().output = Some(output);
    for index in 0..lexemes.len() {
        walk.step(index);
    }
    walk.finish()
}

struct Walk<'l, 'a> {
    lexemes: &'l [Lexeme<'a>],
    redactor: &'l Redactor,
    segments: Vec<Segment<'a>>,
    groups: Vec<Group<'a>>,
    /// Of each lexeme, its segment.
    of: Vec<usize>,
    /// Of each placeholder in order, its lexeme, the segment it counts for, and whether it stands
    /// where the name of a value may.
    bases: Vec<(usize, usize, bool)>,
    /// Of each scope, the one that a row of it stands in.
    scopes: Vec<usize>,
    /// Columns that are named, and in which segment.
    names: Vec<(usize, &'a str)>,
    flow: Flow<'a>,
    /// Tables that are named so far: they say what a column such as `code` holds.
    tables: Vec<&'a str>,
    /// Lexemes before this one are dealt with.
    skip_to: usize,
    /// The last list of the columns of a CTE: where it closes, and its names.
    list: Option<(usize, Vec<&'a str>)>,
    /// Rows that are compared.
    rows: Rows,
    has_between: bool,
    /// Texts that are names, in segments whose values are secrets.
    paths: Vec<usize>,
}

impl<'a> Walk<'_, 'a> {
    fn at(&self, index: usize) -> Option<&Lexeme<'a>> {
        self.lexemes.get(index)
    }

    fn before(&self, index: usize) -> Option<&Lexeme<'a>> {
        index
            .checked_sub(1)
            .and_then(|index| self.lexemes.get(index))
    }

    fn group(&mut self) -> &mut Group<'a> {
        // The group of the statement is never closed.
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    /// The query that the present group stands in.
    fn query(&mut self) -> &mut Group<'a> {
        let last = self
            .groups
            .iter()
            .rposition(|group| group.kind == GroupKind::Query)
            .unwrap_or(0);
        &mut self.groups[last]
    }

    fn step(&mut self, index: usize) {
        let lexeme = self.lexemes[index];
        if index >= self.skip_to {
            match lexeme.kind {
                Kind::Word => self.word(index, &lexeme),
                Kind::Quoted => self.name(index, &lexeme),
                Kind::Text => self.text(index, &lexeme),
                Kind::Punctuation => self.sign(index, &lexeme),
                Kind::Placeholder => {
                    // `EXEC p @password = 'x'`
                    let is_told = self.at(index + 1).is_some_and(|next| next.is_sign("="))
                        && self
                            .at(index + 2)
                            .is_some_and(|value| value.kind == Kind::Text)
                        && lexeme.text.len() > 1
                        && self.redactor.is_sensitive(&lexeme.text[1..]);
                    if is_told {
                        self.mark();
                    }
                    let base = self.group().base;
                    let is_path = self.is_path(index);
                    self.bases.push((index, base, is_path));
                }
                _ => {}
            }
        }
        let segment = self.group().segment;
        self.of.push(segment);
    }

    /// Starts a segment in the present group.
    fn cut(&mut self, is_sensitive: bool) {
        let (parent, scope, role) = {
            let group = self.group();
            (group.around, group.scope, group.role)
        };
        self.segments.push(Segment {
            parent,
            is_sensitive,
            leaks_to: None,
            scope,
            role,
            column: None,
            key: None,
        });
        let segment = self.segments.len() - 1;
        let group = self.group();
        group.segment = segment;
        group.base = segment;
        self.has_between = false;
    }

    fn mark(&mut self) {
        let segment = self.group().segment;
        self.segments[segment].is_sensitive = true;
        self.group().has_name = true;
    }

    /// A new scope; that of a row belongs to the one around.
    fn scope(&mut self, is_row: bool) -> usize {
        let around = self.group().scope;
        let scope = self.scopes.len();
        self.scopes.push(if is_row { around } else { scope });
        scope
    }

    fn finish(mut self) -> Found {
        self.end_item(self.lexemes.len());
        while self.groups.len() > 1 {
            self.close(self.lexemes.len());
        }
        self.flow.name_places(&mut self.segments);
        settings::mark(&mut self.segments, &self.scopes);
        let links = self.links();
        let flow = std::mem::take(&mut self.flow);
        flow.follow(&mut self.segments, &self.names, self.redactor);
        let flags = self
            .lexemes
            .iter()
            .enumerate()
            .map(|(index, lexeme)| {
                let is_value = matches!(
                    lexeme.kind,
                    Kind::Text | Kind::Number | Kind::Placeholder | Kind::Quoted
                );
                // `:password` says on its own what is bound to it.
                let is_named = lexeme.kind == Kind::Placeholder
                    && lexeme.text.len() > 1
                    && self.redactor.is_sensitive(&lexeme.text[1..]);
                let is_name = self.paths.binary_search(&index).is_ok();
                is_value && !is_name && (is_named || self.segments[self.of[index]].is_sensitive)
            })
            .collect();
        Found { flags, links }
    }

    /// What bound values say of each other.
    fn links(&self) -> Links {
        let mut links = Links::default();
        if self.bases.len() < 2 {
            return links;
        }
        let mut has_path = false;
        let places = positions(self.lexemes);
        for ((_, base, is_path), (_, place)) in self.bases.iter().zip(&places) {
            let segment = &self.segments[*base];
            links.add(segment, self.scopes[segment.scope], *place);
            has_path |= is_path;
        }
        if has_path {
            // Calls and paths: each segment is a scope of its own, beyond all others.
            let named: std::collections::HashSet<usize> = self
                .bases
                .iter()
                .filter(|(_, _, is_path)| *is_path)
                .map(|(_, base, _)| *base)
                .collect();
            for ((_, base, is_path), (_, place)) in self.bases.iter().zip(&places) {
                if named.contains(base) {
                    links.add_path(self.scopes.len() + base, *place, *is_path);
                }
            }
        }
        links.finish()
    }
}
