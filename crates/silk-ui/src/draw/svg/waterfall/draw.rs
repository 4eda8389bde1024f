//! From the tree to markup.

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{RequestDetail, RequestTimes, TransactionRecord};

use super::{Kind, Tree, index, transaction::times};
use crate::draw::format::{Markup, duration, escape, one_line, scaled};

/// Ticks drawn one by one; above, a row is drawn as its density.
pub(super) const MAX_TICKS: usize = 120;
/// Columns of all densities of a page together.
const ALL_BINS: usize = 3_000;

pub(super) fn rows(
    tree: &Tree,
    detail: &RequestDetail,
    times: &RequestTimes,
    whole_us: u64,
    here: &str,
) -> Markup {
    let dense = tree
        .nodes
        .iter()
        .filter(|node| {
            matches!(&node.kind, Kind::Queries(at) | Kind::Waits(at) if at.len() > MAX_TICKS)
        })
        .count();
    let pen = Pen {
        tree,
        detail,
        whole_us,
        here,
        bins: (ALL_BINS / dense.max(1)).clamp(40, 250),
    };
    let mut out = String::new();
    if times.head_us > 0 && !tree.roots.is_empty() {
        let _ = write!(out, "<div class=\"tr d0\">{}</div>", pen.phases(times));
    }
    for root in &tree.roots {
        pen.node(&mut out, *root, 0);
    }
    Safe(out)
}

/// What rows are drawn with.
pub(super) struct Pen<'a> {
    tree: &'a Tree,
    pub(super) detail: &'a RequestDetail,
    pub(super) whole_us: u64,
    pub(super) here: &'a str,
    /// Columns of one density.
    pub(super) bins: usize,
}

