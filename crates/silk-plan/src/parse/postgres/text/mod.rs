//! `EXPLAIN` as text, from psql, a log, a page, a string.

mod beside;
mod changed;
mod detect;
mod statement;
mod wrapped;

use silk_core::PlanFormat;

use super::figures::{self, has_numbers, value_of, whole};
use super::lines::{self, property, worker_property};
use super::operators::is_operator;
use super::properties::split_list;
use super::{title, writes};
use crate::parse::clean::logged_duration;
use crate::parse::json::number;
use crate::parse::left_out::LeftOut;
use crate::parse::tree::TreeBuilder;
use crate::{Plan, PlanError, PlanNode, Role, Worker};
use beside::{jit, trigger};
use changed::{are_joined, changed};
use detect::{Opened, is_bare_root, is_cut_off, is_label, is_target, opened};

use statement::{is_sql, statement};

pub(crate) use detect::looks_like_text;

/// What the lines being read belong to.
enum Section {
    /// Nothing yet; log lines and prompts are passed over.
    Before,
    /// The node read last.
    Node,
    /// A worker of the node read last; lines set off further than this.
    Worker(usize),
    /// `JIT:` of the whole plan.
    Jit,
    /// `JIT for worker 0:` within a node, until a line set off no further than this.
    Skipped(usize),
    /// `Planning:` and its buffers.
    Planning,
    /// The SQL that auto_explain prints first.
    Query,
    /// Below the end of the plan.
    After,
}

struct Reader {
    tree: TreeBuilder,
    /// The nodes whose children may still come, with how far they are set off.
    open: Vec<(usize, usize)>,
    last: Option<usize>,
    label: Option<(usize, String)>,
    section: Section,
    plan: Plan,
    /// How far the root is set off.
    margin: usize,
    /// Whether nodes have figures: a line without any is then no root.
    has_figures: bool,
    /// Lines that nothing was taken from.
    left_out: LeftOut,
    /// The worker whose compilation the lines describe.
    compiling: Option<u32>,
    /// Nodes below the root that are set off no further than it.
    flat: usize,
}

/// Reads the plan.
pub(crate) fn from_text(text: &str) -> Result<Plan, PlanError> {
    let whole = wrapped::joined(text);
    let text = whole.as_deref().unwrap_or(text);
    let mut reader = Reader {
        tree: TreeBuilder::default(),
        open: Vec::new(),
        last: None,
        label: None,
        section: Section::Before,
        plan: Plan::around(PlanFormat::PostgresText, PlanNode::default()),
        margin: 0,
        has_figures: text.lines().any(has_numbers),
        left_out: LeftOut::default(),
        compiling: None,
        flat: 0,
    };
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if !trimmed.is_empty() {
            reader.line(indent, trimmed)?;
        }
    }
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    let is_ended = matches!(reader.section, Section::After);
    let mut plan = reader.plan;
    if !is_ended && last.is_some_and(is_cut_off) {
        plan.notes
            .push("the text is cut off: the rest of the plan is missing".to_owned());
    }
    plan.notes.extend(reader.left_out.note());
    plan.root = reader
        .tree
        .finish()
        .into_iter()
        .next()
        .ok_or(PlanError::Missing("no line is an operator of PostgreSQL"))?;
    writes::name_inputs(&mut plan.root);
    Ok(plan)
}

impl Reader {
    fn line(&mut self, indent: usize, line: &str) -> Result<(), PlanError> {
        if matches!(self.section, Section::After) {
            if is_operator(line) && has_numbers(line) {
                self.note_another();
            } else if self.plan.notes.is_empty() {
                self.left_out.add(line);
            }
            return Ok(());
        }
        if self.tree.len() == 0 {
            return self.before(indent, line);
        }
        if let Some(rest) = line.strip_prefix("->") {
            return self.node(indent, rest.trim_start(), false);
        }
        // A node's numbers that a terminal or a page put on a line of their own.
        if line.starts_with("(cost=")
            || line.starts_with("(actual ")
            || line.starts_with("(never executed)")
        {
            if let Some(last) = self.last {
                figures::numbers(self.tree.node(last), line);
            }
            return Ok(());
        }
        if indent <= self.margin && !line.contains(": ") && has_numbers(line) {
            if !line.starts_with(char::is_alphabetic) {
                return Err(changed("a plan in a frame that is not known"));
            }
            // The next plan, or the next paste.
            self.note_another();
            self.section = Section::After;
            return Ok(());
        }
        if is_target(line)
            && let Some(last) = self.last
            && self.tree.node(last).node_type == "ModifyTable"
        {
            let target = line.split_once(" on ").map_or(line, |(_, target)| target);
            let details = &mut self.tree.node(last).details;
            details.push(("Target Table".to_owned(), target.to_owned()));
            return Ok(());
        }
        if is_label(line) {
            self.label = Some((indent, line.to_owned()));
            return Ok(());
        }
        self.property(indent, line)
    }

