//! Values that reach a secret column under a name of their own.
//!
//! Subqueries, CTEs, VALUES, functions in FROM and INSERT give names to what goes into them. A
//! segment that is sensitive makes every such name in it sensitive, a sensitive name all segments
//! that it stands in and all that it was given to. Names are compared as they are written, not
//! by their tables: where this errs, it errs towards taking out too much.

use std::collections::HashMap;

use super::group::Segment;
use crate::Redactor;

/// What a query, or a function that is read from, gives.
#[derive(Default)]
pub(super) struct Output<'a> {
    /// How many columns are known.
    width: usize,
    /// The column from which on all columns of what is read from follow.
    pub(super) star: Option<usize>,
    pub(super) sources: Vec<Source<'a>>,
}

/// What a query reads from.
pub(super) enum Source<'a> {
    Named(&'a str),
    Output(usize),
}

#[derive(Default)]
pub(super) struct Flow<'a> {
    pub(super) outputs: Vec<Output<'a>>,
    /// Segments that a column of an output is made of: output, position, segment.
    parts: Vec<(usize, usize, usize)>,
    /// Names of the columns of an output: output, position, name.
    given: Vec<(usize, usize, &'a str)>,
    relations: HashMap<String, usize>,
    /// Outputs that are rows which are compared.
    rows: Vec<usize>,
}

/// Renames longer than this chain are not followed.
const MAX_PASSES: usize = 24;
/// More relations than this are not read from with a `*`.
const MAX_SOURCES: usize = 16;
/// Positions beyond this are one.
const MAX_COLUMNS: usize = 2_000;

impl<'a> Flow<'a> {
    pub(super) fn open(&mut self) -> usize {
        self.outputs.push(Output::default());
        self.outputs.len() - 1
    }

    /// What rows that are compared have in common, place by place.
    pub(super) fn open_rows(&mut self) -> usize {
        let output = self.open();
        self.rows.push(output);
        output
    }

