//! The timeline of a request: spans as a tree, queries where they ran, waits hatched, transactions
//! as brackets with their idle gaps.
//!
//! Executions of one statement that follow each other share a row; where there are very many, a
//! row is drawn as its density, so that 10,000 queries weigh no more than a hundred.

mod draw;
mod queries;
mod ticks;
pub(crate) mod transaction;

pub(crate) use queries::{holder_name, short_name};

use std::collections::HashMap;

use silk_core::{QueryRecord, RequestDetail, RequestTimes};

use crate::draw::format::Markup;

/// Rows beyond which executions of a statement share one row per parent, consecutive or not.
const MAX_RUNS: usize = 40;
/// Rows of queries drawn at most: those with the most time in them.
const MAX_ROWS: usize = 60;
/// Spans and transactions drawn at most.
const MAX_SPANS: usize = 100;
/// Waits that get a row each.
const MAX_WAITS: usize = 5;

/// A drawn timeline.
pub(crate) struct Timeline {
    /// The rows.
    pub(crate) rows: Markup,
    /// Labels of the axis, evenly spaced from start to end.
    pub(crate) axis: Vec<String>,
    /// Rows and spans left out.
    pub(crate) not_drawn: usize,
}

/// What a row stands for; indices into the detail.
#[derive(Debug, PartialEq)]
enum Kind {
    Span(usize),
    Transaction(usize),
    Waits(Vec<usize>),
    Queries(Vec<usize>),
}

#[derive(Debug)]
struct Node {
    started_us: u64,
    kind: Kind,
    children: Vec<usize>,
}

/// Draws the timeline of a request with these times; `here` is the address of its page.
pub(crate) fn timeline(detail: &RequestDetail, times: &RequestTimes, here: &str) -> Timeline {
    // A time that no request can take comes from a broken record; drawing it must not overflow.
    let whole_us = end_us(detail).max(times.total_us).clamp(1, 1 << 53);
    let tree = Tree::grow(detail);
    let axis = (0..=4)
        .map(|quarter| crate::draw::format::duration(whole_us * quarter / 4))
        .collect();
    Timeline {
        rows: draw::rows(&tree, detail, times, whole_us, here),
        axis,
        not_drawn: tree.not_drawn,
    }
}

fn end_us(detail: &RequestDetail) -> u64 {
    let queries = detail
        .queries
        .iter()
        .map(|q| q.started_us.saturating_add(q.duration_us));
    let spans = detail
        .spans
        .iter()
        .map(|s| s.started_us.saturating_add(s.duration_us));
    queries.chain(spans).max().unwrap_or(0)
}

#[derive(Debug, Default)]
struct Tree {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    not_drawn: usize,
}

impl Tree {
    fn grow(detail: &RequestDetail) -> Self {
        let mut tree = Self::default();
        let spans = tree.add_spans(detail);
        let transactions = tree.add_transactions(detail, &spans);
        tree.add_waits(detail);
        tree.add_queries(detail, &spans, &transactions);
        tree.sort();
        tree
    }

    fn add(&mut self, parent: Option<usize>, started_us: u64, kind: Kind) -> usize {
        let at = self.nodes.len();
        self.nodes.push(Node {
            started_us,
            kind,
            children: Vec::new(),
        });
        match parent {
            Some(parent) => self.nodes[parent].children.push(at),
            None => self.roots.push(at),
        }
        at
    }

    /// Node of each span; of one that is not drawn, the node of the span around it.
    fn add_spans(&mut self, detail: &RequestDetail) -> Vec<Option<usize>> {
        let mut places: Vec<Option<usize>> = Vec::with_capacity(detail.spans.len());
        for (at, span) in detail.spans.iter().enumerate() {
            // Parents stand before children; anything else would be a loop, and is a root.
            let parent = index(span.parent)
                .filter(|parent| *parent < at)
                .and_then(|parent| places[parent]);
            if at < MAX_SPANS {
                places.push(Some(self.add(parent, span.started_us, Kind::Span(at))));
            } else {
                self.not_drawn += 1;
                places.push(parent);
            }
        }
        places
    }

