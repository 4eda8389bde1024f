//! `EXPLAIN` as text, from psql, a log, a page, a string.

use silk_core::PlanFormat;

use super::lines::{self, property};
use super::title;
use crate::parse::clean::logged_duration;
use crate::parse::json::number;
use crate::parse::tree::TreeBuilder;
use crate::{Jit, Plan, PlanError, PlanNode, Role, Trigger, Worker};

/// Whether a line of the text is a node's line with numbers only PostgreSQL prints.
pub(crate) fn looks_like_text(text: &str) -> bool {
    let numbers = |line: &str| {
        (line.contains("(cost=") && (line.contains(" width=") || line.contains("..")))
            && line.contains("..")
            || line.contains("(actual time=")
                && line.contains(" loops=")
                && !line.trim_start().starts_with("-> ")
    };
    let costs = text.lines().any(|line| numbers(line) && !is_mysql(line));
    // COSTS OFF: a known operator on a line of its own, and below it an arrow or a property.
    costs || {
        let plan = text.split_once("plan:").map_or(text, |(_, after)| after);
        let query = |line: &&str| line.starts_with("Query ") && line.contains(": ");
        let mut lines = plan
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .skip_while(query);
        lines
            .next()
            .is_some_and(|line| title::is_operator(line) && !line.contains(": "))
            && lines.all(|line| {
                line.starts_with("->  ")
                    || line.contains(": ")
                    || is_label(line)
                    || line.ends_with(':')
            })
    }
}

/// MySQL's tree has the same figures, but never a width, and an arrow at the root.
fn is_mysql(line: &str) -> bool {
    !line.contains(" width=")
        && line.trim_start().starts_with("-> ")
        && !line.trim_start().starts_with("->  ")
}

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
}

/// Reads the plan.
pub(crate) fn from_text(text: &str) -> Result<Plan, PlanError> {
    let mut reader = Reader {
        tree: TreeBuilder::default(),
        open: Vec::new(),
        last: None,
        label: None,
        section: Section::Before,
        plan: Plan::around(PlanFormat::PostgresText, PlanNode::default()),
        margin: 0,
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
    plan.root = reader
        .tree
        .finish()
        .into_iter()
        .next()
        .ok_or(PlanError::Missing("no line is an operator of PostgreSQL"))?;
    Ok(plan)
}

impl Reader {
    fn line(&mut self, indent: usize, line: &str) -> Result<(), PlanError> {
        if matches!(self.section, Section::After) {
            if title::is_operator(line) && title::has_numbers(line) {
                self.note_another();
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
                title::numbers(self.tree.node(last), line);
            }
            return Ok(());
        }
        if indent <= self.margin && !line.contains(": ") && title::has_numbers(line) {
            // The next plan, or the next paste.
            self.note_another();
            self.section = Section::After;
            return Ok(());
        }
        if is_label(line) {
            self.label = Some((indent, line.to_owned()));
            return Ok(());
        }
        self.property(indent, line);
        Ok(())
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
        let operator = title::is_operator(bare);
        if operator && (title::has_numbers(bare) || !bare.contains(": ")) {
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
        }
        if let Some(ms) = logged_duration(line) {
            self.plan.execution_ms = Some(ms);
        }
        Ok(())
    }

    fn node(&mut self, indent: usize, line: &str, is_root: bool) -> Result<(), PlanError> {
        let mut node = title::node(line);
        if is_root {
            self.margin = indent;
        }
        // A part's name is set off less than its node, and hangs on what is set off less than the name.
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
            "Nested Loop" | "Hash Join" | "Merge Join" | "Recursive Union" | "SetOp"
                if inputs == 1 =>
            {
                Role::Inner
            }
            "Append" | "Merge Append" | "BitmapAnd" | "BitmapOr" => Role::Member,
            "Subquery Scan" => Role::Subquery,
            _ => Role::Outer,
        }
    }

    fn property(&mut self, indent: usize, line: &str) {
        if let Some(rest) = line.strip_prefix("Worker ") {
            self.worker(indent, rest);
            return;
        }
        if line.starts_with("JIT for worker") {
            self.section = Section::Skipped(indent);
            return;
        }
        let skipped = match self.section {
            Section::Worker(margin) => indent > margin,
            Section::Skipped(margin) if indent > margin => return,
            _ => false,
        };
        if !skipped && matches!(self.section, Section::Worker(_) | Section::Skipped(_)) {
            self.section = Section::Node;
        }
        let Some((key, value)) = line
            .split_once(": ")
            .or_else(|| Some((line.strip_suffix(':')?, "")))
        else {
            return;
        };
        let value = value.trim();
        if self.summary(indent, key, value) {
            return;
        }
        let Some(last) = self.last else { return };
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
            _ => {}
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
                self.plan.settings = super::apply::split_list(value)
                    .into_iter()
                    .filter_map(|setting| {
                        let (name, value) = setting.split_once(" = ")?;
                        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
                    })
                    .collect();
            }
            "Serialization" => {
                self.plan.serialization_ms = title::value_of(value, "time").and_then(number);
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
        let Some(worker_number) = number(worker_number).map(lines::whole) else {
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
                worker.actual = Some(title::actual(actual));
            } else if let Some((key, value)) = what.split_once(": ") {
                worker_property(worker, key, value);
            }
        }
        self.section = Section::Worker(indent);
    }
}

