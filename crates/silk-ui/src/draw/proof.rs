//! What a proof comes to, in words.

use silk_core::explain::{Proof, ProofVerdict, RowsCompared};

use super::{counted, n};

/// The verdict in a sentence, the class that marks it, and what a reader should know of it.
pub(crate) struct ProofWords {
    pub(crate) class: &'static str,
    pub(crate) sentence: String,
    pub(crate) notes: Vec<String>,
}

/// Says what a proof comes to.
pub(crate) fn words(proof: &Proof) -> ProofWords {
    let rows = proof.rows.clone().unwrap_or_default();
    let (class, sentence) = match &proof.verdict {
        ProofVerdict::Equal if proof.before.rows == 0 => (
            "warn",
            "Not proved: neither the one query nor the many return a row today.".to_owned(),
        ),
        ProofVerdict::Equal => (
            "good",
            format!("Proved: the same rows for {}.", of_keys(&rows)),
        ),
        ProofVerdict::Reordered => (
            "warn",
            format!(
                "The same rows for {}, but in another order for {}.",
                of_keys(&rows),
                n(rows.reordered)
            ),
        ),
        ProofVerdict::Different => ("bad", different(&rows)),
        ProofVerdict::Unknown { reason, .. } => ("warn", format!("Not proved. {reason}")),
    };
    ProofWords {
        class,
        sentence,
        notes: notes(proof.before.queries, &rows),
    }
}

/// `all 95 values`, `the one value`
fn of_keys(rows: &RowsCompared) -> String {
    match rows.keys {
        1 => "the one value".to_owned(),
        keys => format!("all {} values", n(keys)),
    }
}

fn different(rows: &RowsCompared) -> String {
    let mut said = Vec::new();
    if rows.different > 0 {
        said.push(format!(
            "other rows for {} of {}",
            n(rows.different),
            counted(rows.keys, "value")
        ));
    }
    if rows.strangers > 0 {
        said.push(format!(
            "{} that {} to none of the values",
            counted(rows.strangers, "row"),
            if rows.strangers == 1 {
                "belongs"
            } else {
                "belong"
            }
        ));
    }
    format!(
        "Not the same: the one query returns {}.",
        said.join(", and ")
    )
}

fn notes(queries: u64, rows: &RowsCompared) -> Vec<String> {
    let mut notes = Vec::new();
    let repeats = queries.saturating_sub(rows.keys);
    if repeats > 0 && rows.keys > 0 {
        notes.push(format!(
            "{} asked for a value that another had asked for: the one query returns its rows once.",
            counted(repeats, "query")
        ));
    }
    if rows.empty > 0 {
        notes.push(format!(
            "{} {} no rows to count: a query of its own returns 0 or NULL, the one query no row. \
             Your code must take a missing row as that.",
            counted(rows.empty, "value"),
            if rows.empty == 1 { "has" } else { "have" }
        ));
    }
    if rows.reordered > 0 {
        notes.push(
            "Both keep to ORDER BY: rows that it ranks equal may come in any order. Add a column \
             that makes it unique (the primary key) if the order matters."
                .to_owned(),
        );
    }
    if rows.rounded > 0 {
        notes.push(format!(
            "Sums of {} differ in the last digits: numbers with a point were added up in another \
             order.",
            counted(rows.rounded, "value")
        ));
    }
    if rows.strangers > 0 {
        notes.push(
            "A collation that ignores case or accents finds rows whose column is not written as \
             the value is. In Rust they are different keys of a map."
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use silk_core::explain::ProofSide;

    use super::*;

    fn proof(verdict: ProofVerdict, rows: RowsCompared) -> Proof {
        Proof {
            verdict,
            rows: Some(rows),
            before: ProofSide {
                rows: 100,
                ..ProofSide::default()
            },
            after: ProofSide::default(),
        }
    }

    #[test]
    fn each_outcome_is_a_sentence() {
        let rows = RowsCompared {
            keys: 95,
            equal: 92,
            empty: 3,
            ..RowsCompared::default()
        };
        let mut repeated = proof(ProofVerdict::Equal, rows.clone());
        repeated.before.queries = 100;
        assert_eq!(
            words(&repeated).notes[0],
            "5 queries asked for a value that another had asked for: the one query returns its \
             rows once."
        );
        let told = words(&proof(ProofVerdict::Equal, rows.clone()));
        assert_eq!(told.sentence, "Proved: the same rows for all 95 values.");
        assert!(told.notes[0].starts_with("3 values have no rows to count"));
        let mut none = proof(ProofVerdict::Equal, rows);
        none.before.rows = 0;
        assert!(words(&none).sentence.starts_with("Not proved: neither"));
        let told = words(&proof(
            ProofVerdict::Different,
            RowsCompared {
                keys: 95,
                different: 2,
                strangers: 1,
                ..RowsCompared::default()
            },
        ));
        assert_eq!(
            told.sentence,
            "Not the same: the one query returns other rows for 2 of 95 values, and 1 row that \
             belongs to none of the values."
        );
        let told = words(&proof(
            ProofVerdict::Reordered,
            RowsCompared {
                keys: 1,
                reordered: 1,
                ..RowsCompared::default()
            },
        ));
        assert_eq!(
            told.sentence,
            "The same rows for the one value, but in another order for 1."
        );
        let reason = "Stopped after 5000 ms: 7 of 100 queries had run.".to_owned();
        let told = words(&proof(
            ProofVerdict::Unknown {
                code: "time_limit",
                reason,
            },
            RowsCompared::default(),
        ));
        assert_eq!(
            (told.class, &*told.sentence),
            (
                "warn",
                "Not proved. Stopped after 5000 ms: 7 of 100 queries had run."
            )
        );
    }
}
