//! R5 and R6: CTEs and InitPlans hang in one place and run in another.

use std::collections::HashMap;

use super::Measured;
use super::flat::Flat;
use super::time::first_pass;
use crate::{Payment, Role};

/// Nodes that the search for payers may look at in all: beyond it the place where a part hangs
/// pays. A plan of 10,000 nodes with a hundred InitPlans needs half of it.
const MAX_STEPS: usize = 2_000_000;

/// A CTE quicker to its first row than this tells nothing by it, in ms.
const MIN_WAIT_MS: f64 = 0.05;

/// Takes the time of every such part out of the nodes that ran it.
pub(super) fn find(flat: &Flat<'_>, measured: &mut Measured) {
    // Without times the pages tell who ran what.
    let by_pages = !measured.timed;
    let weights: Vec<f64> = if by_pages {
        flat.nodes
            .iter()
            .map(|node| node.buffers.map_or(0.0, |buffers| buffers.pages()))
            .collect()
    } else {
        measured.inclusive.clone()
    };
    let mut search = Search {
        flat,
        exclusive: first_pass(flat, &weights),
        weights,
        steps: 0,
    };
    search.ctes(measured);
    search.init_plans(measured);
    if by_pages {
        for (_, payment) in &mut measured.payments {
            payment.ms = 0.0;
        }
        measured.outside.clear();
    } else {
        measured.exclusive = search.exclusive;
    }
    for (payer, payment) in &measured.payments {
        measured.derived[*payer].paid.push(payment.clone());
        measured.derived[payment.node].paid_by.push(*payer);
    }
}

struct Search<'a> {
    flat: &'a Flat<'a>,
    /// Inclusive time, or pages.
    weights: Vec<f64>,
    /// What is left of a node's own.
    exclusive: Vec<f64>,
    steps: usize,
}

impl Search<'_> {
    fn pay(&mut self, measured: &mut Measured, payer: usize, part: usize, weight: f64) {
        self.exclusive[payer] -= weight;
        let name = self.flat.nodes[part].subplan.clone().unwrap_or_default();
        measured.payments.push((
            payer,
            Payment {
                node: part,
                name,
                ms: weight,
            },
        ));
    }

    /// R5: a CTE runs inside the scans that read it, as they ask for its rows.
    fn ctes(&mut self, measured: &mut Measured) {
        for (cte, mut scans) in self.flat.readers() {
            let mut left = self.weights[cte];
            // Who came first waited for the first row as long as the CTE took to give it.
            let first = |at: usize| {
                let actual = self.flat.nodes[at].actual.filter(|_| measured.timed)?;
                Some(actual.startup_ms? * actual.loops / measured.participants[at])
            };
            let wait = first(cte).filter(|ms| *ms > MIN_WAIT_MS);
            let came_later = |at: usize| match (wait, first(at)) {
                (Some(wait), Some(waited)) => waited < wait - 0.001,
                _ => false,
            };
            scans.sort_by(|a, b| {
                let later = came_later(*a).cmp(&came_later(*b));
                let heavier = self.weights[*b].total_cmp(&self.weights[*a]);
                later.then(heavier).then(a.cmp(b))
            });
            for &scan in &scans {
                let part = left.min(self.weights[scan]);
                if part > 0.0 {
                    self.pay(measured, scan, cte, part);
                    left -= part;
                }
            }
            if left > 0.0 {
                measured.outside.push((cte, left));
            }
            measured.readers.push((cte, scans));
        }
    }

    /// R6: an InitPlan runs once, inside the node that first needs its value.
    fn init_plans(&mut self, measured: &mut Measured) {
        let flat = self.flat;
        let mut mentions: Option<HashMap<String, Vec<usize>>> = None;
        for node in flat.nodes.iter().filter(|node| node.role == Role::InitPlan) {
            let (part, weight) = (node.id, self.weights[node.id]);
            let Some(attached) = flat.parents[part] else {
                continue;
            };
            if weight <= 0.0 {
                continue;
            }
            let mentions = mentions.get_or_insert_with(|| all_mentions(flat));
            let payers = self.candidates(part, attached, mentions);
            if let Some(payer) = self.able(part, &payers, weight) {
                self.pay(measured, payer, part, weight);
            } else if let Some((payer, within)) = self.left(part, &payers, weight, measured) {
                self.pay(measured, payer, part, within);
                self.pay(measured, attached, part, weight - within);
            } else {
                let payer = self.silent(part, attached, weight);
                self.pay(measured, payer, part, weight);
            }
        }
    }

    /// Nodes that may have run it: those that mention its value, or the Gather above them, which
    /// works values out before it starts workers.
    fn candidates(
        &mut self,
        part: usize,
        attached: usize,
        mentions: &HashMap<String, Vec<usize>>,
    ) -> Vec<usize> {
        let flat = self.flat;
        let mut payers = Vec::new();
        for token in tokens(flat.nodes[part].subplan.as_deref().unwrap_or_default()) {
            for at in mentions.get(&token).map_or(&[][..], Vec::as_slice) {
                self.steps += 1;
                if self.steps > MAX_STEPS {
                    return payers;
                }
                if !flat.subtree(attached).contains(at)
                    || flat.subtree(part).contains(at)
                    || flat.loops(*at) <= 0.0
                {
                    continue;
                }
                let mut payer = *at;
                for above in std::iter::once(*at).chain(flat.ancestors(*at)) {
                    self.steps += 1;
                    if flat.is_gather(above) {
                        payer = above;
                    }
                    if above == attached {
                        break;
                    }
                }
                payers.push(payer);
            }
        }
        payers
    }

    fn largest(&self, nodes: impl Iterator<Item = usize>) -> Option<usize> {
        nodes.max_by(|a, b| {
            let (left, right) = (self.exclusive[*a], self.exclusive[*b]);
            left.total_cmp(&right).then(b.cmp(a))
        })
    }

    /// Of those who ask for it, the one with the most time that had enough of it.
    fn able(&self, part: usize, payers: &[usize], weight: f64) -> Option<usize> {
        let flat = self.flat;
        let enough = |at: &usize| {
            // Both times are rounded, once per loop.
            let rounding = 0.0006 * (flat.loops(*at) + flat.loops(part)) + weight * 1e-9;
            self.exclusive[*at] >= weight - rounding
        };
        self.largest(payers.iter().copied().filter(enough))
    }

    /// Who asked for a value that workers helped to work out, and the time until it was there.
    ///
    /// The workers leave when the whole plan has run, and its clocks wait for them down to the
    /// part: within the node on which it hangs, and not within the one that asked for the value.
    fn left(
        &mut self,
        part: usize,
        payers: &[usize],
        weight: f64,
        measured: &Measured,
    ) -> Option<(usize, f64)> {
        let flat = self.flat;
        let actual = flat.nodes[part].actual.filter(|_| measured.timed)?;
        let within = actual.startup_ms? * actual.loops / measured.participants[part];
        if within >= weight {
            return None;
        }
        let mut subtree = flat.subtree(part);
        self.steps += subtree.len();
        if self.steps > MAX_STEPS || !subtree.any(|at| flat.is_gather(at)) {
            return None;
        }
        Some((self.able(part, payers, within)?, within))
    }

    /// A remote or asynchronous scan does not mention what it needs: another part had the time.
    fn silent(&mut self, part: usize, attached: usize, weight: f64) -> usize {
        let flat = self.flat;
        let range = flat.subtree(attached);
        self.steps += range.len();
        if self.steps > MAX_STEPS {
            return attached;
        }
        let able =
            range.filter(|at| !flat.subtree(part).contains(at) && self.exclusive[*at] >= weight);
        self.largest(able).unwrap_or(attached)
    }
}