fn worker_property(worker: &mut Worker, key: &str, value: &str) {
    if key == "Sort Method" {
        let mut node = PlanNode::default();
        property(&mut node, key, value);
        worker.sort = node
            .detail(key)
            .map(ToOwned::to_owned)
            .zip(node.counters.sort_space_kb);
        worker.sort_on_disk = node.counters.sort_on_disk == Some(true);
    }
}

/// Whether a line ends before what it opens does: in its numbers, its condition, or at its arrow.
fn is_cut_off(line: &str) -> bool {
    let mut open = 0_usize;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => open += 1,
            (None, ')') => open = open.saturating_sub(1),
            (None, _) => {}
        }
    }
    open > 0 || line.trim() == "->"
}

/// `CTE x`, `InitPlan 1 (returns $0)`, `SubPlan 2`, on a line of their own.
fn is_label(line: &str) -> bool {
    let mut words = line.split(' ');
    match words.next() {
        Some("CTE") => !line.contains(": ") && !title::has_numbers(line),
        Some("InitPlan" | "SubPlan") => {
            words.next().is_some_and(|word| !word.is_empty())
                && !line.contains(": ")
                && !title::has_numbers(line)
        }
        _ => false,
    }
}

/// `Trigger for constraint fk on t`, `Trigger name on t`, `Trigger name`.
fn trigger(key: &str, value: &str) -> Trigger {
    let name = key.strip_prefix("Trigger ").unwrap_or(key);
    let constraint = name.strip_prefix("for constraint ");
    let (name, relation) = match constraint.unwrap_or(name).rsplit_once(" on ") {
        Some((name, relation)) => (name, Some(relation.to_owned())),
        None => (constraint.unwrap_or(name), None),
    };
    Trigger {
        name: name.to_owned(),
        constraint: constraint.map(|_| name.to_owned()),
        relation,
        ms: title::value_of(value, "time").and_then(number),
        calls: title::value_of(value, "calls")
            .and_then(number)
            .unwrap_or(0.0),
    }
}

/// `Functions: 4`, `Timing: Generation 1.0 ms (Deform 0.2 ms), Inlining …, Total 9.0 ms`.
fn jit(jit: &mut Jit, key: &str, value: &str) {
    match key {
        "Functions" => jit.functions = number(value).unwrap_or(0.0),
        "Timing" => {
            for part in value.split(", ") {
                let mut words = part.split(' ');
                let (Some(name), ms) = (words.next(), words.next().and_then(number)) else {
                    continue;
                };
                match name {
                    "Generation" => jit.generation_ms = ms,
                    "Inlining" => jit.inlining_ms = ms,
                    "Optimization" => jit.optimization_ms = ms,
                    "Emission" => jit.emission_ms = ms,
                    "Total" => jit.total_ms = ms,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
