//! What the documents list is what there is.

use silk_core::{
    LossReason, across,
    finding::rules::{self, Rule},
};

/// `docs/reference/findings.md` has a row for each rule about a request or many, and for no other.
#[test]
fn every_rule_about_requests_is_documented() {
    listed("## Of a request\n", rules::RULES);
    listed("## Of many requests\n", across::RULES);
}

/// The part below a heading has a row for each of the rules.
fn listed(heading: &str, rules: &[Rule]) {
    let text = include_str!("../../../docs/reference/findings.md");
    let (_, table) = text.split_once(heading).expect("the part is there");
    let (table, _) = table.split_once("\n## ").expect("another part follows");
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for rule in rules {
        let row = format!("| `{}` | {} | {} |", rule.name, rule.label, rule.about);
        assert!(rows.contains(&row.as_str()), "add the row: {row}");
    }
    assert_eq!(rows.len(), rules.len(), "{rows:#?}");
}

/// `docs/reference/losses.md` has a row for each reason of loss, and for no other.
#[test]
fn every_reason_of_loss_is_documented() {
    let text = include_str!("../../../docs/reference/losses.md");
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for reason in LossReason::ALL {
        let words = reason.words();
        let row = format!(
            "| `{}` | {} | {} | {} |",
            reason.as_str(),
            words.label,
            words.about,
            words.remedy
        );
        assert!(rows.contains(&row.as_str()), "add the row: {row}");
    }
    assert_eq!(rows.len(), LossReason::ALL.len(), "{rows:#?}");
}

/// What responses tell strangers stands in the README.
#[test]
fn case_apps_04_headers_that_responses_carry_are_documented() {
    let text = include_str!("../../../README.md");
    for name in ["`Silk-Id`", "`Server-Timing`"] {
        assert!(text.contains(name), "{name}");
    }
}
