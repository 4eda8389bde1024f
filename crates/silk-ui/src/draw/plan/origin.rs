//! Where a plan comes from, and what it is in one line.

use silk_core::{PlanRecord, PlanSource};
use silk_plan::{Plan, PlanFormat};

use crate::draw::format::one_line;

/// The operators of a plan from the top down, each with what it works on.
pub(crate) fn in_one_line(record: &PlanRecord, most_nodes: usize, most_chars: usize) -> String {
    let Ok(plan) = Plan::parse(record.output.format, &record.output.raw) else {
        return "as the database printed it".to_owned();
    };
    let nodes = plan
        .nodes()
        .take(most_nodes)
        .map(|node| match &node.relation {
            Some(relation) => format!("{} {relation}", node.title()),
            None => node.title(),
        })
        .collect::<Vec<_>>();
    let more = if plan.nodes().nth(most_nodes).is_some() {
        " ← …"
    } else {
        ""
    };
    one_line(&format!("{}{more}", nodes.join(" ← ")), most_chars)
}

/// Which plan this is.
pub(crate) struct Badge {
    /// A word or two.
    pub(crate) word: &'static str,
    /// `good` for the real thing, empty for the others.
    pub(crate) class: &'static str,
    /// What that means.
    pub(crate) note: &'static str,
}

/// Which plan a source gives.
pub(crate) const fn badge(source: PlanSource, analyzed: bool) -> Badge {
    let (word, class, note) = match (source, analyzed) {
        (PlanSource::AutoExplain, true) => (
            "actual",
            "good",
            "plan and row counts of one recorded execution",
        ),
        (PlanSource::AutoExplain, false) => (
            "actual",
            "good",
            "the plan of one recorded execution; its figures are the planner's estimates",
        ),
        (PlanSource::Estimated, _) => (
            "estimated",
            "",
            "planned later for the recorded values; nothing was run",
        ),
        (PlanSource::Generic, _) => (
            "generic",
            "",
            "planned later without values, as a cached statement runs from its sixth execution on; nothing was run",
        ),
        (PlanSource::Analyzed, _) => (
            "re-executed",
            "warn",
            "the statement was run again for it: later, with a warm cache, not the recorded run",
        ),
        (PlanSource::Pasted, true) => ("pasted", "", "pasted by a person: the plan of a run"),
        (PlanSource::Pasted, false) => (
            "pasted",
            "",
            "pasted by a person: an estimate, nothing was run",
        ),
    };
    Badge { word, class, note }
}

/// Where a plan comes from, as lists show it.
pub(crate) const fn source(source: PlanSource) -> &'static str {
    match source {
        PlanSource::AutoExplain => "actual",
        PlanSource::Estimated => "estimated",
        PlanSource::Generic => "generic",
        PlanSource::Analyzed => "re-executed",
        PlanSource::Pasted => "pasted",
    }
}

/// The database that prints a format.
pub(crate) const fn printed_by(format: PlanFormat) -> &'static str {
    match format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => "PostgreSQL",
        PlanFormat::MySqlJson => "MySQL or MariaDB",
        PlanFormat::MySqlTree => "MySQL",
        PlanFormat::SqliteRows => "SQLite",
    }
}
