//! SQL built by string: values written into the text, a new text each time.
//!
//! **Definition.** Queries of one shape in one request with many different texts, literals in them,
//! and no bound value.
//! **Formula.** `different texts >= min_built_texts`; comments do not count as different.
//! **Time lost.** Not measured: each text is parsed and planned anew, which is part of each query's
//! time.
//! **Thresholds.** `min_built_texts`; ten, because a `match` over a few constant texts is no string.
//! **Silent on.** Texts with a bound value; constant texts; scripts (DDL, SET).

use std::collections::HashSet;

use super::BUILT_SQL;
use crate::{
    Finding, Severity,
    finding::{
        facts::{Facts, Group, name},
        words::count,
    },
    sql::Role,
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    if group.calls() < facts.thresholds.min_built_texts
        || statement.tables.is_empty()
        || !matches!(
            &*statement.command,
            "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE"
        )
    {
        return None;
    }
    let mut texts = HashSet::with_hasher(foldhash::fast::RandomState::default());
    let mut identities = HashSet::with_hasher(foldhash::fast::RandomState::default());
    for at in &group.queries {
        let query = facts.query(*at)?;
        let is_bound = query
            .values
            .as_ref()
            .is_some_and(|values| !values.is_empty());
        if is_bound || !facts.text(query)?.has_literals {
            return None;
        }
        texts.insert(query.text);
        identities.insert(facts.identity(*at));
    }
    let enough = usize::try_from(facts.thresholds.min_built_texts.max(2)).ok()?;
    if texts.len() < enough || identities.len() < enough {
        return None;
    }
    let first = group.first(facts)?;
    // Placeholders whose values were not captured are bound all the same.
    let slots = &facts.shape(first).slots;
    if slots.iter().any(|slot| slot.place.is_some())
        || slots
            .iter()
            .all(|slot| matches!(slot.role, Role::Limit | Role::Offset))
    {
        return None;
    }
    let n = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    let cost = match statement.database {
        crate::DatabaseKind::Postgres | crate::DatabaseKind::MySql => {
            "The database parses and plans each one, and they push other statements out of the \
             connection's cache of 100."
        }
        _ => "Each one is parsed and planned anew.",
    };
    Some(Finding {
        rule: BUILT_SQL.to_owned(),
        severity: Severity::Warning,
        title: format!(
            "{} texts of one {} differ only in values written into them{}.",
            count(n),
            name(statement),
            group.from(facts)
        ),
        detail: format!("{cost} A value that comes from outside can change the statement."),
        remedy: Some(
            "Bind the values: a placeholder in the text and .bind(…), or QueryBuilder::push_bind."
                .to_owned(),
        ),
        call_site: group.main_site(facts).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(first.seq),
        lost_us: None,
    })
}
