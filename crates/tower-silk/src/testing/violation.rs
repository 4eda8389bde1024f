//! What an assertion objects to, and how that stands to the known debts.

use silk_core::{CallSite, Statement};

use super::debts::Debt;

/// One thing that an assertion objects to.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    /// What kind of debt it would be.
    pub(super) kind: String,
    /// Normalised SQL; empty where it is about no statement.
    pub(super) statement: String,
    /// File and function, without the line; empty where not known.
    pub(super) place: String,
    /// Queries, calls, or times found.
    pub(super) number: u64,
}

/// How a violation stands to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is known of it.
    New,
    /// More than the number that is known.
    Worse(u64),
    /// As known.
    Known,
    /// Less than the number that is known.
    Better(u64),
}

impl Violation {
    pub(super) fn new(
        kind: &str,
        statement: Option<&Statement>,
        site: Option<&CallSite>,
        number: u64,
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            statement: statement.map_or_else(String::new, |known| known.normalized.clone()),
            place: site.map_or_else(String::new, |site| place(site, 0)),
            number,
        }
    }

    pub(super) fn is_of(&self, debt: &Debt) -> bool {
        debt.kind == self.kind && debt.statement == self.statement && debt.place == self.place
    }

    pub(super) fn standing(&self, debts: &[Debt]) -> Standing {
        let known = debts.iter().find(|debt| self.is_of(debt));
        match known.map(|debt| debt.allowed) {
            None => Standing::New,
            Some(allowed) if self.number > allowed => Standing::Worse(allowed),
            Some(allowed) if self.number < allowed => Standing::Better(allowed),
            Some(_) => Standing::Known,
        }
    }
}

impl Standing {
    pub(super) const fn is_allowed(self) -> bool {
        matches!(self, Self::Known | Self::Better(_))
    }
}

/// File and function, as debts and snapshots name a place: lines move with every edit, functions
/// seldom. With the line where it is not 0.
pub(super) fn place(site: &CallSite, line: u32) -> String {
    if site.file.is_empty() {
        return site.function.clone();
    }
    let mut place = site.file.clone();
    if line > 0 {
        place.push_str(&format!(":{line}"));
    }
    if !site.function.is_empty() {
        place.push(' ');
        place.push_str(&site.function);
    }
    place
}
