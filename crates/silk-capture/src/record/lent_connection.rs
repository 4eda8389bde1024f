//! What an instrumented pool has lent to code that takes sqlx's own types (`&sqlx::PgPool`,
//! `&mut sqlx::PgConnection`): queries there pass it by, and only the tracing layer sees them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use silk_core::Database;

use super::ActiveRequest;

/// Whether anything was ever lent: most processes have nothing to look up.
static WAS_LENT: AtomicBool = AtomicBool::new(false);

/// The last that was lent within a request.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    /// Where it leads.
    pub(crate) database: Arc<Database>,
    /// The transaction that is open on it.
    pub(crate) transaction: Option<u32>,
}

impl ActiveRequest {
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    /// Notes that code of the app gets sqlx's own connection or pool.
    pub(crate) fn lend(&self, lent: Lent) {
        WAS_LENT.store(true, Relaxed);
        let before = self.with(|buffers| {
            buffers.was_lent = true;
            buffers.lent.replace(lent)
        });
        drop(before);
    }

    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    /// Notes that the connection is used through our types again, so that what comes is not on it.
    pub(crate) fn take_back(&self, database: &Arc<Database>) {
        let before = self.with(|buffers| {
            let is_it = buffers
                .lent
                .as_ref()
                .is_some_and(|lent| Arc::ptr_eq(&lent.database, database));
            if is_it { buffers.lent.take() } else { None }
        });
        drop(before);
    }

    /// What was lent last and is not back.
    pub(crate) fn lent(&self) -> Option<Lent> {
        if !WAS_LENT.load(Relaxed) {
            return None;
        }
        self.with(|buffers| buffers.lent.clone()).flatten()
    }
}
