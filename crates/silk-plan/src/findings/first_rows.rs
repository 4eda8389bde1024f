//! All rows read and sorted for the first few of them: what most slow lists come to.

use silk_core::Severity;

use super::facts::{Facts, MIN_TOTAL_MS, count, kind, loops, name, ran, rows};
use super::{IndexSuggestion, PlanFinding, sorted::Sorted};
use crate::advice::{self, Order, SortKey};
use crate::{PlanFormat, PlanNode};

/// Smaller tables are read and sorted in no time.
const MIN_ROWS: f64 = 1_000.0;
/// More than this fraction of the rows is no start of a list.
const MOST_ASKED: f64 = 0.1;
/// Where a filter throws away more than this, its own index matters, and other rules speak.
const MOST_DISCARDED: f64 = 0.8;

/// What the rule says about a node that sorts.
pub(super) fn judge(facts: &Facts<'_>, node: &PlanNode, found: &mut Vec<PlanFinding>) {
    found.extend(
        of(facts, node)
            .filter(|list| list.is_heavy(facts))
            .map(|list| list.finding(facts)),
    );
}

/// Whether the finding about the sort above or beside it covers reading this table.
pub(super) fn explains(facts: &Facts<'_>, scan: &PlanNode) -> bool {
    let Some(parent) = facts.parent(scan) else {
        return false;
    };
    let mut beside = parent.children.iter();
    beside.any(|sort| of(facts, sort).is_some_and(|list| list.scan.id == scan.id))
}

/// A sort for the first rows, with what an index would spare.
struct FirstRows<'a> {
    sort: &'a PlanNode,
    scan: &'a PlanNode,
    /// Rows read each time.
    read: Option<f64>,
    /// Rows sorted each time.
    sorted: Option<f64>,
    /// Rows given each time.
    given: Option<f64>,
    /// Rows given and skipped each time.
    made: Option<f64>,
    index: Option<IndexSuggestion>,
    /// The order in words.
    order: String,
}

fn of<'a>(facts: &Facts<'a>, sort: &'a PlanNode) -> Option<FirstRows<'a>> {
    if !ran(sort) {
        return None;
    }
    let Sorted {
        scan,
        keys,
        order,
        wants,
        limit,
        first,
        is_whole,
    } = Sorted::of(facts, sort)?;
    let is_sqlite = facts.plan.format == PlanFormat::SqliteRows;
    let times = loops(limit.unwrap_or(sort)).max(1.0);
    let read = if is_sqlite {
        let known = &facts.context.table_rows;
        scan.relation
            .as_ref()
            .and_then(|table| known.get(table))
            .copied()
            .filter(|_| is_whole)
    } else {
        Some(facts.read(scan) / times)
    };
    // What is not known to be big is not worth a word, unless the statement takes its time.
    let is_big = read.map_or(facts.context.is_top_statement, |read| read >= MIN_ROWS);
    let discarded = scan.derived.discarded.unwrap_or(0.0);
    if !is_big || discarded >= MOST_DISCARDED {
        return None;
    }
    let kept = facts.kept(scan) / times;
    let input = sort
        .children
        .iter()
        .find(|child| child.role.runs_in_parent())
        .map(|child| facts.kept(child) / times);
    // A join that leaves few of the table's rows finds them better from its other side.
    if input.is_some_and(|input| input < 0.5 * kept) {
        return None;
    }
    let sorted = if is_sqlite {
        read
    } else {
        input.or(Some(kept))
    };
    let given = limit
        .map(|limit| rows(limit) / times)
        .or_else(|| first?.rows)
        .or(facts.context.rows_given.filter(|_| times <= 1.0));
    let made = limit
        .and_then(|limit| {
            let child = limit.children.iter().next()?;
            let made = if facts.plan.analyzed { child } else { limit };
            Some(rows(made) / times)
        })
        .or_else(|| sort.detail("r_limit")?.parse().ok())
        .or_else(|| first?.made())
        .or(given);
    if let (Some(made), Some(sorted)) = (made, sorted)
        && made > MOST_ASKED * sorted
    {
        return None;
    }
    let index = index(facts, scan, &keys, wants.as_ref(), is_whole)?;
    Some(FirstRows {
        sort,
        scan,
        read,
        sorted,
        given,
        made,
        index: index.filter(|_| wants.is_some_and(|wants| wants.is_named)),
        order,
    })
}

/// The index that gives the order; none if no index of one table can, or it is there already.
#[expect(
    clippy::option_option,
    reason = "an index that cannot be named is one all the same"
)]
fn index(
    facts: &Facts<'_>,
    scan: &PlanNode,
    keys: &[SortKey],
    wants: Option<&super::sorted::Wants>,
    is_whole: bool,
) -> Option<Option<IndexSuggestion>> {
    let wants = &wants?.table;
    let has_filter = wants.is_narrowed() || wants.has_unreadable();
    let discarded = scan.derived.discarded;
    let kind = kind(facts.plan);
    let mut order = Order {
        wants,
        kind,
        keys,
        is_narrowed: !is_whole || (has_filter && discarded.is_none_or(|gone| gone > 0.5)),
    };
    let (mut index, begins) = advice::index_for(&order)?;
    if !is_whole {
        // What an index finds by a range is not in the order of another column.
        if begins == 0 || !advice::is_all_equal(&order) {
            return None;
        }
    } else if order.is_narrowed && begins == 0 {
        // How much its condition keeps is not known.
        discarded?;
        order.is_narrowed = false;
        index = advice::index_for(&order)?.0;
    }
    let leads = match index.keys.as_slice() {
        [only] if only.nulls_first.is_none() => only
            .column
            .as_ref()
            .and_then(|column| facts.leads_index(scan, column)),
        _ => None,
    };
    (leads != Some(true)).then(|| Some(IndexSuggestion::of(&index)))
}

