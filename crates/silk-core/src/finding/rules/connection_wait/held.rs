//! Who held the connections meanwhile, and what to do about it.

use super::Kind;
use crate::{ConnectionWait, Holder};

/// Holders that are named.
const MOST_HOLDERS: usize = 2;
/// Characters of a holder's statement.
const SQL_CHARS: usize = 80;

/// Who held the connections meanwhile.
pub(super) fn held(wait: &ConnectionWait) -> String {
    let all_us: u64 = wait.holders.iter().map(|holder| holder.held_us).sum();
    let named: Vec<String> = wait
        .holders
        .iter()
        .take(MOST_HOLDERS)
        .map(|holder| holder_words(holder, all_us))
        .collect();
    if named.is_empty() {
        String::new()
    } else {
        format!(" Meanwhile {}.", named.join("; "))
    }
}

/// `POST /import held 9 connections (81 %), 3 of them idle in a transaction: UPDATE …, src/a.rs:88`.
fn holder_words(holder: &Holder, all_us: u64) -> String {
    let who = match holder.route.as_str() {
        "" => "work outside of requests",
        route => route,
    };
    let connections = match holder.connections {
        1 => "1 connection".to_owned(),
        n => format!("{n} connections"),
    };
    let percent = holder.held_us.saturating_mul(100) / all_us.max(1);
    let idle = match holder.idle_in_transaction {
        0 => String::new(),
        n if n == holder.connections => ", idle in a transaction".to_owned(),
        n => format!(", {n} of them idle in a transaction"),
    };
    let mut words = format!("{who} held {connections} ({percent} % of the time){idle}");
    if let Some(sql) = &holder.normalized {
        let short: String = sql.chars().take(SQL_CHARS).collect();
        let cut = if short.len() < sql.len() { "…" } else { "" };
        words.push_str(&format!(", last with {short}{cut}"));
    }
    if let Some(site) = &holder.call_site {
        words.push_str(&format!(", from {site}"));
    }
    words
}

pub(super) fn remedy(kind: Kind, holders: &[Holder]) -> &'static str {
    match kind {
        Kind::NoneFree | Kind::Unknown
            if holders.iter().any(|holder| holder.idle_in_transaction > 0) =>
        {
            "Keep transactions short: do other work (calls of other services, rendering) before \
             BEGIN or after COMMIT."
        }
        Kind::NoneFree | Kind::Unknown => {
            "Shorten what holds the connections. Raising max_connections helps only if the \
             database has capacity to spare."
        }
        Kind::Opened => {
            "Keep connections open: min_connections of the pool's options, and a longer \
             idle_timeout."
        }
        Kind::Checked => {
            "Use one connection for the whole request (pool.acquire()), or switch the check off \
             with test_before_acquire(false)."
        }
    }
}
