//! Derives the numbers a person means from those a database prints.
//!
//! What is printed are averages per loop, over all processes, with the children's share, and with
//! parts that hang in one place and run in another. The rules here turn that into exclusive
//! times and pages that add up to the whole; where they do not, the plan says so.

mod cost;
mod flat;
mod payers;
mod processes;
mod rows;
mod time;
mod totals;

use flat::Flat;

use crate::{Buffers, Execution, Payment, Plan, PlanNode, Worker};

/// Fills in everything derived.
pub(crate) fn measure(plan: &mut Plan) {
    let analyzed = plan.nodes().any(|node| node.actual.is_some());
    plan.analyzed = analyzed;
    totals::compilation(plan);
    let mut measured = {
        let flat = Flat::of(plan);
        let mut measured = Measured::new(flat.nodes.len());
        time::participants(&flat, &mut measured);
        time::inclusive(&flat, &mut measured);
        payers::find(&flat, &mut measured);
        time::exclusive(&flat, &mut measured);
        time::pages(&flat, &mut measured);
        rows::derive(&flat, &mut measured);
        cost::derive(&flat, &mut measured);
        totals::derive(&flat, &mut measured);
        measured
    };
    totals::conclude(plan, &mut measured);
    write_back(&mut plan.root, &mut measured);
}

/// What is known so far, by node.
pub(crate) struct Measured {
    /// Whether any node has a time.
    timed: bool,
    /// R1.
    participants: Vec<f64>,
    /// R2; 0 where it did not run.
    inclusive: Vec<f64>,
    /// R4 to R7.
    exclusive: Vec<f64>,
    /// Whether the print gave the node a time.
    has_time: Vec<bool>,
    /// R9.
    uncertainty: Vec<f64>,
    /// R12.
    pages: Vec<Option<Buffers>>,
    /// R5 and R6: payer, part, time.
    payments: Vec<(usize, Payment)>,
    /// R5: every CTE with the scans that read it, those that took most first.
    readers: Vec<(usize, Vec<usize>)>,
    /// Parts, or what is left of them, that ran outside the root.
    outside: Vec<(usize, f64)>,
    /// Everything about rows, R3 and R11, and cost, R13.
    derived: Vec<crate::Derived>,
    totals: crate::PlanTotals,
}

impl Measured {
    fn new(nodes: usize) -> Self {
        Self {
            timed: false,
            participants: vec![1.0; nodes],
            inclusive: vec![0.0; nodes],
            exclusive: vec![0.0; nodes],
            has_time: vec![false; nodes],
            uncertainty: vec![0.0; nodes],
            pages: vec![None; nodes],
            payments: Vec::new(),
            readers: Vec::new(),
            outside: Vec::new(),
            derived: vec![crate::Derived::default(); nodes],
            totals: crate::PlanTotals::default(),
        }
    }
}

/// The quickest and the slowest worker, each over all its loops.
fn workers(workers: &[Worker]) -> Option<(f64, f64)> {
    workers
        .iter()
        .filter_map(|worker| {
            let actual = worker.actual?;
            Some(actual.total_ms? * actual.loops)
        })
        .fold(None, |range, ms| match range {
            None => Some((ms, ms)),
            Some((least, most)) => Some((ms.min(least), ms.max(most))),
        })
}

fn write_back(root: &mut PlanNode, measured: &mut Measured) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let at = node.id;
        let counters = processes::counters(node);
        node.derived = std::mem::take(&mut measured.derived[at]);
        let derived = &mut node.derived;
        derived.counters = counters;
        derived.participants = measured.participants[at];
        derived.ran_in = node
            .actual
            .filter(|actual| derived.participants > 1.0 && actual.loops > 0.0)
            .map(|actual| actual.loops.min(derived.participants));
        derived.workers_ms = workers(&node.workers);
        derived.buffers = measured.pages[at];
        if measured.timed && derived.execution == Execution::Ran {
            let exclusive = measured.exclusive[at];
            derived.inclusive_ms = Some(measured.inclusive[at]);
            derived.exclusive_ms = Some(exclusive);
            derived.uncertainty_ms = Some(measured.uncertainty[at]);
            derived.negligible = exclusive <= measured.uncertainty[at];
            derived.share = measured
                .totals
                .total_ms
                .filter(|total| *total > 0.0)
                .map(|total| (exclusive / total).clamp(0.0, 1.0));
        }
        open.extend(node.children.iter_mut());
    }
}
