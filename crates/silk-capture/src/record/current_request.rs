//! Which request a thread is working for.

use std::{cell::RefCell, marker::PhantomData};

use super::ActiveRequest;

thread_local! {
    static CURRENT: RefCell<Option<ActiveRequest>> = const { RefCell::new(None) };
}

impl ActiveRequest {
    /// The request whose code is being polled on this thread.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT
            .try_with(|current| current.try_borrow().ok().and_then(|active| active.clone()))
            .ok()
            .flatten()
    }

    /// Looks at the current request without taking a share of it.
    pub fn with_current<R>(f: impl FnOnce(Option<&Self>) -> R) -> R {
        // Taken out of the cell first: `f` may enter another request.
        f(Self::current().as_ref())
    }

    /// Makes it the current request of this thread until the guard is dropped.
    #[must_use = "the request is current only while the guard lives"]
    pub fn enter(&self) -> EnterGuard<'_> {
        let previous = CURRENT
            .try_with(|current| {
                current
                    .try_borrow_mut()
                    .ok()
                    .and_then(|mut slot| slot.replace(self.clone()))
            })
            .ok()
            .flatten();
        EnterGuard {
            previous,
            _of: PhantomData,
        }
    }
}

/// Makes the previous request of this thread current again when dropped.
#[derive(Debug)]
pub struct EnterGuard<'a> {
    previous: Option<ActiveRequest>,
    /// Not sendable: the thread it was entered on must leave it.
    _of: PhantomData<(&'a ActiveRequest, *const ())>,
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        let previous = self.previous.take();
        let left = CURRENT
            .try_with(|current| {
                current
                    .try_borrow_mut()
                    .ok()
                    .and_then(|mut slot| std::mem::replace(&mut *slot, previous))
            })
            .ok();
        // Dropped outside of the borrow: it may be the last holder.
        drop(left);
    }
}
