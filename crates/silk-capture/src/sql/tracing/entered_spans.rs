//! The spans that a thread is within, as a layer has seen them entered and left.
//!
//! Two kinds are entered most often: a request's own around each row and each poll, a query's around
//! each command. Their time is not taken, so that they need not be looked up in the registry to be
//! entered again; and an event within a request's own span belongs to that request without a look
//! at the registry, which is a fifth of what an event costs.

use std::cell::RefCell;

use tracing::span::Id;

use crate::suppress;

/// Spans that a thread is within at most, before it is thought that some are never left.
const MAX_WITHIN: usize = 256;

/// What a span is to the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The own span of the request at this address.
    Request(usize),
    /// Nothing within is recorded.
    Cover,
    /// Its time is taken, or it is none of ours.
    Other,
}

/// A span of a layer's subscriber.
#[derive(Debug, Clone, Copy)]
struct Entered {
    layer: u32,
    span: u64,
    /// How often it is entered: it is current where it was entered first.
    times: u32,
    kind: Kind,
}

#[derive(Debug)]
struct Spans {
    /// The last one whose time is not taken, which may have been left.
    last: Option<Entered>,
    /// Outermost first.
    within: Vec<Entered>,
    /// Whether too many were never left.
    is_lost: bool,
}

thread_local! {
    static SPANS: RefCell<Spans> = const {
        RefCell::new(Spans { last: None, within: Vec::new(), is_lost: false })
    };
}

fn with<R>(f: impl FnOnce(&mut Spans) -> R) -> Option<R> {
    SPANS
        .try_with(|spans| spans.try_borrow_mut().ok().map(|mut spans| f(&mut spans)))
        .ok()
        .flatten()
}

impl Spans {
    /// The span, where it is the last one whose time is not taken.
    fn known(&self, layer: u32, span: u64) -> Option<Kind> {
        let last = self.last?;
        (last.span == span && last.layer == layer).then_some(last.kind)
    }

    fn enter(&mut self, layer: u32, span: u64, kind: Kind) {
        let place = self.find(layer, span);
        if let Some(entered) = place.and_then(|place| self.within.get_mut(place)) {
            entered.times = entered.times.saturating_add(1);
            return;
        }
        if self.within.len() >= MAX_WITHIN {
            self.within.clear();
            self.is_lost = true;
        }
        self.within.push(Entered {
            layer,
            span,
            times: 1,
            kind,
        });
    }

    fn leave(&mut self, layer: u32, span: u64) {
        let Some(place) = self.find(layer, span) else {
            return;
        };
        let entered = &mut self.within[place];
        entered.times -= 1;
        if entered.times == 0 {
            self.within.remove(place);
        }
    }

    fn find(&self, layer: u32, span: u64) -> Option<usize> {
        self.within
            .iter()
            .rposition(|entered| entered.span == span && entered.layer == layer)
    }
}

/// Enters a span that is known; `false` where it is not.
pub(super) fn enter_again(layer: u32, id: &Id) -> bool {
    let span = id.into_u64();
    let known = with(|spans| {
        let kind = spans.known(layer, span)?;
        spans.enter(layer, span, kind);
        Some(kind)
    });
    let known = known.flatten();
    if known == Some(Kind::Cover) {
        suppress::enter_cover();
    }
    known.is_some()
}

/// Enters a span.
pub(super) fn entered(layer: u32, id: &Id, kind: Kind) {
    let span = id.into_u64();
    with(|spans| {
        spans.enter(layer, span, kind);
        if kind != Kind::Other {
            spans.last = Some(Entered {
                layer,
                span,
                times: 0,
                kind,
            });
        }
    });
    if kind == Kind::Cover {
        suppress::enter_cover();
    }
}

/// Leaves a span; `false` where it must be looked up to be left.
pub(super) fn leave(layer: u32, id: &Id) -> bool {
    let span = id.into_u64();
    let known = with(|spans| {
        spans.leave(layer, span);
        spans.known(layer, span)
    });
    let known = known.flatten();
    if known == Some(Kind::Cover) {
        suppress::leave_cover();
    }
    known.is_some()
}

/// The address of the request whose own span is the innermost that the thread is within; none where
/// it is another span, or none, or not known.
pub(super) fn innermost_request(layer: u32) -> Option<usize> {
    with(|spans| {
        if spans.is_lost {
            return None;
        }
        let mut within = spans.within.iter().rev();
        match within.find(|entered| entered.layer == layer)?.kind {
            Kind::Request(address) => Some(address),
            Kind::Cover | Kind::Other => None,
        }
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(span: u64) -> Id {
        Id::from_u64(span)
    }

    /// On a thread of its own, so that nothing of another test is there.
    fn alone(test: fn()) {
        std::thread::spawn(test).join().unwrap();
    }

    #[test]
    fn the_innermost_span_is_the_one_that_tracing_calls_current() {
        alone(|| {
            let inner = || innermost_request(1);
            assert_eq!(inner(), None);
            entered(1, &id(10), Kind::Request(7));
            assert_eq!(inner(), Some(7));
            entered(1, &id(11), Kind::Other);
            assert_eq!(inner(), None);
            // Entered a second time within another, it stays where it was.
            assert!(enter_again(1, &id(10)));
            assert_eq!(inner(), None);
            leave(1, &id(11));
            assert_eq!(inner(), Some(7));
            leave(1, &id(10));
            assert_eq!(inner(), Some(7));
            leave(1, &id(10));
            assert_eq!(inner(), None);
            // Left for good, it is still known.
            assert!(enter_again(1, &id(10)));
            assert_eq!(inner(), Some(7));
        });
    }

    #[test]
    fn spans_left_out_of_turn_leave_the_others_where_they_are() {
        alone(|| {
            entered(1, &id(10), Kind::Request(7));
            entered(1, &id(11), Kind::Request(8));
            leave(1, &id(10));
            assert_eq!(innermost_request(1), Some(8));
            leave(1, &id(11));
            assert_eq!(innermost_request(1), None);
            // What was never entered is not left.
            leave(1, &id(11));
            entered(1, &id(12), Kind::Request(9));
            assert_eq!(innermost_request(1), Some(9));
        });
    }

    #[test]
    fn layers_are_apart() {
        alone(|| {
            entered(1, &id(10), Kind::Request(7));
            entered(2, &id(10), Kind::Other);
            assert_eq!(innermost_request(1), Some(7));
            assert_eq!(innermost_request(2), None);
            assert_eq!(innermost_request(3), None);
        });
    }

    #[test]
    fn where_spans_are_never_left_nothing_is_said() {
        alone(|| {
            for span in 1..=300 {
                entered(1, &id(span), Kind::Request(7));
            }
            assert_eq!(innermost_request(1), None);
        });
    }
}
