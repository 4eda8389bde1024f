//! Rows and entries that a plan of SQLite reads: it has no costs to compare.

use silk_plan::{Plan, PlanNode, advice::IndexFacts};

use super::{
    shadow::on_trial,
    table::{Table, Tested},
};

/// Rows of a table nothing is known of.
const UNKNOWN_ROWS: f64 = 10_000.0;
/// Fraction of the rows a range keeps.
const RANGE: f64 = 0.25;
/// Going to the table for a row costs so many entries read one after the other.
const VISIT: f64 = 3.0;
/// Reading an entry of an index, as a fraction of reading a row.
const ENTRY: f64 = 0.6;
/// Rows that a query with a limit asks for.
const LIMIT: f64 = 100.0;

pub(super) struct Model<'a> {
    tables: &'a [Table],
    trials: &'a [&'a Tested],
}

impl<'a> Model<'a> {
    pub(super) const fn new(tables: &'a [Table], trials: &'a [&'a Tested]) -> Self {
        Self { tables, trials }
    }

    /// Rows and entries the plan reads.
    pub(super) fn rows_read(&self, plan: &Plan) -> f64 {
        let sorts = plan
            .nodes()
            .any(|node| node.node_type.starts_with("USE TEMP B-TREE"));
        self.level(std::slice::from_ref(&plan.root), sorts).0
    }

    /// Scans beside each other are loops within each other; what is read, and rows given.
    fn level(&self, nodes: &[PlanNode], sorts: bool) -> (f64, f64) {
        let mut sum = 0.0;
        let mut repeats = 1.0_f64;
        let mut given = 0.0;
        for node in nodes {
            let is_either = node.node_type == "MULTI-INDEX OR";
            match node.node_type.as_str() {
                "SCAN" | "SEARCH" => {
                    let referring = self.referring(node).filter(|_| given > 0.0);
                    let table = referring.or_else(|| self.table(node));
                    // A limit stops the outermost loop; those within run to their end each time.
                    let goes_on = sorts || given > 0.0;
                    let (read, rows) = self.scan(node, table, goes_on);
                    sum += read * repeats;
                    // What refers to a row is looked for once for each, and gives none.
                    if referring.is_none() {
                        repeats = (repeats * rows.max(1.0)).min(1e12);
                        given = repeats;
                    }
                }
                _ if is_either => {
                    let (mut read, mut rows) = (0.0, 0.0);
                    for side in &node.children {
                        let (side_read, side_rows) = self.level(&side.children, sorts);
                        read += side_read;
                        rows += side_rows;
                    }
                    sum += read * repeats;
                    repeats = (repeats * f64::max(rows, 1.0)).min(1e12);
                    given = repeats;
                }
                kind if kind.starts_with("USE TEMP B-TREE") => {
                    let rows: f64 = given;
                    sum += rows * rows.max(2.0).log2() / 4.0;
                }
                _ => {}
            }
            if !is_either {
                let (below, _) = self.level(&node.children, sorts);
                sum += below * if given > 0.0 { repeats } else { 1.0 };
            }
        }
        (sum, given)
    }

    /// Entries and rows read by one run of a scan, and rows it gives.
    fn scan(&self, node: &PlanNode, table: Option<&Table>, goes_on: bool) -> (f64, f64) {
        let all = table
            .and_then(|table| table.facts.rows)
            .unwrap_or(UNKNOWN_ROWS);
        let Some(table) = table else {
            return (all, all);
        };
        let wants = &table.wants;
        let index = node.index.as_deref();
        let mut trials = (0..).zip(self.trials);
        let trial = trials.find(|(at, _)| index == Some(&*on_trial(*at)));
        let held = match (trial, index) {
            (Some((_, trial)), _) => trial.held,
            (None, Some(name)) => table.held.get(name).copied().unwrap_or(1.0),
            (None, None) => 1.0,
        };
        let covers = node.detail("Covering index").is_some();
        let is_automatic = node.detail("Automatic index").is_some();
        let visit = if covers || index.is_none() {
            1.0
        } else {
            VISIT
        };
        let matched = match node.condition("Index Cond") {
            Some(text) => all * held * Self::searched(text, table, index),
            // The smallest or largest, at one end of the index.
            None if index.is_some() && node.node_type == "SEARCH" => 1.0,
            None => all * held,
        };
        let matched = matched.max(1.0);
        let mut read = match (node.node_type.as_str(), index) {
            // Built for this one run.
            _ if is_automatic => all * 4.0,
            // By the rowid it goes to the row itself, and not by way of an index.
            ("SEARCH", None) => matched + 2.0,
            ("SEARCH", Some(_)) => matched * visit + 5.0,
            // An entry is shorter than a row.
            ("SCAN", Some(_)) if covers => matched * ENTRY,
            ("SCAN", Some(_)) => matched * visit,
            _ => all,
        };
        // Ordered as asked, it stops when it has enough.
        if wants.is_limited && !goes_on {
            let searched = matched / all.max(1.0);
            let kept = (wanted_fraction(table) / searched).min(1.0);
            let asked = LIMIT / kept.max(1.0 / all.max(1.0));
            read = read.min(asked * visit + 5.0);
        }
        (read, (matched * wanted_fraction(table)).max(1.0))
    }

    /// The table, where it is searched for rows that refer to others.
    fn referring(&self, node: &PlanNode) -> Option<&'a Table> {
        let name = node.relation.as_deref()?;
        self.tables.iter().find(|table| {
            table.wants.reference.is_some() && table.facts.name.eq_ignore_ascii_case(name)
        })
    }

