//! What running both came to: the verdict, figures and plans of both sides.

use silk_core::{
    DatabaseKind,
    explain::{ProofRequest, ProofSide},
    value::render,
};
use silk_plan::Plan;

use crate::{
    draw::{
        counted,
        format::{bytes, clock_in_words, count, cut, duration, one_line, ratio},
        n,
        plan::cells,
        proof::{self, ProofWords},
    },
    held::proofs::HeldProof,
    plans::prove::{self, Recorded, SidePlan},
};

/// Nodes of a plan.
const MAX_NODES: usize = 40;

/// What running both came to.
pub(super) struct ResultView {
    pub(super) words: ProofWords,
    pub(super) at: String,
    pub(super) figures: Vec<Figure>,
    pub(super) differences: Vec<DifferenceView>,
    /// Values with other rows beyond those.
    pub(super) more: u64,
    pub(super) plans: Option<(PlanView, PlanView)>,
}

pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: String,
    pub(super) class: &'static str,
}

pub(super) struct DifferenceView {
    pub(super) value: String,
    pub(super) what: String,
}

/// A plan, an operator a line.
pub(super) struct PlanView {
    /// Whose plan it is.
    pub(super) of: &'static str,
    pub(super) nodes: Vec<NodeView>,
}

pub(super) struct NodeView {
    pub(super) level: usize,
    pub(super) name: String,
    pub(super) figures: String,
}

pub(super) fn result(held: &HeldProof, question: &ProofRequest, recorded: Recorded) -> ResultView {
    let proof = &held.proof;
    let plans = (
        prove::read(proof.before.plan.as_ref()),
        prove::read(proof.after.plan.as_ref()),
    );
    let found = proof.rows.as_ref();
    let differences: Vec<DifferenceView> = found
        .map(|rows| rows.differences.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|one| DifferenceView {
            value: value_of(question, one.key),
            what: if one.rows_before == one.rows_after && !one.columns.is_empty() {
                format!(
                    "{} on both sides, other {}",
                    counted(one.rows_before, "row"),
                    one_line(&one.columns.join(", "), 200)
                )
            } else {
                format!(
                    "{} by its own query, {} by the one query",
                    counted(one.rows_before, "row"),
                    n(one.rows_after)
                )
            },
        })
        .collect();
    let listed = u64::try_from(differences.len()).unwrap_or(u64::MAX);
    ResultView {
        words: proof::words(proof),
        at: clock_in_words(held.at),
        figures: if proof.after.queries == 0 {
            Vec::new()
        } else {
            figures(&proof.before, &proof.after, recorded, &plans)
        },
        differences,
        more: found.map_or(0, |rows| rows.different.saturating_sub(listed)),
        plans: match plans {
            (Some(before), Some(after)) => Some((
                plan_view("one of the queries, the slowest just now", &before.plan),
                plan_view("the one query", &after.plan),
            )),
            _ => None,
        },
    }
}

fn value_of(question: &ProofRequest, key: usize) -> String {
    let kind: DatabaseKind = question.database.kind;
    let value = question.keys.get(key);
    value.map_or_else(String::new, |value| cut(&render(value, kind), 120))
}

fn figures(
    before: &ProofSide,
    after: &ProofSide,
    recorded: Recorded,
    plans: &(Option<SidePlan>, Option<SidePlan>),
) -> Vec<Figure> {
    let plain = |name, before: String, after: String| Figure {
        name,
        before,
        after,
        change: String::new(),
        class: "",
    };
    let mut figures = vec![
        plain("queries", count(before.queries), count(after.queries)),
        plain("rows", count(before.rows), count(after.rows)),
        compared(
            "time, run again",
            (before.took_us, duration(before.took_us)),
            (after.took_us, duration(after.took_us)),
        ),
        plain(
            "time, as recorded",
            duration(recorded.total_us),
            "–".to_owned(),
        ),
        compared(
            "data read",
            (before.bytes, bytes(before.bytes)),
            (after.bytes, bytes(after.bytes)),
        ),
    ];
    let pages = |plan: &Option<SidePlan>| plan.as_ref().and_then(|plan| plan.pages);
    figures.push(match (pages(&plans.0), pages(&plans.1)) {
        (Some(each), Some(one)) => {
            let all = each.saturating_mul(before.queries);
            compared(
                "pages",
                (all, format!("about {} ({} each)", count(all), count(each))),
                (one, count(one)),
            )
        }
        _ => plain("pages", "unknown".to_owned(), "unknown".to_owned()),
    });
    figures
}

/// A figure that is better the smaller it is. Less than a fifth of difference is none.
fn compared(
    name: &'static str,
    (before, before_text): (u64, String),
    (after, after_text): (u64, String),
) -> Figure {
    let is_alike = before.max(after).saturating_mul(5) <= before.min(after).saturating_mul(6);
    let (change, class) = if is_alike || before == 0 || after == 0 {
        (String::new(), "")
    } else if after < before {
        (format!("{}× less", ratio(before, after)), "good")
    } else {
        (format!("{}× more", ratio(after, before)), "warn")
    };
    Figure {
        name,
        before: before_text,
        after: after_text,
        change,
        class,
    }
}

fn plan_view(of: &'static str, plan: &Plan) -> PlanView {
    let mut levels = vec![0; plan.totals.nodes];
    for node in plan.nodes() {
        for child in node.children.iter() {
            let level = levels.get(node.id).copied().unwrap_or(0) + 1;
            if let Some(place) = levels.get_mut(child.id) {
                *place = level;
            }
        }
    }
    let nodes = plan.nodes().take(MAX_NODES).map(|node| {
        let mut figures = Vec::new();
        if let Some(rows) = cells::rows(node) {
            figures.push(format!("rows {}", rows.text));
        }
        if let Some((pages, _)) = cells::pages(node) {
            figures.push(format!("{pages} pages"));
        }
        if let Some(ms) = node.derived.exclusive_ms {
            figures.push(cells::ms(ms));
        }
        NodeView {
            level: levels.get(node.id).copied().unwrap_or(0).min(9),
            name: cells::name(node),
            figures: figures.join(" · "),
        }
    });
    PlanView {
        of,
        nodes: nodes.collect(),
    }
}