impl FirstRows<'_> {
    /// The nodes whose work the index spares.
    fn spared(&self) -> impl Iterator<Item = &PlanNode> {
        let below = self
            .scan
            .preorder()
            .filter(|node| node.id == self.scan.id || node.node_type.starts_with("Bitmap"));
        std::iter::once(self.sort).chain(below)
    }

    /// Fraction of that work that an index spares.
    fn factor(&self) -> f64 {
        match (self.made, self.sorted) {
            (Some(made), Some(sorted)) if sorted > 0.0 => (1.0 - made / sorted).clamp(0.0, 1.0),
            _ => 1.0 - MOST_ASKED,
        }
    }

    fn finding(&self, facts: &Facts<'_>) -> PlanFinding {
        let table = name(self.scan);
        // SQLite's plans have no figures: these are the table's own.
        let figure = |rows| match facts.plan.format {
            PlanFormat::SqliteRows => count(rows),
            _ => facts.about(rows),
        };
        let first = match self.given {
            Some(given) => format!("the first {}", count(given)),
            None => "the first few".to_owned(),
        };
        let all = self
            .read
            .map_or_else(String::new, |rows| format!("{} ", figure(rows)));
        let is_filtered =
            matches!((self.read, self.sorted), (Some(read), Some(sorted)) if sorted < 0.99 * read);
        let title = if is_filtered {
            format!(
                "Reads {all}rows of {table} and sorts {} to give {first}",
                figure(self.sorted.unwrap_or(0.0))
            )
        } else {
            format!("Sorts all {all}rows of {table} to give {first}")
        };
        let own = |node: &PlanNode| node.derived.exclusive_ms.unwrap_or(0.0);
        let ms: f64 = self.spared().map(own).sum();
        let then = match self.made {
            Some(made) => format!(
                "the database then reads the first {} entries in that order and stops",
                count(made)
            ),
            None => "the database then reads the first entries in that order and stops".to_owned(),
        };
        let share = self.share(facts);
        PlanFinding {
            rule: "sorts_all_for_first_rows",
            severity: if share.is_some_and(|share| share >= 0.5) {
                Severity::Critical
            } else {
                Severity::Warning
            },
            node: Some(self.sort.id),
            title: facts.marked(title),
            evidence: if facts.timed {
                format!(
                    "sorted by {}; reading and sorting took {ms:.1} of {:.1} ms",
                    self.order, facts.total_ms
                )
            } else {
                format!("sorted by {}, and no index gives that order", self.order)
            },
            action: match &self.index {
                Some(index) => format!("{}; {then}", index.statement),
                None => format!(
                    "an index on {} of the table called {table}; {then}",
                    self.order
                ),
            },
            unless: "the table is written far more often than this query runs".to_owned(),
            verified: false,
            estimated: !facts.plan.analyzed,
            saves_ms: facts
                .timed
                .then(|| (ms * self.factor()).min(facts.total_ms)),
            share,
            index: self.index.clone(),
        }
    }

    /// The cost of reading and sorting as a fraction of the plan's, as far as its LIMIT lets it
    /// run.
    ///
    /// Own costs add up to more: what stands between sort and LIMIT (a Gather Merge) is costed for
    /// all rows, and passes the first few on.
    fn cost_before_first_row(&self, facts: &Facts<'_>) -> Option<f64> {
        let whole = facts.plan.root.estimate?.total_cost?;
        let input = self.sort.children.iter().next()?.estimate?.total_cost?;
        let sorting = self.sort.estimate?.startup_cost? - input;
        let share = (sorting.max(0.0) + self.scan.estimate?.total_cost?) / whole;
        (share.is_finite() && share > 0.0).then_some(share.min(1.0))
    }

    /// What it would spare, as a fraction of the whole; none if the plan does not tell.
    fn share(&self, facts: &Facts<'_>) -> Option<f64> {
        let of = |node: &PlanNode| {
            let derived = &node.derived;
            if facts.timed {
                derived.share
            } else {
                derived.cost_share
            }
        };
        let known: Vec<f64> = self.spared().filter_map(of).collect();
        let mut sum: f64 = known.iter().sum();
        if !facts.timed {
            sum = sum.max(self.cost_before_first_row(facts).unwrap_or(0.0));
        }
        if !known.is_empty() && sum > 0.0 {
            return Some((sum * self.factor()).clamp(0.0, 1.0));
        }
        // Of one table and a sort, there is nothing else that takes time.
        let mut others = facts.nodes.iter().filter(|node| node.relation.is_some());
        others
            .all(|node| node.id == self.scan.id)
            .then(|| self.factor())
    }

    /// Whether it takes enough of the whole.
    fn is_heavy(&self, facts: &Facts<'_>) -> bool {
        let share = self.share(facts).unwrap_or(1.0);
        share >= if facts.timed { 0.1 } else { 0.2 }
            && (!facts.timed || facts.total_ms >= MIN_TOTAL_MS || facts.context.is_top_statement)
    }
}
