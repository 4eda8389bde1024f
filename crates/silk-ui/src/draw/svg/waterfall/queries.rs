//! Rows of queries, and of the waits for a connection before them.

use std::fmt::Write as _;

use silk_core::{ConnectionWait, Holder, Outcome, QueryRecord, Statement, sql};

use super::{
    draw::{MAX_TICKS, Pen},
    index,
};
use crate::draw::{
    call_site::short_site,
    counted,
    format::{count, duration, escape, one_line, percent},
};

impl Pen<'_> {
    pub(super) fn waits(&self, at: &[usize]) -> String {
        let waits: Vec<_> = at.iter().map(|at| &self.detail.waits[*at]).collect();
        let total: u64 = waits.iter().map(|wait| wait.duration_us).sum();
        let bars = if waits.len() > MAX_TICKS {
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
        if self.detail.waits_not_kept > 0 {
            let _ = write!(
                label,
                " <span class=\"q\">and {} more</span>",
                count(self.detail.waits_not_kept)
            );
        }
        if let Some(error) = waits.iter().find_map(|wait| wait.error.as_deref()) {
            let _ = write!(
                label,
                " <span class=\"bad\">{}</span>",
                escape(&one_line(error, 80))
            );
        }
        let longest = waits.iter().max_by_key(|wait| wait.duration_us);
        if let Some(pool) = longest.and_then(|wait| wait.pool)
            && pool.idle == 0
        {
            let had = if pool.is_exhausted() {
                format!("all {} in use", pool.most)
            } else {
                "a new one was opened".to_owned()
            };
            let _ = write!(label, " <span class=\"q\">{had}</span>");
        }
        if let Some(holder) = holder(&waits) {
            label.push_str(&holder);
        }
        let about = format!("waiting for a connection, {}", duration(total));
        let drawing = format!(
            "<svg class=\"tb\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\">{bars}</svg>"
        );
        Self::row(&label, &drawing, total)
    }

    pub(super) fn queries(&self, at: &[usize]) -> String {
        let queries: Vec<_> = at
            .iter()
            .filter_map(|at| self.detail.queries.get(*at))
            .collect();
        let Some(first) = queries.first() else {
            return String::new();
        };
        let total: u64 = queries.iter().map(|query| query.duration_us).sum();
        let has_failed = queries.iter().any(|query| is_failed(query));
        let about = format!(
            "{}, {} in all, from {} on",
            counted(queries.len(), "execution"),
            duration(total),
            duration(first.started_us)
        );
        let mut drawing = format!(
            "<svg class=\"tb\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" width=\"100%\" height=\"16\" role=\"img\" aria-label=\"{about}\"><path class=\"sql\" d=\"{}\"/>",
            self.path_of(&queries, false)
        );
        if has_failed {
            let path = self.path_of(&queries, true);
            let _ = write!(drawing, "<path class=\"err\" d=\"{path}\"/>");
        }
        drawing.push_str("</svg>");
        Self::row(&self.label_of(&queries), &drawing, total)
    }

    /// The marks of the executions that failed, or of those that did not.
    fn path_of(&self, queries: &[&QueryRecord], of_failed: bool) -> String {
        let times: Vec<_> = queries
            .iter()
            .filter(|query| is_failed(query) == of_failed)
            .map(|query| (query.started_us, query.duration_us))
            .collect();
        if times.len() > MAX_TICKS {
            self.density(&times)
        } else {
            self.ticks(&times)
        }
    }

    /// Numbers and name of executions, with the address of the one or of all.
    fn label_of(&self, queries: &[&QueryRecord]) -> String {
        let (Some(first), Some(last)) = (queries.first(), queries.last()) else {
            return String::new();
        };
        let text = index(Some(first.text)).and_then(|text| self.detail.texts.get(text));
        let name = text.map_or_else(|| "query".to_owned(), |text| short_name(&text.statement));
        let href = match text {
            Some(text) if queries.len() > 1 => format!(
                "{}?statement={}#queries",
                self.here, text.statement.fingerprint
            ),
            _ => format!("{}/queries/{}", self.here, first.seq),
        };
        let title = text.map_or_else(String::new, |text| {
            one_line(&text.statement.normalized, 160)
        });
        let (from, to) = (u64::from(first.seq), u64::from(last.seq));
        let is_row = to.saturating_sub(from) + 1 == u64::try_from(queries.len()).unwrap_or(0);
        let number = match queries.len() {
            1 => count(from),
            _ if is_row => format!("{}–{}", count(from), count(to)),
            _ => format!("{} …", count(from)),
        };
        let mut label = format!(
            "<span class=\"no\">{number}</span> <a href=\"{}\" title=\"{}\">{}</a>",
            escape(&href),
            escape(&title),
            escape(&name)
        );
        if queries.len() > 1 {
            let calls = count_of(queries.len());
            let _ = write!(label, " <span class=\"q\">×{calls}</span>");
        }
        let failed = queries.iter().filter(|query| is_failed(query)).count();
        if failed > 0 {
            let failed = count_of(failed);
            let _ = write!(label, " <span class=\"bad\">{failed} failed</span>");
        }
        label
    }
}

fn is_failed(query: &QueryRecord) -> bool {
    query.outcome == Outcome::Error
}

/// Who held the connections for most of the time that was waited, and in the title the others.
fn holder(waits: &[&ConnectionWait]) -> Option<String> {
    let mut sums: Vec<(&Holder, u64)> = Vec::new();
    for holder in waits.iter().flat_map(|wait| &wait.holders) {
        let same = sums.iter_mut().find(|(other, _)| {
            other.route == holder.route
                && other.fingerprint == holder.fingerprint
                && other.call_site == holder.call_site
        });
        match same {
            Some((_, held_us)) => *held_us = held_us.saturating_add(holder.held_us),
            None => sums.push((holder, holder.held_us)),
        }
    }
    sums.sort_by_key(|(_, held_us)| std::cmp::Reverse(*held_us));
    let all: u64 = (sums.iter()).fold(0, |sum, (_, held_us)| sum.saturating_add(*held_us));
    let (most, held_us) = sums.first()?;
    let title = sums
        .iter()
        .take(8)
        .map(|(holder, held_us)| {
            format!(
                "{}, {}: {}",
                holder_name(holder),
                percent(*held_us, all),
                one_line(holder.normalized.as_deref().unwrap_or("no query yet"), 100)
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    Some(format!(
        " <span class=\"q\" title=\"{}\">held by {}{}{}</span>",
        escape(&title),
        escape(&holder_name(most)),
        if sums.len() > 1 {
            format!(" ({})", percent(*held_us, all))
        } else {
            String::new()
        },
        if most.idle_in_transaction > 0 {
            ", idle in a transaction"
        } else {
            ""
        }
    ))
}

/// Where connections were held: `GET /api/messages, messages.rs:75`.
pub(crate) fn holder_name(holder: &Holder) -> String {
    let route = if holder.route.is_empty() {
        "code outside of any request".to_owned()
    } else {
        one_line(&holder.route, 60)
    };
    match &holder.call_site {
        Some(site) => format!("{route}, {}", short_site(site)),
        None => route,
    }
}

fn count_of(n: usize) -> String {
    count(u64::try_from(n).unwrap_or(u64::MAX))
}

/// A statement in a few words: `SELECT person, team`; of one that writes, what it writes to.
pub(crate) fn short_name(statement: &Statement) -> String {
    if sql::statement_count(statement) > 1 {
        return one_line(&sql::called(statement), 80);
    }
    match sql::tables_named(statement).as_slice() {
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
