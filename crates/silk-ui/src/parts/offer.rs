//! What a finding offers to be copied, with how sure it is.

use silk_core::DatabaseKind;

use crate::{
    draw::{
        code::{SqlView, sql_view},
        format::sentence,
        instruction::{Instruction, instruction},
    },
    findings::{Offer, Unproved},
};

/// What a finding offers to be copied.
pub(crate) struct OfferView {
    /// What it is: `Create this index:`
    pub(crate) label: &'static str,
    /// The statement of the index that it is.
    pub(crate) makes: Option<String>,
    pub(crate) sql: Option<SqlView>,
    /// Whether the SQL runs as it stands.
    pub(crate) is_whole: bool,
    pub(crate) rust: Option<String>,
    /// How sure it is.
    pub(crate) proof: Option<Proof>,
    /// Where it can be proved.
    pub(crate) prove_href: Option<String>,
}

/// How sure an offer is.
pub(crate) struct Proof {
    pub(crate) word: &'static str,
    pub(crate) class: &'static str,
    pub(crate) note: Instruction,
}

/// What is offered, as a page shows it.
pub(crate) fn offer_view(offer: &Offer, kind: DatabaseKind) -> OfferView {
    match offer {
        Offer::Index { sql, unproved } => OfferView {
            label: "Create this index:",
            makes: Some(sql.clone()),
            sql: Some(sql_view(sql, kind)),
            is_whole: true,
            rust: None,
            proof: Some(match unproved {
                None => Proof {
                    word: "verified",
                    class: "good",
                    note: said("The database planned the query with it, without making it."),
                },
                Some(Unproved::Asked) => Proof {
                    word: "not verified yet",
                    class: "",
                    note: said("The database is being asked; reload in a moment."),
                },
                Some(Unproved::NotTried(how)) => Proof {
                    word: "not verified",
                    class: "warn",
                    note: said(&sentence(how.as_deref().unwrap_or_default())),
                },
            }),
            prove_href: None,
        },
        Offer::Query { sql, rust, kind } => OfferView {
            label: "Run one query instead:",
            makes: None,
            sql: Some(sql_view(sql, *kind)),
            // A list of as many placeholders as there are values cannot be written down.
            is_whole: *kind == DatabaseKind::Postgres,
            rust: Some(rust.clone()),
            proof: None,
            prove_href: None,
        },
        Offer::Asked => OfferView {
            label: "The database is being asked which index would help; reload in a moment.",
            makes: None,
            sql: None,
            is_whole: false,
            rust: None,
            proof: None,
            prove_href: None,
        },
    }
}

fn said(words: &str) -> Instruction {
    instruction(words, 400)
}
