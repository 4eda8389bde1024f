//! The spans that a thread is within, as a layer has seen them entered and left.
//!
//! Two kinds are entered most often: a request's own around each row and each poll, a query's around
//! each command. Their time is not taken, so that they need not be looked up in the registry to be
//! entered again; and an event within a request's own span belongs to that request without a look
//! at the registry, which is a fifth of what an event costs.

use std::cell::RefCell;

use tracing::span::Id;

use crate::suppress;

/// Spans that are told apart of those that a thread is within; beyond them nothing is known of the
/// innermost.
const MAX_WITHIN: usize = 16;

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
    span: u64,
    layer: u32,
    /// How often it is entered: it is current where it was entered first.
    times: u32,
    kind: Kind,
}

/// No layer has the number 0.
const NONE: Entered = Entered {
    span: 0,
    layer: 0,
    times: 0,
    kind: Kind::Other,
};

impl Entered {
    const fn is(&self, layer: u32, span: u64) -> bool {
        self.span == span && self.layer == layer
    }
}

/// What a span that is entered or left again is.
enum Known {
    Entered,
    Cover,
    No,
}

/// Has nothing to drop, so that a thread gets at it in a few instructions: it does so twice a row.
#[derive(Debug)]
struct Spans {
    /// The last one whose time is not taken, which may have been left.
    last: Entered,
    /// Outermost first.
    within: [Entered; MAX_WITHIN],
    count: usize,
    /// Those for which there was no place.
    beyond: u32,
}

thread_local! {
    static SPANS: RefCell<Spans> = const {
        RefCell::new(Spans { last: NONE, within: [NONE; MAX_WITHIN], count: 0, beyond: 0 })
    };
}

fn with<R>(f: impl FnOnce(&mut Spans) -> R) -> Option<R> {
    SPANS
        .try_with(|spans| spans.try_borrow_mut().ok().map(|mut spans| f(&mut spans)))
        .ok()
        .flatten()
}

impl Spans {
    /// The spans that the thread is within.
    fn within(&mut self) -> &mut [Entered] {
        self.within.get_mut(..self.count).unwrap_or_default()
    }

    /// The innermost, where it is this one.
    #[inline]
    fn innermost(&mut self, layer: u32, span: u64) -> Option<&mut Entered> {
        let place = self.count.checked_sub(1)?;
        self.within
            .get_mut(place)
            .filter(|entered| entered.is(layer, span))
    }

    fn find(&mut self, layer: u32, span: u64) -> Option<usize> {
        let is_it = |entered: &Entered| entered.is(layer, span);
        self.within().iter().rposition(is_it)
    }

    fn enter(&mut self, layer: u32, span: u64, kind: Kind) {
        if let Some(place) = self.find(layer, span) {
            self.within[place].times = self.within[place].times.saturating_add(1);
        } else if let Some(free) = self.within.get_mut(self.count) {
            *free = Entered {
                span,
                layer,
                times: 1,
                kind,
            };
            self.count += 1;
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }

    /// What the span is that is left, where that is known.
    fn leave(&mut self, layer: u32, span: u64) -> Option<Kind> {
        let Some(place) = self.find(layer, span) else {
            self.beyond = self.beyond.saturating_sub(1);
            return None;
        };
        let entered = &mut self.within[place];
        let kind = entered.kind;
        entered.times -= 1;
        if entered.times == 0 {
            self.within.copy_within(place + 1..self.count, place);
            self.count -= 1;
        }
        Some(kind)
    }
}

/// Enters a span that is known; `false` where it is not.
pub(super) fn enter_again(layer: u32, id: &Id) -> bool {
    let span = id.into_u64();
    let known = with(|spans| {
        // A row of a request: its span is the innermost.
        if let Some(entered) = spans.innermost(layer, span)
            && matches!(entered.kind, Kind::Request(_))
        {
            entered.times = entered.times.saturating_add(1);
            return Known::Entered;
        }
        let last = spans.last;
        if !last.is(layer, span) {
            return Known::No;
        }
        spans.enter(layer, span, last.kind);
        match last.kind {
            Kind::Cover => Known::Cover,
            Kind::Request(_) | Kind::Other => Known::Entered,
        }
    });
    match known {
        Some(Known::Entered) => true,
        Some(Known::Cover) => {
            suppress::enter_cover();
            true
        }
        Some(Known::No) | None => false,
    }
}

/// Enters a span.
pub(super) fn entered(layer: u32, id: &Id, kind: Kind) {
    let span = id.into_u64();
    with(|spans| {
        spans.enter(layer, span, kind);
        if kind != Kind::Other {
            spans.last = Entered {
                span,
                layer,
                times: 0,
                kind,
            };
        }
    });
    if kind == Kind::Cover {
        suppress::enter_cover();
    }
}

/// Leaves a span; `false` where it must be looked up to be left.
pub(super) fn leave(layer: u32, id: &Id) -> bool {
    let span = id.into_u64();
    let left = with(|spans| {
        if let Some(entered) = spans.innermost(layer, span)
            && entered.times > 1
            && matches!(entered.kind, Kind::Request(_))
        {
            entered.times -= 1;
            return Known::Entered;
        }
        let kind = spans.leave(layer, span);
        // Without a place it may still be the last.
        let last = spans.last;
        match kind.or_else(|| last.is(layer, span).then_some(last.kind)) {
            Some(Kind::Request(_)) => Known::Entered,
            Some(Kind::Cover) => Known::Cover,
            Some(Kind::Other) | None => Known::No,
        }
    });
    match left {
        Some(Known::Entered) => true,
        Some(Known::Cover) => {
            suppress::leave_cover();
            true
        }
        Some(Known::No) | None => false,
    }
}

/// The address of the request whose own span is the innermost that the thread is within; none where
/// it is another span, or none, or not known.
pub(super) fn innermost_request(layer: u32) -> Option<usize> {
    with(|spans| {
        if spans.beyond > 0 {
            return None;
        }
        let mut within = spans.within().iter().rev();
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
    fn of_more_than_there_is_place_for_nothing_is_said() {
        alone(|| {
            for span in 1..=20 {
                entered(1, &id(span), Kind::Request(7));
            }
            assert_eq!(innermost_request(1), None);
            for span in (17..=20).rev() {
                leave(1, &id(span));
            }
            assert_eq!(innermost_request(1), Some(7));
        });
    }
}
