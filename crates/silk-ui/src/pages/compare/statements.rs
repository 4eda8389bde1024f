//! The statements of a comparison as rows.

use silk_core::compare::{
    Change, Comparison, PlanDifference, Side, SideStatement, StatementDifference, average,
    change_of_time,
};

use crate::{
    context::Here,
    draw::{
        call_site::short_site,
        format::{Markup, duration, one_line},
        short_sql::brief,
    },
};

/// Rows of changed statements, and as many of unchanged ones.
const MAX_ROWS: usize = 60;

/// A statement on both sides.
pub(super) struct StatementRow {
    pub(super) word: &'static str,
    /// `gone`, `added`, `worse`, `better` or empty.
    pub(super) class: &'static str,
    pub(super) sql: Markup,
    pub(super) whole_sql: String,
    pub(super) href: String,
    pub(super) a_calls: String,
    pub(super) b_calls: String,
    pub(super) a_time: String,
    pub(super) b_time: String,
    pub(super) change: String,
    /// Lines that run it, those of A alone marked.
    pub(super) lines: Vec<(String, &'static str)>,
    pub(super) plan: Option<PlanLink>,
}

/// Whether the plan is another one, and where to see it.
pub(super) struct PlanLink {
    pub(super) words: &'static str,
    pub(super) href: Option<String>,
}

/// Rows, and how many there are beyond them.
pub(super) struct Rows {
    pub(super) rows: Vec<StatementRow>,
    pub(super) more: usize,
}

/// The statements that changed, and those that did not.
pub(super) fn rows(here: &Here, comparison: &Comparison<'_>) -> (Rows, Rows) {
    let (changed, unchanged): (Vec<_>, Vec<_>) = (comparison.statements.iter())
        .partition(|one| one.change != Change::Unchanged || is_replanned(one));
    let drawn = |all: Vec<&StatementDifference<'_>>| Rows {
        more: all.len().saturating_sub(MAX_ROWS),
        rows: (all.into_iter().take(MAX_ROWS))
            .map(|one| row(here, one, (comparison.a, comparison.b)))
            .collect(),
    };
    (drawn(changed), drawn(unchanged))
}

const fn is_replanned(one: &StatementDifference<'_>) -> bool {
    matches!(one.plan, PlanDifference::Changed { .. })
}

fn row(here: &Here, one: &StatementDifference<'_>, (a, b): (&Side, &Side)) -> StatementRow {
    let base = &*here.base;
    let fingerprint = one.statement.fingerprint;
    let us = |part: Option<&SideStatement>, side: &Side| {
        part.map(|part| part.total_us / side.read.max(1))
    };
    let (a_us, b_us) = (us(one.a, a), us(one.b, b));
    let calls = |part: Option<&SideStatement>, side: &Side| {
        part.map_or_else(|| "–".to_owned(), |part| average(part.calls, side.read))
    };
    let time = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), duration);
    StatementRow {
        word: one.change.label(),
        class: match one.change {
            Change::Gone => "gone",
            Change::Added => "added",
            Change::MoreCalls | Change::Slower => "worse",
            Change::FewerCalls | Change::Faster => "better",
            Change::Unclear | Change::Unchanged => "",
        },
        sql: brief(&one.statement.normalized, one.statement.database, 160),
        whole_sql: one_line(&one.statement.normalized, 1_000),
        href: format!("{base}/statements/{fingerprint}"),
        a_calls: calls(one.a, a),
        b_calls: calls(one.b, b),
        a_time: time(a_us),
        b_time: time(b_us),
        change: change_of_time(a_us.unwrap_or(0), b_us.unwrap_or(0)),
        lines: lines(one.a, one.b),
        plan: plan_link(base, one),
    }
}

/// Lines on the page for a statement.
const MAX_LINES: usize = 3;

/// The lines that run it; where they differ, each with the side that it is of.
fn lines(a: Option<&SideStatement>, b: Option<&SideStatement>) -> Vec<(String, &'static str)> {
    let of = |part: Option<&SideStatement>| -> Vec<String> {
        let lines = part.map_or(&[][..], |part| &part.lines);
        (lines.iter().take(MAX_LINES))
            .map(|line| short_site(&line.call_site))
            .collect()
    };
    let (a_lines, b_lines) = (of(a), of(b));
    let is_same = a_lines == b_lines || a.is_none() || b.is_none();
    let mark = |side| if is_same { "" } else { side };
    let mut lines: Vec<_> = (a_lines.iter())
        .map(|line| {
            (
                line.clone(),
                if b_lines.contains(line) {
                    ""
                } else {
                    mark("A")
                },
            )
        })
        .collect();
    let new = b_lines.iter().filter(|line| !a_lines.contains(line));
    lines.extend(new.map(|line| (line.clone(), mark("B"))));
    lines
}

fn plan_link(base: &str, one: &StatementDifference<'_>) -> Option<PlanLink> {
    match one.plan {
        PlanDifference::Unknown => None,
        PlanDifference::Same => Some(PlanLink {
            words: "same plan",
            href: None,
        }),
        PlanDifference::Changed { a, b } => Some(PlanLink {
            words: "plan changed",
            href: (a.id.zip(b.id)).map(|(a, b)| format!("{base}/plans/compare?a={a}&b={b}")),
        }),
    }
}
