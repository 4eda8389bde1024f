//! The rules that remarked on a request as one short text: names, each followed by the number of
//! queries it is about where that was counted. `["repeated_statement",100,"slow_query"]`; before
//! numbers were kept, there were names alone.

use serde::{Deserialize, Serialize};
use silk_core::RequestSummary;

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Part<'a> {
    Rule(std::borrow::Cow<'a, str>),
    Calls(u64),
}

/// The text of a summary's rules; none if nothing was remarked.
pub(super) fn write(summary: &RequestSummary) -> Option<String> {
    if summary.findings.is_empty() {
        return None;
    }
    let mut parts = Vec::with_capacity(summary.findings.len() * 2);
    for (at, rule) in summary.findings.iter().enumerate() {
        parts.push(Part::Rule(rule.into()));
        if let Some(calls) = summary.finding_calls.get(at).filter(|calls| **calls > 0) {
            parts.push(Part::Calls(*calls));
        }
    }
    // Strings and numbers always serialise.
    serde_json::to_string(&parts).ok()
}

/// The rules again, and what was counted; nothing where it is no such text.
pub(super) fn read(text: Option<&str>) -> (Vec<String>, Vec<u64>) {
    let parts: Vec<Part<'_>> = text
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let (mut rules, mut calls) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Rule(rule) => rules.push(rule.into_owned()),
            Part::Calls(n) if !rules.is_empty() => {
                calls.resize(rules.len() - 1, 0);
                calls.push(n);
            }
            Part::Calls(_) => {}
        }
    }
    (rules, calls)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_alone_are_read_as_well() {
        let rules = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        for (text, names, calls) in [
            (None, &[][..], &[][..]),
            (Some("[]"), &[], &[]),
            (Some("no list"), &[], &[]),
            (Some(r#"["a","b"]"#), &["a", "b"], &[]),
            (Some(r#"["a",7,"b"]"#), &["a", "b"], &[7]),
            (Some(r#"["a","b\"",9]"#), &["a", "b\""], &[0, 9]),
            (Some(r#"[5,"a"]"#), &["a"], &[]),
        ] {
            assert_eq!(read(text), (rules(names), calls.to_vec()), "{text:?}");
        }
    }
}
