//! Words to choose from: made from the lists that parameters are read by and answers are written
//! with.

use serde_json::{Value, json};
use silk_core::{
    DatabaseKind, LossReason, Outcome, PlanFormat, PlanSource, RequestKind, TransactionEnd, across,
    compare::Change,
    finding::rules::{RULES, Rule},
    store::{RequestSort, StatementSort},
};

use super::notation::described;
use crate::{findings::lives::STATES, params::Window};

/// Their schemas, by name.
pub(super) fn schemas() -> Vec<(String, Value)> {
    macro_rules! all {
        ($($name:ident: $about:literal),* $(,)?) => {
            [$((stringify!($name), words($name::ALL.iter().map(|one| one.as_str())), $about)),*]
        };
    }
    let listed = all! {
        RequestKind: "What kind of work it was.",
        Outcome: "How it ended.",
        DatabaseKind: "A dialect of SQL.",
        TransactionEnd: "How a transaction ended.",
        PlanSource: "Where a plan is from.",
        PlanFormat: "What a plan was printed as.",
        Change: "What became of a statement from A to B.",
        LossReason: "Why requests were not recorded.",
        RequestSort: "Order of a list of requests.",
        StatementSort: "Order of a list of statements.",
    };
    let windows = Window::ALL.iter().filter_map(|window| window.of_list());
    let more = [
        (
            "Window",
            words(windows.map(|(word, _)| word)),
            "A stretch of time, up to now.",
        ),
        (
            "FindingState",
            words(STATES.iter().map(|(word, _)| *word)),
            "What became of a finding; `todo` is new, open, came back, or unknown (of plans).",
        ),
        (
            "RequestRule",
            words(RULES.iter().map(|rule| rule.name)),
            "A rule about requests.",
        ),
        ("Rule", rule(), "The name of a rule."),
    ];
    (listed.into_iter().chain(more))
        .map(|(name, schema, about)| (name.to_owned(), described(schema, about)))
        .collect()
}

fn words<'a>(all: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": all.collect::<Vec<_>>() })
}

/// Rules that are known, or that another version of the program knew: a store outlives it.
fn rule() -> Value {
    let known = |rules: &'static [Rule]| rules.iter().map(|rule| rule.name);
    json!({
        "anyOf": [
            words(known(RULES).chain(known(across::RULES))),
            { "type": "string" },
        ],
    })
}
