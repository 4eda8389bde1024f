//! A future on the heap, as traits that are used as objects give it.

use std::{future::Future, pin::Pin};

/// A boxed, sendable future: what the object-safe traits of this crate return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
