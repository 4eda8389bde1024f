//! What an index costs those who write.

use std::collections::BTreeSet;

use super::figures::{count, listed, percent};
use crate::advice::{candidate::Candidate, facts::TableFacts};

/// What it costs to keep up.
#[must_use]
pub fn write_cost(candidate: &Candidate, facts: &TableFacts, fraction: Option<f64>) -> String {
    let bytes: f64 = candidate
        .keys
        .iter()
        .map(|key| key.column.as_deref())
        .chain(candidate.include.iter().map(|name| Some(name.as_str())))
        .map(|name| {
            name.and_then(|name| facts.column(name)?.bytes)
                .unwrap_or(16.0)
        })
        .sum::<f64>()
        + 16.0;
    let mut text = match fraction {
        Some(fraction) if candidate.is_partial() => format!(
            "about {bytes:.0} bytes per row it holds: about {} of all rows",
            percent(fraction)
        ),
        _ if candidate.is_partial() => {
            format!("about {bytes:.0} bytes per row it holds")
        }
        _ => format!("about {bytes:.0} bytes per inserted row"),
    };
    if let Some(activity) = facts.activity.filter(|activity| activity.writes() > 0.0) {
        text.push_str(&format!(
            "; {} inserts, {} updates and {} deletes since the database began to count",
            count(activity.inserts),
            count(activity.updates),
            count(activity.deletes)
        ));
        let columns: BTreeSet<&str> = candidate
            .keys
            .iter()
            .filter_map(|key| key.column.as_deref())
            .chain(candidate.include.iter().map(String::as_str))
            .collect();
        if activity.hot_updates >= 0.1 * activity.updates && activity.updates > 0.0 {
            let columns: Vec<&str> = columns.into_iter().collect();
            text.push_str(&format!(
                "; {} of the updates touched no index (HOT), those that change {} no longer would",
                percent(activity.hot_updates / activity.updates),
                if columns.is_empty() {
                    "its columns".to_owned()
                } else {
                    listed(&columns)
                }
            ));
        }
    }
    if candidate.replaces.is_some() {
        text.push_str("; one index less where the old one is dropped");
    }
    text
}
