//! The profiler never records itself.
//!
//! Silk's own threads are suppressed for good by [`suppress`]; a stretch of Silk's own work on a
//! thread of the app is suppressed by [`suppressed`].

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static RECORDED_ELSEWHERE: Cell<bool> = const { Cell::new(false) };
    /// Spans that the thread is within of those whose queries the pool records.
    static COVERS: Cell<u32> = const { Cell::new(0) };
}

/// Suppresses recording on this thread for good; for threads of Silk's own.
pub fn suppress() {
    let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_add(1)));
}

/// Suppresses recording on this thread until the guard is dropped.
#[must_use = "recording is suppressed only while the guard lives"]
pub fn suppressed() -> SuppressGuard {
    suppress();
    SuppressGuard {
        _not_send: std::marker::PhantomData,
    }
}

/// Whether this thread is doing Silk's own work.
#[must_use]
pub fn is_suppressed() -> bool {
    DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false)
}

/// Suppresses recording whenever `future` is polled, on whichever thread.
pub async fn quietly<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let _guard = suppressed();
        future.as_mut().poll(cx)
    })
    .await
}

/// Ends a stretch of suppression when dropped.
#[derive(Debug)]
pub struct SuppressGuard {
    /// It must be dropped on the thread that it was made on.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Drop for SuppressGuard {
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

/// Marks what a driver does on this thread, until the guard is dropped, as recorded by the
/// instrumented pool: the tracing layer leaves sqlx's events alone.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn recorded_elsewhere() -> ElsewhereGuard {
    ElsewhereGuard {
        before: RECORDED_ELSEWHERE
            .try_with(|is_marked| is_marked.replace(true))
            .unwrap_or(false),
        _not_send: std::marker::PhantomData,
    }
}

/// Notes that this thread has entered a span within which nothing may be recorded: SQLite's own
/// thread has no other mark.
pub(crate) fn enter_cover() {
    let _ = COVERS.try_with(|covers| covers.set(covers.get().saturating_add(1)));
}

/// Notes that this thread has left such a span.
pub(crate) fn leave_cover() {
    let _ = COVERS.try_with(|covers| covers.set(covers.get().saturating_sub(1)));
}

/// Whether what a driver does on this thread is recorded by the instrumented pool, or is Silk's
/// own work.
pub(crate) fn is_recorded_elsewhere() -> bool {
    RECORDED_ELSEWHERE.try_with(Cell::get).unwrap_or(false)
        || COVERS.try_with(Cell::get).unwrap_or(0) > 0
}

/// Ends the stretch that the pool records when dropped.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) struct ElsewhereGuard {
    before: bool,
    /// It must be dropped on the thread that it was made on.
    _not_send: std::marker::PhantomData<*const ()>,
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
impl Drop for ElsewhereGuard {
    fn drop(&mut self) {
        let _ = RECORDED_ELSEWHERE.try_with(|is_marked| is_marked.set(self.before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_nest_and_threads_are_apart() {
        assert!(!is_suppressed());
        let outer = suppressed();
        {
            let _inner = suppressed();
            assert!(is_suppressed());
        }
        assert!(is_suppressed());
        drop(outer);
        assert!(!is_suppressed());
        std::thread::spawn(|| {
            suppress();
            assert!(is_suppressed());
        })
        .join()
        .unwrap();
        assert!(!is_suppressed());
    }
}
