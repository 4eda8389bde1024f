//! Time that no node of a plan stands for.

use silk_plan::{Jit, Plan};

use super::cells;
use crate::draw::format::{Markup, one_line};

/// Time that no node stands for.
pub(crate) struct OutsideRow {
    pub(crate) label: String,
    pub(crate) time: String,
    pub(crate) share: String,
    pub(crate) bar: Option<Markup>,
    pub(crate) note: String,
}

/// Planning, triggers, compilation, and whatever else ran outside the tree.
pub(super) fn outside(plan: &Plan) -> Vec<OutsideRow> {
    let total = plan.totals.total_ms.filter(|total| *total > 0.0);
    let row = |label: String, time: Option<f64>, in_whole: bool, note: String| {
        let part = time.zip(total).map(|(time, total)| time / total);
        let part = part.filter(|_| in_whole);
        OutsideRow {
            label,
            time: time.map_or_else(|| "–".to_owned(), cells::ms),
            share: part.map_or_else(String::new, cells::share),
            bar: part.map(|part| cells::bar(part, "k-rest")),
            note,
        }
    };
    let mut rows = Vec::new();
    if let Some(planning) = plan.planning_ms {
        let pages = plan
            .planning_buffers
            .filter(|buffers| !buffers.is_empty())
            .map_or_else(String::new, |buffers| {
                format!("; pages: {}", cells::buffer_words(&buffers))
            });
        rows.push(row(
            "Planning".to_owned(),
            Some(planning),
            false,
            format!("before the run, and not part of it{pages}"),
        ));
    }
    for part in &plan.totals.outside {
        rows.push(row(
            one_line(&part.label, 100),
            Some(part.ms),
            true,
            match part.node {
                Some(_) => "ran outside the tree: nobody reads it".to_owned(),
                None => "outside the tree".to_owned(),
            },
        ));
    }
    for trigger in plan.triggers.iter().take(12) {
        let label = format!("Trigger {}", trigger.name);
        let is_outside = plan.totals.outside.iter().any(|part| part.label == label);
        let mut note = format!("{} calls", cells::number(trigger.calls));
        if let Some(constraint) = &trigger.constraint {
            note.push_str(&format!(" for the constraint {}", one_line(constraint, 60)));
        }
        if let Some(relation) = &trigger.relation {
            note.push_str(&format!(" on {}", one_line(relation, 60)));
        }
        if is_outside {
            if let Some(row) = rows
                .iter_mut()
                .find(|row| row.label == one_line(&label, 100))
            {
                row.note.push_str(&format!("; {note}"));
            }
        } else {
            note.push_str(&format!(
                "; within {}, whose time has it",
                plan.root.title()
            ));
            rows.push(row(one_line(&label, 100), trigger.ms, false, note));
        }
    }
    if let Some(jit) = &plan.jit {
        let note = compilation(jit);
        if let Some(row) = rows.iter_mut().find(|row| row.label == "JIT") {
            row.label = "Compilation (JIT)".to_owned();
            row.note = format!("{note}; emission stands in the node that first needed the code");
        } else {
            rows.push(row(
                "Compilation (JIT)".to_owned(),
                jit.wall_ms.or(jit.total_ms),
                false,
                note,
            ));
        }
    }
    rows
}

/// What was compiled, and what each step took. Steps are summed over the processes of a parallel
/// plan, so that they may take more than the clock shows.
fn compilation(jit: &Jit) -> String {
    let steps = [
        (jit.generation_ms, "generation"),
        (jit.inlining_ms, "inlining"),
        (jit.optimization_ms, "optimization"),
        (jit.emission_ms, "emission"),
    ];
    let steps = steps
        .iter()
        .filter_map(|(time, word)| {
            let time = time.filter(|time| *time > 0.0)?;
            Some(format!("{word} {}", cells::ms(time)))
        })
        .collect::<Vec<_>>()
        .join(", ");
    let functions = cells::number(jit.functions);
    match (jit.total_ms, jit.wall_ms) {
        (Some(total), Some(wall)) if total > wall * 1.005 => format!(
            "{functions} functions; all processes together {}: {steps}",
            cells::ms(total)
        ),
        _ => format!("{functions} functions; {steps}"),
    }
}