    fn add_transactions(
        &mut self,
        detail: &RequestDetail,
        spans: &[Option<usize>],
    ) -> Vec<Option<usize>> {
        let mut first_query: HashMap<usize, &QueryRecord> = HashMap::new();
        for query in &detail.queries {
            if let Some(transaction) = index(query.transaction) {
                first_query.entry(transaction).or_insert(query);
            }
        }
        let mut places: Vec<Option<usize>> = Vec::new();
        for (at, transaction) in detail.transactions.iter().enumerate() {
            let around = detail.transactions[..at].iter().rposition(|other| {
                other.depth + 1 == transaction.depth
                    && other.started_us <= transaction.started_us
                    && transaction.started_us <= other.started_us.saturating_add(other.duration_us)
            });
            let parent = around.and_then(|around| places[around]).or_else(|| {
                let query = first_query.get(&at)?;
                place(spans, query.span)
            });
            if at < MAX_SPANS {
                places.push(Some(self.add(
                    parent,
                    transaction.started_us,
                    Kind::Transaction(at),
                )));
            } else {
                self.not_drawn += 1;
                places.push(parent);
            }
        }
        places
    }

    fn add_waits(&mut self, detail: &RequestDetail) {
        if detail.waits.len() > MAX_WAITS {
            let all = (0..detail.waits.len()).collect();
            let started_us = detail
                .waits
                .iter()
                .map(|wait| wait.started_us)
                .min()
                .unwrap_or(0);
            self.add(None, started_us, Kind::Waits(all));
        } else {
            for (at, wait) in detail.waits.iter().enumerate() {
                self.add(None, wait.started_us, Kind::Waits(vec![at]));
            }
        }
    }

    fn add_queries(
        &mut self,
        detail: &RequestDetail,
        spans: &[Option<usize>],
        transactions: &[Option<usize>],
    ) {
        let parent_of = |query: &QueryRecord| {
            place(transactions, query.transaction).or_else(|| place(spans, query.span))
        };
        let mut runs = runs(&detail.queries, parent_of, true);
        if runs.len() > MAX_RUNS {
            runs = self::runs(&detail.queries, parent_of, false);
        }
        if runs.len() > MAX_ROWS {
            let time = |run: &(Option<usize>, Vec<usize>)| -> u64 {
                run.1.iter().map(|at| detail.queries[*at].duration_us).sum()
            };
            runs.sort_by_key(|run| std::cmp::Reverse(time(run)));
            self.not_drawn += runs.len() - MAX_ROWS;
            runs.truncate(MAX_ROWS);
        }
        for (parent, queries) in runs {
            let started_us = detail.queries[queries[0]].started_us;
            self.add(parent, started_us, Kind::Queries(queries));
        }
    }

    fn sort(&mut self) {
        let starts: Vec<_> = self.nodes.iter().map(|node| node.started_us).collect();
        self.roots.sort_by_key(|at| starts[*at]);
        for node in &mut self.nodes {
            node.children.sort_by_key(|at| starts[*at]);
        }
    }
}

/// Queries that share a row: same parent, text and call site, and (if `consecutive`) no other
/// query of that parent between them.
fn runs(
    queries: &[QueryRecord],
    parent_of: impl Fn(&QueryRecord) -> Option<usize>,
    consecutive: bool,
) -> Vec<(Option<usize>, Vec<usize>)> {
    type Key = (Option<usize>, u32, Option<u32>);
    let mut runs: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
    let mut open: HashMap<Key, usize> = HashMap::new();
    let mut last: HashMap<Option<usize>, Key> = HashMap::new();
    for (at, query) in queries.iter().enumerate() {
        let parent = parent_of(query);
        let key = (parent, query.text, query.call_site);
        let before = last.insert(parent, key);
        match open.get(&key) {
            Some(run) if !consecutive || before == Some(key) => runs[*run].1.push(at),
            _ => {
                open.insert(key, runs.len());
                runs.push((parent, vec![at]));
            }
        }
    }
    runs
}

fn index(at: Option<u32>) -> Option<usize> {
    usize::try_from(at?).ok()
}

fn place(places: &[Option<usize>], at: Option<u32>) -> Option<usize> {
    places.get(index(at)?).copied().flatten()
}