    fn note_another(&mut self) {
        let note = "more than one plan was given; this is the first";
        if self.plan.notes.is_empty() {
            self.plan.notes.push(note.to_owned());
        }
    }

    /// A line before the first node.
    fn before(&mut self, indent: usize, line: &str) -> Result<(), PlanError> {
        let bare = line.strip_prefix("->").map_or(line, str::trim_start);
        let is_root = if self.has_figures {
            // Forks have operators of their own, recognised by their figures.
            has_numbers(bare) && bare.starts_with(char::is_alphabetic)
        } else {
            is_bare_root(bare)
        };
        if is_root && (is_operator(bare) || !is_sql(line)) {
            return self.node(indent, bare, true);
        }
        if let Some(query) = line.strip_prefix("Query Text: ") {
            self.plan.query_text = Some(query.to_owned());
            self.section = Section::Query;
        } else if let Some(values) = line.strip_prefix("Query Parameters: ") {
            self.plan.query_parameters = Some(values.to_owned());
        } else if matches!(self.section, Section::Query)
            && let Some(query) = &mut self.plan.query_text
        {
            query.push('\n');
            query.push_str(line);
        } else if let Some(sql) = statement(line) {
            // The statement that was explained, as it was typed.
            self.plan.query_text = Some(sql.to_owned());
            self.section = Section::Query;
        }
        if let Some(ms) = logged_duration(line) {
            self.plan.execution_ms = Some(ms);
        }
        Ok(())
    }

    fn node(&mut self, indent: usize, line: &str, is_root: bool) -> Result<(), PlanError> {
        if are_joined(line) {
            return Err(changed("a plan whose lines were joined to one"));
        }
        if let Some(behind) = figures::behind(line) {
            self.left_out.add(behind);
        }
        let mut node = title::node(line);
        if is_root {
            self.margin = indent;
        } else if indent <= self.margin {
            // One such node can only hang on the root.
            self.flat += 1;
            if self.flat > 1 {
                return Err(changed("a plan whose indentation is lost"));
            }
        }
        // A part's name is set off less than its node, and hangs on what is set off less than itself.
        let label = self.label.take();
        let level = label.as_ref().map_or(indent, |(indent, _)| *indent);
        while self.open.len() > 1 && self.open.last().is_some_and(|(open, _)| *open >= level) {
            self.open.pop();
        }
        let parent = self.open.last().map(|(_, place)| *place);
        if let Some((_, name)) = label {
            node.role = match name.split(' ').next() {
                Some("CTE") => Role::Cte,
                Some("InitPlan") => Role::InitPlan,
                _ => Role::SubPlan,
            };
            node.subplan = Some(name);
        } else if let Some(parent) = parent {
            node.role = self.role_below(parent);
        }
        let place = self.tree.add(parent, node)?;
        self.open.push((indent, place));
        self.last = Some(place);
        self.section = Section::Node;
        Ok(())
    }

    /// What the next unnamed child is to this node: the text does not say it.
    fn role_below(&mut self, parent: usize) -> Role {
        let inputs = self.tree.inputs(parent);
        match self.tree.node(parent).node_type.as_str() {
            // From 18 on a SetOp reads two inputs itself.
            "Recursive Union" | "SetOp" if inputs == 1 => Role::Inner,
            kind if inputs == 1 && (kind.contains("Nested Loop") || kind.contains("Join")) => {
                Role::Inner
            }
            "Append" | "Merge Append" | "BitmapAnd" | "BitmapOr" => Role::Member,
            "Subquery Scan" => Role::Subquery,
            _ => Role::Outer,
        }
    }

