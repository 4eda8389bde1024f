//! Who held the connections that a request waited for: named, and summed.

use std::{sync::Arc, time::Duration};

use silk_core::{CallSite, Database, Holder, RequestKind, Statement, redact::Secrets};

use super::Transform;
use crate::record::{
    clock::micros,
    held_connection::{HeldBy, HeldConnection},
};

/// Holders kept per wait, those of most of the time.
const MAX_HOLDERS: usize = 8;

/// What connections are summed by.
#[derive(PartialEq)]
struct Key {
    route: String,
    statement: Option<Arc<Statement>>,
    call_site: Option<CallSite>,
}

/// What one connection was held for.
struct Slot {
    number: usize,
    held: Duration,
    idle_in_transaction: Duration,
}

impl Transform {
    pub(super) fn holders(
        &mut self,
        held: Vec<HeldConnection>,
        database: &Arc<Database>,
        secrets: &mut Secrets,
    ) -> Vec<Holder> {
        let mut sums: Vec<(Key, Vec<Slot>, Holder)> = Vec::new();
        for connection in held {
            let (statement, call_site) = match connection.last {
                Some((sql, stack)) => (
                    Some(self.reader.read(sql.as_str(), database).statement),
                    stack.and_then(|stack| self.resolver.resolve(&stack)),
                ),
                None => (None, None),
            };
            let key = Key {
                route: connection
                    .by
                    .map(|by| self.held_by(&by, secrets))
                    .unwrap_or_default(),
                statement,
                call_site: call_site.map(|site| (*site).clone()),
            };
            let at = sums.iter().position(|(known, ..)| *known == key);
            let at = at.unwrap_or_else(|| {
                let holder = Holder {
                    route: key.route.clone(),
                    fingerprint: key.statement.as_ref().map(|known| known.fingerprint),
                    normalized: key.statement.as_ref().map(|known| known.normalized.clone()),
                    call_site: key.call_site.clone(),
                    connections: 0,
                    idle_in_transaction: 0,
                    held_us: 0,
                };
                sums.push((key, Vec::new(), holder));
                sums.len() - 1
            });
            let Some((_, slots, holder)) = sums.get_mut(at) else {
                continue;
            };
            // One connection may have been held several times.
            let (held, idle) = (connection.held, connection.idle_in_transaction);
            match slots.iter_mut().find(|slot| slot.number == connection.slot) {
                Some(slot) => {
                    slot.held += held;
                    slot.idle_in_transaction += idle;
                }
                None => slots.push(Slot {
                    number: connection.slot,
                    held,
                    idle_in_transaction: idle,
                }),
            }
            holder.held_us = holder.held_us.saturating_add(micros(connection.held));
        }
        let mut holders: Vec<_> = sums
            .into_iter()
            .map(|(_, slots, mut holder)| {
                let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
                // Idle for most of the time that it was held meanwhile.
                let idle = slots
                    .iter()
                    .filter(|slot| slot.idle_in_transaction * 2 > slot.held);
                holder.idle_in_transaction = number(idle.count());
                holder.connections = number(slots.len());
                holder
            })
            .collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held_us));
        holders.truncate(MAX_HOLDERS);
        holders
    }

    /// Method and route of a request, or the name of a job.
    fn held_by(&mut self, by: &HeldBy, secrets: &mut Secrets) -> String {
        if by.kind != RequestKind::Request {
            let name = by.route.as_str().unwrap_or_default();
            return self.redactor.text_with(name, secrets);
        }
        let method = by.method.as_str();
        if let Some(template) = by.route.as_str() {
            return format!("{method} {template}");
        }
        let Some(uri) = &by.uri else {
            return method.to_owned();
        };
        let path = self.redactor.path(uri.path(), None, secrets);
        let name = self.routes.name_by(&by.route, &path, true);
        format!("{method} {name}")
    }
}
