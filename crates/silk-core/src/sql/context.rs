//! What the reading of one text needs.

use crate::{DatabaseKind, Redactor};

/// What reading a text needs, and how deep in other texts it stands.
#[derive(Clone, Copy)]
pub(super) struct Context<'r> {
    pub(super) database: DatabaseKind,
    pub(super) redactor: &'r Redactor,
    pub(super) depth: usize,
}
