//! What a plan wants of each table it reads.

use std::collections::{BTreeSet, HashMap};

use silk_core::DatabaseKind;

use super::{
    expression::{Column, Expr, SortKey, Style, expression, sort_keys},
    wants::TableWants,
};
use crate::{Plan, PlanFormat, PlanNode};

/// A plan spends at least this fraction on a table that is worth an index.
const MIN_SHARE: f64 = 0.1;

/// What a PostgreSQL plan wants of the tables on which it spends at least a tenth.
#[must_use]
pub fn wants_of_plan(plan: &Plan) -> Vec<TableWants> {
    let mut wants = wants_of_any(plan);
    wants.retain(|wants| wants.share >= MIN_SHARE && !wants.is_empty());
    wants.sort_by(|a, b| b.share.total_cmp(&a.share));
    wants
}

/// What a PostgreSQL plan wants of each table it reads.
#[must_use]
pub fn wants_of_any(plan: &Plan) -> Vec<TableWants> {
    let style = Style::of(match plan.format {
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
    });
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    let mut reader = Reader::new(&nodes, style);
    for node in &nodes {
        reader.conditions(node);
    }
    reader.orders(&nodes);
    reader.needed(&nodes);
    reader.wants
}

struct Reader<'a> {
    style: Style,
    wants: Vec<TableWants>,
    /// The place in `wants` by what the query calls the table.
    by_alias: HashMap<&'a str, usize>,
    parents: Vec<Option<usize>>,
    shares: Vec<f64>,
}

/// Whether the node reads a table.
fn reads_table(node: &PlanNode) -> bool {
    node.relation.is_some()
        && matches!(
            node.node_type.as_str(),
            "Seq Scan"
                | "Index Scan"
                | "Index Only Scan"
                | "Bitmap Heap Scan"
                | "Sample Scan"
                | "Tid Scan"
                | "Tid Range Scan"
        )
}

