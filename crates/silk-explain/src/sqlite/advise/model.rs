//! Rows and entries that a plan of SQLite reads: it has no costs to compare.

use silk_plan::{
    Plan, PlanNode,
    advice::{IndexFacts, TableFacts},
};

use super::table::{ON_TRIAL, Table, Tested};

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
    trial: Option<&'a Tested>,
}

impl<'a> Model<'a> {
    pub(super) const fn new(tables: &'a [Table], trial: Option<&'a Tested>) -> Self {
        Self { tables, trial }
    }

    /// Rows and entries the plan reads.
    pub(super) fn rows_read(&self, plan: &Plan) -> f64 {
        let sorts = plan
            .nodes()
            .any(|node| node.node_type.starts_with("USE TEMP B-TREE"));
        self.level(std::slice::from_ref(&plan.root), sorts)
    }

    /// Scans beside each other are loops within each other.
    fn level(&self, nodes: &[PlanNode], sorts: bool) -> f64 {
        let mut sum = 0.0;
        let mut repeats = 1.0_f64;
        let mut given = 0.0;
        for node in nodes {
            match node.node_type.as_str() {
                "SCAN" | "SEARCH" => {
                    let (read, rows) = self.scan(node, sorts);
                    sum += read * repeats;
                    repeats = (repeats * rows.max(1.0)).min(1e12);
                    given = repeats;
                }
                kind if kind.starts_with("USE TEMP B-TREE") => {
                    let rows: f64 = given;
                    sum += rows * rows.max(2.0).log2() / 4.0;
                }
                _ => {}
            }
            sum += self.level(&node.children, sorts) * if given > 0.0 { repeats } else { 1.0 };
        }
        sum
    }

    /// Entries and rows read by one run of a scan, and rows it gives.
    fn scan(&self, node: &PlanNode, sorts: bool) -> (f64, f64) {
        let table = self.table(node);
        let all = table
            .and_then(|table| table.facts.rows)
            .unwrap_or(UNKNOWN_ROWS);
        let Some(table) = table else {
            return (all, all);
        };
        let (facts, wants) = (&table.facts, &table.wants);
        let index = node.index.as_deref();
        let is_trial = index == Some(ON_TRIAL);
        let held = match self.trial {
            Some(trial) if is_trial => trial.held,
            _ => 1.0,
        };
        let covers = node.detail("Covering index").is_some();
        let is_automatic = node.detail("Automatic index").is_some();
        let visit = if covers || index.is_none() {
            1.0
        } else {
            VISIT
        };
        let matched = match node.condition("Index Cond") {
            Some(text) => all * held * self.kept(text, facts, index),
            // The smallest or largest, at one end of the index.
            None if index.is_some() && node.node_type == "SEARCH" => 1.0,
            None => all * held,
        };
        let matched = matched.max(1.0);
        let mut read = match (node.node_type.as_str(), index) {
            // Built for this one run.
            _ if is_automatic => all * 4.0,
            ("SEARCH", _) => matched * visit + 5.0,
            // An entry is shorter than a row.
            ("SCAN", Some(_)) if covers => matched * ENTRY,
            ("SCAN", Some(_)) => matched * visit,
            _ => all,
        };
        // Ordered as asked, it stops when it has enough.
        if wants.is_limited && !sorts {
            let searched = matched / all.max(1.0);
            let kept = (wanted_fraction(table) / searched).min(1.0);
            let asked = LIMIT / kept.max(1.0 / all.max(1.0));
            read = read.min(asked * visit + 5.0);
        }
        (read, (matched * wanted_fraction(table)).max(1.0))
    }

    fn table(&self, node: &PlanNode) -> Option<&'a Table> {
        let named = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let name = node.relation.as_deref()?;
        self.tables
            .iter()
            .find(|table| {
                named(&table.wants.alias, name)
                    || node
                        .alias
                        .as_deref()
                        .is_some_and(|alias| named(&table.wants.alias, alias))
            })
            .or_else(|| {
                self.tables
                    .iter()
                    .find(|table| named(&table.facts.name, name))
            })
    }

    /// The fraction of an index's entries that `a=? AND b>?` keeps.
    fn kept(&self, condition: &str, facts: &TableFacts, index: Option<&str>) -> f64 {
        let mut kept = 1.0_f64;
        let mut ranges = 0;
        let unique = index.and_then(|name| facts.indexes.iter().find(|known| known.name == name));
        let mut equal = 0;
        for part in condition.split(" AND ") {
            if let Some((column, _)) = part.split_once("=?") {
                equal += 1;
                let column = column.trim().trim_matches('"');
                let distinct = facts
                    .column(column)
                    .and_then(|column| column.distinct)
                    .unwrap_or_else(|| {
                        if column == "rowid" {
                            facts.rows.unwrap_or(UNKNOWN_ROWS)
                        } else {
                            facts.rows.unwrap_or(UNKNOWN_ROWS) / 4.0
                        }
                    });
                kept /= distinct.max(1.0);
            } else if part.contains('>') || part.contains('<') {
                ranges += 1;
            }
        }
        if ranges > 0 {
            kept *= RANGE;
        }
        let is_whole_key = |index: &IndexFacts| index.is_unique && index.keys.len() <= equal;
        if unique.is_some_and(is_whole_key) {
            return 1.0 / facts.rows.unwrap_or(UNKNOWN_ROWS).max(1.0);
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
        .fold(1.0, f64::min)
}
