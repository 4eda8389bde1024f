//! The few figures of a whole plan.

use silk_core::{PlanRecord, PlanSource};
use silk_plan::Plan;

use super::{cells, origin};
use crate::draw::format::{self, Markup, count, one_line};

/// The database, or who prints such a plan.
pub(crate) fn database_of(record: &PlanRecord) -> String {
    if record.source == PlanSource::Pasted {
        return origin::printed_by(record.output.format).to_owned();
    }
    format!(
        "{} {}",
        record.database.kind,
        one_line(&record.database.name, 80)
    )
}

/// The few figures of the whole.
pub(crate) fn figures(record: &PlanRecord, plan: Option<&Plan>) -> Vec<(&'static str, Markup)> {
    let safe = askama::filters::Safe;
    let mut figures: Vec<(&'static str, Markup)> = Vec::new();
    if let Some(us) = record.duration_us {
        figures.push(("that run took", format::duration_cell(us)));
    }
    let Some(plan) = plan else { return figures };
    let mut time = |name, value: Option<f64>| {
        if let Some(value) = value {
            figures.push((
                name,
                safe(format!(
                    "<span title=\"{value:.3} ms\">{}</span>",
                    cells::ms(value)
                )),
            ));
        }
    };
    // The time of the run is already shown if the database reported it with the plan.
    let execution = plan.execution_ms.or(plan.totals.total_ms);
    let is_said = |ms: f64| {
        record
            .duration_us
            .is_some_and(|us| us == format::whole(ms * 1e3))
    };
    time("execution", execution.filter(|ms| !is_said(*ms)));
    time("planning", plan.planning_ms);
    time(
        "outside the tree",
        plan.totals
            .outside
            .iter()
            .map(|part| part.ms)
            .reduce(|a, b| a + b)
            .filter(|ms| *ms > 0.0005),
    );
    time(
        "compilation",
        plan.jit
            .as_ref()
            .and_then(|jit| jit.wall_ms.or(jit.total_ms)),
    );
    if let Some(cost) = plan.root.estimate.and_then(|estimate| estimate.total_cost) {
        figures.push(("planner's cost", safe(cells::number(cost))));
    }
    if let Some(buffers) = plan.root.buffers.filter(|buffers| !buffers.is_empty()) {
        figures.push((
            "pages",
            safe(format!(
                "<span title=\"{}\">{}</span>",
                cells::buffer_words(&buffers),
                cells::number(buffers.pages())
            )),
        ));
    }
    let nodes = u64::try_from(plan.totals.nodes).unwrap_or(u64::MAX);
    figures.push(("nodes", safe(count(nodes))));
    figures.push((
        "plan shape",
        safe(format!(
            "<span class=\"mono\" title=\"{0}\">{1}</span>",
            format::escape(&plan.shape),
            format::escape(&plan.shape.chars().take(6).collect::<String>())
        )),
    ));
    figures
}

pub(crate) fn settings(plan: &Plan) -> String {
    plan.settings
        .iter()
        .take(24)
        .map(|(name, value)| format!("{} = {}", one_line(name, 60), one_line(value, 80)))
        .collect::<Vec<_>>()
        .join(", ")
}
