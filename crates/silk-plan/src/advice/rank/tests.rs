use silk_core::DatabaseKind;

use super::*;
use crate::advice::{CandidateKey, KeyRole};

fn trial(keys: &[&str], include: usize, cost_after: f64, size: u64) -> Trial {
    let key = |name: &&str| CandidateKey {
        text: (*name).to_owned(),
        label: (*name).to_owned(),
        column: Some((*name).to_owned()),
        descending: false,
        nulls_first: None,
        class: None,
        role: KeyRole::Equal,
    };
    Trial {
        candidates: vec![Candidate {
            kind: DatabaseKind::Postgres,
            schema: None,
            table: "t".to_owned(),
            is_partitioned: false,
            keys: keys.iter().map(key).collect(),
            include: vec!["x".to_owned(); include],
            predicates: Vec::new(),
            predicate_labels: Vec::new(),
            replaces: None,
        }],
        cost_after,
        size_bytes: Some(size),
        pages: None,
    }
}

#[test]
fn tiers() {
    assert_eq!(
        strength(4_000.0, 1_999.0, None),
        Some(AdviceStrength::Strong)
    );
    assert_eq!(
        strength(4_000.0, 3_000.0, None),
        Some(AdviceStrength::Moderate)
    );
    assert_eq!(strength(4_000.0, 3_300.0, None), None);
    assert_eq!(strength(4_000.0, 3_000.0, Some((100.0, 60.0))), None);
    assert_eq!(
        strength(4_000.0, 3_000.0, Some((100.0, 40.0))),
        Some(AdviceStrength::Moderate)
    );
    // A cheap query needs none, however much of it would go.
    assert_eq!(strength(60.0, 1.0, None), None);
    assert_eq!(strength(f64::NAN, 1.0, None), None);
}

#[test]
fn the_much_smaller_of_two_that_read_as_well() {
    // The figures of the list of deleted messages.
    let trials = [
        trial(&["deleted"], 0, 2_385.0, 2_168_000),
        trial(&["updated"], 0, 276.0, 3_056_000),
        trial(&["id"], 0, 508.0, 152_000),
        trial(&["updated", ""], 0, 211.0, 152_000),
        trial(&["deleted", "updated"], 0, 117.0, 4_208_000),
        trial(&["updated"], 1, 288.0, 4_208_000),
    ];
    let choice = choose(3_970.0, &trials).expect("some help");
    assert_eq!(choice.first, 3);
    assert_eq!(choice.instead.first(), Some(&4));
}

#[test]
fn a_column_more_must_earn_its_keep() {
    let trials = [
        trial(&["a", "b"], 0, 100.0, 2_000_000),
        trial(&["a"], 0, 110.0, 1_900_000),
    ];
    assert_eq!(choose(4_000.0, &trials).map(|choice| choice.first), Some(1));
    let trials = [
        trial(&["a", "b"], 0, 20.0, 2_000_000),
        trial(&["a"], 0, 110.0, 1_900_000),
    ];
    assert_eq!(choose(4_000.0, &trials).map(|choice| choice.first), Some(0));
}

#[test]
fn nothing_worth_having_is_nothing() {
    assert_eq!(choose(4_000.0, &[]), None);
    assert_eq!(choose(4_000.0, &[trial(&["a"], 0, 3_900.0, 1)]), None);
}

#[test]
fn what_else_runs_counts_by_its_time() {
    let effect = |after: f64, total_us| WorkloadEffect {
        fingerprint: silk_core::Fingerprint(1),
        cost_before: 4_000.0,
        cost_after: after,
        calls: 1,
        total_us,
    };
    let (none, some, much) = ([], [effect(400.0, 10)], [effect(400.0, 1_000_000)]);
    // The second reads the query a little worse, and helps another.
    assert_eq!(favoured(4_000.0, &[(200.0, &none), (300.0, &much)]), 1);
    assert_eq!(favoured(4_000.0, &[(200.0, &none), (300.0, &some)]), 1);
    assert_eq!(favoured(4_000.0, &[(200.0, &much), (100.0, &much)]), 0);
    assert_eq!(
        favoured(4_000.0, &[(200.0, &none), (300.0, &[effect(8_000.0, 10)])]),
        0
    );
    assert_eq!(favoured(4_000.0, &[(200.0, &none)]), 0);
}
