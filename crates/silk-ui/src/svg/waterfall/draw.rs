//! From the tree to markup.

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{Outcome, RequestDetail, RequestTimes, Statement};

use super::{Kind, Tree, index};
use crate::filters::{Markup, count, duration, escape, one_line, scaled};

/// Coordinates across a row.
const WIDTH: f64 = 1000.0;
/// Height of a row's drawing.
const HEIGHT: f64 = 16.0;
/// Ticks drawn one by one; above, a row is drawn as its density.
const MOST_TICKS: usize = 120;
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
            matches!(&node.kind, Kind::Queries(at) | Kind::Waits(at) if at.len() > MOST_TICKS)
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

struct Pen<'a> {
    tree: &'a Tree,
    detail: &'a RequestDetail,
    whole_us: u64,
    here: &'a str,
    bins: usize,
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

    fn row(label: &str, drawing: &str, time_us: u64) -> String {
        format!(
            "<span class=\"tl\">{label}</span>{drawing}<span class=\"tt\">{}</span>",
            duration(time_us)
        )
    }

    fn x(&self, us: u64) -> f64 {
        scaled(us, self.whole_us, 100.0)
    }

    /// A rectangle in percent of the row, so that its hatching keeps its shape.
    fn rect(&self, class: &str, from_us: u64, us: u64, y: u8, height: u8) -> String {
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
        let (start, end) = (
            transaction.started_us,
            transaction
                .started_us
                .saturating_add(transaction.duration_us),
        );
        let mut busy: Vec<(u64, u64)> = self
            .detail
            .queries
            .iter()
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
        let (left, right) = (self.x(start), self.x(end));
        let what = if transaction.depth > 1 {
            "savepoint"
        } else {
            "transaction"
        };
        let end_word = transaction.end.as_str().replace('_', " ");
        let label = format!(
            "<span class=\"nm\">{what}</span> <span class=\"q\">{end_word}{}</span>",
            if idle > 0 {
                format!(", idle {}", duration(idle))
            } else {
                String::new()
            }
        );
        let about = format!(
            "{what}, {end_word}, {}, of it idle {}",
            duration(transaction.duration_us),
            duration(idle)
        );
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
        Self::row(&label, &drawing, transaction.duration_us)
    }

    fn waits(&self, at: &[usize]) -> String {
        let waits: Vec<_> = at.iter().map(|at| &self.detail.waits[*at]).collect();
        let total: u64 = waits.iter().map(|wait| wait.duration_us).sum();
        let bars = if waits.len() > MOST_TICKS {
            let times: Vec<_> = waits
                .iter()
                .map(|wait| (wait.started_us, wait.duration_us))
                .collect();
            format!(
                "<svg viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" width=\"100%\" height=\"16\"><path class=\"wait\" d=\"{}\"/></svg>",
                self.density(&times)
            )
        } else {
            waits
                .iter()
                .map(|wait| {
                    self.rect("k-wait", wait.started_us, wait.duration_us, 3, 10)
                        + &self.rect("hatch", wait.started_us, wait.duration_us, 3, 10)
                })
                .collect()
        };
        let mut label = "<span class=\"nm\">waiting for a connection</span>".to_owned();
        if waits.len() > 1 {
            let _ = write!(
                label,
                " <span class=\"q\">×{}</span>",
                count_of(waits.len())
            );
        }
        if let Some(error) = waits.iter().find_map(|wait| wait.error.as_deref()) {
            let _ = write!(
                label,
                " <span class=\"bad\">{}</span>",
                escape(&one_line(error, 80))
            );
        }
        let about = format!("waiting for a connection, {}", duration(total));
        let drawing = format!(
            "<svg class=\"tb\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\">{bars}</svg>"
        );
        Self::row(&label, &drawing, total)
    }

    fn queries(&self, at: &[usize]) -> String {
        let queries: Vec<_> = at
            .iter()
            .filter_map(|at| self.detail.queries.get(*at))
            .collect();
        let (Some(first), Some(last)) = (queries.first(), queries.last()) else {
            return String::new();
        };
        let total: u64 = queries.iter().map(|query| query.duration_us).sum();
        let text = index(Some(first.text)).and_then(|text| self.detail.texts.get(text));
        let name = text.map_or_else(|| "query".to_owned(), |text| short_name(&text.statement));
        let number = if queries.len() == 1 {
            first.seq.to_string()
        } else if u64::from(last.seq - first.seq) + 1 == u64::try_from(queries.len()).unwrap_or(0) {
            format!("{}–{}", first.seq, last.seq)
        } else {
            format!("{} …", first.seq)
        };
        let href = match text {
            Some(text) if queries.len() > 1 => format!(
                "{}?statement={}#queries",
                self.here, text.statement.fingerprint
            ),
            _ => format!("{}/queries/{}", self.here, first.seq),
        };
        let failed = queries
            .iter()
            .filter(|query| query.outcome == Outcome::Error)
            .count();
        let mut label = format!(
            "<span class=\"no\">{number}</span> <a href=\"{}\" title=\"{}\">{}</a>",
            escape(&href),
            text.map_or_else(String::new, |text| escape(&one_line(
                &text.statement.normalized,
                160
            ))),
            escape(&name)
        );
        if queries.len() > 1 {
            let _ = write!(
                label,
                " <span class=\"q\">×{}</span>",
                count_of(queries.len())
            );
        }
        if failed > 0 {
            let _ = write!(
                label,
                " <span class=\"bad\">{} failed</span>",
                count_of(failed)
            );
        }
        let path = |is_failed: bool| {
            let times: Vec<_> = queries
                .iter()
                .filter(|query| (query.outcome == Outcome::Error) == is_failed)
                .map(|query| (query.started_us, query.duration_us))
                .collect();
            if times.len() > MOST_TICKS {
                self.density(&times)
            } else {
                self.ticks(&times)
            }
        };
        let about = format!(
            "{} {}, {} in all, from {} on",
            count_of(queries.len()),
            if queries.len() == 1 {
                "execution"
            } else {
                "executions"
            },
            duration(total),
            duration(first.started_us)
        );
        let mut drawing = format!(
            "<svg class=\"tb\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\"><path class=\"sql\" d=\"{}\"/>",
            path(false)
        );
        if failed > 0 {
            let _ = write!(drawing, "<path class=\"err\" d=\"{}\"/>", path(true));
        }
        drawing.push_str("</svg>");
        Self::row(&label, &drawing, total)
    }

    /// Each execution as a tick, those that overlap in lanes below each other.
    fn ticks(&self, times: &[(u64, u64)]) -> String {
        let mut lanes: Vec<u64> = Vec::new();
        let mut placed = Vec::with_capacity(times.len());
        for (start, us) in times {
            let lane = lanes
                .iter()
                .position(|end| end <= start)
                .unwrap_or_else(|| {
                    if lanes.len() < 5 {
                        lanes.push(0);
                        lanes.len() - 1
                    } else {
                        4
                    }
                });
            lanes[lane] = start.saturating_add(*us);
            placed.push((*start, *us, lane));
        }
        let lane_height = (HEIGHT - 4.0) / f64::from(u8::try_from(lanes.len().max(1)).unwrap_or(5));
        let mut path = String::new();
        for (start, us, lane) in placed {
            let y = 2.0 + lane_height * f64::from(u8::try_from(lane).unwrap_or(4));
            let x = scaled(start, self.whole_us, WIDTH);
            let width = scaled(us, self.whole_us, WIDTH).max(0.6);
            let height = (lane_height - if lanes.len() > 1 { 0.6 } else { 0.0 }).max(1.0);
            let _ = write!(path, "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z");
        }
        path
    }

    /// Columns as high as the share of their time in which an execution ran.
    fn density(&self, times: &[(u64, u64)]) -> String {
        const LEVELS: u64 = 6;
        let bins = u64::try_from(self.bins).unwrap_or(40);
        let bin_us = self.whole_us.div_ceil(bins).max(1);
        let mut busy = vec![0_u64; self.bins];
        for (start, us) in times {
            let (mut from, end) = (
                *start,
                start.saturating_add(*us).max(start.saturating_add(1)),
            );
            while from < end {
                let Some(bin) = usize::try_from(from / bin_us)
                    .ok()
                    .and_then(|at| busy.get_mut(at))
                else {
                    break;
                };
                let to = ((from / bin_us + 1) * bin_us).min(end);
                *bin += to - from;
                from = to;
            }
        }
        let level = |us: u64| {
            if us == 0 {
                0
            } else {
                (us * LEVELS).div_ceil(bin_us).min(LEVELS)
            }
        };
        let mut path = String::new();
        let mut at = 0;
        while at < busy.len() {
            let height = level(busy[at]);
            let from = at;
            while at < busy.len() && level(busy[at]) == height {
                at += 1;
            }
            if height > 0 {
                let x = scaled(
                    bin_us * u64::try_from(from).unwrap_or(0),
                    self.whole_us,
                    WIDTH,
                );
                let width = scaled(
                    bin_us * u64::try_from(at - from).unwrap_or(0),
                    self.whole_us,
                    WIDTH,
                );
                let high = scaled(height, LEVELS, HEIGHT - 4.0);
                let _ = write!(
                    path,
                    "M{x:.1} {:.0}h{width:.1}V14h-{width:.1}z",
                    HEIGHT - 2.0 - high
                );
            }
        }
        path
    }
}

fn count_of(n: usize) -> String {
    count(u64::try_from(n).unwrap_or(u64::MAX))
}

/// A statement in a few words: `SELECT person`.
pub(crate) fn short_name(statement: &Statement) -> String {
    match statement.tables.as_slice() {
        [] => one_line(&statement.normalized, 48),
        tables => {
            let more = if tables.len() > 2 { ", …" } else { "" };
            let tables = tables
                .iter()
                .take(2)
                .map(|table| one_line(table, 40))
                .collect::<Vec<_>>()
                .join(", ");
            format!("{} {tables}{more}", one_line(&statement.command, 20))
        }
    }
}
