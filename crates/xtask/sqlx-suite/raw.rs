//! sqlx as it is.

use std::future::Future;

use sqlx::Database;

pub type Conn<DB> = <DB as Database>::Connection;
pub type Pool<DB> = sqlx::Pool<DB>;

/// A database that tests are for.
pub trait Suite: Database {
    fn conn(raw: Self::Connection) -> Conn<Self> {
        raw
    }

    fn pool(raw: sqlx::Pool<Self>) -> Pool<Self> {
        raw
    }
}

impl<DB: Database> Suite for DB {}

/// What a test made for itself, as it is.
pub trait Ours: Sized {
    fn ours(self) -> Self {
        self
    }
}

impl<T> Ours for T {}

/// Runs a test.
pub fn run<F: Future>(_name: &'static str, test: F) -> F::Output {
    crate::block_on(test)
}
