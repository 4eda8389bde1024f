//! Runs a statement again for its plan, because a person asked for that.
//!
//! Only what a tokenizer shows to be one statement that reads gets here. What its functions do is
//! looked up in the database; the transaction is read-only, limited in time and rolled back; and
//! the connection is closed afterwards, for what a rollback does not undo.

#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
