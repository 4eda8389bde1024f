//! What stands below the tree: triggers and compilation.

use crate::parse::json::number;
use crate::parse::postgres::figures::value_of;
use crate::{Jit, Trigger};

/// `Trigger for constraint fk on t`, `Trigger name on t`, `Trigger name`; with VERBOSE a
/// constraint's has a name too: `Trigger name for constraint fk`.
pub(super) fn trigger(key: &str, value: &str) -> Trigger {
    let words = key.strip_prefix("Trigger ").unwrap_or(key);
    let (words, relation) = match words.rsplit_once(" on ") {
        Some((words, relation)) => (words, Some(relation.to_owned())),
        None => (words, None),
    };
    let (name, constraint) = match words.strip_prefix("for constraint ") {
        Some(constraint) => (constraint, Some(constraint)),
        None => match words.split_once(" for constraint ") {
            Some((name, constraint)) => (name, Some(constraint)),
            None => (words, None),
        },
    };
    Trigger {
        name: name.to_owned(),
        constraint: constraint.map(ToOwned::to_owned),
        relation,
        ms: value_of(value, "time").and_then(number),
        calls: value_of(value, "calls").and_then(number).unwrap_or(0.0),
    }
}

/// `Functions: 4`, `Timing: Generation 1.0 ms (Deform 0.2 ms), Inlining …, Total 9.0 ms`.
pub(super) fn jit(jit: &mut Jit, key: &str, value: &str) {
    match key {
        "Functions" => jit.functions = number(value).unwrap_or(0.0),
        "Timing" => {
            for part in value.split(", ") {
                let mut words = part.split(' ');
                let (Some(name), ms) = (words.next(), words.next().and_then(number)) else {
                    continue;
                };
                match name {
                    "Generation" => jit.generation_ms = ms,
                    "Inlining" => jit.inlining_ms = ms,
                    "Optimization" => jit.optimization_ms = ms,
                    "Emission" => jit.emission_ms = ms,
                    "Total" => jit.total_ms = ms,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