    /// Says of each place of rows that are compared which column stands there in one of them.
    pub(super) fn name_places(&self, segments: &mut [Segment<'a>]) {
        if self.rows.is_empty() {
            return;
        }
        let mut columns: HashMap<(usize, usize), &'a str> = HashMap::new();
        let is_row = |output: &usize| self.rows.binary_search(output).is_ok();
        for (output, position, segment) in &self.parts {
            if is_row(output)
                && let Some(column) = segments[*segment].column
            {
                columns.entry((*output, *position)).or_insert(column);
            }
        }
        for (output, position, segment) in &self.parts {
            if let Some(column) = columns.get(&(*output, *position)) {
                segments[*segment].column.get_or_insert(column);
            }
        }
    }

    /// Whether no output is known to have more than one column.
    pub(super) fn is_single(&self, output: usize) -> bool {
        let output = &self.outputs[output];
        output.width <= 1 && output.star.is_none()
    }

    /// A segment that column `position` of an output is made of.
    pub(super) fn add(&mut self, output: usize, position: usize, segment: usize) {
        let position = position.min(MAX_COLUMNS);
        let width = &mut self.outputs[output].width;
        *width = (*width).max(position + 1);
        self.parts.push((output, position, segment));
    }

    /// The name that the query itself gives to a column.
    pub(super) fn name(&mut self, output: usize, position: usize, name: &'a str) {
        self.given.push((output, position.min(MAX_COLUMNS), name));
    }

    /// Binds an output to the name of a relation and of its columns.
    pub(super) fn bind(&mut self, output: usize, relation: Option<&str>, columns: &[&'a str]) {
        if let Some(relation) = relation {
            self.relations
                .entry(relation.to_ascii_lowercase())
                .or_insert(output);
        }
        for (position, name) in columns.iter().enumerate() {
            self.given.push((output, position.min(MAX_COLUMNS), name));
        }
    }

    /// Follows secrets through `segments`; `names` are the columns that stand in them.
    pub(super) fn follow(
        mut self,
        segments: &mut [Segment<'a>],
        names: &[(usize, &'a str)],
        redactor: &Redactor,
    ) {
        inherit(segments);
        let given = std::mem::take(&mut self.given);
        if given.is_empty()
            && self.rows.is_empty()
            && self.outputs.iter().all(|output| output.star.is_none())
        {
            return;
        }
        let is_any = segments.iter().any(|segment| segment.is_sensitive)
            || given.iter().any(|(_, _, name)| redactor.is_sensitive(name));
        if !is_any {
            return;
        }
        // Numbers for names.
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut known: Vec<bool> = Vec::new();
        let given: Vec<(usize, usize, usize)> = given
            .iter()
            .map(|(output, position, name)| {
                let number = *numbers
                    .entry(name.to_ascii_lowercase())
                    .or_insert(known.len());
                if number == known.len() {
                    known.push(redactor.is_sensitive(name));
                }
                (*output, *position, number)
            })
            .collect();
        let names: Vec<(usize, usize)> = names
            .iter()
            .filter_map(|(segment, name)| {
                Some((*segment, *numbers.get(&name.to_ascii_lowercase())?))
            })
            .collect();
        let mut columns: Vec<Vec<bool>> = self
            .outputs
            .iter()
            .map(|output| vec![false; output.width.max(1)])
            .collect();
        for (output, position, _) in &given {
            // Functions in FROM have one column for all of their names.
            if !self.is_single(*output) && columns[*output].len() <= *position {
                columns[*output].resize(*position + 1, false);
            }
        }
        for _ in 0..MAX_PASSES {
            let mut is_changed = inherit(segments);
            let mut join = |one: &mut bool, other: &mut bool| {
                if *one != *other {
                    (*one, *other) = (true, true);
                    is_changed = true;
                }
            };
            for (segment, name) in &names {
                join(&mut segments[*segment].is_sensitive, &mut known[*name]);
            }
            for (output, position, name) in &given {
                let of = &mut columns[*output];
                let position = (*position).min(of.len() - 1);
                join(&mut of[position], &mut known[*name]);
            }
            for (output, position, segment) in &self.parts {
                let flag = &mut columns[*output][*position];
                join(&mut segments[*segment].is_sensitive, flag);
            }
            for number in 0..self.outputs.len() {
                is_changed |= self.through_star(number, &mut columns);
            }
            if !is_changed {
                break;
            }
        }
        inherit(segments);
    }

    /// `SELECT *` gives the columns of what it reads from.
    fn through_star(&self, number: usize, columns: &mut [Vec<bool>]) -> bool {
        let output = &self.outputs[number];
        let Some(star) = output.star else {
            return false;
        };
        let sources: Vec<usize> = output
            .sources
            .iter()
            .take(MAX_SOURCES)
            .filter_map(|source| match source {
                Source::Output(source) => Some(*source),
                Source::Named(name) => self.relations.get(&name.to_ascii_lowercase()).copied(),
            })
            .filter(|source| *source != number)
            .collect();
        let mut is_changed = false;
        let is_only = output.sources.len() == 1;
        for source in sources {
            let count = columns[source].len().min(MAX_COLUMNS + 1 - star);
            if columns[number].len() < star + count {
                columns[number].resize(star + count, false);
            }
            // Where the columns of each of several begin is not known.
            let is_any = columns[number][star..].contains(&true);
            for position in 0..count {
                let here = if is_only {
                    columns[number][star + position]
                } else {
                    is_any
                };
                let there = columns[source][position];
                if here && !there {
                    columns[source][position] = true;
                    is_changed = true;
                } else if there && !here && is_only {
                    columns[number][star + position] = true;
                    is_changed = true;
                }
            }
        }
        is_changed
    }
}

/// What stands in a sensitive segment is sensitive, and so is what a sensitive call stands in.
fn inherit(segments: &mut [Segment<'_>]) -> bool {
    let mut is_changed = false;
    // Parents come before their children.
    for index in (0..segments.len()).rev() {
        if segments[index].is_sensitive
            && let Some(around) = segments[index].leaks_to
            && !segments[around].is_sensitive
        {
            segments[around].is_sensitive = true;
            is_changed = true;
        }
    }
    for index in 0..segments.len() {
        if !segments[index].is_sensitive
            && let Some(parent) = segments[index].parent
            && segments[parent].is_sensitive
        {
            segments[index].is_sensitive = true;
            is_changed = true;
        }
    }
    is_changed
}