    fn table(&self, node: &PlanNode) -> Option<&'a Table> {
        let named = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let name = node.relation.as_deref()?;
        let own = || {
            let tables = self.tables.iter();
            tables.filter(|table| table.wants.reference.is_none())
        };
        own()
            .find(|table| {
                named(&table.wants.alias, name)
                    || node
                        .alias
                        .as_deref()
                        .is_some_and(|alias| named(&table.wants.alias, alias))
            })
            .or_else(|| {
                own()
                    .chain(self.tables)
                    .find(|table| named(&table.facts.name, name))
            })
    }

    /// The fraction of an index's entries that `a=? AND b>?` keeps.
    fn searched(condition: &str, table: &Table, index: Option<&str>) -> f64 {
        let facts = &table.facts;
        let rows = facts.rows.unwrap_or(UNKNOWN_ROWS).max(1.0);
        let mut kept = 1.0_f64;
        let mut equal = 0;
        let mut ranges: Vec<&str> = Vec::new();
        for part in condition.split(" AND ") {
            let Some(at) = part.find(['=', '<', '>']) else {
                continue;
            };
            let column = part[..at].trim().trim_matches(['"', '(']);
            let sampled = table.by_column.get(&column.to_ascii_lowercase()).copied();
            if part[at..].starts_with('=') {
                equal += 1;
                kept *= sampled.unwrap_or_else(|| {
                    let known = facts.column(column).and_then(|column| column.distinct);
                    let distinct = match known {
                        Some(distinct) => distinct,
                        None if column == "rowid" => rows,
                        None => rows / 4.0,
                    };
                    // `IS NULL` is an equality, too.
                    let nulls = facts.column(column).and_then(|column| column.null_fraction);
                    let nulls = nulls.filter(|_| table.wants.looks_for_null(column));
                    f64::max(1.0 / distinct.max(1.0), nulls.unwrap_or(0.0))
                });
            } else if !ranges.contains(&column) {
                ranges.push(column);
                kept *= sampled.unwrap_or(RANGE);
            }
        }
        let unique = index.and_then(|name| facts.indexes.iter().find(|known| known.name == name));
        let is_whole_key = |index: &IndexFacts| index.is_unique && index.keys.len() <= equal;
        if unique.is_some_and(is_whole_key) {
            return 1.0 / rows;
        }
        kept
    }
}

/// The fraction of rows that all conditions on a table keep, roughly.
fn wanted_fraction(table: &Table) -> f64 {
    table
        .candidates
        .iter()
        .filter(|tested| tested.candidate.is_partial())
        .map(|tested| tested.held)
        .fold(table.kept, f64::min)
}
