//! What the rules say about a plan, put into words and onto its nodes.

use std::collections::BTreeMap;

use silk_core::Severity;
use silk_plan::PlanFinding;

use super::cells::ms;
use crate::draw::{
    format::{cut, sentence},
    names::{rule_name, severity_class},
};

/// Findings on a page.
const MAX_FINDINGS: usize = 20;

/// A finding about a plan.
#[derive(Clone)]
pub(crate) struct FindingView {
    pub(crate) node: Option<usize>,
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    pub(crate) title: String,
    pub(crate) evidence: String,
    pub(crate) action: String,
    pub(crate) unless: String,
    pub(crate) saves: Option<String>,
    /// `verified`, `estimated`, or nothing.
    pub(crate) basis: &'static str,
}

/// Findings as pages show them.
pub(crate) fn views(found: &[PlanFinding]) -> Vec<FindingView> {
    found
        .iter()
        .take(MAX_FINDINGS)
        .map(|finding| FindingView {
            node: finding.node,
            class: severity_class(finding.severity),
            rule: rule_name(finding.rule),
            title: cut(&finding.title, 240),
            evidence: cut(&finding.evidence, 480),
            action: sentence(&cut(&finding.action, 480)),
            unless: cut(&finding.unless, 320),
            saves: finding.saves_ms.filter(|saved| *saved > 0.0).map(ms),
            basis: match (finding.verified, finding.estimated) {
                (true, _) => "verified",
                (false, true) => "estimated, nothing was run",
                (false, false) => "",
            },
        })
        .collect()
}

/// The class that each node is marked with: that of the worst finding about it.
pub(crate) fn heat(found: &[PlanFinding]) -> BTreeMap<usize, &'static str> {
    let mut worst: BTreeMap<usize, Severity> = BTreeMap::new();
    for finding in found {
        if let Some(node) = finding.node {
            let known = worst.entry(node).or_insert(finding.severity);
            *known = (*known).max(finding.severity);
        }
    }
    worst
        .into_iter()
        .map(|(node, severity)| (node, severity_class(severity)))
        .collect()
}
