//! Instrumented pools by the thread that made them: a test's queries could be seen by one of its own.

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use std::sync::Arc;
use std::{cell::RefCell, sync::Weak};

/// There as long as an instrumented pool or a connection of it is.
#[derive(Debug, Default)]
pub(crate) struct PoolIsThere;

thread_local! {
    static POOLS: RefCell<Vec<Weak<PoolIsThere>>> = const { RefCell::new(Vec::new()) };
}

/// Notes that an instrumented pool is made on this thread.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn note() -> Arc<PoolIsThere> {
    let pool = Arc::default();
    let _ = POOLS.try_with(|pools| {
        if let Ok(mut pools) = pools.try_borrow_mut() {
            pools.retain(|pool| pool.strong_count() > 0);
            pools.push(Arc::downgrade(&pool));
        }
    });
    pool
}

/// Whether a pool is alive that was made on this thread.
pub(crate) fn is_any() -> bool {
    let is_alive = |pools: &RefCell<Vec<Weak<PoolIsThere>>>| {
        let pools = pools.try_borrow();
        pools.is_ok_and(|pools| pools.iter().any(|pool| pool.strong_count() > 0))
    };
    POOLS.try_with(is_alive).unwrap_or(false)
}