    fn property(&mut self, indent: usize, line: &str) -> Result<(), PlanError> {
        if let Some(rest) = line.strip_prefix("Worker ") {
            self.worker(indent, rest);
            return Ok(());
        }
        if let Some(number) = line.strip_prefix("JIT for worker ") {
            self.section = Section::Skipped(indent);
            self.compiling = number.trim_end_matches(':').parse().ok();
            return Ok(());
        }
        let skipped = match self.section {
            Section::Worker(margin) => indent > margin,
            Section::Skipped(margin) if indent > margin => {
                self.compiled(line);
                return Ok(());
            }
            _ => false,
        };
        if !skipped && matches!(self.section, Section::Worker(_) | Section::Skipped(_)) {
            self.section = Section::Node;
        }
        let Some((key, value)) = line
            .split_once(": ")
            .or_else(|| Some((line.strip_suffix(':')?, "")))
        else {
            // A node that is left out would take what hangs on it along.
            if has_numbers(line) {
                return Err(changed("a plan in a frame that is not known"));
            }
            self.left_out.add(line);
            return Ok(());
        };
        let value = value.trim();
        if self.summary(indent, key, value) {
            return Ok(());
        }
        let Some(last) = self.last else { return Ok(()) };
        match self.section {
            Section::Worker(_) => {
                if let Some(worker) = self.tree.node(last).workers.last_mut() {
                    worker_property(worker, key, value);
                }
            }
            Section::Node => property(self.tree.node(last), key, value),
            Section::Jit => jit(self.plan.jit.get_or_insert_default(), key, value),
            Section::Planning if key == "Buffers" => {
                lines::buffers(&mut self.plan.planning_buffers, value);
            }
            // How much the planner took is of no node.
            Section::Planning if key == "Memory" => {}
            _ => self.left_out.add(&format!("{key}: {value}")),
        }
        Ok(())
    }

    /// `Timing: …, Total 9.0 ms` of the worker named above it.
    fn compiled(&mut self, line: &str) {
        let (Some(of), Some(last)) = (self.compiling, self.last) else {
            return;
        };
        let Some(total) = line
            .rsplit_once("Total ")
            .and_then(|(_, total)| number(total.split(' ').next()?))
        else {
            return;
        };
        let workers = &mut self.tree.node(last).workers;
        match workers.iter_mut().find(|worker| worker.number == of) {
            Some(worker) => worker.jit_ms = Some(total),
            None => workers.push(Worker {
                number: of,
                jit_ms: Some(total),
                ..Worker::default()
            }),
        }
    }

    /// Lines about the whole plan; false where it is none.
    fn summary(&mut self, indent: usize, key: &str, value: &str) -> bool {
        let ms = || number(value.split(' ').next()?);
        match key {
            "Planning Time" | "Planning time" => self.plan.planning_ms = ms(),
            "Execution Time" | "Execution time" | "Total runtime" => {
                self.plan.execution_ms = ms();
                self.section = Section::After;
            }
            "Planning" if value.is_empty() => self.section = Section::Planning,
            "JIT" if value.is_empty() => {
                // With VERBOSE a worker's own compilation stands within a node.
                self.section = if indent <= self.margin {
                    Section::Jit
                } else {
                    Section::Skipped(indent)
                };
            }
            "Settings" if indent <= self.margin => {
                self.plan.settings = split_list(value)
                    .into_iter()
                    .filter_map(|setting| {
                        let (name, value) = setting.split_once(" = ")?;
                        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
                    })
                    .collect();
            }
            "Serialization" => {
                self.plan.serialization_ms = value_of(value, "time").and_then(number);
            }
            "Query Identifier" => {}
            _ if key.starts_with("Trigger ") => self.plan.triggers.push(trigger(key, value)),
            _ => return false,
        }
        true
    }

    /// `0:  actual time=… rows=… loops=…`, or a property of the worker in the same line.
    fn worker(&mut self, indent: usize, rest: &str) {
        let (Some((worker_number, what)), Some(last)) = (rest.split_once(':'), self.last) else {
            return;
        };
        let Some(worker_number) = number(worker_number).map(whole) else {
            return;
        };
        let workers = &mut self.tree.node(last).workers;
        if workers
            .last()
            .is_none_or(|worker| worker.number != worker_number)
        {
            workers.push(Worker {
                number: worker_number,
                ..Worker::default()
            });
        }
        let what = what.trim();
        if let Some(worker) = workers.last_mut() {
            if let Some(actual) = what.strip_prefix("actual ") {
                worker.actual = Some(figures::actual(actual));
            } else if let Some((key, value)) = what.split_once(": ") {
                worker_property(worker, key, value);
            }
        }
        self.section = Section::Worker(indent);
    }
}