impl Pen<'_> {
    fn node(&self, out: &mut String, at: usize, depth: usize) {
        let node = &self.tree.nodes[at];
        let row = match &node.kind {
            Kind::Span(at) => self.span(*at),
            Kind::Transaction(at) => self.transaction(*at),
            Kind::Waits(at) => self.waits(at),
            Kind::Queries(at) => self.queries(at),
        };
        // Deeper trees than this would only leave no room for their names.
        let class = depth.min(9);
        if node.children.is_empty() {
            let _ = write!(out, "<div class=\"tr d{class}\">{row}</div>");
        } else {
            let _ = write!(
                out,
                "<details class=\"tn\" open><summary class=\"tr d{class}\">{row}</summary>"
            );
            for child in &node.children {
                self.node(out, *child, depth + 1);
            }
            out.push_str("</details>");
        }
    }

    pub(super) fn row(label: &str, drawing: &str, time_us: u64) -> String {
        format!(
            "<span class=\"tl\">{label}</span>{drawing}<span class=\"tt\">{}</span>",
            duration(time_us)
        )
    }

    fn x(&self, us: u64) -> f64 {
        scaled(us, self.whole_us, 100.0)
    }

    /// A rectangle in percent of the row, so that its hatching keeps its shape.
    pub(super) fn rect(&self, class: &str, from_us: u64, us: u64, y: u8, height: u8) -> String {
        format!(
            "<rect class=\"{class}\" x=\"{:.2}%\" width=\"{:.2}%\" y=\"{y}\" height=\"{height}\"/>",
            self.x(from_us),
            self.x(us).max(0.12)
        )
    }

    /// The handler until it gave the response's head, and the body from there on.
    fn phases(&self, times: &RequestTimes) -> String {
        let (head, body) = (times.head_us, times.body_us);
        let has_body = self.x(body) > 0.5;
        let mut label = "<span class=\"nm\">handler</span>".to_owned();
        if has_body {
            let _ = write!(
                label,
                " <span class=\"q\">then body {}</span>",
                duration(body)
            );
        }
        let drawing = format!(
            "<svg class=\"tb\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"handler {}, body {}\">{}{}</svg>",
            duration(head),
            duration(body),
            self.rect("span", 0, head, 4, 8),
            if has_body {
                self.rect("body", head, body, 6, 4)
            } else {
                String::new()
            }
        );
        Self::row(&label, &drawing, head)
    }

    fn span(&self, at: usize) -> String {
        let span = &self.detail.spans[at];
        let mut about = format!(
            "{} in {}: {} long, busy {}, starts at {}",
            one_line(&span.name, 80),
            one_line(&span.target, 80),
            duration(span.duration_us),
            duration(span.busy_us),
            duration(span.started_us)
        );
        for (name, value) in span.fields.iter().take(6) {
            let _ = write!(about, ", {}={}", one_line(name, 40), one_line(value, 60));
        }
        let about = escape(&about);
        let label = format!(
            "<span class=\"nm\" title=\"{about}\">{}</span>",
            escape(&one_line(&span.name, 60))
        );
        let busy = span.busy_us.min(span.duration_us);
        let drawing = format!(
            "<svg class=\"tb\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\">{}{}</svg>",
            self.rect("span", span.started_us, span.duration_us, 5, 6),
            if busy > 0 {
                self.rect("busy", span.started_us, busy, 11, 2)
            } else {
                String::new()
            }
        );
        Self::row(&label, &drawing, span.duration_us)
    }

    fn transaction(&self, at: usize) -> String {
        let transaction = &self.detail.transactions[at];
        let start = transaction.started_us;
        let end = start.saturating_add(transaction.duration_us);
        let (gaps, idle) = self.idle_within(at);
        let what = if transaction.depth > 1 {
            "savepoint"
        } else {
            "transaction"
        };
        let end_word = transaction.end.as_str().replace('_', " ");
        let about = format!(
            "{what}, {end_word}, {}, {} of it idle",
            duration(transaction.duration_us),
            duration(idle)
        );
        let (left, right) = (self.x(start), self.x(end));
        let drawing = format!(
            "<svg class=\"tb\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\">{gaps}\
             <line class=\"bk\" x1=\"{left:.2}%\" x2=\"{right:.2}%\" y1=\"3.5\" y2=\"3.5\"/>\
             <line class=\"bk\" x1=\"{left:.2}%\" x2=\"{left:.2}%\" y1=\"3\" y2=\"14\"/>\
             <line class=\"bk\" x1=\"{right:.2}%\" x2=\"{right:.2}%\" y1=\"3\" y2=\"14\"/>{}{}</svg>",
            self.rect("k-sql", start, transaction.begin_us, 6, 4),
            self.rect(
                "k-sql",
                end.saturating_sub(transaction.end_us),
                transaction.end_us,
                6,
                4
            ),
        );
        let label = transaction_label(transaction, what, &end_word, idle);
        Self::row(&label, &drawing, transaction.duration_us)
    }

    /// The times in which no query of a transaction ran, drawn and summed in µs.
    fn idle_within(&self, at: usize) -> (String, u64) {
        let transaction = &self.detail.transactions[at];
        let start = transaction.started_us;
        let end = start.saturating_add(transaction.duration_us);
        let queries = self.detail.queries.iter();
        let mut busy: Vec<(u64, u64)> = queries
            .filter(|query| index(query.transaction) == Some(at))
            .map(|query| {
                (
                    query.started_us,
                    query.started_us.saturating_add(query.duration_us),
                )
            })
            .collect();
        busy.push((start, start.saturating_add(transaction.begin_us)));
        busy.push((end.saturating_sub(transaction.end_us), end));
        busy.sort_unstable();
        let (mut gaps, mut idle, mut reached) = (String::new(), 0_u64, start);
        let mut drawn = 0;
        for (from, to) in busy {
            let from = from.min(end);
            if from > reached {
                idle += from - reached;
                // Slivers that nobody could see are only summed.
                if drawn < 100 && self.x(from - reached) > 0.15 {
                    gaps.push_str(&self.rect("idle", reached, from - reached, 4, 8));
                    drawn += 1;
                }
            }
            reached = reached.max(to);
        }
        (gaps, idle)
    }
}

/// What a transaction is called in the timeline: how it ended, how long it was idle, what BEGIN and
/// COMMIT took, and the error that it ended with.
fn transaction_label(
    transaction: &TransactionRecord,
    what: &str,
    end_word: &str,
    idle: u64,
) -> String {
    let mut label = format!("<span class=\"nm\">{what}</span> <span class=\"q\">{end_word}");
    if idle > 0 {
        let _ = write!(label, ", idle {}", duration(idle));
    }
    label.push_str("</span>");
    for (word, us) in times(std::slice::from_ref(transaction)) {
        let _ = write!(label, " <span class=\"q\">· {word} {}</span>", duration(us));
    }
    if let Some(error) = &transaction.error {
        let code = error
            .code
            .as_deref()
            .map_or_else(String::new, |code| format!("{} ", one_line(code, 20)));
        let _ = write!(
            label,
            " <span class=\"bad\" title=\"{}\">{}{}</span>",
            escape(&one_line(&error.message, 400)),
            escape(&code),
            escape(&one_line(&error.message, 80))
        );
    }
    label
}
