//! Which span a thread entered last, of those that are entered most often: a request's own around
//! each row and each poll, a query's around each command. Their time is not taken, so that they
//! need not be looked up in the registry to be entered again.

use std::cell::Cell;

use tracing::span::Id;

use crate::suppress;

/// A span of a layer's subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    layer: u32,
    /// Nothing within is recorded.
    is_cover: bool,
    span: u64,
}

thread_local! {
    static LAST: Cell<Last> = const {
        Cell::new(Last { layer: 0, is_cover: false, span: 0 })
    };
}

/// The span, where it is the one that was entered last.
fn known(layer: u32, id: &Id) -> Option<Last> {
    let last = LAST.try_with(Cell::get).ok()?;
    (last.span == id.into_u64() && last.layer == layer).then_some(last)
}

/// Enters a span that is known; `false` where it is not.
pub(super) fn enter_again(layer: u32, id: &Id) -> bool {
    let known = known(layer, id);
    if known.is_some_and(|last| last.is_cover) {
        suppress::enter_cover();
    }
    known.is_some()
}

/// Enters a span whose time is not taken.
pub(super) fn entered(layer: u32, id: &Id, is_cover: bool) {
    let last = Last {
        layer,
        is_cover,
        span: id.into_u64(),
    };
    let _ = LAST.try_with(|known| known.set(last));
    if is_cover {
        suppress::enter_cover();
    }
}

/// Leaves a span that is known; `false` where it is not.
pub(super) fn leave(layer: u32, id: &Id) -> bool {
    let known = known(layer, id);
    if known.is_some_and(|last| last.is_cover) {
        suppress::leave_cover();
    }
    known.is_some()
}