/// `InitPlan 1 (returns $0,$1)` → `$0`, `$1`, `InitPlan 1`.
fn tokens(name: &str) -> Vec<String> {
    let (bare, returns) = name.split_once(" (returns ").unwrap_or((name, ""));
    let mut tokens: Vec<String> = returns
        .trim_end_matches(')')
        .split(',')
        .map(|token| token.trim().to_owned())
        .filter(|token| token.starts_with('$'))
        .collect();
    tokens.push(bare.trim().to_owned());
    tokens
}

/// Where each value of an InitPlan is mentioned: `$0` as a whole word, `(InitPlan 1)`.
fn all_mentions(flat: &Flat<'_>) -> HashMap<String, Vec<usize>> {
    let mut found: HashMap<String, Vec<usize>> = HashMap::new();
    for node in &flat.nodes {
        let conditions = node
            .conditions
            .iter()
            .map(|condition| condition.text.as_str());
        let details = node
            .details
            .iter()
            .filter(|(key, _)| key != "Params Evaluated")
            .map(|(_, value)| value.as_str());
        for text in conditions
            .chain(node.output.iter().map(String::as_str))
            .chain(details)
        {
            mentions_in(text, |token| {
                let places = found.entry(token.to_owned()).or_default();
                if places.last() != Some(&node.id) {
                    places.push(node.id);
                }
            });
        }
    }
    found
}

fn mentions_in(text: &str, mut mention: impl FnMut(&str)) {
    for (at, _) in text.match_indices('$') {
        let digits = text[at + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let after = text[at + 1 + digits..].chars().next();
        if digits > 0 && !after.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            mention(&text[at..at + 1 + digits]);
        }
    }
    for (at, _) in text.match_indices("(InitPlan ") {
        // As far as the next bracket, whichever it is: a text of nothing else is read once.
        let name = &text[at + 1..];
        if let Some(length) = name.find(['(', ')'])
            && name[length..].starts_with(')')
        {
            mention(&name[..length]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_values_apart() {
        let mut seen = Vec::new();
        mentions_in(
            "(a = $1) AND (b = $10) AND (c = (InitPlan 2).col1) AND $x AND $1a AND (InitPlan (",
            |token| {
                seen.push(token.to_owned());
            },
        );
        assert_eq!(seen, ["$1", "$10", "InitPlan 2"]);
        assert_eq!(
            tokens("InitPlan 3 (returns $4,$5)"),
            ["$4", "$5", "InitPlan 3"]
        );
        assert_eq!(tokens("InitPlan 10"), ["InitPlan 10"]);
    }
}