impl<'a> Reader<'a> {
    fn new(nodes: &[&'a PlanNode], style: Style) -> Self {
        let mut parents = vec![None; nodes.len()];
        for node in nodes {
            for child in &node.children {
                parents[child.id] = Some(node.id);
            }
        }
        let is_timed = nodes.iter().any(|node| node.derived.share.is_some());
        let shares = nodes
            .iter()
            .map(|node| {
                let derived = &node.derived;
                // Without times and costs, everything may matter.
                let known = if is_timed {
                    derived.share
                } else {
                    derived.cost_share
                };
                known.unwrap_or(if is_timed { 0.0 } else { 1.0 })
            })
            .collect();
        let mut reader = Self {
            style,
            wants: Vec::new(),
            by_alias: HashMap::new(),
            parents,
            shares,
        };
        for node in nodes.iter().filter(|node| reads_table(node)) {
            reader.scan(nodes, node);
        }
        reader
    }

    fn scan(&mut self, nodes: &[&'a PlanNode], node: &'a PlanNode) {
        let Some(table) = node.relation.as_deref() else {
            return;
        };
        let alias = node.alias.as_deref().unwrap_or(table);
        // What was expected of the scan's own index below it belongs to it.
        let below: f64 = node
            .children
            .iter()
            .filter(|child| child.node_type.starts_with("Bitmap"))
            .map(|child| self.shares[child.id])
            .sum();
        let share = self.shares[node.id] + below;
        if let Some(at) = self.by_alias.get(alias) {
            // A partition, or the same table in another branch: the larger part stands for it.
            if self.wants[*at].share >= share {
                return;
            }
        }
        let mut wants = TableWants::of(node.schema.as_deref(), table, alias);
        wants.share = share;
        wants.node = Some(node.id);
        node.title().clone_into(&mut wants.access);
        wants.estimated_rows = node
            .estimate
            .and_then(|estimate| estimate.rows)
            .map(|rows| rows * self.processes(nodes, node));
        wants.discarded = node
            .derived
            .discarded
            .filter(|_| node.derived.loops > Some(0.0));
        wants.is_limited = std::iter::successors(self.parents[node.id], |at| self.parents[*at])
            .take_while(|at| {
                // These read everything before they give anything.
                !matches!(
                    nodes[*at].node_type.as_str(),
                    "Sort" | "Aggregate" | "Hash" | "WindowAgg" | "SetOp" | "Materialize"
                )
            })
            .any(|at| nodes[at].node_type == "Limit");
        match self.by_alias.get(alias) {
            Some(at) => self.wants[*at] = wants,
            None => {
                self.by_alias.insert(alias, self.wants.len());
                self.wants.push(wants);
            }
        }
    }

    /// Processes that the planner shares a scan's rows out to: the one that leads does less the
    /// more there are to look after.
    fn processes(&self, nodes: &[&PlanNode], node: &PlanNode) -> f64 {
        if !node.parallel_aware {
            return 1.0;
        }
        let workers = self
            .above(node.id)
            .find(|at| nodes[*at].node_type.starts_with("Gather"))
            .and_then(|at| nodes[at].counters.workers_planned)
            .unwrap_or(0.0);
        workers.max(0.0) + (1.0 - 0.3 * workers).clamp(0.0, 1.0)
    }

    /// What stands above a node, the nearest first.
    fn above(&self, id: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[id], |at| self.parents[*at])
    }

    /// The fraction of a sort's rows that a limit above it asks for, where all that is between it
    /// and the table goes row by row.
    fn asked(&self, nodes: &[&PlanNode], sort: usize, scan: usize) -> Option<f64> {
        let passes = |at: &usize| {
            matches!(
                nodes[*at].node_type.as_str(),
                "Gather"
                    | "Gather Merge"
                    | "Hash"
                    | "Hash Join"
                    | "Nested Loop"
                    | "Merge Join"
                    | "Materialize"
                    | "Memoize"
                    | "Result"
                    | "Sort"
                    | "Incremental Sort"
            )
        };
        if !self
            .above(scan)
            .take_while(|at| *at != sort)
            .all(|at| passes(&at))
            || !self.above(scan).any(|at| at == sort)
        {
            return None;
        }
        let mut last = sort;
        for at in self.above(sort) {
            match nodes[at].node_type.as_str() {
                "Limit" => {
                    let rows = |at: usize| nodes[at].estimate.and_then(|estimate| estimate.rows);
                    let (own, all) = (rows(at)?, rows(last)?);
                    return (all > 0.0).then(|| (own / all).clamp(0.0, 1.0));
                }
                "Gather Merge" | "Result" => last = at,
                _ => return None,
            }
        }
        None
    }

    /// The place of the table a column is of. A name without a table can only be of `own`, or of
    /// the only one there is.
    fn place(&self, column: &Column, own: Option<usize>) -> Option<usize> {
        match &column.table {
            Some(table) => self.by_alias.get(table.as_str()).copied(),
            None if own.is_some() => own,
            None if self.wants.len() == 1 => Some(0),
            None => None,
        }
    }

    fn conditions(&mut self, node: &PlanNode) {
        let own = if reads_table(node) {
            let alias = node.alias.as_deref().or(node.relation.as_deref());
            alias.and_then(|alias| self.by_alias.get(alias).copied())
        } else {
            None
        };
        for condition in &node.conditions {
            let is_one = matches!(
                condition.kind.as_str(),
                "Filter"
                    | "Index Cond"
                    | "Recheck Cond"
                    | "Hash Cond"
                    | "Merge Cond"
                    | "Join Filter"
            );
            if !is_one || (own.is_none() && node.relation.is_some()) {
                continue;
            }
            let expr = expression(&condition.text, self.style);
            if expr.is_opaque()
                && let Some(own) = own
            {
                self.unreadable(own, &condition.text);
            }
            for part in expr.conjuncts() {
                let mut places: Vec<usize> = part
                    .columns()
                    .filter_map(|column| self.place(column, own))
                    .collect();
                places.sort_unstable();
                places.dedup();
                for place in places {
                    self.wants[place].add(part.clone());
                }
            }
        }
    }

    fn unreadable(&mut self, place: usize, text: &str) {
        let found = &mut self.wants[place].unreadable;
        if found.len() < 4 {
            found.push(text.chars().take(200).collect());
        }
    }

    fn orders(&mut self, nodes: &[&PlanNode]) {
        for node in nodes {
            let kind = match node.node_type.as_str() {
                "Sort" | "Incremental Sort" => "Sort Key",
                "Aggregate" | "Group" => "Group Key",
                _ => continue,
            };
            let keys = match node.condition(kind) {
                Some(text) => sort_keys(text, self.style),
                None => self.extreme(node),
            };
            let Some(first) = keys.first() else {
                continue;
            };
            let Some(place) = self.place_of_key(first) else {
                continue;
            };
            let all = keys.len();
            let keys: Vec<SortKey> = keys
                .into_iter()
                .take_while(|key| self.place_of_key(key) == Some(place))
                .collect();
            let asked = match self.wants[place].node {
                // An index of the table gives the order of its own columns only.
                Some(scan) if kind == "Sort Key" && keys.len() == all => {
                    self.asked(nodes, node.id, scan)
                }
                _ => None,
            };
            let wants = &mut self.wants[place];
            if wants.orders.is_empty() {
                wants.asked = asked;
            }
            // A sort that an index makes needless is the table's expense too.
            wants.share += self.shares[node.id];
            if !wants.orders.contains(&keys) && wants.orders.len() < 3 {
                wants.orders.push(keys);
            }
        }
    }

    /// The only table of a key's columns.
    fn place_of_key(&self, key: &SortKey) -> Option<usize> {
        let mut places = key.expr.columns().map(|column| self.place(column, None));
        let first = places.next()??;
        places.all(|place| place == Some(first)).then_some(first)
    }

    /// `max(created)` is the first row of an order.
    fn extreme(&self, node: &PlanNode) -> Vec<SortKey> {
        if node
            .strategy
            .as_deref()
            .is_some_and(|strategy| strategy != "Plain")
        {
            return Vec::new();
        }
        let mut outputs = node.output.iter();
        let (Some(only), None) = (outputs.next(), outputs.next()) else {
            return Vec::new();
        };
        match expression(only, self.style) {
            Expr::Call(name, mut args)
                if matches!(name.as_str(), "min" | "max") && args.len() == 1 =>
            {
                let descending = name == "max";
                args.pop()
                    .map(|expr| SortKey {
                        expr,
                        descending,
                        nulls_first: None,
                    })
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The columns that are asked of each table: by what is above it, and by its conditions.
    fn needed(&mut self, nodes: &[&PlanNode]) {
        if nodes.iter().all(|node| node.output.is_empty()) {
            return;
        }
        let mut needed: Vec<Option<BTreeSet<String>>> =
            vec![Some(BTreeSet::new()); self.wants.len()];
        let mut note = |place: Option<usize>, column: &Column| {
            if let Some(place) = place
                && let Some(set) = &mut needed[place]
            {
                if column.name == "*" {
                    needed[place] = None;
                } else {
                    set.insert(column.name.clone());
                }
            }
        };
        for node in nodes {
            let is_scan = reads_table(node);
            let own = node
                .alias
                .as_deref()
                .filter(|_| is_scan)
                .and_then(|alias| self.by_alias.get(alias).copied());
            for condition in &node.conditions {
                for column in expression(&condition.text, self.style).columns() {
                    note(self.place(column, own), column);
                }
                for key in sort_keys(&condition.text, self.style) {
                    for column in key.expr.columns() {
                        note(self.place(column, own), column);
                    }
                }
            }
            // A scan below something else gives whole rows where that costs nothing.
            let counts = !is_scan || self.parents[node.id].is_none();
            for text in node.output.iter().filter(|_| counts) {
                let expr = expression(text, self.style);
                if expr.is_opaque() {
                    // Whatever it needs, it is not known.
                    for place in 0..self.wants.len() {
                        let star = Column {
                            table: None,
                            name: "*".to_owned(),
                        };
                        note(Some(place), &star);
                    }
                    continue;
                }
                let is_count = matches!(&expr, Expr::Call(name, _) if name == "count");
                for column in expr
                    .columns()
                    .filter(|column| !(is_count && column.name == "*"))
                {
                    note(self.place(column, own), column);
                }
            }
        }
        for (wants, needed) in self.wants.iter_mut().zip(needed) {
            wants.needed = needed;
        }
    }
}
